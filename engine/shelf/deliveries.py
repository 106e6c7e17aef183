"""Deliveries: which days each store and each category delivered, and which are closed or unknown.

In: units as delivered, NaN where no row came. Out: `Deliveries`. A day is held against what the same store-SKUs
usually do on that weekday, with bounds learnt from the chain's own past: nothing here knows a calendar. Of a chain in
blocks each one counts its own store-SKUs; what is judged is their sum.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Integers, Marks
from engine.blocks.together import ALONE, Together
from engine.errors import Problem, TryLaterError
from engine.kernels import deliveries as kernel
from engine.kernels import rows
from engine.kernels.impute import DELIVERED, PARTIAL
from engine.settings.shelf.delivered import DeliverySettings
from engine.shelf.measures import Measure
from engine.vocabulary import shelf as v

CLOSED, NOT_DELIVERED, SHUT, GONE = 2, 3, 5, 6
"""What a store's day is beside DELIVERED and PARTIAL: it never sells on such days, or had not opened; nothing, or too
little, came of it; its rows say that nothing was sold though much was due; nothing has come of it for long.
"""
ALL_CLOSED = (CLOSED, SHUT, GONE)
N_WEEKDAYS = 7
MAD_SIGMA = 1.4826
"""Standard deviation of normal numbers over the median of their absolute deviations."""
ENOUGH_WEEKDAYS = 3
"""Days of a weekday that tell what is usual on it; else all days do."""
SHOWN = 5
"""Stores, categories or dates named in a notice."""
TINY = 1e-12


@dataclass(frozen=True)
class Chain:
    """What is judged, of a block's store-SKUs. units: (pairs, days) as delivered, NaN without a row. store, category:
    (pairs,); stores in ascending order. starts: first pair of each store and the number of pairs. n_categories: of
    the whole chain. first_day: the date of day 0.
    """

    units: Measure
    store: Integers
    category: Integers
    starts: Integers
    n_categories: int
    first_day: dt.date

    @property
    def n_days(self) -> int:
        """Days of the panel."""
        return int(self.units.shape[1])

    def date(self, day: int) -> dt.date:
        """The date of a day."""
        return self.first_day + dt.timedelta(days=int(day))


@dataclass(frozen=True)
class Deliveries:
    """What is known of every day.

    stores: (stores, days), one of the words above. categories: (categories, days), true where a
    category is not delivered though the chain is. has_rows: (stores, days), any row came. is_incomplete:
    (days,), the chain as a whole delivered less than it does. sellers, usual_sellers: (days,), store-SKUs that sold,
    and that usually do on that weekday; NaN unknown.
    """

    stores: NDArray[np.uint8]
    categories: Marks
    has_rows: Marks
    is_incomplete: Marks
    sellers: Floats
    usual_sellers: Floats

    @property
    def is_open(self) -> Marks:
        """(stores, days): the store's sales are known."""
        return np.isin(self.stores, (DELIVERED, PARTIAL))

    @property
    def has_opened(self) -> Marks:
        """(stores, days): the day of the store's first row and all later ones."""
        return np.logical_or.accumulate(self.has_rows, axis=1)


def as_rows_tell(found: Deliveries) -> Deliveries:
    """Days as the classic rule sees them: a store is open on the days on which any row of it came."""
    stores = np.where(found.has_rows, DELIVERED, CLOSED).astype(np.uint8)
    return replace(found, stores=stores, categories=np.zeros_like(found.categories))


def judge_days(chain: Chain, of: DeliverySettings, together: Together = ALONE) -> Deliveries:
    """Tell closed, undelivered and ordinary days apart, by store and by category, then for the chain.

    A shortfall that lasts longer than a few days is no lost delivery, and stays for the method to judge.
    """
    has_rows, has_sales = (together.added(_days_above(chain, floor)) for floor in (-np.inf, 0.0))
    n_skus = together.added(np.diff(chain.starts))
    nothing = np.zeros_like(has_rows), np.zeros((chain.n_categories, chain.n_days), np.bool_)
    of_stores, of_categories = _weigh(chain, *nothing, of, together)
    by_group = together.once(lambda: _by_group(of_stores, of_categories, has_rows, has_sales, n_skus, of))
    out = by_group.stores != DELIVERED
    of_kept = of_stores.sum(axis=0, keepdims=True, where=~out[..., None])
    if by_group.categories.any():
        of_kept = _weigh(chain, out, by_group.categories, of, together)[1].sum(axis=0, keepdims=True)
    return together.once(lambda: _of_chain(of_stores, of_categories, of_kept, has_rows, by_group, of))


@dataclass(frozen=True)
class _ByGroup:
    """Days judged by store and by category alone, see `Deliveries`."""

    stores: NDArray[np.uint8]
    categories: Marks


def _by_group(
    of_stores: Integers,
    of_categories: Integers,
    has_rows: Marks,
    has_sales: Marks,
    n_skus: Integers,
    of: DeliverySettings,
) -> _ByGroup:
    stores = _states(of_stores, has_rows, has_sales, n_skus, of)
    short = _falls_short(of_stores, of.group_slack, of) & (stores == DELIVERED)
    stores[_short_runs(short, of.short_days)] = NOT_DELIVERED
    return _ByGroup(stores, _short_runs(_falls_short(of_categories, of.group_slack, of), of.short_days))


def _of_chain(
    of_stores: Integers,
    of_categories: Integers,
    of_kept: Integers,
    has_rows: Marks,
    by_group: _ByGroup,
    of: DeliverySettings,
) -> Deliveries:
    stores, categories = by_group.stores.copy(), by_group.categories
    of_chain = of_stores.sum(axis=0, keepdims=True)
    chain_short = _falls_short(of_kept, of.chain_slack, of) | _is_short(of_kept, kernel.AMOUNT, of.amount_slack, of)
    kept = _kept_share(of_stores, stores == NOT_DELIVERED, ~np.isin(stores, ALL_CLOSED))
    kept *= _kept_share(of_categories, categories, np.ones_like(categories))
    is_hole = ~has_rows.any(axis=0) & (stores == NOT_DELIVERED).any(axis=0)
    is_incomplete = _short_runs(chain_short, of.short_days)[0] | (kept < of.min_kept_share) | is_hole
    stores[:, is_incomplete] = np.where(stores == DELIVERED, NOT_DELIVERED, stores)[:, is_incomplete]
    return Deliveries(
        stores=stores,
        categories=categories,
        has_rows=has_rows,
        is_incomplete=is_incomplete,
        sellers=of_chain[0, :, kernel.SOLD] / kernel.SCALE,
        usual_sellers=_usual(of_chain, kernel.SOLD)[0],
    )


def refuse_incomplete(found: Deliveries, chain: Chain) -> None:
    """Raise TryLaterError when the last day fell short in the whole chain, naming the last complete one."""
    if not found.is_incomplete[-1]:
        return
    last = chain.date(chain.n_days - 1)
    what = f"the day {last} is not complete: {_short_of(found)}"
    complete = np.flatnonzero(~found.is_incomplete & found.has_rows.any(axis=0))
    way_out = "no earlier day is complete"
    if complete.size:
        day = chain.date(complete[-1])
        way_out = f"The last complete day is {day}: run it with  --as-of {day} "
    raise TryLaterError(f"{what}. {way_out}. Or try later, or run this day all the same with  --allow-partial")


def _short_of(found: Deliveries) -> str:
    """The figures of the last day beside the usual ones, in words."""
    sold, usual = found.sellers[-1], found.usual_sellers[-1]
    share = f" ({100 * sold / usual:.0f}%)" if usual > 0 else ""
    stores = found.has_rows[:, -1].sum()
    return (
        f"{sold:,.0f} store-SKUs sold where about {usual:,.0f} do on that weekday{share}; "
        f"{stores:,} of {len(found.has_rows):,} stores delivered anything"
    )


def with_partial_day(found: Deliveries) -> Deliveries:
    """The same, where an incomplete last day counts for what came of it, and what did not come is unknown."""
    if not found.is_incomplete[-1]:
        return found
    stores = found.stores.copy()
    came = found.has_rows[:, -1] & (stores[:, -1] == NOT_DELIVERED)
    stores[:, -1] = np.where(came, PARTIAL, stores[:, -1])
    return replace(found, stores=stores)


def notices(
    found: Deliveries, chain: Chain, stores: list[str], categories: list[str], of: DeliverySettings
) -> Iterator[Problem]:
    """What is to be told of days that did not come as usual. stores, categories: their names, in order."""
    yield from _of_the_chain(found, chain)
    yield from _of_the_last_day(found, chain, stores, categories)
    first = int(np.argmax(np.any(found.has_rows, axis=0)))
    lost = (found.stores == NOT_DELIVERED) & ~found.is_incomplete
    lost[:, [*range(first), -1]] = False
    if lost.sum() > of.notice_share * len(stores) * (chain.n_days - first):
        where = np.argwhere(lost)
        names = tuple(f"{stores[store]}: {chain.date(day)}" for store, day in where[:SHOWN])
        what = f"{len(where):,} store-days were not delivered, or hold far less than these stores usually sell"
        yield Problem(v.SALES, what, "these days count as unknown; deliver them whole", examples=names)


def _of_the_chain(found: Deliveries, chain: Chain) -> Iterator[Problem]:
    trading: Marks = np.any(found.has_rows, axis=0)
    first = int(np.argmax(trading)) if trading.any() else chain.n_days
    holes = [day for day in range(first, chain.n_days) if not trading[day]]
    holes = [day for day in holes if (found.stores[:, day] == NOT_DELIVERED).any()]
    if holes:
        shown = ", ".join(str(chain.date(day)) for day in holes[:SHOWN])
        what = f"no store delivered anything for {len(holes)} of {chain.n_days - first} days: {shown}"
        advice = "these days count as unknown, not as days without sales; deliver them if they were traded"
        yield Problem(v.SALES, what, advice)
    short = np.flatnonzero(found.is_incomplete[:-1] & trading[:-1])
    if short.size:
        shown = ", ".join(str(chain.date(day)) for day in short[:SHOWN])
        what = f"far fewer store-SKUs sold than on such days on {short.size} days of the whole chain: {shown}"
        yield Problem(v.SALES, what, "these days count as unknown; deliver them whole if rows are missing")


def _of_the_last_day(found: Deliveries, chain: Chain, stores: list[str], categories: list[str]) -> Iterator[Problem]:
    last = chain.date(chain.n_days - 1)
    if found.is_incomplete[-1]:
        what = f"the as-of day {last} is not complete and was judged by what came of it: {_short_of(found)}"
        yield Problem(v.SALES, what, "run the day again when it is whole")
        return
    missing = np.flatnonzero(found.stores[:, -1] == NOT_DELIVERED)
    if missing.size:
        what = f"{missing.size:,} of {len(stores):,} stores did not deliver {last} as they usually do"
        names = tuple(stores[store] for store in missing[:SHOWN])
        yield Problem(v.SALES, what, "their day is unknown and they are judged without it", examples=names)
    lacking = np.flatnonzero(found.categories[:, -1])
    if lacking.size:
        what = f"{lacking.size:,} of {len(categories):,} categories were not delivered for {last}"
        names = tuple(categories[one] for one in lacking[:SHOWN])
        yield Problem(v.SALES, what, "their day is unknown and they are judged without it", examples=names)
    silent = np.flatnonzero(~np.any(found.has_rows, axis=1))
    if silent.size:
        what = f"{silent.size:,} of {len(stores):,} stores keep stock and have no row of sales in the panel"
        names = tuple(stores[store] for store in silent[:SHOWN])
        yield Problem(v.SALES, what, "deliver their sales, or take them out of the stock table", examples=names)
    weekdays = _closed_together(found, chain)
    if weekdays:
        what = f"most stores never sell on {', '.join(weekdays)}: they count as closed on those days"
        yield Problem(v.SALES, what, "deliver the sales of those days if there were any")
    gone = [
        f"{stores[store]}: {chain.date(begin)} to {chain.date(end)}"
        for store, begin, end in _runs(found.stores == GONE)
    ]
    if gone:
        what = f"stores delivered nothing for weeks, {len(gone):,} times: they count as closed"
        advice = "deliver these days if they were traded"
        yield Problem(v.SALES, what, advice, examples=tuple(gone[:SHOWN]))
    shut = np.flatnonzero(found.stores[:, -1] == SHUT)
    if shut.size:
        what = f"{shut.size:,} of {len(stores):,} stores delivered rows for {last}, and sold nothing of any SKU"
        names = tuple(f"{stores[store]}: since {_since(found.stores[store], chain)}" for store in shut[:SHOWN])
        yield Problem(v.SALES, what, "they count as closed; look at their till if they were open", examples=names)


def _closed_together(found: Deliveries, chain: Chain) -> list[str]:
    """The weekdays on which more than half of the stores that have opened are closed."""
    closed, opened = (found.stores == CLOSED) & found.has_opened, found.has_opened
    named = []
    for place in range(min(N_WEEKDAYS, chain.n_days)):
        days = slice(place, None, N_WEEKDAYS)
        if 2 * closed[:, days].sum() > opened[:, days].sum():
            named.append(chain.date(place))
    return [f"{day:%A}" for day in sorted(named, key=dt.date.weekday)]


def _since(states: NDArray[np.uint8], chain: Chain) -> dt.date:
    others = np.flatnonzero(states != SHUT)
    return chain.date(int(others[-1]) + 1 if others.size else 0)


def _weigh(
    chain: Chain, stores_out: Marks, categories_out: Marks, of: DeliverySettings, together: Together
) -> tuple[Integers, Integers]:
    """The sums of the kernel over all blocks, by (store, day) and by (category, day)."""
    of_categories = np.zeros((chain.n_categories, kernel.N_SUMS, chain.n_days), np.int64)
    of_stores = together.added(_weigh_own(chain, stores_out, categories_out, of, of_categories))
    return of_stores.swapaxes(1, 2), together.added(of_categories).swapaxes(1, 2)


def _weigh_own(
    chain: Chain, stores_out: Marks, categories_out: Marks, of: DeliverySettings, of_categories: Integers
) -> Integers:
    """The block's own sums by store and day, as the kernel makes them; those by category and day are written."""
    n_stores = chain.starts.size - 1
    of_stores = np.zeros((n_stores, kernel.N_SUMS, chain.n_days), np.int64)
    blocks: list[Integers] = []

    def weigh(stores: slice) -> None:
        pairs = slice(chain.starts[stores.start], chain.starts[stores.stop])
        sums = np.zeros_like(of_categories)
        for some in rows.batches(pairs.start, pairs.stop):
            kernel.weigh_habits(
                chain.units.rows(some),
                chain.store[some],
                chain.category[some],
                stores_out,
                categories_out,
                of.habit_decay_factor,
                of.steady_share,
                of_stores,
                sums,
            )
        blocks.append(sums)

    rows.in_blocks(weigh, n_stores)
    np.sum(blocks, axis=0, out=of_categories)
    return of_stores


def _kept_share(sums: Integers, lost: Marks, counted: Marks) -> Floats:
    """Of the sellers expected of the groups that count, the share in groups that were not lost, (days,)."""
    expected_units = sums[..., kernel.SOLD + 1]
    total = expected_units.sum(axis=0, where=counted)
    return np.asarray(1.0 - expected_units.sum(axis=0, where=lost & counted) / np.maximum(total, 1))


def _days_above(chain: Chain, floor: float) -> Marks:
    marked = np.zeros((chain.starts.size - 1, chain.n_days), np.bool_)

    def mark(stores: slice) -> None:
        pairs = slice(chain.starts[stores.start], chain.starts[stores.stop])
        for some in rows.batches(pairs.start, pairs.stop):
            kernel.days_above(chain.units.rows(some), chain.store[some], floor, marked)

    rows.in_blocks(mark, len(marked))
    return marked


def _states(
    of_stores: Integers, has_rows: Marks, has_sales: Marks, n_skus: Integers, of: DeliverySettings
) -> NDArray[np.uint8]:
    """Every store's days by their silence alone: closed, not delivered, or delivered.

    A day on which a small store may well have sold nothing, and of which no row came, is as good as closed.
    """
    silent = ~has_sales
    opened = np.logical_or.accumulate(has_rows, axis=1)
    log_likelihood_ratio = np.where(silent & opened, of_stores[..., kernel.SILENCE] / kernel.SCALE, 0.0)
    states = np.where(has_rows, DELIVERED, CLOSED).astype(np.uint8)
    store, first, last = _run_table(silent & opened)
    so_far = np.pad(np.cumsum(log_likelihood_ratio, axis=1), ((0, 0), (1, 0)))
    length = last - first + 1
    is_evident = so_far[store, last + 1] - so_far[store, first] >= of.silent_log_likelihood_ratio
    of_run = np.repeat(np.arange(store.size), length)
    day = first[of_run] + np.arange(of_run.size) - np.repeat(np.cumsum(length) - length, length)
    cell = (store[of_run], day)
    is_shut = is_evident[of_run] & has_rows[cell] & (n_skus[store[of_run]] >= of.min_silent_skus)
    is_missing = is_evident[of_run] & ~has_rows[cell]
    is_long = length[of_run] >= of.closed_days
    for kind, is_so in ((NOT_DELIVERED, is_missing), (GONE, is_missing & is_long), (SHUT, is_shut)):
        states[store[of_run][is_so], day[is_so]] = kind
    states[_on_closed_weekdays(silent, opened, log_likelihood_ratio, of)] = CLOSED
    return states


def _on_closed_weekdays(silent: Marks, opened: Marks, log_likelihood_ratio: Floats, of: DeliverySettings) -> Marks:
    """The silent days of weekdays on which a store sells nothing more often than not, and not by chance."""
    closed = np.zeros_like(silent)
    for weekday in range(N_WEEKDAYS):
        days = slice(weekday, None, N_WEEKDAYS)
        of_weekday = silent[:, days] & opened[:, days]
        is_habit = of_weekday.sum(axis=1) > of.closed_share * np.maximum(opened[:, days].sum(axis=1), 1)
        is_habit &= log_likelihood_ratio[:, days].sum(axis=1) >= of.silent_log_likelihood_ratio
        closed[:, days] = is_habit[:, None] & of_weekday
    return closed


def _falls_short(sums: Integers, slack: float, of: DeliverySettings) -> Marks:
    """Where groups have fewer rows, sellers or steady sellers than they usually have, (groups, days)."""
    short = np.zeros(sums.shape[:2], np.bool_)
    for measure in (kernel.ROWS, kernel.SOLD, kernel.STEADY):
        short |= _is_short(sums, measure, slack, of)
    return short


def _is_short(sums: Integers, measure: int, slack: float, of: DeliverySettings) -> Marks:
    expected_units, variance = (sums[..., measure + place] / kernel.SCALE for place in (1, 2))
    usual, share, tested = _shares(sums, measure, of)
    with np.errstate(invalid="ignore", divide="ignore"):
        away = share / usual - 1.0
        spread = MAD_SIGMA * _median(np.abs(away))
        # Whoever sells nearly every day sells less surely on the quiet weekdays.
        by_count = (
            of.errors * np.sqrt(variance + expected_units * np.maximum(1.0 - usual, 0.0)) / (expected_units * usual)
        )
        bound = np.maximum(slack, np.maximum(of.spreads * spread, by_count))
        return tested & (usual > 0) & (away < -bound)


def _shares(sums: Integers, measure: int, of: DeliverySettings) -> tuple[Floats, Floats, Marks]:
    """What share of the expected is usual on each day's weekday, what it was, and which days can be judged."""
    seen, expected_units = (sums[..., measure + place] / kernel.SCALE for place in (0, 1))
    tested = expected_units >= of.min_expected
    began = tested.argmax(axis=1)[:, None]
    tested &= np.arange(sums.shape[1]) >= began + of.warm_up_days
    share = np.where(tested, seen / np.maximum(expected_units, TINY), np.nan)
    return _by_weekday(share), share, tested


def _by_weekday(share: Floats) -> Floats:
    """The median of each day's weekday, of all days where there are few; NaN where nothing is known."""
    usual = np.repeat(_median(share), share.shape[1], axis=1)
    for weekday in range(N_WEEKDAYS):
        days = share[:, weekday::N_WEEKDAYS]
        is_frequent = (~np.isnan(days)).sum(axis=1) >= ENOUGH_WEEKDAYS
        usual[is_frequent, weekday::N_WEEKDAYS] = _median(days[is_frequent])
    return usual


def _median(values: Floats) -> Floats:
    """Of the known values of each row, (rows, 1); NaN without any."""
    known = (~np.isnan(values)).sum(axis=1, keepdims=True)
    ordered = np.sort(values, axis=1)
    middle = (
        np.take_along_axis(ordered, np.maximum(known - 1, 0) // 2, 1),
        np.take_along_axis(ordered, known // 2, 1),
    )
    return (middle[0] + middle[1]) / 2


def _usual(sums: Integers, measure: int) -> Floats:
    expected_units = sums[..., measure + 1] / kernel.SCALE
    seen = sums[..., measure] / kernel.SCALE
    share = np.where(expected_units > 0, seen / np.maximum(expected_units, TINY), np.nan)
    return expected_units * np.nan_to_num(_by_weekday(share), nan=1.0)


def _short_runs(marked: Marks, longest: int) -> Marks:
    """The marked stretches of at most so many days."""
    kept = np.zeros_like(marked)
    for row, first, last in _runs(marked):
        if last - first < longest:
            kept[row, first : last + 1] = True
    return kept


def _runs(marked: Marks) -> Iterator[tuple[int, int, int]]:
    """Row, first and last day of every marked stretch."""
    yield from zip(*(column.tolist() for column in _run_table(marked)), strict=True)


def _run_table(marked: Marks) -> tuple[Integers, Integers, Integers]:
    """Rows, first and last days of the marked stretches, row by row."""
    padded = np.pad(marked.astype(np.int8), ((0, 0), (1, 1)))
    steps = np.diff(padded, axis=1)
    row, first = np.nonzero(steps == 1)
    _, end = np.nonzero(steps == -1)
    return row, first, end - 1
