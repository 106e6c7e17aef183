"""Evidence that sales fell below their expectation, from counts and their dispersion.

The units of some days are taken as negative binomial: mean Σe, variance unit · Σe + dispersion · Σe² + what the level
itself is unsure of. Against "as expected" stands a mixture of depths, each a share of the expectation that is left;
the evidence of an episode is the logarithm of that likelihood ratio, and its start is where the evidence is largest.
"""

import math

import numpy as np

from engine.kernels.compiling import inner, kernel
from engine.kernels.types import Flags1D, Flags2D, Floats1D, Floats2D, Integers1D, Out

SMALLEST_LEFT = 0.02
"""No fall is taken for deeper than to this share."""


@kernel
def log_ratio(sold: float, hoped: float, size: float, depths: Floats1D, weights: Floats1D) -> float:
    """Log likelihood ratio of the mixture of depths to no change; sold and hoped in units of sale."""
    total = 0.0
    for place in range(depths.size):
        depth = depths[place]
        shift = (size + sold) * math.log((size + hoped) / (size + depth * hoped)) + sold * math.log(depth)
        total += weights[place] * math.exp(min(shift, 700.0))
    return math.log(total) if total > 0.0 else -700.0


@kernel
def learn_before(
    units: Floats1D,
    expected: Floats1D,
    usable: Flags1D,
    clean: Flags1D,
    dispersion: float,
    unit: float,
    memory: float,
    left_out_doubt: float,
    share: Out[Floats1D],
    doubt: Out[Floats1D],
) -> None:
    """What the clean days before each day sold of their expectation, the later the heavier, and its variance.

    A level is as unsure as the counts and the dispersion of the days that tell it. Days that are left out for being
    dark may have been dark by chance: what the others sold is then too much. left_out_doubt: relative variance if all
    days are left out. share: 0 where nothing was sold before. doubt:
    relative variance. Both (n_days,), written.
    """
    sold = hoped = counted = squares = left_out = 0.0
    for day in range(units.size):
        share[day] = doubt[day] = 0.0
        if sold > 0.0 and hoped > 0.0:
            share[day] = sold / hoped
            doubt[day] = counted / (hoped * sold) + dispersion * squares / (hoped * hoped)
            doubt[day] += left_out_doubt * (left_out / (left_out + hoped)) ** 2
        sold, hoped, left_out = memory * sold, memory * hoped, memory * left_out
        counted, squares = memory * memory * counted, memory * memory * squares
        if not expected[day] > 0.0:
            continue
        if clean[day]:
            sold += units[day] / unit
            hoped += expected[day] / unit
            counted += expected[day] / unit
            squares += (expected[day] / unit) ** 2
        elif usable[day]:
            left_out += expected[day] / unit


@inner
def _begin(
    units: Floats1D,
    expected: Floats1D,
    usable: Flags1D,
    found: Floats1D,
    share: float,
    start: int,
    slack: float,
    dispersion: float,
    unit: float,
) -> int:
    """The likeliest first day of an episode, its level and depth being those from `start` on.

    The level is in doubt, and how deep a fall is tells nothing of when it began: a long episode would seem short.
    found: evidence from each day on; days without any are no start. share: of the expectation, sold before. slack: an
    earlier day has to be so much likelier, as a logarithm.
    """
    sold = hoped = 0.0
    for day in range(start, units.size):
        if usable[day]:
            sold, hoped = sold + units[day], hoped + share * expected[day]
    left = min(max(sold / hoped, SMALLEST_LEFT), 1.0)
    size = 1.0 / max(dispersion, 1e-6)
    total = best = 0.0
    first = start
    for day in range(units.size - 1, -1, -1):
        if not usable[day]:
            continue
        e, y = share * expected[day] / unit, units[day] / unit
        total += (size + y) * math.log((size + e) / (size + left * e)) + y * math.log(left)
        if total > best + (slack if best > 0.0 else 0.0) and found[day] > 0.0:
            best, first = total, day
    return first


@kernel
def open_evidence(
    units: Floats2D,
    expected: Floats2D,
    usable: Flags2D,
    clean: Flags2D,
    dispersion: Floats1D,
    unit: Floats1D,
    memory: float,
    left_out_doubt: float,
    fade: float,
    depths: Floats1D,
    weights: Floats1D,
    max_ratio: float,
    closing: float,
    slack: float,
    min_days: int,
    max_days: int,
    best: Out[Floats1D],
    first: Out[Integers1D],
) -> None:
    """The best evidence of an episode that lasts until the last day, and its first day.

    What an episode should have sold is the course of `expected` at the level of the clean days before it: no day of
    the episode judges itself. units, expected: (n_rows, n_days). usable: the same, 0 for days that neither start,
    extend nor end an episode; clean: those of them that may be learnt from. dispersion: (n_rows,). unit: (n_rows,),
    variance of the smallest sale over its mean. memory: weight of a day before the episode relative to the next.
    left_out_doubt: see `learn_before`. fade: relative variance that an ordinary level gains with every day of the
    episode. depths, weights: (n_depths,). max_ratio: only episodes that sold at most this share. closing: no episode
    reaches back over last days with so much evidence of ordinary sales. slack: see `_begin`. best: (n_rows,), 0
    without an episode; first: (n_rows,), n_days without one. Both written.
    """
    n_days = units.shape[1]
    share, doubt, found = np.empty(n_days), np.empty(n_days), np.empty(n_days)
    for row in range(units.shape[0]):
        best[row], first[row] = 0.0, n_days
        cells = (units[row], expected[row], usable[row], clean[row])
        learn_before(*cells, dispersion[row], unit[row], memory, left_out_doubt, share, doubt)
        sold = hoped = squares = 0.0
        days = 0
        found[:] = 0.0
        for day in range(n_days - 1, max(n_days - 1 - max_days, -1), -1):
            if not usable[row, day]:
                continue
            sold += units[row, day] / unit[row]
            hoped += expected[row, day] / unit[row]
            squares += (expected[row, day] / unit[row]) ** 2
            days += 1
            if days < min_days or not (hoped > 0.0 and share[day] > 0.0):
                continue
            due = share[day] * hoped
            size = 1.0 / (dispersion[row] * squares / (hoped * hoped) + doubt[day] + fade * days)
            ratio = log_ratio(sold, due, size, depths, weights)
            if ratio < -closing:
                break
            found[day] = ratio if sold <= max_ratio * due else 0.0
            if found[day] > best[row]:
                best[row], first[row] = found[day], day
        if best[row] > 0.0:
            first[row] = _begin(*cells[:3], found, share[first[row]], first[row], slack, dispersion[row], unit[row])


@kernel
def past_evidence(
    units: Floats2D,
    expected: Floats2D,
    usable: Flags2D,
    clean: Flags2D,
    dispersion: Floats1D,
    unit: Floats1D,
    memory: float,
    left_out_doubt: float,
    fade: float,
    depths: Floats1D,
    weights: Floats1D,
    rows: Integers1D,
    firsts: Integers1D,
    lasts: Integers1D,
    found: Out[Floats1D],
) -> None:
    """Evidence of given stretches against the days before each, as `open_evidence` has it; 0 where nothing sold then.

    Panel arrays as there. rows, firsts, lasts, found: (n_stretches,); found is written.
    """
    n_days = units.shape[1]
    share, doubt = np.empty(n_days), np.empty(n_days)
    for place in range(rows.size):
        row, first = rows[place], firsts[place]
        found[place] = 0.0
        cells = (units[row], expected[row], usable[row], clean[row])
        learn_before(*cells, dispersion[row], unit[row], memory, left_out_doubt, share, doubt)
        sold = hoped = squares = 0.0
        days = 0
        for day in range(first, lasts[place] + 1):
            if usable[row, day]:
                sold += units[row, day] / unit[row]
                hoped += expected[row, day] / unit[row]
                squares += (expected[row, day] / unit[row]) ** 2
                days += 1
        if hoped > 0.0 and share[first] > 0.0:
            size = 1.0 / (dispersion[row] * squares / (hoped * hoped) + doubt[first] + fade * days)
            found[place] = log_ratio(sold, share[first] * hoped, size, depths, weights)


@kernel
def mark_dark(
    units: Floats2D,
    expected: Floats2D,
    usable: Flags2D,
    dispersion: Floats1D,
    unit: Floats1D,
    depth: float,
    bounds: Floats1D,
    dark: Out[Flags2D],
    peaks: Out[Floats1D],
) -> None:
    """Mark the days of every stretch whose summed evidence of one depth passes its row's bound (Page 1954).

    From where the sum leaves zero to where it peaks. Arrays as in `open_evidence`. bounds: (n_rows,). dark: (n_rows,
    n_days), written. peaks: (n_rows,), the most evidence of any stretch, written.
    """
    n_days = units.shape[1]
    for row in range(units.shape[0]):
        dark[row] = 0
        peaks[row] = total = peak = 0.0
        start = top = 0
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
                size = 1.0 / max(dispersion[row], 1e-6)
                total += (size + y) * math.log((size + e) / (size + depth * e)) + y * math.log(depth)
                if total > peak:
                    peak, top = total, day
            if (total <= 0.0 or day == n_days) and peak > 0.0:
                peaks[row] = max(peaks[row], peak)
                for marked in range(start, top + 1):
                    dark[row, marked] |= peak >= bounds[row]
                peak = 0.0


@inner
def _running_sums(
    units: Floats1D,
    expected: Floats1D,
    usable: Flags1D,
    dark: Flags1D,
    sums: Out[Floats2D],
) -> None:
    """Sums of the days before each, (4, n_days + 1).

    Units, expected units and squares of these of the days to learn from; expected units of all usable ones.
    """
    sums[:, 0] = 0.0
    for day in range(units.size):
        known = usable[day] and not dark[day]
        sums[0, day + 1] = sums[0, day] + (units[day] if known else 0.0)
        sums[1, day + 1] = sums[1, day] + (expected[day] if known else 0.0)
        sums[2, day + 1] = sums[2, day] + (expected[day] ** 2 if known else 0.0)
        sums[3, day + 1] = sums[3, day] + (expected[day] if usable[day] and expected[day] > 0.0 else 0.0)


@inner
def _fall_from(
    units: Floats1D,
    expected: Floats1D,
    usable: Flags1D,
    start: int,
    share: float,
    doubt: float,
    dispersion: float,
    unit: float,
    fade: float,
    depth: float,
) -> tuple[float, int]:
    """Most evidence of a fall that begins on a day, and its last day.

    The units since the start are negative binomial, as in `open_evidence`. share: of the expectation, sold before.
    doubt: relative variance of that share.
    """
    peak = since = due = squares = 0.0
    top, days = start, 0
    for day in range(start, units.size):
        if not usable[day] or not expected[day] > 0.0:
            continue
        e = share * expected[day] / unit
        since, due, squares, days = since + units[day] / unit, due + e, squares + e * e, days + 1
        size = 1.0 / (dispersion * squares / (due * due) + doubt + fade * days)
        total = (size + since) * math.log((size + due) / (size + depth * due)) + since * math.log(depth)
        if total > peak:
            peak, top = total, day
        if total <= 0.0 or total < peak / 2:
            break
    return peak, top


@kernel
def mark_fallen(
    units: Floats2D,
    expected: Floats2D,
    usable: Flags2D,
    dispersion: Floats1D,
    unit: Floats1D,
    fade: float,
    before_days: int,
    depth: float,
    bound: float,
    rounds: int,
    dark: Out[Flags2D],
) -> None:
    """Mark the days of every stretch that lastingly sold a part of what the days before it let expect.

    A level of late would follow the fall; that of the before_days days before does not. Arrays as in `mark_dark`;
    only the course of `expected` counts, not its level. fade: see `open_evidence`. depth, bound: of `mark_dark`.
    rounds: so many stretches a row at most. dark: marks are added.
    """
    n_days = units.shape[1]
    sums = np.empty((4, n_days + 1))
    for row in range(units.shape[0]):
        for _ in range(rounds):
            best, first, last = bound, n_days, n_days
            _running_sums(units[row], expected[row], usable[row], dark[row], sums)
            for start in range(before_days // 2, n_days):
                if not usable[row, start] or dark[row, start]:
                    continue
                since = max(start - before_days, 0)
                sold_before, hoped_before, squares, _ = sums[:, start] - sums[:, since]
                if not (sold_before > 0.0 and hoped_before > 0.0):
                    continue
                share = sold_before / hoped_before
                doubt = unit[row] / sold_before + dispersion[row] * squares / hoped_before**2
                # Sales as expected or better on its first day speak against every fall.
                if expected[row, start] > 0.0 and units[row, start] >= share * expected[row, start]:
                    continue
                # Were nothing sold any more, no dispersion and no fading, there would still be no more evidence.
                left = doubt * share * (sums[3, n_days] - sums[3, start]) / unit[row]
                if math.log((1.0 + left) / (1.0 + depth * left)) <= best * doubt:
                    continue
                cells = (units[row], expected[row], usable[row])
                peak, top = _fall_from(*cells, start, share, doubt, dispersion[row], unit[row], fade, depth)
                if peak > best:
                    best, first, last = peak, start, top
            if first == n_days:
                break
            for day in range(first, last + 1):
                dark[row, day] = 1
