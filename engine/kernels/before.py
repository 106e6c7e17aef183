"""What the days before a day tell of a row's level: the later the heavier, and how unsure it is."""

from typing import NamedTuple

from engine.kernels.compiling import inner, inner_of_quotients, kernel
from engine.kernels.demand import own_share
from engine.kernels.sales import Row
from engine.kernels.types import Floats1D, Floats2D, Out


@kernel
def walked_within(days: int) -> float:
    """Days' variance of a walk by which the mean of so many days differs from the day before them, of equal days."""
    return (days + 1.0) * (2.0 * days + 1.0) / (6.0 * days)


class Before(NamedTuple):
    """What a row's clean days before a day tell of the level there.

    share: what they sold of their expectation, 0 where nothing tells it. relative_variance: of the share. walked:
    days' variance by which a level that walks has left the days that tell it.
    """

    share: float
    relative_variance: float
    walked: float


class Doubts(NamedTuple):
    """Of one row: its dispersion and what it has borrowed, as in `Sales`; relative variance of a level of which all
    days are left out.
    """

    dispersion: float
    borrowed_share: float
    borrowed_variance: float
    left_out_variance: float


SOLD, EXPECTED, COUNTED, SQUARES, LEFT_OUT, BEHIND = range(6)
"""Places in a day's sums, see `sums_before`."""
N_BEFORE = 6


@inner_of_quotients
def sums_before(of: Row, memory: float, sums: Out[Floats2D]) -> None:
    """Sums over a row's days before each day, the later the heavier, of which `learnt_before_day` tells the level.

    of: in units of sale. memory: weight of a day relative to the next. sums: (n_days + 1, N_BEFORE), the last day is
    tomorrow; written. Units and expected units of the clean days; the latter and their squares with squared weights;
    expected units of the usable days that are left out; days' variance of a walk since the clean ones.
    """
    units, expected, usable, clean = of.units, of.expected, of.usable, of.clean
    sold = expected_units = counted = squares = left_out = behind = 0.0
    for day in range(units.size + 1):
        sums[day, SOLD], sums[day, EXPECTED], sums[day, COUNTED] = sold, expected_units, counted
        sums[day, SQUARES], sums[day, LEFT_OUT], sums[day, BEHIND] = squares, left_out, behind
        sold, expected_units, left_out = memory * sold, memory * expected_units, memory * left_out
        # These are variances, in which a weight counts by its square.
        counted, squares = memory * memory * counted, memory * memory * squares
        behind += 1.0
        if day == units.size or not expected[day] > 0.0:
            continue
        e = expected[day]
        if clean[day]:
            # A day of the level itself takes the mean of all days so much nearer to it.
            behind *= (expected_units / (expected_units + e)) ** 2
            sold += units[day]
            expected_units += e
            counted += e
            squares += e**2
        elif usable[day]:
            left_out += e


@inner
def doubts_of(of: Row, left_out_variance: float) -> Doubts:
    """What makes a row's level unsure beyond its counts."""
    return Doubts(of.dispersion, of.borrowed_share, of.borrowed_variance, left_out_variance)


@kernel
def learnt_before_day(sums: Floats1D, of: Doubts) -> Before:
    """What the days before a day tell of a row's level, from the day's `sums_before`.

    Of a row listed late other stores tell what it should sell, until its own days outweigh them (Bühlmann 1967).
    A level is as unsure as the counts and the dispersion of the days that tell it. Days that are left out for being
    dark may have been dark by chance: what the others sold is then too much.
    """
    sold, expected_units, left_out, walked = sums[SOLD], sums[EXPECTED], sums[LEFT_OUT], sums[BEHIND]
    share = relative_variance = beyond_counts = 0.0
    if expected_units > 0.0:
        beyond_counts = of.dispersion * sums[SQUARES] / (expected_units * expected_units)
        beyond_counts += of.left_out_variance * (left_out / (left_out + expected_units)) ** 2
    if sold > 0.0 and expected_units > 0.0:
        share = sold / expected_units
        relative_variance = sums[COUNTED] / (expected_units * sold) + beyond_counts
    borrowed = of.borrowed_share
    if borrowed > 0.0:
        own_weight = 0.0
        if expected_units > 0.0:
            # Of the borrowed share: days without a sale, by their own share, would be sure of nothing.
            own_variance = sums[COUNTED] / (expected_units * expected_units * borrowed) + beyond_counts
            own_weight = own_share(own_variance, of.borrowed_variance)
        share = borrowed + own_weight * (share - borrowed)
        of_borrowed = (1.0 - own_weight) * of.borrowed_variance
        relative_variance = of_borrowed * (borrowed / share) ** 2
        walked = own_weight * own_weight * walked
    return Before(share, relative_variance, walked)
