"""How rows sold of late, and how they sold before."""

from engine.kernels.compiling import kernel
from engine.kernels.types import Flags2D, Floats1D, Floats2D, Out


@kernel
def paces(
    units: Floats2D, expected: Floats2D, clean: Flags2D, level: Floats1D, recent_days: int, sums: Out[Floats2D]
) -> None:
    """Clean days, units and factors (expected units over the level) of the last days, and of those before.

    units, expected: (n_rows, n_days). clean: the same, 0 or 1. level: (n_rows,). sums: (n_rows, 6), written: days,
    units and factors of the last `recent_days` days, then of the earlier ones; 0 throughout without a level.
    """
    n_days = units.shape[1]
    for row in range(units.shape[0]):
        sums[row] = 0.0
        if not level[row] > 0.0:
            continue
        for day in range(n_days):
            if clean[row, day]:
                place = 0 if day >= n_days - recent_days else 3
                sums[row, place] += 1.0
                sums[row, place + 1] += units[row, day]
                sums[row, place + 2] += expected[row, day] / level[row]
