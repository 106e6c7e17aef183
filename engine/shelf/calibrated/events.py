"""Events: what happened to many shelves at once, and the episodes excluded for it: no dark shelves.

In: `Panel`, `Demand`, `Course`, episodes after testing. Out: the episodes that stay, and what was excluded.
Episodes are excluded after the false discovery rate was held: the q-values stay what they were. What happened to the
chain and to stores is the same in every block of the chain; what happened to SKUs is of the block's own.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.arrays import Floats, Integers
from engine.errors import Problem
from engine.kernels import rows
from engine.kernels.causes import Course
from engine.kernels.records import FoundSpans
from engine.kernels.rises import before_rises
from engine.kernels.runs import stretches
from engine.settings.shelf.calibrated import EventSettings, PatternSettings
from engine.shelf.calibrated.causes import score, signals_of
from engine.shelf.calibrated.expect import Demand
from engine.shelf.calibrated.measure import episode_totals
from engine.shelf.panel import Panel
from engine.vocabulary import shelf as v

TINY = 1e-12
N_WEEKDAYS = 7
SHOWN = 5
"""SKUs named in a notice."""
KEPT_SHARE = 0.5
"""A weekday on which a store was closed more often than this is kept closed."""


@dataclass(frozen=True)
class Event:
    """One thing that happened. group: a store or SKU by its position, -1 for the chain; first, last: days."""

    kind: str
    group: int
    first: int
    last: int


@dataclass(frozen=True)
class Excluded:
    """What is no dark shelf. events: of whole stores, SKUs and the chain. episodes: pair, first, last, kind."""

    events: tuple[Event, ...]
    episodes: pl.DataFrame


def exclude(
    panel: Panel,
    found: Demand,
    course: Course,
    runs: pl.DataFrame,
    of: EventSettings,
    pattern: PatternSettings,
    max_ratio: float,
) -> tuple[pl.DataFrame, Excluded]:
    """The episodes that may be dark shelves, and the others with the kind of event they belong to.

    max_ratio: a launch is dark when it sold at most this share of what like stores sell.
    """
    events = tuple(sorted(_events(panel, course, of), key=lambda one: (one.kind, one.group, one.first)))
    signals = signals_of(panel, found, course, runs, pattern)
    listed = panel.codes("listed")[runs["pair"].to_numpy()]
    since = listed - _first_day(panel)
    kinds = runs.with_columns(signals).with_columns(listed=listed, since=since, n_days=panel.n_days)
    kinds = kinds.with_columns(
        in_store_event=_within(panel, runs, events),
        share_before_rise=_before_rises(panel, found, runs, of),
        share_of_like_stores=_of_like_stores(panel, found, runs),
    ).select(kind=_kind(of, max_ratio))
    kept = kinds["kind"].is_null()
    excluded = runs.select("pair", "first", "last").with_columns(kinds["kind"]).filter(~kept)
    return runs.filter(kept), Excluded(events, excluded)


def ended_on(panel: Panel, course: Course, of: EventSettings) -> Integers:
    """The day from which each pair's SKU has ended in the whole chain, (pairs,); n_days where it has not.

    Its last week sold next to nothing, or little after a peak: the end of its life or of its season. No store of it
    is judged from then on.
    """
    day = np.full(panel.skus.height, panel.n_days)
    for event in _events(panel, course, of):
        if event.kind == v.END_OF_LIFE:
            has_ended = _last_week(course, event) <= of.ended_share
            if has_ended or _has_peaked(course, event, of.season_ratio):
                day[event.group] = event.first
    return day[panel.codes("sku")]


def end_notices(panel: Panel, ended: Integers) -> Iterator[Problem]:
    """What is to be told of SKUs that have ended in the whole chain. ended: as `ended_on` finds it."""
    pairs = np.flatnonzero((ended < panel.n_days) & panel.judged)
    first = sorted(set(zip(panel.codes("sku")[pairs].tolist(), ended[pairs].tolist(), strict=True)))
    names, together = panel.skus["sku_id"], panel.together
    n_ended, n_skus, n_pairs = (together.count(each) for each in (len(first), len(names), pairs.size))
    shown = together.gathered([f"{names[sku]}: since {panel.date(day)}" for sku, day in first[:SHOWN]])
    if not n_pairs:
        return
    what = (
        f"{n_ended:,} of {n_skus:,} SKUs have ended in the whole chain, or their season has: their "
        f"{n_pairs:,} store-SKUs are not judged"
    )
    yield Problem(
        v.SALES,
        what,
        "the night's events list each; look at their delivery if they still sell",
        None,
        None,
        tuple(itertools.chain.from_iterable(shown))[:SHOWN],
    )


def _has_peaked(course: Course, event: Event, ratio: float) -> bool:
    """Whether the best week before a SKU's fall sold that many times its worst, as shares of their expectation."""
    kernel = np.ones(N_WEEKDAYS)
    sold, expected_units = (table[event.group, : event.first] for table in (course.sku_sold, course.sku_expected))
    if sold.size < 2 * N_WEEKDAYS:
        return False
    due = np.convolve(expected_units, kernel, mode="valid")
    shares = np.convolve(sold, kernel, mode="valid")[due > 0.0] / due[due > 0.0]
    return bool(shares.size and shares.max() >= ratio * shares.min())


def _last_week(course: Course, event: Event) -> float:
    """Share of its expectation that a SKU sold in the last week of a fall."""
    days = slice(max(event.last - 6, event.first), event.last + 1)
    sold, expected_units = course.sku_sold[event.group, days].sum(), course.sku_expected[event.group, days].sum()
    return float(sold / expected_units) if expected_units > 0.0 else 1.0


def _kind(of: EventSettings, max_ratio: float) -> pl.Expr:
    """Why an episode is no dark shelf, the plainest reason first; null when it may be one."""
    in_money = pl.col("units_share") * pl.col("price_share")
    jumped = (pl.col("price_share") >= of.unit_jump) | (pl.col("price_share") <= 1 / of.unit_jump)
    same_money = (in_money - 1).abs() <= of.unit_slack
    sells_elsewhere = (pl.col("share_of_like_stores") <= max_ratio).fill_null(value=False)
    is_late = pl.col("since") > of.launch_days
    is_new = is_late & (pl.col("first") - pl.col("listed") < of.launch_days) & ~sells_elsewhere
    runs_out = (pl.col("stock_share") <= of.run_out_share) & (pl.col("cover_at_start_days") <= of.run_out_cover_days)
    of_store = pl.col("in_store_event") & (pl.col(score(v.STORE_WIDE)) >= of.store_points)
    is_past = pl.col("last") < pl.col("n_days") - 1
    is_return = pl.col("units_share") >= of.return_share * pl.col("share_before_rise")
    never_sold_so = pl.col("before_share").is_null() | (pl.col("before_share") < of.risen_share)
    return (
        pl.when(jumped & same_money)
        .then(pl.lit(v.UNIT_CHANGE))
        .when(is_new)
        .then(pl.lit(v.LAUNCH))
        .when(runs_out)
        .then(pl.lit(v.RAN_OUT))
        .when(of_store)
        .then(pl.lit(v.STORE_WIDE))
        .when((is_past & never_sold_so) | is_return)
        .then(pl.lit(v.RISEN))
        .alias("kind")
    )


def _before_rises(panel: Panel, found: Demand, runs: pl.DataFrame, of: EventSettings) -> pl.Series:
    """What the clean days before a rise sold of their expectation; null where no rise before the episode is proven.

    A shelf that sold over for some weeks and is back where it was has not fallen.
    """
    pair, first = (np.ascontiguousarray(runs[name].to_numpy(), np.int64) for name in ("pair", "first"))
    shares = np.empty(pair.size)

    sales = found.sales(panel)

    def look(block: slice) -> None:
        bounds = (of.rise_units, of.rise_log_likelihood_ratio)
        before_rises(sales, *bounds, pair[block], first[block], shares[block])

    rows.in_blocks(look, pair.size)
    return pl.Series(shares).fill_nan(None)


def _of_like_stores(panel: Panel, found: Demand, runs: pl.DataFrame) -> pl.Series:
    """Share that an episode sold of what like stores let expect of it; null where nothing was borrowed of them.

    What a launch sold at first is not its level: that of other stores is.
    """
    pair, first, last = (runs[name].to_numpy() for name in ("pair", "first", "last"))
    sums = episode_totals(panel, found.usable, pair, first, last)
    due = sums[:, 2] * found.borrowed_share[pair]
    return pl.Series(np.divide(sums[:, 1], due, out=np.full(pair.size, np.nan), where=due > 0.0)).fill_nan(None)


def _within(panel: Panel, runs: pl.DataFrame, events: tuple[Event, ...]) -> pl.Series:
    """Whether most days of an episode lie within a fall of its whole store."""
    pair, first, last = (runs[name].to_numpy() for name in ("pair", "first", "last"))
    fallen = np.zeros((panel.stores.height, panel.n_days + 1))
    for event in events:
        if event.kind == v.STORE_WIDE:
            fallen[event.group, event.first + 1 : event.last + 2] = 1
    days = np.cumsum(fallen, axis=1)
    store = panel.codes("store")[pair]
    return pl.Series(2 * (days[store, last + 1] - days[store, first]) > last - first + 1)


def _events(panel: Panel, course: Course, of: EventSettings) -> Iterator[Event]:
    """What happened to whole stores, SKUs and the chain, day by day."""
    of_stores = panel.together.once(lambda: tuple(_of_stores(panel, course, of)))
    yield from of_stores
    on_holiday = _on_holiday(of_stores, panel.n_days)
    stores = np.bincount(panel.codes("sku"), minlength=panel.skus.height)
    for sku, first, last in _falls(course.sku_sold, course.sku_expected, of, of.wide_days):
        if stores[sku] >= of.min_stores and not on_holiday[first : last + 1].all():
            fall = Event(v.CHAIN_WIDE, sku, first, last)
            ends = last == panel.n_days - 1 and _last_week(course, fall) <= of.end_share
            yield replace(fall, kind=v.END_OF_LIFE) if ends else fall
    listed = np.full(panel.skus.height, panel.n_days)
    np.minimum.at(listed, panel.codes("sku"), panel.codes("listed"))
    late = (listed - _first_day(panel) > of.launch_days) & (listed >= panel.n_days - of.launch_days)
    for new in np.flatnonzero(late & (listed < panel.n_days)):
        yield Event(v.LAUNCH, int(new), int(listed[new]), panel.n_days - 1)


def _of_stores(panel: Panel, course: Course, of: EventSettings) -> Iterator[Event]:
    """What happened to whole stores and the chain."""
    sold, expected_units = course.store_sold.sum(axis=0)[None], course.store_expected.sum(axis=0)[None]
    holidays = [
        Event(v.HOLIDAY, -1, first, last) for _, first, last in _falls(sold, expected_units, of, of.holiday_days)
    ]
    yield from holidays
    on_holiday = _on_holiday(holidays, panel.n_days)
    for store, first, last in _silences(panel, course, of):
        yield Event(v.LATE_FEED, store, first, last)
    for store, first, last in _falls(course.store_sold, course.store_expected, of, of.wide_days):
        silent = course.store_sold[store, first : last + 1] == 0
        if not (silent | on_holiday[first : last + 1]).all():
            yield Event(v.STORE_WIDE, store, first, last)


def _on_holiday(events: Iterable[Event], n_days: int) -> NDArray[np.bool_]:
    """Which days are a holiday of the whole chain, (days,)."""
    on_holiday = np.zeros(n_days, np.bool_)
    for event in events:
        if event.kind == v.HOLIDAY:
            on_holiday[event.first : event.last + 1] = True
    return on_holiday


def _first_day(panel: Panel) -> int:
    """The first day of which anything is known: what is listed from then on need not be new."""
    return int(np.argmax(panel.is_open.any(axis=0)))


def _falls(sold: Floats, expected_units: Floats, of: EventSettings, min_days: int) -> list[tuple[int, int, int]]:
    """Row, first and last day of every stretch on which a group sold too little, smoothed over some days."""
    width = min(min_days, of.smoothed_days)
    smooth_sold, smooth_expected = (_over_days(table, width) for table in (sold, expected_units))
    # The level of late follows a long fall: what was usual tells the course itself, in its better days.
    course = np.where(smooth_expected > 0, smooth_sold / np.maximum(smooth_expected, TINY), 1.0)
    usual = np.quantile(course, of.usual_quantile, axis=1, keepdims=True)
    fallen = (smooth_sold < of.wide_share * usual * smooth_expected) & (usual * smooth_expected >= of.min_units)
    found = []
    for row, first, last in _runs(fallen, min_days):
        due = usual[row, 0] * expected_units[row, first : last + 1].sum()
        lost = due - sold[row, first : last + 1].sum()
        if lost >= max(of.min_units, of.wide_errors * np.sqrt(due)):
            found.append((row, first, last))
    return found


def _over_days(table: Floats, width: int) -> Floats:
    """Sums of so many days around each, (groups, days)."""
    after = (width - 1) // 2
    padded = np.pad(table, ((0, 0), (width - 1 - after, after)))
    return np.asarray(sum(padded[:, first : first + table.shape[1]] for first in range(width)))


def _silences(panel: Panel, course: Course, of: EventSettings) -> list[tuple[int, int, int]]:
    """Days on which a store reported nothing though it was due to sell a lot.

    Closed days at the very end too, unless the store keeps such days: was closed on most of the same weekday before.
    """
    silent = (course.store_sold == 0) & (course.store_expected >= of.min_units)
    found = _runs(silent, 1)
    closed = ~panel.is_open
    for store in np.flatnonzero(closed[:, -1]):
        days = int(np.argmin(closed[store, ::-1])) if not closed[store].all() else panel.n_days
        if all(_keeps_closed(closed[store, : panel.n_days - back]) for back in range(days)):
            continue
        found.append((int(store), panel.n_days - days, panel.n_days - 1))
    return found


def _keeps_closed(closed: NDArray[np.bool_]) -> bool:
    """Whether a store was closed on more than half of the earlier days of the last day's weekday."""
    same = closed[-1 - N_WEEKDAYS :: -N_WEEKDAYS]
    return bool(same.size and same.mean() > KEPT_SHARE)


def _runs(marked: NDArray[np.bool_], min_days: int) -> list[tuple[int, int, int]]:
    padded = np.ascontiguousarray(np.pad(marked, ((0, 0), (0, 1))).astype(np.uint8))
    ends = np.full(len(padded), padded.shape[1])
    nothing = np.empty(0, np.int64)
    count = stretches(padded, ends, min_days, FoundSpans(nothing, nothing, nothing))
    row, first, last = (np.empty(count, np.int64) for _ in range(3))
    stretches(padded, ends, min_days, FoundSpans(row, first, last))
    return list(zip(row.tolist(), first.tolist(), last.tolist(), strict=True))
