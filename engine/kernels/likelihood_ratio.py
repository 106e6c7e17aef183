"""Log likelihood ratios of a fall of sales below their expectation, from counts and their dispersion.

The units of some days are taken as negative binomial: mean Σe, variance unit · Σe + dispersion · Σe² + what the level
itself is unsure of. Against "as expected" stands a mixture of depths, each a share of the expectation that is left;
an episode's is the logarithm of the likelihood ratio of the two, and its start is where that is largest.
"""

import math
from typing import NamedTuple

import numpy as np

from engine.kernels.before import N_BEFORE, doubts_of, learnt_before_day, sums_before, walked_within
from engine.kernels.compiling import inner, inner_of_numbers, inner_of_quotients, kernel
from engine.kernels.records import Sales, Spans, Weighing
from engine.kernels.types import Flags1D, Flags2D, Floats1D, Floats2D, Integers1D, Out

SMALLEST_LEFT = 0.02
"""No fall is taken for deeper than to this share."""
ROUNDED_UP = 1.0 + 1e-9
"""A bound is made so much larger than what rounding may take off it."""
ROUNDED_OFF = 1e-14
"""More than rounding takes off a logarithm and a quotient near 1."""


@inner_of_quotients
def _likelihood_ratio(sold: float, expected_units: float, size: float, weighing: Weighing, place: int) -> float:
    """Likelihood ratio of one of the depths to no change."""
    shift = (size + sold) * math.log((size + expected_units) / (size + weighing.depths[place] * expected_units))
    # Beyond 700 an exponential is no number any more.
    return math.exp(min(shift + sold * weighing.log_depths[place], 700.0))


@kernel
def log_ratio(sold: float, expected_units: float, size: float, weighing: Weighing) -> float:
    """Log likelihood ratio of the mixture of depths to no change; sold and expected in units of sale.

    size: of the negative binomial, one over its relative variance beyond that of counts.
    """
    total = 0.0
    for place in range(weighing.depths.size):
        total += weighing.weights[place] * _likelihood_ratio(sold, expected_units, size, weighing, place)
    return math.log(total) if total > 0.0 else -700.0


@inner
def _is_above(sold: float, expected_units: float, size: float, weighing: Weighing, bound: float) -> bool:
    """Whether the likelihood ratio of the mixture of depths to no change is above a bound.

    Ordinary sales fit the shallowest depth best, the last one: it alone mostly answers.
    """
    total = 0.0
    for place in range(weighing.depths.size - 1, -1, -1):
        total += weighing.weights[place] * _likelihood_ratio(sold, expected_units, size, weighing, place)
        if total > bound:
            return True
    return False


@inner
def _begin(sales: Sales, row: int, found: Floats1D, earliest: int, share: float, start: int, slack: float) -> int:
    """The likeliest first day of a row's episode, its level and depth being those from `start` on.

    Were the level uncertain here too, the days since the start would count for little, and a long episode would
    seem short. found: log likelihood ratio from each day on; days at 0 are no start, nor are those before the
    earliest. share: of the expectation, sold before. slack: an earlier day has to be so much likelier, as a
    logarithm.
    """
    units, expected, usable = sales.units[row], sales.expected[row], sales.usable[row]
    dispersion, unit = sales.dispersion[row], sales.unit[row]
    sold = expected_units = 0.0
    for day in range(start, units.size):
        if usable[day]:
            sold, expected_units = sold + units[day], expected_units + share * expected[day]
    left = min(max(sold / expected_units, SMALLEST_LEFT), 1.0)
    size = 1.0 / max(dispersion, 1e-6)
    total = best = 0.0
    first = start
    # Backwards, so that one pass adds up the ratio of every possible first day.
    for day in range(units.size - 1, earliest - 1, -1):
        if not usable[day]:
            continue
        e, y = share * expected[day] / unit, units[day] / unit
        total += (size + y) * math.log((size + e) / (size + left * e)) + y * math.log(left)
        if total > best + (slack if best > 0.0 else 0.0) and found[day] > 0.0:
            best, first = total, day
    return first


class EpisodeRule(NamedTuple):
    """What counts as an episode that lasts until the last day.

    max_ratio: it sold at most this share of its expectation. closing: it reaches not back over last days with so
    large a log likelihood ratio of ordinary sales. slack: see `_begin`. min_days: of the usable. max_days: of all.
    """

    max_ratio: float
    closing: float
    slack: float
    min_days: int
    max_days: int


@kernel
def open_log_likelihood_ratio(
    sales: Sales,
    memory: float,
    left_out_variance: float,
    weighing: Weighing,
    rule: EpisodeRule,
    best: Out[Floats1D],
    first: Out[Integers1D],
) -> None:
    """The largest log likelihood ratio of an episode that lasts until the last day, and its first day.

    What an episode should have sold is the course of `expected` at the level of the clean days before it: no day of
    the episode judges itself. Days that are not usable neither start, extend nor end an episode. memory: see
    `sums_before`. left_out_variance: see `Doubts`. best: (n_rows,), 0 without an episode; first: (n_rows,),
    n_days without. Both written.
    """
    units, expected, usable, unit = sales.units, sales.expected, sales.usable, sales.unit
    n_days = units.shape[1]
    sums, found = np.empty((n_days + 1, N_BEFORE)), np.empty(n_days)
    open_above = math.exp(-rule.closing)
    for row in range(units.shape[0]):
        best[row], first[row] = 0.0, n_days
        sums_before(sales, row, memory, sums)
        doubts = doubts_of(sales, row, left_out_variance)
        sold = expected_units = squares = share = 0.0
        days, earliest = 0, n_days
        for day in range(n_days - 1, max(n_days - 1 - rule.max_days, -1), -1):
            if not usable[row, day]:
                continue
            found[day] = 0.0
            sold += units[row, day] / unit[row]
            expected_units += expected[row, day] / unit[row]
            squares += (expected[row, day] / unit[row]) ** 2
            days += 1
            if days < rule.min_days or not expected_units > 0.0:
                continue
            before = learnt_before_day(sums[day], doubts)
            if not before.share > 0.0:
                continue
            due = before.share * expected_units
            variance = sales.dispersion[row] * squares / (expected_units * expected_units) + before.relative_variance
            if sold > rule.max_ratio * due:
                # However far the level may have walked: days that sell what was sold before are ordinary.
                if _is_above(sold, due, 1.0 / variance, weighing, open_above):
                    continue
                break
            variance += weighing.level_drift * (before.walked + walked_within(days))
            found[day], earliest = log_ratio(sold, due, 1.0 / variance, weighing), day
            if found[day] > best[row]:
                best[row], first[row], share = found[day], day, before.share
        if best[row] > 0.0:
            first[row] = _begin(sales, row, found, earliest, share, first[row], rule.slack)


@kernel
def past_log_likelihood_ratio(
    sales: Sales, memory: float, left_out_variance: float, weighing: Weighing, spans: Spans, found: Out[Floats1D]
) -> None:
    """Log likelihood ratios of stretches against the days before each, as of an open one; 0 where nothing sold then.

    memory: see `sums_before`. left_out_variance: see `Doubts`. found: (n_spans,), written.
    """
    units, expected, usable, unit = sales.units, sales.expected, sales.usable, sales.unit
    sums = np.empty((units.shape[1] + 1, N_BEFORE))
    for place in range(spans.rows.size):
        row, first = spans.rows[place], spans.firsts[place]
        found[place] = 0.0
        sums_before(sales, row, memory, sums)
        before = learnt_before_day(sums[first], doubts_of(sales, row, left_out_variance))
        sold = expected_units = squares = 0.0
        days = 0
        for day in range(first, spans.lasts[place] + 1):
            if usable[row, day]:
                sold += units[row, day] / unit[row]
                expected_units += expected[row, day] / unit[row]
                squares += (expected[row, day] / unit[row]) ** 2
                days += 1
        if expected_units > 0.0 and before.share > 0.0:
            size = 1.0 / (
                sales.dispersion[row] * squares / (expected_units * expected_units)
                + before.relative_variance
                + weighing.level_drift * (before.walked + walked_within(days))
            )
            found[place] = log_ratio(sold, before.share * expected_units, size, weighing)


@inner_of_quotients
def _of_day(sold: float, expected_units: float, size: float, depth: float, log_depth: float) -> float:
    """Log likelihood ratio of one depth to no change, of one day; units of sale."""
    shift = (size + sold) * math.log((size + expected_units) / (size + depth * expected_units))
    return shift + sold * log_depth


@inner_of_quotients
def _take_usable(
    sold: Floats1D, due: Floats1D, usable: Flags1D, unit: float, units: Out[Floats1D], expected: Out[Floats1D]
) -> None:
    """Units and expected units of the usable days, in units of sale; 0 on the others, which then tell nothing."""
    for day in range(sold.size):
        counts = usable[day] != 0 and due[day] > 0.0
        units[day] = sold[day] / unit if counts else 0.0
        expected[day] = due[day] / unit if counts else 0.0


@inner_of_quotients
def _most_of_days(
    units: Floats1D, expected: Floats1D, size: float, depth: float, log_depth: float, most: Out[Floats1D]
) -> None:
    """What `_of_day` is no more than on each day, without a logarithm: log x ≤ x - 1. most: (n_days,), written."""
    for day in range(units.size):
        beyond = (1.0 - depth) * expected[day] / (size + depth * expected[day])
        # Where hardly anything is due the two are alike, and rounding alone would tell which one is larger.
        most[day] = (size + units[day]) * (beyond + ROUNDED_OFF) + units[day] * log_depth


@inner_of_numbers
def _rises(most: Floats1D, rises: Out[Floats1D]) -> float:
    """What ratios from each day on add to a sum at most; returns the largest. rises: (n_days,), written."""
    rise = largest = 0.0
    for back in range(most.size):
        day = most.size - 1 - back
        rise = max(rise + most[day], 0.0)
        largest = max(largest, rise)
        rises[day] = rise
    # So little more that sums of rounded terms stay below it.
    for day in range(most.size):
        rises[day] *= ROUNDED_UP
    return largest * ROUNDED_UP


@inner
def _peak(
    units: Floats1D,
    expected: Floats1D,
    rises: Floats1D,
    size: float,
    depth: float,
    log_depth: float,
    least: float,
) -> float:
    """Largest sum of successive ratios, begun anew after one that is not above 0; any number below `least` if it is.

    A sum that its later days cannot lift above the peak before, nor to `least`, is given up: begun anew, it finds the
    same peak. rises: (n_days,), see `_rises`.
    """
    total = peak = 0.0
    for day in range(units.size):
        bound = total + rises[day]
        if bound <= peak or bound < least:
            total = 0.0
            continue
        total = max(total + _of_day(units[day], expected[day], size, depth, log_depth), 0.0)
        peak = max(peak, total)
    return peak


@kernel
def darkest_stretch(sales: Sales, depth: float, least: Floats1D, peaks: Out[Floats1D]) -> None:
    """The largest cumulative log likelihood ratio of any stretch of each row, of those that `mark_dark` marks.

    depth: share of the expectation that is left. least: (n_rows,), smaller ones matter to nobody. peaks: (n_rows,),
    0 where nothing speaks for a fall or where it is below `least`; written.
    """
    n_days, log_depth = sales.units.shape[1], math.log(depth)
    units, expected, most, rises = np.empty(n_days), np.empty(n_days), np.empty(n_days), np.empty(n_days)
    for row in range(peaks.size):
        size = 1.0 / max(sales.dispersion[row], 1e-6)
        _take_usable(sales.units[row], sales.expected[row], sales.usable[row], sales.unit[row], units, expected)
        _most_of_days(units, expected, size, depth, log_depth, most)
        peaks[row] = 0.0
        if _rises(most, rises) >= least[row]:
            peak = _peak(units, expected, rises, size, depth, log_depth, least[row])
            peaks[row] = peak if peak >= least[row] else 0.0


@kernel
def mark_dark(sales: Sales, depth: float, bounds: Floats1D, dark: Out[Flags2D]) -> None:
    """Mark the days of every stretch whose cumulative log likelihood ratio reaches its row's bound (Page 1954).

    From where the sum leaves zero to where it peaks. depth: share of the expectation that is left. bounds: (n_rows,).
    dark: (n_rows, n_days), written.
    """
    units, expected, usable, unit = sales.units, sales.expected, sales.usable, sales.unit
    n_days, log_depth = units.shape[1], math.log(depth)
    for row in range(units.shape[0]):
        dark[row] = 0
        total = peak = 0.0
        start = top = 0
        # One turn more than days, so that a stretch that lasts until the end is closed like every other.
        for day in range(n_days + 1):
            if day < n_days:
                if not usable[row, day] or not expected[row, day] > 0.0:
                    continue
                if total <= 0.0:
                    start, total, peak = day, 0.0, 0.0
                e, y = expected[row, day] / unit[row], units[row, day] / unit[row]
                # Sales as expected or better speak against every fall; no stretch begins with them.
                if total <= 0.0 and y >= e:
                    continue
                total += _of_day(y, e, 1.0 / max(sales.dispersion[row], 1e-6), depth, log_depth)
                if total > peak:
                    peak, top = total, day
            if (total <= 0.0 or day == n_days) and peak > 0.0:
                for marked in range(start, top + 1):
                    dark[row, marked] |= peak >= bounds[row]
                peak = 0.0


@inner
def _running_sums(sales: Sales, row: int, dark: Flags1D, sums: Out[Floats2D]) -> None:
    """Sums over a row's days before each, (4, n_days + 1), so that those of any span are a difference.

    Units, expected units and squares of these of the days to learn from; expected units of all usable ones.
    """
    units, expected, usable = sales.units[row], sales.expected[row], sales.usable[row]
    sums[:, 0] = 0.0
    for day in range(units.size):
        known = usable[day] and not dark[day]
        sums[0, day + 1] = sums[0, day] + (units[day] if known else 0.0)
        sums[1, day + 1] = sums[1, day] + (expected[day] if known else 0.0)
        sums[2, day + 1] = sums[2, day] + (expected[day] ** 2 if known else 0.0)
        sums[3, day + 1] = sums[3, day] + (expected[day] if usable[day] and expected[day] > 0.0 else 0.0)


@inner
def _fall_from(
    sales: Sales, row: int, start: int, share: float, relative_variance: float, level_drift: float, depth: float
) -> tuple[float, int]:
    """Largest log likelihood ratio of a fall of a row that begins on a day, and its last day.

    The units since the start are negative binomial, as of an open episode. share: of the expectation, sold before.
    relative_variance: of that share.
    """
    units, expected, usable = sales.units[row], sales.expected[row], sales.usable[row]
    dispersion, unit = sales.dispersion[row], sales.unit[row]
    peak = since = due = squares = 0.0
    top, days = start, 0
    for day in range(start, units.size):
        if not usable[day] or not expected[day] > 0.0:
            continue
        e = share * expected[day] / unit
        since, due, squares, days = since + units[day] / unit, due + e, squares + e * e, days + 1
        size = 1.0 / (dispersion * squares / (due * due) + relative_variance + level_drift * walked_within(days))
        total = (size + since) * math.log((size + due) / (size + depth * due)) + since * math.log(depth)
        if total > peak:
            peak, top = total, day
        # A fall whose ratio has halved again is over; what comes after it is another one.
        if total <= 0.0 or total < peak / 2:
            break
    return peak, top


@inner
def _shares_before(sums: Floats2D, before_days: int, share: Out[Floats1D]) -> float:
    """Share of their expectation that the days before each day sold, 0 where nothing tells it; returns the largest.

    sums: see `_running_sums`. share: (n_days,), written.
    """
    largest = 0.0
    share[:] = 0.0
    for start in range(before_days // 2, share.size):
        since = max(start - before_days, 0)
        sold, expected_units = sums[0, start] - sums[0, since], sums[1, start] - sums[1, since]
        if sold > 0.0 and expected_units > 0.0:
            share[start] = sold / expected_units
            largest = max(largest, share[start])
    return largest


@inner
def _most_from(sales: Sales, row: int, share: float, depth: float, most: Out[Floats1D]) -> None:
    """What no log likelihood ratio of a fall from a day on exceeds, whichever of its days is the last.

    Where a fall is likelier than no change, counts that scatter more prove less of it than those of Poisson, whose
    ratio is (1 - depth) · e - log(1 / depth) · y and adds up by day: its largest sum from every day on takes one walk
    back. share: the largest that any level before may have sold of its expectation. most: (n_days,), written.
    """
    units, expected, usable = sales.units[row], sales.expected[row], sales.usable[row]
    fewer, of_a_unit = (1.0 - depth) * share, -math.log(depth)
    largest = 0.0
    for day in range(units.size - 1, -1, -1):
        if usable[day] and expected[day] > 0.0:
            largest = max(largest + fewer * expected[day] - of_a_unit * units[day], 0.0)
        most[day] = largest / sales.unit[row]


@kernel
def mark_fallen(
    sales: Sales, level_drift: float, before_days: int, depth: float, bound: float, rounds: int, dark: Out[Flags2D]
) -> None:
    """Mark the days of every stretch that lastingly sold a part of what the days before it let expect.

    A level of late would follow the fall; that of the before_days days before does not. Only the course of `expected`
    counts, not its level. level_drift: as in `Weighing`. depth, bound: as in `mark_dark`. rounds: so many stretches a
    row at most. dark: marks are added.
    """
    units, expected, usable, unit = sales.units, sales.expected, sales.usable, sales.unit
    n_days = units.shape[1]
    sums = np.empty((4, n_days + 1))
    shares, most = np.empty(n_days), np.empty(n_days)
    for row in range(units.shape[0]):
        for _ in range(rounds):
            best, first, last = bound, n_days, n_days
            _running_sums(sales, row, dark[row], sums)
            _most_from(sales, row, _shares_before(sums, before_days, shares), depth, most)
            for start in range(before_days // 2, n_days):
                # So little more that sums rounded in another order stay below it.
                if most[start] * ROUNDED_UP <= best:
                    continue
                share = shares[start]
                if not usable[row, start] or dark[row, start] or share == 0.0:
                    continue
                # Sales as expected or better on its first day speak against every fall.
                if expected[row, start] > 0.0 and units[row, start] >= share * expected[row, start]:
                    continue
                since = max(start - before_days, 0)
                sold_before, expected_before = sums[0, start] - sums[0, since], sums[1, start] - sums[1, since]
                squares = sums[2, start] - sums[2, since]
                relative_variance = unit[row] / sold_before + sales.dispersion[row] * squares / expected_before**2
                relative_variance += level_drift * walked_within(start - since)
                # Were nothing sold any more, no dispersion and no fading, the ratio would still be no larger.
                left = relative_variance * share * (sums[3, n_days] - sums[3, start]) / unit[row]
                if math.log((1.0 + left) / (1.0 + depth * left)) <= best * relative_variance:
                    continue
                peak, top = _fall_from(sales, row, start, share, relative_variance, level_drift, depth)
                if peak > best:
                    best, first, last = peak, start, top
            if first == n_days:
                break
            for day in range(first, last + 1):
                dark[row, day] = 1
