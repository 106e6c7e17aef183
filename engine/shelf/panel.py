"""Panel: from tables to one row per store-SKU, every measure a fixed-width array of days.

In: `Sources`. Out: `Panel`, sorted by store and SKU, of a block of the SKUs. Every table is read once, in batches,
and each row of the block's SKUs is placed straight into its cell; memory is the panel and one batch. NaN is "unknown"
inside an array.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NoReturn

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.arrays import Integers, Rows
from engine.blocks import exact
from engine.blocks.together import ALONE, Together
from engine.contracts.contract import UNUSABLE, Consequence, Kind
from engine.contracts.shelf import contracts
from engine.delivery.source import UNREADABLE, Source
from engine.delivery.tables import naming_broken_files, too_many_faults, verify
from engine.disk import is_of_full_disk
from engine.errors import InputError, Problem
from engine.kernels import rows
from engine.kernels.compiling import given
from engine.kernels.exact import add_days_by_group
from engine.kernels.impute import Cells, ImputationRule, Owners, impute
from engine.memory import Memory
from engine.settings.shelf.delivered import DeliverySettings
from engine.shelf.accounts import RowAccount, unread
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
from engine.shelf.feeds import Feed, Stores, declared, feed_of, forget, impossible_stock
from engine.shelf.grid import Grid, grid_of, seen_pairs
from engine.shelf.measures import EVERY, Measure, packed
from engine.shelf.outside import Outside, of_skus, outside
from engine.shelf.placing import (
    FACTS,
    Array,
    PanelPlan,
    Placed,
    bytes_per_pair,
    listed_cells,
    place_facts,
    refuse_turned_signs,
    undo_returns,
)
from engine.vocabulary import shelf as v

LOGS = {v.INVENTORY: "on_hand", v.PRICING: "price"}
"""The tables whose rows may stand for more than their day, and their arrays."""
_NULLS = {Kind.NUMBER: pl.Float64(), Kind.TEXT: pl.String(), Kind.ID: pl.Int64()}


@dataclass(frozen=True)
class Panel:
    """The chain up to the as-of day, one row per store-SKU.

    pairs: store_id, sku_id, store and sku (positions in `stores` and `skus`), category (a code, -1 when the SKU has
    none), listed (first listed day, n_days when never) and judged (in stock of late). measures: by name, a number of
    every pair on every day: units, on_hand, price, impressions, promo, in_stock, and revenue (of the days of the
    expectation's window before the as-of day). stores, skus: their attributes, null when not delivered. deliveries:
    which days are known of whom. feeds: of stock, prices and views, when each store last delivered them. emptied:
    (stores, days), every stock record is 0 from one day to the next. free_prices: rows of the as-of day whose price
    is 0, which is none. stock_corrections: stock records below 0 (store_id, sku_id, date, quantity_on_hand).
    unmatched_returns: units that came back and were never sold (store_id, sku_id, date, units). interpolated: cells
    that were filled by interpolation. is_partial: the as-of day was not complete. outside: what a calendar and the
    weather say. notices: what is odd about all this. memory: where the arrays live. together: the way to the other
    blocks of the chain: the pairs are those of the block's own SKUs in all stores, `skus` its own, and what is of
    stores or categories is of the whole chain; stock corrections and unmatched returns are the block's own, counts
    and accounts of the whole chain. What is of the whole chain is shared: nobody may write into it. category_prices:
    what `category_price` found, once it was asked for; empty before.
    """

    as_of: dt.date
    n_days: int
    pairs: pl.DataFrame
    measures: Mapping[str, Measure]
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
    outside: Outside
    notices: tuple[Problem, ...]
    accounts: Mapping[str, RowAccount]
    sources: Sources
    memory: Memory
    together: Together = ALONE
    category_prices: list[Array] = field(default_factory=list, repr=False)

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

    def array(self, measure: str, of: Rows = EVERY, days: slice = EVERY) -> Array:
        """A measure of some pairs on neighbouring days, (rows, days). All of them at once are many bytes."""
        return self.measures[measure].rows(of, days)

    def at(self, measure: str, pair: Integers, day: Integers | int) -> Array:
        """A measure of chosen pairs, each on its day."""
        days = np.broadcast_to(day, pair.shape) % self.n_days
        found = np.empty(pair.size, self.array(measure, slice(0)).dtype)

        def look(block: slice) -> None:
            own = days[block]
            first, last = int(own.min()), int(own.max())
            values = self.array(measure, pair[block], slice(first, last + 1))
            found[block] = values[np.arange(own.size), own - first]

        rows.in_blocks(look, pair.size)
        return found

    def codes(self, name: str) -> NDArray[np.int64]:
        """A column of `pairs` that is one whole number a pair."""
        return self.pairs[name].to_numpy()

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Which pairs are judged."""
        return self.pairs["judged"].to_numpy()

    @cached_property
    def regional_sku(self) -> NDArray[np.int64]:
        """Which SKU in which region each pair is, (pairs,): a number of its own. Stores of no region are one."""
        region = self.stores["region"].fill_null("").rank("dense").to_numpy().astype(np.int64)
        return np.asarray(region[self.codes("store")] * self.skus.height + self.codes("sku"), np.int64)

    @property
    def category_price(self) -> Array:
        """Mean price of every day over the judged pairs of each category, (categories, days); NaN without any.

        The other blocks are asked when it is looked at first, of this panel or of one with the same prices.
        """
        # `cached_property` holds one lock for all panels until Python 3.12: blocks would wait for each other forever.
        if not self.category_prices:
            self.category_prices.append(self._ask_category_price())
        return self.category_prices[0]

    def _ask_category_price(self) -> Array:
        groups = np.where(self.judged, self.codes("category"), -1)
        shape = (max(len(self.categories), 1), self.n_days)
        parts, counts = np.zeros((*shape, exact.N_FINEST_PARTS)), np.zeros(shape, np.int64)

        def add(some: Integers) -> None:
            add_days_by_group(packed(self.measures["price"]), some, groups, parts, counts)

        rows.in_parts(add, groups)
        parts, counts = self.together.added(parts), self.together.added(counts)
        return self.together.once(lambda: exact.total(parts) / np.where(counts > 0, counts, np.nan))

    def without_days(self) -> "Panel":
        """The panel without its measures, for what comes after the last look at a day."""
        return self.without(*self.measures)

    def without(self, *measures: str) -> "Panel":
        """The panel without some of its measures."""
        return replace(self, measures={name: one for name, one in self.measures.items() if name not in measures})

    def having(self, **measures: Measure) -> "Panel":
        """The panel with further measures, or with others in place of those of the same name."""
        known = [] if "price" in measures else self.category_prices
        return replace(self, measures={**self.measures, **measures}, category_prices=known)

    def pair_starts(self) -> NDArray[np.int64]:
        """First pair of each store, and the number of pairs at the end."""
        return np.searchsorted(self.codes("store"), np.arange(self.stores.height + 1)).astype(np.int64)


def panel(sources: Sources, plan: PanelPlan, memory: Memory, together: Together = ALONE) -> Panel:
    """Place every usable row of the tables that is of the block's own SKUs.

    memory: of the night; blocks that take turns get a part each.

    Raises InputError, with every problem of every table, when a row stops the run or a file cannot be read, and when
    the panel does not fit into memory; TryLaterError when the as-of day is not complete. All blocks raise together.
    """
    if together.takes_turns:
        memory = memory.of_block()
        together.before_waiting(memory.rest)
    try:
        return _place_all(sources, plan, memory, together)
    except UNREADABLE as error:
        _refuse_full_disk(error)
        as_text = together.once(lambda: reread_as_text(sources))
    try:
        return _place_all(as_text, plan, memory, together)
    except UNREADABLE as error:
        _refuse_full_disk(error)
        reason = error
    return together.once(lambda: _refuse_broken_files(as_text, reason))


def _refuse_full_disk(error: BaseException) -> None:
    """Raise what a disk says that is full of days: no table is to blame."""
    if is_of_full_disk(error):
        raise error


def _refuse_broken_files(sources: Sources, error: BaseException) -> NoReturn:
    with naming_broken_files(sources.tables):
        raise error


def _place_all(sources: Sources, plan: PanelPlan, memory: Memory, together: Together) -> Panel:
    grid, placed = _placed(sources, plan, memory, together)
    known = together.once(lambda: _known(sources, grid, plan.panel.lookback_days))
    accounts = together.once(lambda: _accounts(sources, {**placed.accounts, **known.accounts}))
    refuse_turned_signs(placed, together)
    unmatched = undo_returns(placed, plan.return_days)
    category = known.category_codes[grid.own].gather(grid.pairs["sku"])
    chain = _chain(grid, placed.measures["units"], category, len(known.categories))
    deliveries = judge_days(chain, plan.delivery, together)
    if not plan.allow_partial:
        refuse_incomplete(deliveries, chain)
    remarks = together.once(lambda: _remarks(deliveries, chain, known, plan.delivery))
    filled = _filled(sources, plan, chain, placed, deliveries, together)
    if accounts[v.SALES].never_has("revenue"):
        _take_price_for_revenue(placed)
    judged = _judged(chain, placed, filled.deliveries, plan.panel.active_days)
    return Panel(
        as_of=sources.as_of,
        n_days=grid.n_days,
        pairs=grid.pairs.with_columns(category=category, listed=filled.listed, judged=judged),
        measures=placed.every_measure(),
        stores=known.stores,
        skus=known.skus[grid.own],
        categories=known.categories,
        deliveries=filled.deliveries,
        feeds=filled.feeds,
        emptied=filled.emptied,
        free_prices=placed.free_prices,
        stock_corrections=listed_cells(grid, placed.below_zero, "quantity_on_hand"),
        unmatched_returns=listed_cells(grid, unmatched, "units"),
        interpolated=filled.interpolated,
        is_partial=bool(deliveries.is_incomplete[-1]),
        outside=of_skus(known.outside, grid.own),
        notices=remarks,
        accounts={name: replace(account, carried=filled.carried.get(name, 0)) for name, account in accounts.items()},
        sources=sources,
        memory=memory,
        together=together,
    )


def _placed(sources: Sources, plan: PanelPlan, memory: Memory, together: Together) -> tuple[Grid, Placed]:
    """The block's pairs, and the facts in their cells."""
    n_days = plan.panel.lookback_days
    every = together.once(lambda: seen_pairs(sources, n_days))
    together.once(lambda: memory.foresee(every.pairs.height, bytes_per_pair(plan), together.of))
    grid = grid_of(every, sources.as_of, n_days, together)
    placed = place_facts(sources, grid, plan, memory, together)
    if placed.accounts[v.SALES].quarantined or placed.accounts[v.INVENTORY].quarantined:
        # The keys alone do not tell whether a row can be used; as a rule every store-SKU has one that can.
        usable = together.once(lambda: seen_pairs(sources, n_days, usable_only=True))
        if usable.pairs.height != every.pairs.height:
            grid = grid_of(usable, sources.as_of, n_days, together)
            placed = place_facts(sources, grid, plan, memory, together)
    return grid, placed


@dataclass(frozen=True)
class _Known:
    """What the tables of stores and SKUs, the calendar and the weather say, of the whole chain.

    category_codes: of every SKU, -1 without a category. accounts: of these tables.
    """

    stores: pl.DataFrame
    skus: pl.DataFrame
    categories: tuple[str, ...]
    category_codes: pl.Series
    outside: Outside
    accounts: Mapping[str, RowAccount]


def _known(sources: Sources, grid: Grid, n_days: int) -> _Known:
    accounts = {name: unread(source) for name, source in sources.tables.items() if name not in FACTS}
    stores = _attributes(sources, v.STORES, "store_id", grid.stores, accounts.get(v.STORES))
    stores = stores.with_columns(_known_places(sources))
    skus = _attributes(sources, v.SKUS, "sku_id", grid.every_sku, accounts.get(v.SKUS))
    categories = tuple(skus["category"].drop_nulls().unique().sort())
    code_of = {category: code for code, category in enumerate(categories)}
    codes = skus["category"].replace_strict(code_of, default=-1, return_dtype=pl.Int64)
    happened = outside(sources, n_days, stores, skus, categories, accounts)
    return _Known(stores, skus, categories, codes, happened, accounts)


def _accounts(sources: Sources, found: Mapping[str, RowAccount]) -> dict[str, RowAccount]:
    """The accounts of all tables in their order, with the reasons why rows were kept out. Raises where these stop."""
    accounts = {name: found[name] for name in sources.tables}
    _stop_on_broken_rows(sources, accounts)
    return accounts


def _remarks(found: Deliveries, chain: Chain, known: _Known, of: DeliverySettings) -> tuple[Problem, ...]:
    stores = known.stores["store_id"].cast(pl.String).to_list()
    return tuple(notices(found, chain, stores, [*known.categories, "(no category)"], of))


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
            if "date" in source.contract.key:
                # A table that only describes may lose rows: what they say is unknown then.
                too_many += too_many_faults(source, counts, sources.intake.inputs.max_set_aside_share)
    if too_many:
        raise InputError(too_many)


def _chain(grid: Grid, units: Measure, category: pl.Series, n_categories: int) -> Chain:
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


def _feeds(
    stores: Stores, placed: Mapping[str, Measure], of: DeliverySettings, tables: Mapping[str, Source]
) -> dict[str, Feed]:
    """When each store last delivered stock, prices and views, before anything is carried forward.

    tables: what was delivered. The silence of a log of changes is no delay.
    """
    measures = {v.INVENTORY: "on_hand", v.PRICING: "price", v.IMPRESSIONS: "impressions"}
    found: dict[str, Feed] = {}
    for name, measure in measures.items():
        if name in tables:
            feed = feed_of(placed[measure], stores, of, moves=measure == "on_hand")
            found[name] = declared(feed, tables[name].grain)
    return found


@dataclass(frozen=True)
class _Filled:
    """What is known once the measures have been filled; see `Panel`. carried: by table, see `RowAccount`."""

    deliveries: Deliveries
    feeds: Mapping[str, Feed]
    emptied: NDArray[np.bool_]
    listed: Array
    interpolated: int
    carried: Mapping[str, int]


def _filled(
    sources: Sources, plan: PanelPlan, chain: Chain, placed: Placed, deliveries: Deliveries, together: Together
) -> _Filled:
    """Fill the cells that rows of other days tell of, in place, after a look at when each store delivered.

    deliveries: as they were judged.
    """
    measures = placed.measures
    of_store = Stores(chain.store, chain.starts, together)
    feeds = _feeds(of_store, measures, plan.delivery, sources.tables)
    emptied = impossible_stock(measures["on_hand"], of_store, plan.delivery)
    interpolates = sources.intake.readings.interpolates
    if not interpolates:
        forget(measures["on_hand"], of_store, emptied)
    told = together.once(lambda: as_rows_tell(deliveries) if interpolates else with_partial_day(deliveries))
    delivered = {name: _known_cells(measures[LOGS[name]]) for name in _logs(sources)}
    listed, interpolated = _impute_all(chain, placed, told, plan, _draws_down(sources))
    carried = {name: together.count(_known_cells(measures[LOGS[name]]) - cells) for name, cells in delivered.items()}
    return _Filled(told, feeds, emptied, listed, together.count(interpolated), carried)


def _judged(chain: Chain, placed: Placed, deliveries: Deliveries, active_days: int) -> NDArray[np.bool_]:
    """The pairs in stock of late; in a store that is shut there is nothing to be done about a shelf."""
    is_shut = np.isin(deliveries.stores[:, -1], (SHUT, GONE))
    is_stocked: NDArray[np.bool_] = (placed.in_stock[:, -active_days:] == 1).any(axis=1)
    return is_stocked & ~is_shut[chain.store]


def _logs(sources: Sources) -> list[str]:
    """The tables of which is said that their rows stand for more than their day."""
    return [name for name in LOGS if name in sources.tables and sources.tables[name].grain != "row"]


def _known_cells(measure: Measure) -> int:
    """How many cells of a measure are known."""
    known = np.empty(measure.shape[0], np.int64)

    def count(block: slice) -> None:
        known[block] = np.count_nonzero(~np.isnan(measure.rows(block)), axis=1)

    rows.in_blocks(count, known.size)
    return int(known.sum())


def _draws_down(sources: Sources) -> bool:
    """Whether sales tell what is left between two stock records: a log of changes says it itself."""
    return not sources.intake.readings.interpolates and sources.tables[v.INVENTORY].grain != "change"


def _take_price_for_revenue(placed: Placed) -> None:
    """Units × price of the days that keep their revenue; unknown where units or, of what sold, the price are."""
    revenue, last = placed.revenue, placed.promo.shape[1] - 1
    days = slice(last - revenue.shape[1], last)

    def take(block: slice) -> None:
        units, price = (placed.measures[name].rows(block)[:, days] for name in ("units", "price"))
        with np.errstate(over="ignore"):
            revenue[block] = np.where(units == 0, 0.0, units * price)

    rows.in_blocks(take, revenue.shape[0])


def _impute_all(
    chain: Chain, placed: Placed, deliveries: Deliveries, plan: PanelPlan, draws_down: bool
) -> tuple[Array, int]:
    """The first listed day of every pair, and how many cells were interpolated; the measures are imputed in place."""
    held, imputed = placed.held, [placed.measures[name] for name in ("units", "on_hand", "price")]
    listed = np.empty(chain.store.size, np.int32)
    filled: list[int] = []

    owners = Owners(chain.store, chain.category, held["on_hand"], held["price"])
    of = plan.panel
    rule = ImputationRule(of.min_on_hand, of.stock_from_sales_days, plan.gap_fill_days, draws_down)

    def impute_block(block: slice) -> None:
        units, on_hand, price = (measure.rows(block) for measure in imputed)
        cells = Cells(units, placed.revenue[block], on_hand, price, placed.promo[block], placed.in_stock[block])
        mine = given(owners, block)
        filled.append(impute(cells, mine, deliveries.stores, deliveries.categories, rule, listed[block]))
        for measure, values in zip(imputed, (units, on_hand, price), strict=True):
            measure.put(block, values)

    rows.in_blocks(impute_block, chain.store.size)
    return listed, sum(filled)
