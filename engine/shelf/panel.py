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
from engine.config import PanelSettings
from engine.contracts.contract import UNUSABLE, Column, Consequence, Kind
from engine.contracts.tables import contracts
from engine.delivery import naming_broken_files, verify
from engine.errors import InputError, Problem
from engine.kernels import cells, rows, windows
from engine.kernels.settle import open_days, settle
from engine.lake import UNREADABLE, Source, batches
from engine.memory import Memory
from engine.shelf.check import Sources, reread_as_text

Array = NDArray[Any]
NOWHERE = np.iinfo(np.int32).min
"""The day of a row that has none."""
UNKNOWN_FLAG = 2
BYTES_PER_DAY = 38
"""Of a store-SKU: units, on-hand, price and expectation of 8 bytes, impressions of 4, two flags."""
MANY_PAIRS = 5_000_000
"""So many rows of pairs are held before repeats among them are dropped."""
_NULLS = {Kind.NUMBER: pl.Float64(), Kind.TEXT: pl.String(), Kind.ID: pl.Int64()}


@dataclass
class RowAccount:
    """Where the rows of one table went: read = used + quarantined + outside the panel.

    replaced: used rows whose key came again; summed for sales, overruled by the later row elsewhere. unknown: empty
    cells by column, in rows that are used all the same. reasons: quarantined rows by complaint; a row that breaks
    two rules counts under both.
    """

    read: int = 0
    used: int = 0
    quarantined: int = 0
    outside_panel: int = 0
    replaced: int = 0
    unknown: dict[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)

    def balance(self, table: str) -> None:
        """Raise RuntimeError when a row got lost: that would be a bug, and no number of the run could be trusted."""
        if self.read != self.used + self.quarantined + self.outside_panel:
            raise RuntimeError(f"rows of {table} do not add up: {self}")


@dataclass(frozen=True)
class Panel:
    """The chain up to the as-of day, one row per store-SKU.

    pairs: store_id, sku_id, store and sku (positions in `stores` and `skus`), category (a code, -1 when the SKU has
    none), listed (first listed day, n_days when never), judged (in stock of late), and the arrays units, on_hand,
    price, impressions, promo, in_stock (n_days wide) and revenue (the days of the expectation's window before the
    as-of day). stores, skus: their attributes, null when not delivered. is_open: (stores, days). memory: where the
    arrays live.
    """

    as_of: dt.date
    n_days: int
    pairs: pl.DataFrame
    stores: pl.DataFrame
    skus: pl.DataFrame
    categories: tuple[str, ...]
    is_open: NDArray[np.bool_]
    accounts: Mapping[str, RowAccount]
    sources: Sources
    memory: Memory

    @property
    def first_day(self) -> dt.date:
        """The date of day 0."""
        return self.as_of - dt.timedelta(days=self.n_days - 1)

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


def panel(sources: Sources, settings: PanelSettings, revenue_days: int, memory: Memory) -> Panel:
    """Place every usable row of the tables.

    revenue_days: how many days before the as-of day keep their revenue. Raises InputError, with every problem of
    every table, when a row stops the run or a file cannot be read, and when the panel does not fit into memory.
    """
    try:
        return _place_all(sources, settings, revenue_days, memory)
    except UNREADABLE:
        as_text = reread_as_text(sources)
        with naming_broken_files(as_text.tables):
            return _place_all(as_text, settings, revenue_days, memory)


def _place_all(sources: Sources, settings: PanelSettings, revenue_days: int, memory: Memory) -> Panel:
    grid = _grid(sources, settings.lookback_days, usable_only=False)
    memory.foresee(grid.pairs.height, settings.lookback_days * BYTES_PER_DAY + revenue_days * np.float64().itemsize)
    arrays, accounts = _place_facts(sources, grid, revenue_days, memory)
    if accounts[v.SALES].quarantined or accounts[v.INVENTORY].quarantined:
        # The keys alone do not tell whether a row can be used; as a rule every store-SKU has one that can.
        of_usable_rows = _grid(sources, settings.lookback_days, usable_only=True)
        if of_usable_rows.pairs.height != grid.pairs.height:
            grid = of_usable_rows
            arrays, accounts = _place_facts(sources, grid, revenue_days, memory)
    stores = _attributes(sources, v.STORES, "store_id", grid.stores, accounts.get(v.STORES))
    skus = _attributes(sources, v.SKUS, "sku_id", grid.skus, accounts.get(v.SKUS))
    _stop_on_broken_rows(sources, accounts)
    is_open, listed = _settle_all(grid, arrays, settings)
    judged = (arrays["in_stock"][:, -settings.active_days :] == 1).any(axis=1)
    categories = tuple(skus["category"].drop_nulls().unique().sort())
    code_of = {category: code for code, category in enumerate(categories)}
    category = skus["category"].replace_strict(code_of, default=-1, return_dtype=pl.Int64)
    pairs = grid.pairs.with_columns(
        category=category.gather(grid.pairs["sku"]),
        listed=listed,
        judged=judged,
        **{name: pl.Series(array) for name, array in arrays.items()},
    )
    n_days = settings.lookback_days
    return Panel(sources.as_of, n_days, pairs, stores, skus, categories, is_open, accounts, sources, memory)


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
    is_new = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in v.PAIR)
    counts = days & pl.all_horizontal(pl.col(name).is_not_null() for name in v.PAIR)
    plan = source.judged().select(*v.PAIR, (counts & ~pl.col(UNUSABLE) if usable_only else counts).alias("counts"))
    seen: list[pl.DataFrame] = []
    held, room = 0, MANY_PAIRS
    for batch in batches(plan):
        # Tables are mostly sorted: one row of each run is enough, and far fewer rows are left to compare.
        seen.append(batch.filter("counts").select(v.PAIR).filter(is_new))
        held += seen[-1].height
        if held > room:
            seen = [pl.concat(seen).unique()]
            held = seen[0].height
            room = max(MANY_PAIRS, 2 * held)
    return pl.concat(seen).unique()


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


def _place_facts(
    sources: Sources, grid: _Grid, revenue_days: int, memory: Memory
) -> tuple[dict[str, Array], dict[str, RowAccount]]:
    """Two tables at a time. Sales and prices take turns, because both write promo flags."""
    arrays = _empty_arrays(grid, revenue_days, memory)
    unread = {name: source.left_out["rows"] for name, source in sources.tables.items()}
    accounts = {name: RowAccount(read=rows, outside_panel=rows) for name, rows in unread.items()}

    def sales_then_prices() -> None:
        _place_sales(sources.tables[v.SALES], grid, arrays, accounts[v.SALES])
        _place_prices(sources.tables[v.PRICING], grid, arrays, accounts[v.PRICING])

    def stock_then_impressions() -> None:
        measures = {v.INVENTORY: ("quantity_on_hand", "on_hand"), v.IMPRESSIONS: ("impression_count", "impressions")}
        for table, (column, array) in measures.items():
            if table in sources.tables:
                _place_last(sources.tables[table], column, arrays[array], grid, accounts[table])

    with ThreadPoolExecutor(min(rows.threads(), 2)) as pool:
        for job in [pool.submit(sales_then_prices), pool.submit(stock_then_impressions)]:
            job.result()
    return arrays, accounts


@dataclass(frozen=True)
class _Batch:
    """Rows of a table with their cells. values: the columns asked for, NaN or UNKNOWN_FLAG where empty."""

    cells: NDArray[np.int64]
    values: dict[str, Array]


def _batches(source: Source, grid: _Grid, names: tuple[str, ...], account: RowAccount) -> Iterator[_Batch]:
    """The rows of a table in file order, located; `account` is filled on the way."""
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


def _place_sales(source: Source, grid: _Grid, arrays: Mapping[str, Array], account: RowAccount) -> None:
    """Units and revenue of a key are summed, its promo flag is any."""
    units, revenue, promo = arrays["units"], arrays["revenue"], arrays["promo"]
    repeats: list[pl.DataFrame] = []
    for batch in _batches(source, grid, ("units_sold", "revenue", "promo_flag"), account):
        repeated = np.empty(batch.cells.size, np.int64)
        sold, earned = batch.values["units_sold"], batch.values["revenue"]
        count = cells.put_sales(batch.cells, sold, earned, units, revenue, repeated)
        cells.raise_flags(batch.cells, batch.values["promo_flag"], promo.ravel())
        if count:
            again = repeated[:count]
            repeats.append(_cell_values(batch.cells[again], sold[again], earned[again]))
    if repeats:
        account.replaced = sum(frame.height for frame in repeats)
        _add_repeats(pl.concat(repeats), units, revenue)


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


def _place_last(source: Source, name: str, array: Array, grid: _Grid, account: RowAccount) -> None:
    """The last row of a key wins."""
    for batch in _batches(source, grid, (name,), account):
        account.replaced += cells.put_last(batch.cells, batch.values[name], array.ravel())


def _place_prices(source: Source, grid: _Grid, arrays: Mapping[str, Array], account: RowAccount) -> None:
    """The last row of a key wins with its price and its promo flag."""
    for batch in _batches(source, grid, ("price", "promo_flag"), account):
        account.replaced += cells.put_last(batch.cells, batch.values["price"], arrays["price"].ravel())
        cells.overrule_flags(batch.cells, batch.values["promo_flag"], arrays["promo"].ravel())


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


def _stop_on_broken_rows(sources: Sources, accounts: Mapping[str, RowAccount]) -> None:
    """Say why rows were kept out; raise when any of them stops the run."""
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


def _settle_all(grid: _Grid, arrays: Mapping[str, Array], settings: PanelSettings) -> tuple[NDArray[np.bool_], Array]:
    """Which days each store is open, and the first listed day of every pair; the arrays are settled in place."""
    store = grid.pairs["store"].to_numpy()
    is_open = np.zeros((len(grid.stores), grid.n_days), np.bool_)
    starts = grid.starts

    def open_block(stores: slice) -> None:
        of_stores = slice(starts[stores.start], starts[stores.stop])
        open_days(arrays["units"][of_stores], store[of_stores], is_open)

    rows.in_blocks(open_block, len(grid.stores))
    listed = np.empty(store.size, np.int32)

    def settle_block(block: slice) -> None:
        settle(
            arrays["units"][block],
            arrays["revenue"][block],
            arrays["on_hand"][block],
            arrays["price"][block],
            arrays["promo"][block],
            is_open,
            store[block],
            settings.min_on_hand,
            settings.stock_from_sales_days,
            settings.gap_fill_days,
            arrays["in_stock"][block],
            listed[block],
        )

    rows.in_blocks(settle_block, store.size)
    return is_open, listed
