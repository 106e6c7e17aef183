"""Placing: the rows of the tables, each in its cell.

In: `Sources` and `Grid`. Out: `Placed`, the arrays as delivered. Every table is read once, in batches, and only the
rows of the block's own SKUs; NaN is a cell without a row.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import DTypeLike, NDArray

from engine.arrays import Flags, Floats
from engine.blocks.together import Together
from engine.contracts.contract import UNUSABLE, Column, Consequence, Kind
from engine.delivery.source import UNREADABLE, Source, batches
from engine.disk import is_of_full_disk
from engine.errors import InputError, Problem
from engine.kernels import cells, rows
from engine.kernels.compiling import given
from engine.kernels.deliveries import net_returns
from engine.memory import Memory
from engine.settings.shelf.delivered import DeliverySettings, PanelSettings
from engine.shelf.accounts import RowAccount, unread
from engine.shelf.check import Sources
from engine.shelf.grid import Grid
from engine.shelf.measures import Measure, Narrow, Whole
from engine.vocabulary import shelf as v

Array = NDArray[Any]
FACTS = (v.SALES, v.INVENTORY, v.PRICING, v.IMPRESSIONS)
"""The tables whose rows have cells."""
NARROW = ("units", "on_hand", "price", "impressions")
"""The measures that are placed cell by cell and kept in few bytes."""
NOWHERE = np.iinfo(np.int32).min
"""The day of a row that has none."""
UNKNOWN_FLAG = 2
BYTES_PER_DAY = 20
"""Of a store-SKU while rows are placed: two tables at once of 8 bytes, one that was placed before of 2, two flags."""


@dataclass(frozen=True)
class PanelPlan:
    """How a panel is built. revenue_days: how many days before the as-of day keep their revenue. gap_fill_days: the
    longest gap that is interpolated. return_days: how far back a return undoes sales. allow_partial: an as-of day
    that is not complete is no reason to stop.
    """

    panel: PanelSettings
    delivery: DeliverySettings
    revenue_days: int
    gap_fill_days: int
    return_days: int
    allow_partial: bool = False


def bytes_per_pair(plan: PanelPlan) -> int:
    """Of the days of a store-SKU in memory."""
    return plan.panel.lookback_days * BYTES_PER_DAY + plan.revenue_days * np.float64().itemsize


@dataclass(frozen=True)
class Placed:
    """The tables of facts in their cells.

    measures: units, on_hand, price and impressions. revenue: (pairs, the days that keep it). promo, in_stock: (pairs,
    days). held: by measure, the last value of each pair from before the first day. below_zero: cell and value of
    wrong stock records. returned: the pairs of which anything came back. free_prices: see `Panel`. accounts: of these
    tables; they and the free prices are of the whole chain.
    """

    measures: dict[str, Narrow]
    revenue: Floats
    promo: Flags
    in_stock: Flags
    accounts: dict[str, RowAccount]
    held: dict[str, Array]
    below_zero: pl.DataFrame
    returned: NDArray[np.int64]
    free_prices: int

    def every_measure(self) -> dict[str, Measure]:
        """All of them by name."""
        whole = {"revenue": Whole(self.revenue), "promo": Whole(self.promo), "in_stock": Whole(self.in_stock)}
        return {**self.measures, **whole}


def _empty(grid: Grid, memory: Memory, dtype: DTypeLike = np.float64, n_days: int | None = None) -> Array:
    """Cells without a row. n_days: of the grid, unless fewer are kept."""
    return _emptied(memory.empty((grid.pairs.height, grid.n_days if n_days is None else n_days), dtype))


def _emptied(array: Array) -> Array:
    def empty_block(block: slice) -> None:
        array[block] = np.nan if array.dtype.kind == "f" else 0

    rows.in_blocks(empty_block, len(array))
    return array


def place_facts(sources: Sources, grid: Grid, plan: PanelPlan, memory: Memory, together: Together) -> Placed:
    """The block's rows of every table of facts in their cells.

    Raises what a file that cannot be read raises, in all blocks where it is raised in one.
    """
    own: Placed | None = None
    failure: Exception | None = None
    try:
        own = _place_own(sources, grid, plan, memory)
    except UNREADABLE as error:
        # A disk that is full of days is no fault of a table: there may be room when the block runs again.
        if is_of_full_disk(error):
            raise
        # What the reader raises in a panic is no exception that can be sent to another machine.
        failure = error if isinstance(error, Exception) else pl.exceptions.ComputeError(str(error))
    failures = [each for each in together.gathered(failure) if each is not None]
    if own is None or failures:
        raise failures[0]
    memory.end_lending()
    every = together.gathered(own.accounts)
    accounts = {
        name: RowAccount.added([unread(sources.tables[name]), *(block[name] for block in every)])
        for name in own.accounts
    }
    return replace(own, accounts=accounts, free_prices=together.count(own.free_prices))


def _place_own(sources: Sources, grid: Grid, plan: PanelPlan, memory: Memory) -> Placed:
    """Two tables at a time, each in its cells."""
    tables = {name: replace(sources.tables[name], skus=grid.rows) for name in FACTS if name in sources.tables}
    facts = _Facts(tables, grid, memory, plan.panel.held_days, {name: RowAccount() for name in tables})
    revenue = _empty(grid, memory, n_days=plan.revenue_days)
    promo, in_stock = (_empty(grid, memory, np.uint8) for _ in range(2))
    free_is_a_price = not sources.intake.readings.signed
    with ThreadPoolExecutor(min(rows.threads(), 2)) as pool:
        selling = pool.submit(_sales_then_prices, facts, revenue, promo, free_is_a_price=free_is_a_price)
        stocking = pool.submit(_stock_then_impressions, facts)
        sold, stocked = selling.result(), stocking.result()
    return Placed(
        measures=dict(zip(NARROW, (sold.units, stocked.on_hand, sold.price, stocked.impressions), strict=True)),
        revenue=revenue,
        promo=promo,
        in_stock=in_stock,
        accounts=facts.accounts,
        held={"on_hand": stocked.held, "price": sold.held},
        below_zero=stocked.below_zero,
        returned=sold.returned,
        free_prices=sold.free_prices,
    )


@dataclass(frozen=True)
class _Facts:
    """The block's rows of the tables of facts, and where they go. accounts: filled as rows are placed."""

    tables: Mapping[str, Source]
    grid: Grid
    memory: Memory
    held_days: int
    accounts: dict[str, RowAccount]


@dataclass(frozen=True)
class _Sold:
    """What sales and prices say; see `Placed`. held: of the price."""

    units: Narrow
    price: Narrow
    held: Array
    returned: NDArray[np.int64]
    free_prices: int


@dataclass(frozen=True)
class _Stocked:
    """What stock and impressions say; see `Placed`. held: of the stock."""

    on_hand: Narrow
    impressions: Narrow
    held: Array
    below_zero: pl.DataFrame


def _sales_then_prices(facts: _Facts, revenue: Floats, promo: Flags, *, free_is_a_price: bool) -> _Sold:
    """Sales and prices take turns, because both write promo flags.

    Without a table of prices, a day's price is its revenue over its units.
    """
    grid, memory, accounts = facts.grid, facts.memory, facts.accounts
    prices = facts.tables.get(v.PRICING)
    taken = _empty(grid, memory) if prices is None else None
    held, free = _Held(grid.pairs.height, facts.held_days), 0
    with memory.lent(grid.shape) as placed:
        into = (_emptied(placed), revenue, promo)
        returned = _place_sales(facts.tables[v.SALES], grid, *into, accounts[v.SALES], taken)
        if taken is not None:
            _divide_by_units(taken, placed)
        units = Narrow.of(placed, memory)
        if prices is not None:
            told = (held, accounts[v.PRICING])
            free = _place_prices(prices, grid, _emptied(placed), promo, *told, free_is_a_price=free_is_a_price)
        price = Narrow.of(placed if taken is None else taken, memory)
    return _Sold(units, price, held.values, returned, free)


def _stock_then_impressions(facts: _Facts) -> _Stocked:
    grid, memory, accounts = facts.grid, facts.memory, facts.accounts
    held = _Held(grid.pairs.height, facts.held_days)
    with memory.lent(grid.shape) as placed:
        below_zero = _place_stock(facts.tables[v.INVENTORY], grid, _emptied(placed), held, accounts[v.INVENTORY])
        on_hand = Narrow.of(placed, memory)
        views = _emptied(placed)
        if v.IMPRESSIONS in facts.tables:
            account = accounts[v.IMPRESSIONS]
            for batch in _batches(facts.tables[v.IMPRESSIONS], grid, ("impression_count",), account):
                account.replaced += cells.put_last(batch.cells, batch.values["impression_count"], views.ravel())
        impressions = Narrow.of(views, memory)
    return _Stocked(on_hand, impressions, held.values, below_zero)


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
    source: Source, grid: Grid, names: tuple[str, ...], account: RowAccount, days_before: int = 0
) -> Iterator[_Batch]:
    """The rows of a table in file order, located; `account` is filled on the way.

    days_before: rows up to so many days before the first are told apart from the others outside.
    """
    columns = [column for column in source.contract.columns if column.name in names]
    # In the order of the contract, wherever the first empty cell of each lies.
    account.unknown = {column.name: 0 for column in columns if column.null is Consequence.NOTE}
    judged = source.numbered()
    kinds = judged.collect_schema()
    plan = judged.select(
        grid.codes("store_id", kinds["store_id"], grid.stores),
        grid.codes("sku_id", kinds["sku_id"], grid.skus),
        (pl.col("date").to_physical() - grid.first_day).fill_null(NOWHERE).alias("day"),
        UNUSABLE,
        *(pl.col(column.name) for column in columns),
    )
    skus = grid.keys(grid.skus)[grid.pairs["sku"].to_numpy()]
    places = given(cells.Grid(grid.keys(grid.stores), grid.starts, skus, grid.n_days, days_before))
    for batch in batches(plan):
        located = np.empty(batch.height, np.int64)
        outside, unusable = cells.locate(
            batch["store_id"].to_numpy(),
            batch["sku_id"].to_numpy(),
            batch["day"].to_numpy(),
            batch[UNUSABLE].to_numpy(),
            places,
            located,
        )
        account.read += batch.height
        account.outside_panel += outside
        account.quarantined += unusable
        account.used += batch.height - outside - unusable
        _count_unknown(batch, columns, located, account)
        yield _Batch(located, {column.name: _plain(batch[column.name], column) for column in columns})


def _batches_and_held(
    source: Source, grid: Grid, names: tuple[str, ...], account: RowAccount, days_before: int
) -> Iterator[_Batch]:
    """The rows of a table, and those from before it that may still hold and are accounted for already."""
    yield from _batches(source, grid, names, account, days_before)
    if source.held is not None:
        yield from _batches(source.held, grid, names, RowAccount(), days_before)


def _plain(values: pl.Series, column: Column) -> Array:
    if column.kind is Kind.FLAG:
        values = values.cast(pl.UInt8)
    # To fill where nothing is empty would copy every batch.
    if values.null_count():
        values = values.fill_null(UNKNOWN_FLAG if column.kind is Kind.FLAG else np.nan)
    return values.to_numpy()


def _count_unknown(
    batch: pl.DataFrame, columns: list[Column], located: NDArray[np.int64], account: RowAccount
) -> None:
    for column in columns:
        if column.null is Consequence.NOTE and batch[column.name].null_count():
            empty = int((batch[column.name].is_null().to_numpy() & (located >= 0)).sum())
            account.unknown[column.name] += empty


def _place_sales(
    source: Source,
    grid: Grid,
    units: Floats,
    revenue: Floats,
    promo: Flags,
    account: RowAccount,
    taken: Floats | None,
) -> NDArray[np.int64]:
    """Units and revenue of a key are summed, its promo flag is any. Returns the pairs of which anything came back.

    taken: gets the revenue of all days, (pairs, days), where it is wanted.
    """
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
        again = repeated[:count]
        if taken is not None:
            first = batch.cells.copy()
            first[again] = cells.OUTSIDE
            cells.put_last(first, earned, taken.ravel())
        if count:
            repeats.append(_cell_values(batch.cells[again], sold[again], earned[again]))
    if repeats:
        account.replaced = sum(frame.height for frame in repeats)
        _add_repeats(pl.concat(repeats), units, revenue, taken)
    return np.unique(np.concatenate(returned))


def refuse_turned_signs(placed: Placed, together: Together) -> None:
    """Raise InputError when more sales are returns, or more stock is below 0, than not: their sign is turned."""
    sales, stock = placed.accounts[v.SALES], placed.accounts[v.INVENTORY]
    below_zero = together.count(placed.below_zero.height)
    advice = "turn the sign in the export, or leave out what is no sale and no stock"
    found = []
    if sales.netted > sales.used:
        what = "more rows are returns (units_sold below 0) than sales"
        found.append(Problem(v.SALES, what, advice, sales.netted, sales.netted + sales.used))
    if 2 * below_zero > stock.used:
        what = "more rows have a quantity_on_hand below 0 than not"
        found.append(Problem(v.INVENTORY, what, advice, below_zero, stock.used))
    if found:
        raise InputError(found)


def undo_returns(placed: Placed, most_days_back: int) -> pl.DataFrame:
    """Take returns off the sales they undo; the cells and units of those that undo none are returned."""
    pairs = placed.returned
    units, revenue = placed.measures["units"].rows(pairs), placed.revenue[pairs]
    room = int((units < 0).sum())
    left_row, left_day = np.empty((2, room), np.int64)
    left_units = np.empty(room)
    every = np.arange(pairs.size)
    count = net_returns(units, revenue, every, most_days_back, left_row, left_day, left_units)
    placed.measures["units"].put(pairs, units)
    placed.revenue[pairs] = revenue
    cell = pairs[left_row[:count]] * units.shape[1] + left_day[:count]
    return pl.DataFrame({"cell": cell, "value": left_units[:count]})


def listed_cells(grid: Grid, found: pl.DataFrame, name: str) -> pl.DataFrame:
    """Cells with a value as rows of store, SKU, date and the value under its name, in order of pairs and days."""
    found = found.sort("cell")
    pair, day = (found["cell"] // grid.n_days, found["cell"] % grid.n_days)
    date = (day + grid.first_day).cast(pl.Int32).cast(pl.Date)
    return grid.pairs.select(v.PAIR)[pair].with_columns(date=date, **{name: found["value"]})


def _cell_values(cell: NDArray[np.int64], units: Array, revenue: Array) -> pl.DataFrame:
    return pl.DataFrame({"cell": cell, "units": units, "revenue": revenue})


def _add_repeats(repeats: pl.DataFrame, units: Array, revenue: Array, taken: Array | None) -> None:
    """Sum the rows of each repeated key in ascending order, so that the order of the file changes no bit."""
    cell = repeats["cell"].unique().sort().to_numpy()
    pair, day = np.divmod(cell, units.shape[1])
    back = day - (units.shape[1] - 1 - revenue.shape[1])
    kept = (back >= 0) & (back < revenue.shape[1])
    first_revenue = np.full(cell.size, np.nan) if taken is None else taken[pair, day]
    first_revenue[kept] = revenue[pair[kept], back[kept]]
    total = (
        pl.concat([repeats, _cell_values(cell, units[pair, day], first_revenue)])
        .group_by("cell")
        .agg(pl.col("units").sort().sum(), pl.col("revenue").sort().sum())
        .sort("cell")
    )
    units[pair, day] = total["units"].to_numpy()
    revenue[pair[kept], back[kept]] = total["revenue"].to_numpy()[kept]
    if taken is not None:
        taken[pair, day] = total["revenue"].to_numpy()


def _divide_by_units(taken: Array, units: Array) -> None:
    """Revenue becomes the price of the day, in place; unknown where nothing was sold or paid."""

    def divide(block: slice) -> None:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            price = taken[block] / units[block]
            is_price = (units[block] > 0) & (price > 0) & np.isfinite(price)
        taken[block] = np.where(is_price, price, np.nan)

    rows.in_blocks(divide, taken.shape[0])


def _place_stock(source: Source, grid: Grid, array: Array, held: _Held, account: RowAccount) -> pl.DataFrame:
    """The last row of a key wins. Returns the cells whose record is below 0."""
    below: list[pl.DataFrame] = [_cell_list(np.empty(0, np.int64), np.empty(0))]
    flat = array.ravel()
    for batch in _batches_and_held(source, grid, ("quantity_on_hand",), account, held.most_days):
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
    grid: Grid,
    array: Floats,
    promo: Flags,
    held: _Held,
    account: RowAccount,
    *,
    free_is_a_price: bool,
) -> int:
    """The last row of a key wins with its price and its promo flag.

    free_is_a_price: 0 is one, else it is none. Returns how many rows of the last day are none.
    """
    free = 0
    for batch in _batches_and_held(source, grid, ("price", "promo_flag"), account, held.most_days):
        given = batch.values["price"]
        price = given if free_is_a_price else np.where(given > 0, given, np.nan)
        unknown = batch.cells[np.isnan(price)]
        free += int(np.count_nonzero((unknown >= 0) & (unknown % grid.n_days == grid.n_days - 1)))
        account.replaced += cells.put_last(batch.cells, price, array.ravel())
        held.take(batch, price)
        cells.overrule_flags(batch.cells, batch.values["promo_flag"], promo.ravel())
    return free
