"""Since when a shelf has held more stock than it sells in so many days."""

from engine.kernels.compiling import kernel
from engine.kernels.types import Floats1D, Floats2D, Integers1D, Out


@kernel
def cover_began(
    on_hand: Floats2D,
    rows: Integers1D,
    firsts: Integers1D,
    least_units: Floats1D,
    reach_days: int,
    began: Out[Integers1D],
) -> None:
    """The earliest day of the unbroken stretch up to each first day on which at least so much lay there.

    on_hand: (n_rows, n_days), NaN unknown, which ends the stretch. rows, firsts, least_units: (n_points,).
    reach_days: looked back at most. began: (n_points,), written; the first day itself where less lay there before.
    """
    for point in range(rows.size):
        day = firsts[point]
        earliest = max(day - reach_days, 0)
        while day > earliest and on_hand[rows[point], day - 1] >= least_units[point]:
            day -= 1
        began[point] = day
