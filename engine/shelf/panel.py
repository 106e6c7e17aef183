"""Panel: from tables to one row per store-SKU, every measure a fixed-width array of days.

In: `Sources`. Out: `Panel`, sorted by store and SKU. Every table is read once, in batches, and each of its rows is
placed straight into its cell; memory is the panel and one batch. NaN is "unknown" inside an array.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine import vocabulary as v
from engine.contracts.contract import UNUSABLE, Column, Consequence, Kind
from engine.contracts.tables import contracts
from engine.delivery import naming_broken_files, too_many_faults, verify
from engine.errors import InputError, Problem
from engine.input_settings import DeliverySettings, PanelSettings
from engine.kernels import cells, rows, windows
from engine.kernels.deliveries import net_returns
from engine.kernels.settle import settle
from engine.keys import distinct
from engine.lake import UNREADABLE, Source, batches
from engine.memory import Memory
from engine.shelf.check import Sources, reread_as_text
from engine.shelf.deliveries import (
    GONE,
    SHUT,
    Chain,
    Deliveries,
    as_rows_tell,
    judge_days,
    notices,
    refuse_incomplete,
    with_partial_day,
)
from engine.shelf.feeds import Feed, Stores, feed_of, forget, impossible_stock

Array = NDArray[Any]
NOWHERE = np.iinfo(np.int32).min
"""The day of a row that has none."""
UNKNOWN_FLAG = 2
BYTES_PER_DAY = 38
"""Of a store-SKU: units, on-hand, price and expectation of 8 bytes, impressions of 4, two flags."""
_NULLS = {Kind.NUMBER: pl.Float64(), Kind.TEXT: pl.String(), Kind.ID: pl.Int64()}


@dataclass
class RowAccount:
    """Where the rows of one table went: read = used + netted + quarantined + outside the panel.

    netted: returns, which were taken off the sales they undo. replaced: used rows whose key came again; summed for
    sales, overruled by the later row elsewhere. unknown: empty cells by column, in rows that are used all the same.
    reasons: quarantined rows by complaint; a row that breaks two rules counts under both.
    """

    read: int = 0
    used: int = 0
    netted: int = 0
    quarantined: int = 0
    outside_panel: int = 0
    replaced: int = 0
    unknown: dict[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)

    def balance(self, table: str) -> None:
        """Raise RuntimeError when a row got lost: that would be a bug, and no number of the run could be trusted."""
        if self.read != self.used + self.netted + self.quarantined + self.outside_panel:
            raise RuntimeError(f"rows of {table} do not add up: {self}")


@dataclass(frozen=True)
class Panel:
    """The chain up to the as-of day, one row per store-SKU.

    pairs: store_id, sku_id, store and sku (positions in `stores` and `skus`), category (a code, -1 when the SKU has
    none), listed (first listed day, n_days when never), judged (in stock of late), and the arrays units, on_hand,
    price, impressions, promo, in_stock (n_days wide) and revenue (the days of the expectation's window before the
    as-of day). stores, skus: their attributes, null when not delivered. deliveries: which days are known of whom.
    feeds: of stock, prices and views, when each store last delivered them. emptied: (stores, days), every stock
    record is 0 from one day to the next. free_prices: rows of the as-of day whose price is 0, which is none.
    stock_corrections: stock records below 0 (store_id, sku_id, date, quantity_on_hand). unmatched_returns: units that
    came back and were never sold (store_id, sku_id, date, units). interpolated: cells that were filled by
    interpolation. is_partial: the as-of day was not complete. notices: what is odd about all this. memory: where the
    arrays live.
    """

    as_of: dt.date
    n_days: int
    pairs: pl.DataFrame
    stores: pl.DataFrame
    skus: pl.DataFrame
    categories: tuple[str, ...]
    deliveries: Deliveries
    feeds: Mapping[str, Feed]
    emptied: NDArray[np.bool_]
    free_prices: int
    stock_corrections: pl.DataFrame
    unmatched_returns: pl.DataFrame
    interpolated: int
    is_partial: bool
    notices: tuple[Problem, ...]
    accounts: Mapping[str, RowAccount]
    sources: Sources
    memory: Memory

    @property
    def first_day(self) -> dt.date:
        """The date of day 0."""
        return self.as_of - dt.timedelta(days=self.n_days - 1)

    def date(self, day: int) -> dt.date:
        """The date of a day of the panel."""
        return self.first_day + dt.timedelta(days=int(day))

    @property
    def is_open(self) -> NDArray[np.bool_]:
        """Whether the sales of a store's day are known, (stores, days)."""
        return self.deliveries.is_open

    def array(self, measure: str) -> Array:
        """A measure as (pairs, days), without a copy."""
        return self.pairs[measure].to_numpy()

    def codes(self, name: str) -> NDArray[np.int64]:
        """A column of `pairs` that is one whole number a pair."""
        return self.pairs[name].to_numpy()

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Which pairs are judged."""
        return self.pairs["judged"].to_numpy()

    @cached_property
    def category_price(self) -> Array:
        """Mean price of every day over the judged pairs of each category, (categories, days); NaN without any."""
        groups = np.where(self.judged, self.codes("category"), -1)
        shape = (max(len(self.categories), 1), self.n_days)
        totals, counts = np.zeros(shape), np.zeros(shape, np.int64)
        windows.sums_by_group(self.array("price"), groups, totals, counts)
        return totals / np.where(counts > 0, counts, np.nan)

    def without_days(self) -> "Panel":
        """The panel without its arrays, for what comes after the last look at a day."""
        kept = [name for name, kind in self.pairs.schema.items() if not isinstance(kind, pl.Array)]
        return replace(self, pairs=self.pairs.select(kept))

    def pair_starts(self) -> NDArray[np.int64]:
        """First pair of each store, and the number of pairs at the end."""
        return np.searchsorted(self.codes("store"), np.arange(self.stores.height + 1)).astype(np.int64)


@dataclass(frozen=True)
class PanelPlan:
    """How a panel is built. revenue_days: how many days before the as-of day keep their revenue. allow_partial: an
    as-of day that is not complete is no reason to stop.
    """

    panel: PanelSettings
    delivery: DeliverySettings
    revenue_days: int
    allow_partial: bool = False


def panel(sources: Sources, plan: PanelPlan, memory: Memory) -> Panel:
    """Place every usable row of the tables.

    Raises InputError, with every problem of every table, when a row stops the run or a file cannot be read, and when
    the panel does not fit into memory; TryLaterError when the as-of day is not complete.
    """
    try:
        return _place_all(sources, plan, memory)
    except UNREADABLE:
        as_text = reread_as_text(sources)
        with naming_broken_files(as_text.tables):
            return _place_all(as_text, plan, memory)


def _place_all(sources: Sources, plan: PanelPlan, memory: Memory) -> Panel:
    n_days = plan.panel.lookback_days
    grid = _grid(sources, n_days, usable_only=False)
    memory.foresee(grid.pairs.height, n_days * BYTES_PER_DAY + plan.revenue_days * np.float64().itemsize)
    placed = _place_facts(sources, grid, plan, memory)
    if placed.accounts[v.SALES].quarantined or placed.accounts[v.INVENTORY].quarantined:
        # The keys alone do not tell whether a row can be used; as a rule every store-SKU has one that can.
        of_usable_rows = _grid(sources, n_days, usable_only=True)
        if of_usable_rows.pairs.height != grid.pairs.height:
            grid = of_usable_rows
            placed = _place_facts(sources, grid, plan, memory)
    accounts, arrays = placed.accounts, placed.arrays
    stores = _attributes(sources, v.STORES, "store_id", grid.stores, accounts.get(v.STORES))
    stores = stores.with_columns(_known_places(sources))
    skus = _attributes(sources, v.SKUS, "sku_id", grid.skus, accounts.get(v.SKUS))
    _stop_on_broken_rows(sources, accounts)
    categories = tuple(skus["category"].drop_nulls().unique().sort())
    code_of = {category: code for code, category in enumerate(categories)}
    of_sku = skus["category"].replace_strict(code_of, default=-1, return_dtype=pl.Int64)
    category = of_sku.gather(grid.pairs["sku"])
    unmatched = _net_returns(placed, plan.panel.return_days)
    chain = _chain(grid, arrays["units"], category, len(categories))
    deliveries = judge_days(chain, plan.delivery)
    is_partial = bool(deliveries.is_incomplete[-1])
    if not plan.allow_partial:
        refuse_incomplete(deliveries, chain)
    of_stores = stores["store_id"].cast(pl.String).to_list()
    told = tuple(notices(deliveries, chain, of_stores, [*categories, "(no category)"], plan.delivery))
    of_store = Stores(chain.store, chain.starts)
    feeds = _feeds(of_store, arrays, plan.delivery)
    emptied = impossible_stock(arrays["on_hand"], of_store, plan.delivery)
    if not sources.intake.readings.interpolates:
        forget(arrays["on_hand"], of_store, emptied)
    deliveries = as_rows_tell(deliveries) if sources.intake.readings.interpolates else with_partial_day(deliveries)
    listed, interpolated = _settle_all(chain, placed, deliveries, plan.panel, sources.intake.readings.interpolates)
    # In a store that is shut there is nothing to be done about a shelf.
    is_shut = np.isin(deliveries.stores[:, -1], (SHUT, GONE))
    judged = (arrays["in_stock"][:, -plan.panel.active_days :] == 1).any(axis=1) & ~is_shut[chain.store]
    pairs = grid.pairs.with_columns(
        category=category,
        listed=listed,
        judged=judged,
        **{name: pl.Series(array) for name, array in arrays.items()},
    )
    return Panel(
        as_of=sources.as_of,
        n_days=n_days,
        pairs=pairs,
        stores=stores,
        skus=skus,
        categories=categories,
        deliveries=deliveries,
        feeds=feeds,
        emptied=emptied,
        free_prices=placed.free_prices,
        stock_corrections=_listed_cells(grid, placed.below_zero, "quantity_on_hand"),
        unmatched_returns=_listed_cells(grid, unmatched, "units"),
        interpolated=interpolated,
        is_partial=is_partial,
        notices=told,
        accounts=accounts,
        sources=sources,
        memory=memory,
    )


@dataclass(frozen=True)
class _Placed:
    """The tables in their cells. held: by array, the last value of each pair from before the first day. below_zero:
    cell and value of wrong stock records. returned: the pairs of which anything came back. free_prices: see `Panel`.
    """

    arrays: dict[str, Array]
    accounts: dict[str, RowAccount]
    held: dict[str, Array]
    below_zero: pl.DataFrame
    returned: NDArray[np.int64]
    free_prices: int


@dataclass(frozen=True)
class _Grid:
    """The pairs and days of the panel. ids are sorted; store and sku in `pairs` are positions among them."""

    n_days: int
    first_day: int
    pairs: pl.DataFrame
    stores: pl.Series
    skus: pl.Series

    @property
    def starts(self) -> NDArray[np.int64]:
        return np.searchsorted(self.pairs["store"].to_numpy(), np.arange(len(self.stores) + 1)).astype(np.int64)

    def codes(self, name: str, ids: pl.Series) -> pl.Expr:
        """Of an id column the number that `locate` looks up: the id itself, or the position of a text id."""
        if ids.dtype == pl.Int64:
            return pl.col(name).fill_null(-1)
        position = pl.col(name).cast(pl.Enum(ids), strict=False).to_physical().cast(pl.Int64)
        return position.fill_null(-1).alias(name)

    def keys(self, ids: pl.Series) -> NDArray[np.int64]:
        """The sorted numbers that `codes` may yield."""
        return ids.to_numpy() if ids.dtype == pl.Int64 else np.arange(len(ids))


def _grid(sources: Sources, n_days: int, *, usable_only: bool) -> _Grid:
    first_date = sources.as_of - dt.timedelta(days=n_days - 1)
    days = pl.col("date").is_between(first_date, sources.as_of)
    seen = [_pairs_of(sources.tables[name], days, usable_only=usable_only) for name in (v.SALES, v.INVENTORY)]
    pairs = pl.concat(seen).unique().sort(v.PAIR)
    if pairs.is_empty():
        advice = "deliver rows of the days before the as-of day"
        raise InputError([Problem(v.SALES, f"no row from {first_date} to {sources.as_of}", advice)])
    stores, skus = pairs["store_id"].unique().sort(), pairs["sku_id"].unique().sort()
    pairs = pairs.with_columns(
        store=stores.search_sorted(pairs["store_id"]).cast(pl.Int64),
        sku=skus.search_sorted(pairs["sku_id"]).cast(pl.Int64),
    )
    epoch = dt.date(1970, 1, 1)
    return _Grid(n_days, (first_date - epoch).days, pairs, stores, skus)


def _pairs_of(source: Source, days: pl.Expr, *, usable_only: bool) -> pl.DataFrame:
    """The distinct store-SKUs of a table's rows of some days, in no order; of all rows only the keys are read."""
    counts = days & pl.all_horizontal(pl.col(name).is_not_null() for name in v.PAIR)
    rows = source.judged().filter(counts & ~pl.col(UNUSABLE) if usable_only else counts)
    return distinct(rows.select(v.PAIR), v.PAIR)


def _empty_arrays(grid: _Grid, revenue_days: int, memory: Memory) -> dict[str, Array]:
    shape = (grid.pairs.height, grid.n_days)
    arrays = {
        "units": memory.empty(shape),
        "on_hand": memory.empty(shape),
        "price": memory.empty(shape),
        "revenue": memory.empty((shape[0], revenue_days)),
        "impressions": memory.empty(shape, np.float32),
        "promo": memory.empty(shape, np.uint8),
        "in_stock": memory.empty(shape, np.uint8),
    }

    def empty_block(block: slice) -> None:
        for array in arrays.values():
            array[block] = np.nan if array.dtype.kind == "f" else 0

    rows.in_blocks(empty_block, shape[0])
    return arrays


def _place_facts(sources: Sources, grid: _Grid, plan: PanelPlan, memory: Memory) -> _Placed:
    """Two tables at a time. Sales and prices take turns, because both write promo flags."""
    arrays = _empty_arrays(grid, plan.revenue_days, memory)
    unread = {name: source.left_out["rows"] for name, source in sources.tables.items()}
    accounts = {name: RowAccount(read=rows, outside_panel=rows) for name, rows in unread.items()}
    held = {name: _Held(grid.pairs.height, plan.panel.held_days) for name in ("on_hand", "price")}
    returned: list[NDArray[np.int64]] = []
    below_zero: list[pl.DataFrame] = []
    free_prices: list[int] = []
    free_is_a_price = not sources.intake.readings.signed

    def sales_then_prices() -> None:
        returned.append(_place_sales(sources.tables[v.SALES], grid, arrays, accounts[v.SALES]))
        prices = sources.tables[v.PRICING]
        account = accounts[v.PRICING]
        count = _place_prices(prices, grid, arrays, held["price"], account, free_is_a_price=free_is_a_price)
        free_prices.append(count)

    def stock_then_impressions() -> None:
        stock = sources.tables[v.INVENTORY]
        below_zero.append(_place_stock(stock, grid, arrays["on_hand"], held["on_hand"], accounts[v.INVENTORY]))
        if v.IMPRESSIONS in sources.tables:
            views = arrays["impressions"].ravel()
            for batch in _batches(
                sources.tables[v.IMPRESSIONS], grid, ("impression_count",), accounts[v.IMPRESSIONS]
            ):
                replaced = cells.put_last(batch.cells, batch.values["impression_count"], views)
                accounts[v.IMPRESSIONS].replaced += replaced

    with ThreadPoolExecutor(min(rows.threads(), 2)) as pool:
        for job in [pool.submit(sales_then_prices), pool.submit(stock_then_impressions)]:
            job.result()
    last = {name: one.values for name, one in held.items()}
    return _Placed(arrays, accounts, last, below_zero[0], returned[0], free_prices[0])


class _Held:
    """The last value of every pair from before the first day, at most so many days back; NaN without one."""

    def __init__(self, n_pairs: int, most_days: int) -> None:
        self.most_days = most_days
        self.values = np.full(n_pairs, np.nan)
        self._days_before = np.full(n_pairs, most_days + 1)

    def take(self, batch: "_Batch", values: Array) -> None:
        """Look at the rows of a batch."""
        cells.hold_last(batch.cells, values, self.most_days, self._days_before, self.values)


@dataclass(frozen=True)
class _Batch:
    """Rows of a table with their cells. values: the columns asked for, NaN or UNKNOWN_FLAG where empty."""

    cells: NDArray[np.int64]
    values: dict[str, Array]


def _batches(
    source: Source, grid: _Grid, names: tuple[str, ...], account: RowAccount, days_before: int = 0
) -> Iterator[_Batch]:
    """The rows of a table in file order, located; `account` is filled on the way.

    days_before: rows up to so many days before the first are told apart from the others outside.
    """
    columns = [column for column in source.contract.columns if column.name in names]
    # In the order of the contract, wherever the first empty cell of each lies.
    account.unknown = {column.name: 0 for column in columns if column.null is Consequence.NOTE}
    plan = source.judged().select(
        grid.codes("store_id", grid.stores),
        grid.codes("sku_id", grid.skus),
        (pl.col("date").to_physical() - grid.first_day).fill_null(NOWHERE).alias("day"),
        UNUSABLE,
        *(pl.col(column.name) for column in columns),
    )
    stores, starts = grid.keys(grid.stores), grid.starts
    skus = grid.keys(grid.skus)[grid.pairs["sku"].to_numpy()]
    for batch in batches(plan):
        located = np.empty(batch.height, np.int64)
        outside, unusable = cells.locate(
            batch["store_id"].to_numpy(),
            batch["sku_id"].to_numpy(),
            batch["day"].to_numpy(),
            batch[UNUSABLE].to_numpy(),
            stores,
            starts,
            skus,
            grid.n_days,
            days_before,
            located,
        )
        account.read += batch.height
        account.outside_panel += outside
        account.quarantined += unusable
        account.used += int(np.count_nonzero(located >= 0))
        _count_unknown(batch, columns, located, account)
        yield _Batch(located, {column.name: _plain(batch[column.name], column) for column in columns})


def _plain(values: pl.Series, column: Column) -> Array:
    if column.kind is Kind.FLAG:
        return values.cast(pl.UInt8).fill_null(UNKNOWN_FLAG).to_numpy()
    return values.fill_null(np.nan).to_numpy()


def _count_unknown(
    batch: pl.DataFrame, columns: list[Column], located: NDArray[np.int64], account: RowAccount
) -> None:
    for column in columns:
        if column.null is Consequence.NOTE and batch[column.name].null_count():
            empty = int((batch[column.name].is_null().to_numpy() & (located >= 0)).sum())
            account.unknown[column.name] += empty


def _place_sales(source: Source, grid: _Grid, arrays: Mapping[str, Array], account: RowAccount) -> NDArray[np.int64]:
    """Units and revenue of a key are summed, its promo flag is any. Returns the pairs of which anything came back."""
    units, revenue, promo = arrays["units"], arrays["revenue"], arrays["promo"]
    repeats: list[pl.DataFrame] = []
    returned: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    for batch in _batches(source, grid, ("units_sold", "revenue", "promo_flag"), account):
        repeated = np.empty(batch.cells.size, np.int64)
        sold, earned = batch.values["units_sold"], batch.values["revenue"]
        is_return = (sold < 0) & (batch.cells >= 0)
        if is_return.any():
            returned.append(np.unique(batch.cells[is_return] // grid.n_days))
            account.netted += int(is_return.sum())
            account.used -= int(is_return.sum())
        count = cells.put_sales(batch.cells, sold, earned, units, revenue, repeated)
        cells.raise_flags(batch.cells, batch.values["promo_flag"], promo.ravel())
        if count:
            again = repeated[:count]
            repeats.append(_cell_values(batch.cells[again], sold[again], earned[again]))
    if repeats:
        account.replaced = sum(frame.height for frame in repeats)
        _add_repeats(pl.concat(repeats), units, revenue)
    return np.unique(np.concatenate(returned))


def _net_returns(placed: _Placed, most_days_back: int) -> pl.DataFrame:
    """Take returns off the sales they undo; the cells and units of those that undo none are returned."""
    units, pairs = placed.arrays["units"], placed.returned
    room = int((units[pairs] < 0).sum())
    left_pair, left_day = np.empty((2, room), np.int64)
    left_units = np.empty(room)
    revenue = placed.arrays["revenue"]
    count = net_returns(units, revenue, pairs, most_days_back, left_pair, left_day, left_units)
    cell = left_pair[:count] * units.shape[1] + left_day[:count]
    return pl.DataFrame({"cell": cell, "value": left_units[:count]})


def _listed_cells(grid: _Grid, found: pl.DataFrame, name: str) -> pl.DataFrame:
    """Cells with a value as rows of store, SKU, date and the value under its name, in order of pairs and days."""
    found = found.sort("cell")
    pair, day = (found["cell"] // grid.n_days, found["cell"] % grid.n_days)
    date = (day + grid.first_day).cast(pl.Int32).cast(pl.Date)
    return grid.pairs.select(v.PAIR)[pair].with_columns(date=date, **{name: found["value"]})


def _cell_values(cell: NDArray[np.int64], units: Array, revenue: Array) -> pl.DataFrame:
    return pl.DataFrame({"cell": cell, "units": units, "revenue": revenue})


def _add_repeats(repeats: pl.DataFrame, units: Array, revenue: Array) -> None:
    """Sum the rows of each repeated key in ascending order, so that the order of the file changes no bit."""
    cell = repeats["cell"].unique().sort().to_numpy()
    pair, day = np.divmod(cell, units.shape[1])
    back = day - (units.shape[1] - 1 - revenue.shape[1])
    kept = (back >= 0) & (back < revenue.shape[1])
    first_revenue = np.full(cell.size, np.nan)
    first_revenue[kept] = revenue[pair[kept], back[kept]]
    total = (
        pl.concat([repeats, _cell_values(cell, units[pair, day], first_revenue)])
        .group_by("cell")
        .agg(pl.col("units").sort().sum(), pl.col("revenue").sort().sum())
        .sort("cell")
    )
    units[pair, day] = total["units"].to_numpy()
    revenue[pair[kept], back[kept]] = total["revenue"].to_numpy()[kept]


def _place_stock(source: Source, grid: _Grid, array: Array, held: _Held, account: RowAccount) -> pl.DataFrame:
    """The last row of a key wins. Returns the cells whose record is below 0."""
    below: list[pl.DataFrame] = [_cell_list(np.empty(0, np.int64), np.empty(0))]
    flat = array.ravel()
    for batch in _batches(source, grid, ("quantity_on_hand",), account, held.most_days):
        counted = batch.values["quantity_on_hand"]
        account.replaced += cells.put_last(batch.cells, counted, flat)
        held.take(batch, counted)
        is_wrong = (counted < 0) & (batch.cells >= 0)
        if is_wrong.any():
            below.append(_cell_list(batch.cells[is_wrong], counted[is_wrong]))
    found = pl.concat(below).unique("cell", keep="last")
    return found.filter(pl.Series(flat[found["cell"].to_numpy()] < 0))


def _cell_list(cell: NDArray[np.int64], value: Array) -> pl.DataFrame:
    return pl.DataFrame({"cell": cell, "value": value})


def _place_prices(
    source: Source,
    grid: _Grid,
    arrays: Mapping[str, Array],
    held: _Held,
    account: RowAccount,
    *,
    free_is_a_price: bool,
) -> int:
    """The last row of a key wins with its price and its promo flag.

    free_is_a_price: 0 is one, else it is none. Returns how many rows of the last day are none.
    """
    free = 0
    for batch in _batches(source, grid, ("price", "promo_flag"), account, held.most_days):
        given = batch.values["price"]
        price = given if free_is_a_price else np.where(given > 0, given, np.nan)
        is_last_day = (batch.cells >= 0) & (batch.cells % grid.n_days == grid.n_days - 1)
        free += int(np.count_nonzero(is_last_day & np.isnan(price)))
        account.replaced += cells.put_last(batch.cells, price, arrays["price"].ravel())
        held.take(batch, price)
        cells.overrule_flags(batch.cells, batch.values["promo_flag"], arrays["promo"].ravel())
    return free


def _attributes(sources: Sources, name: str, key: str, ids: pl.Series, account: RowAccount | None) -> pl.DataFrame:
    """What a table says of each id, in the order of the ids; null where it says nothing."""
    wanted = ids.to_frame(key)
    if account is None:
        nothing = {column.name: _NULLS[column.kind] for column in contracts(None)[name].columns}
        del nothing[key]
        return wanted.with_columns(pl.lit(None, kind).alias(column) for column, kind in nothing.items())
    rows_read = sources.tables[name].judged().collect()
    usable = rows_read.filter(~pl.col(UNUSABLE)).drop(UNUSABLE)
    known = usable.join(wanted, on=key, how="semi")
    last = known.unique(key, keep="last", maintain_order=True)
    account.read = rows_read.height
    account.quarantined = rows_read.height - usable.height
    account.outside_panel = usable.height - known.height
    account.used = known.height
    account.replaced = known.height - last.height
    return wanted.join(last, on=key, how="left", maintain_order="left")


def _known_places(sources: Sources) -> tuple[pl.Expr, ...]:
    """The coordinates of the stores, null where they are no place."""
    unknown = pl.col("store_id").is_in(list(sources.unknown_places))
    return tuple(pl.when(~unknown).then(name).alias(name) for name in ("latitude", "longitude"))


def _stop_on_broken_rows(sources: Sources, accounts: Mapping[str, RowAccount]) -> None:
    """Say why rows were kept out; raise when any of them stops the run, and when they are too many."""
    too_many: list[Problem] = []
    for name, account in accounts.items():
        account.balance(name)
        if account.quarantined:
            source = sources.tables[name]
            counts = source.complaints()
            broken = [rule for rule in source.rules() if counts[rule.complaint]]
            if any(rule.consequence is Consequence.STOP for rule in broken):
                raise InputError(verify(sources.tables)[0])
            kept_out = (rule.complaint for rule in broken if rule.consequence is Consequence.QUARANTINE)
            account.reasons = {complaint: counts[complaint] for complaint in kept_out}
            too_many += too_many_faults(source, counts, sources.intake.inputs.max_set_aside_share)
    if too_many:
        raise InputError(too_many)


def _chain(grid: _Grid, units: Array, category: pl.Series, n_categories: int) -> Chain:
    """The units as delivered, for what judges days. Store-SKUs without a category are one of their own, the last."""
    store, codes = grid.pairs["store"].to_numpy(), category.to_numpy()
    return Chain(
        units=units,
        store=store,
        category=np.where(codes < 0, n_categories, codes),
        starts=grid.starts,
        n_categories=n_categories + 1,
        first_day=dt.date(1970, 1, 1) + dt.timedelta(days=grid.first_day),
    )


def _feeds(stores: Stores, arrays: Mapping[str, Array], of: DeliverySettings) -> dict[str, Feed]:
    """When each store last delivered stock, prices and views, before anything is carried forward."""
    measures = {v.INVENTORY: "on_hand", v.PRICING: "price", v.IMPRESSIONS: "impressions"}
    return {name: feed_of(arrays[array], stores, of, moves=array == "on_hand") for name, array in measures.items()}


def _settle_all(
    chain: Chain, placed: _Placed, deliveries: Deliveries, settings: PanelSettings, interpolates: bool
) -> tuple[Array, int]:
    """The first listed day of every pair, and how many cells were interpolated; the arrays are settled in place."""
    arrays, held = placed.arrays, placed.held
    listed = np.empty(chain.store.size, np.int32)
    filled: list[int] = []

    def settle_block(block: slice) -> None:
        count = settle(
            arrays["units"][block],
            arrays["revenue"][block],
            arrays["on_hand"][block],
            arrays["price"][block],
            arrays["promo"][block],
            held["on_hand"][block],
            held["price"][block],
            deliveries.stores,
            deliveries.categories,
            chain.store[block],
            chain.category[block],
            settings.min_on_hand,
            settings.stock_from_sales_days,
            settings.gap_fill_days if interpolates else 0,
            not interpolates,
            arrays["in_stock"][block],
            listed[block],
        )
        filled.append(count)

    rows.in_blocks(settle_block, chain.store.size)
    return listed, sum(filled)
