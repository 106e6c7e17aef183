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
from engine.kernels.records import Spans, Weighing
from engine.kernels.sales import N_WORKED_WITH, Row, Sales, row_in_units_of_sale
from engine.kernels.types import Flags1D, Flags2D, Floats1D, Floats2D, Integers1D, Out

SMALLEST_LEFT = 0.02
"""No fall is taken for deeper than to this share."""
ROUNDED_UP = 1.0 + 1e-9
"""A bound is made so much larger than what rounding may take off it."""
SURELY = 1e-9
"""A logarithm that is so much above a bound is above it whatever was rounded."""
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


@inner_of_quotients
def _least(sold: float, expected_units: float, size: float, weighing: Weighing, place: int) -> float:
    """What the log likelihood ratio of one of the depths is no less than, because log(1 + x) ≥ 2x / (2 + x)."""
    beyond = (1.0 - weighing.depths[place]) * expected_units / (size + weighing.depths[place] * expected_units)
    shift = (size + sold) * (2.0 * beyond / (2.0 + beyond) - ROUNDED_OFF)
    return float(shift + sold * weighing.log_depths[place])


@inner
def _is_above(
    sold: float, expected_units: float, size: float, weighing: Weighing, bound: float, surely_above: float
) -> bool:
    """Whether the likelihood ratio of the mixture of depths to no change is above a bound.

    Ordinary sales fit the shallowest depth best, the last one: it alone mostly answers. surely_above: its log
    likelihood ratio from which it does.
    """
    if _least(sold, expected_units, size, weighing, weighing.depths.size - 1) > surely_above:
        return True
    total = 0.0
    for place in range(weighing.depths.size - 1, -1, -1):
        total += weighing.weights[place] * _likelihood_ratio(sold, expected_units, size, weighing, place)
        if total > bound:
            return True
    return False


@inner
def _begin(of: Row, found: Floats1D, earliest: int, share: float, start: int, slack: float) -> int:
    """The likeliest first day of a row's episode, its level and depth being those from `start` on.

    Were the level uncertain here too, the days since the start would count for little, and a long episode would
    seem short. found: log likelihood ratio from each day on; days at 0 are no start, nor are those before the
    earliest. share: of the expectation, sold before. slack: an earlier day has to be so much likelier, as a
    logarithm.
    """
    units, expected, usable = of.units, of.expected, of.usable
    sold = expected_units = 0.0
    for day in range(start, units.size):
        if usable[day]:
            sold, expected_units = sold + units[day], expected_units + share * expected[day]
    left = min(max(sold / expected_units, SMALLEST_LEFT), 1.0)
    size = 1.0 / max(of.dispersion, 1e-6)
    total = best = 0.0
    first = start
    # Backwards, so that one pass adds up the ratio of every possible first day.
    for day in range(units.size - 1, earliest - 1, -1):
        if not usable[day]:
            continue
        e, y = share * expected[day], units[day]
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
    rows: Integers1D,
    memory: float,
    left_out_variance: float,
    weighing: Weighing,
    rule: EpisodeRule,
    best: Out[Floats1D],
    first: Out[Integers1D],
) -> None:
    """The largest log likelihood ratio of an episode of some rows that lasts until the last day, and its first day.

    What an episode should have sold is the course of `expected` at the level of the clean days before it: no day of
    the episode judges itself. Days that are not usable neither start, extend nor end an episode. memory: see
    `sums_before`. left_out_variance: see `Doubts`. best: (rows,), 0 without an episode; first: (rows,), n_days
    without. Both written.
    """
    n_days = sales.usable.shape[1]
    sums, found, room = np.empty((n_days + 1, N_BEFORE)), np.empty(n_days), np.empty((N_WORKED_WITH, n_days))
    open_above = math.exp(-rule.closing)
    surely_above = -rule.closing - math.log(weighing.weights[-1]) + SURELY
    for row in range(rows.size):
        best[row], first[row] = 0.0, n_days
        of = row_in_units_of_sale(sales, rows[row], room)
        units, expected = of.units, of.expected
        sums_before(of, memory, sums)
        doubts = doubts_of(of, left_out_variance)
        sold = expected_units = squares = share = 0.0
        days, earliest = 0, n_days
        for day in range(n_days - 1, max(n_days - 1 - rule.max_days, -1), -1):
            if not of.usable[day]:
                continue
            found[day] = 0.0
            sold += units[day]
            expected_units += expected[day]
            squares += expected[day] ** 2
            days += 1
            if days < rule.min_days or not expected_units > 0.0:
                continue
            before = learnt_before_day(sums[day], doubts)
            if not before.share > 0.0:
                continue
            due = before.share * expected_units
            variance = of.dispersion * squares / (expected_units * expected_units) + before.relative_variance
            if sold > rule.max_ratio * due:
                # However far the level may have walked: days that sell what was sold before are ordinary.
                if _is_above(sold, due, 1.0 / variance, weighing, open_above, surely_above):
                    continue
                break
            variance += weighing.level_drift * (before.walked + walked_within(days))
            found[day], earliest = log_ratio(sold, due, 1.0 / variance, weighing), day
            if found[day] > best[row]:
                best[row], first[row], share = found[day], day, before.share
        if best[row] > 0.0:
            first[row] = _begin(of, found, earliest, share, first[row], rule.slack)


@kernel
def past_log_likelihood_ratio(
    sales: Sales, memory: float, left_out_variance: float, weighing: Weighing, spans: Spans, found: Out[Floats1D]
) -> None:
    """Log likelihood ratios of stretches against the days before each, as of an open one; 0 where nothing sold then.

    memory: see `sums_before`. left_out_variance: see `Doubts`. found: (n_spans,), written.
    """
    n_days = sales.usable.shape[1]
    sums, room = np.empty((n_days + 1, N_BEFORE)), np.empty((N_WORKED_WITH, n_days))
    for place in range(spans.rows.size):
        of, first = row_in_units_of_sale(sales, spans.rows[place], room), spans.firsts[place]
        units, expected = of.units, of.expected
        found[place] = 0.0
        sums_before(of, memory, sums)
        before = learnt_before_day(sums[first], doubts_of(of, left_out_variance))
        sold = expected_units = squares = 0.0
        days = 0
        for day in range(first, spans.lasts[place] + 1):
            if of.usable[day]:
                sold += units[day]
                expected_units += expected[day]
                squares += expected[day] ** 2
                days += 1
        if expected_units > 0.0 and before.share > 0.0:
            size = 1.0 / (
                of.dispersion * squares / (expected_units * expected_units)
                + before.relative_variance
                + weighing.level_drift * (before.walked + walked_within(days))
            )
            found[place] = log_ratio(sold, before.share * expected_units, size, weighing)


@inner_of_quotients
def _of_day(sold: float, expected_units: float, size: float, depth: float, log_depth: float) -> float:
    """Log likelihood ratio of one depth to no change, of one day; units of sale."""
    shift = (size + sold) * math.log((size + expected_units) / (size + depth * expected_units))
    return shift + sold * log_depth


@inner
def _keep_usable(units: Out[Floats1D], expected: Out[Floats1D], usable: Flags1D) -> None:
    """Make 0 of the days that are not usable, which then tell nothing."""
    for day in range(units.size):
        counts = usable[day] != 0 and expected[day] > 0.0
        units[day] = units[day] if counts else 0.0
        expected[day] = expected[day] if counts else 0.0


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
def darkest_stretch(sales: Sales, rows: Integers1D, depth: float, least: Floats1D, peaks: Out[Floats1D]) -> None:
    """The largest cumulative log likelihood ratio of any stretch of some rows, of those that `mark_dark` marks.

    depth: share of the expectation that is left. least: (rows,), smaller ones matter to nobody. peaks: (rows,),
    0 where nothing speaks for a fall or where it is below `least`; written.
    """
    n_days, log_depth = sales.usable.shape[1], math.log(depth)
    room, most, rises = np.empty((N_WORKED_WITH, n_days)), np.empty(n_days), np.empty(n_days)
    for row in range(peaks.size):
        of = row_in_units_of_sale(sales, rows[row], room)
        size = 1.0 / max(of.dispersion, 1e-6)
        units, expected = room[0], room[1]
        _keep_usable(units, expected, of.usable)
        _most_of_days(units, expected, size, depth, log_depth, most)
        peaks[row] = 0.0
        if _rises(most, rises) >= least[row]:
            peak = _peak(units, expected, rises, size, depth, log_depth, least[row])
            peaks[row] = peak if peak >= least[row] else 0.0


@kernel
def mark_dark(sales: Sales, rows: Integers1D, depth: float, bounds: Floats1D, dark: Out[Flags2D]) -> None:
    """Mark the days of the stretches of some rows whose cumulative log likelihood ratio reaches their row's bound.

    As Page (1954) sums: from where the sum leaves zero to where it peaks. depth: share of the expectation that is
    left. bounds: (rows,). dark: (rows, n_days), written.
    """
    n_days, log_depth = dark.shape[1], math.log(depth)
    room = np.empty((N_WORKED_WITH, n_days))
    for place in range(rows.size):
        of = row_in_units_of_sale(sales, rows[place], room)
        size = 1.0 / max(of.dispersion, 1e-6)
        dark[place] = 0
        total = peak = 0.0
        start = top = 0
        # One turn more than days, so that a stretch that lasts until the end is closed like every other.
        for day in range(n_days + 1):
            if day < n_days:
                if not of.usable[day] or not of.expected[day] > 0.0:
                    continue
                if total <= 0.0:
                    start, total, peak = day, 0.0, 0.0
                e, y = of.expected[day], of.units[day]
                # Sales as expected or better speak against every fall; no stretch begins with them.
                if total <= 0.0 and y >= e:
                    continue
                total += _of_day(y, e, size, depth, log_depth)
                if total > peak:
                    peak, top = total, day
            if (total <= 0.0 or day == n_days) and peak > 0.0:
                for marked in range(start, top + 1):
                    dark[place, marked] |= peak >= bounds[place]
                peak = 0.0


@inner
def _running_sums(of: Row, dark: Flags1D, sums: Out[Floats2D]) -> None:
    """Sums over a row's days before each, (4, n_days + 1), so that those of any span are a difference.

    Units, expected units and squares of these of the days to learn from; expected units of all usable ones.
    """
    units, expected, usable = of.units, of.expected, of.usable
    sums[:, 0] = 0.0
    for day in range(units.size):
        known = usable[day] and not dark[day]
        sums[0, day + 1] = sums[0, day] + (units[day] if known else 0.0)
        sums[1, day + 1] = sums[1, day] + (expected[day] if known else 0.0)
        sums[2, day + 1] = sums[2, day] + (expected[day] ** 2 if known else 0.0)
        sums[3, day + 1] = sums[3, day] + (expected[day] if usable[day] and expected[day] > 0.0 else 0.0)


@inner
def _fall_from(
    of: Row, start: int, share: float, relative_variance: float, level_drift: float, depth: float
) -> tuple[float, int]:
    """Largest log likelihood ratio of a fall of a row that begins on a day, and its last day.

    The units since the start are negative binomial, as of an open episode. share: of the expectation, sold before.
    relative_variance: of that share.
    """
    units, expected, usable = of.units, of.expected, of.usable
    peak = since = due = squares = 0.0
    top, days = start, 0
    for day in range(start, units.size):
        if not usable[day] or not expected[day] > 0.0:
            continue
        e = share * expected[day]
        since, due, squares, days = since + units[day], due + e, squares + e * e, days + 1
        size = 1.0 / (of.dispersion * squares / (due * due) + relative_variance + level_drift * walked_within(days))
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
def _most_from(of: Row, share: float, depth: float, most: Out[Floats1D]) -> None:
    """What no log likelihood ratio of a fall from a day on exceeds, whichever of its days is the last.

    Where a fall is likelier than no change, counts that scatter more prove less of it than those of Poisson, whose
    ratio is (1 - depth) · e - log(1 / depth) · y and adds up by day: its largest sum from every day on takes one walk
    back. share: the largest that any level before may have sold of its expectation. most: (n_days,), written.
    """
    fewer, of_a_unit = (1.0 - depth) * share, -math.log(depth)
    largest = 0.0
    for back in range(most.size):
        day = most.size - 1 - back
        if of.usable[day] and of.expected[day] > 0.0:
            largest = max(largest + fewer * of.expected[day] - of_a_unit * of.units[day], 0.0)
        most[day] = largest


@kernel
def mark_fallen(
    sales: Sales,
    rows: Integers1D,
    level_drift: float,
    before_days: int,
    depth: float,
    bound: float,
    rounds: int,
    dark: Out[Flags2D],
) -> None:
    """Mark the days of every stretch of some rows that lastingly sold a part of what the days before it let expect.

    A level of late would follow the fall; that of the before_days days before does not. Only the course of `expected`
    counts, not its level. level_drift: as in `Weighing`. depth, bound: as in `mark_dark`. rounds: so many stretches a
    row at most. dark: (rows, n_days), marks are added.
    """
    n_days = dark.shape[1]
    sums, room = np.empty((4, n_days + 1)), np.empty((N_WORKED_WITH, n_days))
    shares, most = np.empty(n_days), np.empty(n_days)
    for place in range(rows.size):
        of = row_in_units_of_sale(sales, rows[place], room)
        units, expected = of.units, of.expected
        for _ in range(rounds):
            best, first, last = bound, n_days, n_days
            _running_sums(of, dark[place], sums)
            _most_from(of, _shares_before(sums, before_days, shares), depth, most)
            for start in range(before_days // 2, n_days):
                # So little more that sums rounded in another order stay below it.
                if most[start] * ROUNDED_UP <= best:
                    continue
                share = shares[start]
                if not of.usable[start] or dark[place, start] or share == 0.0:
                    continue
                # Sales as expected or better on its first day speak against every fall.
                if expected[start] > 0.0 and units[start] >= share * expected[start]:
                    continue
                since = max(start - before_days, 0)
                sold_before, expected_before = sums[0, start] - sums[0, since], sums[1, start] - sums[1, since]
                squares = sums[2, start] - sums[2, since]
                relative_variance = 1.0 / sold_before + of.dispersion * squares / expected_before**2
                relative_variance += level_drift * walked_within(start - since)
                # Were nothing sold any more, no dispersion and no fading, the ratio would still be no larger.
                left = relative_variance * share * (sums[3, n_days] - sums[3, start])
                if math.log((1.0 + left) / (1.0 + depth * left)) <= best * relative_variance:
                    continue
                peak, top = _fall_from(of, start, share, relative_variance, level_drift, depth)
                if peak > best:
                    best, first, last = peak, start, top
            if first == n_days:
                break
            for day in range(first, last + 1):
                dark[place, day] = 1
