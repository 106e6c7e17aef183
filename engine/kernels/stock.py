"""Stock of shelves, day after day: sales deplete it, orders fill it."""

from engine.kernels.compiling import kernel
from engine.kernels.types import Integers1D, Integers2D, Integers3D, Out


@kernel
def trade(
    wanted: Integers2D,
    lead_days: Integers2D,
    opening: Integers1D,
    levels: Integers3D,
    overstock: Integers2D,
    on_hand: Out[Integers2D],
    sold: Out[Integers2D],
) -> None:
    """Sell what is wanted as far as stock goes; at the level to reorder at, order what fills up to the full one.

    wanted, lead_days: (n_rows, n_days). opening: (n_rows,). levels: (n_rows, 2, 2), to reorder at and full, on
    ordinary days and on overstocked ones. overstock: (n_rows, 2), first and last such day. on_hand, of the morning,
    and sold: (n_rows, n_days), written. An order under way is the only one.
    """
    for row in range(wanted.shape[0]):
        stock = opening[row]
        due_day = -1
        due_units = 0
        for day in range(wanted.shape[1]):
            if day == due_day:
                stock += due_units
                due_day = -1
            on_hand[row, day] = stock
            sold[row, day] = min(stock, wanted[row, day])
            stock -= sold[row, day]
            over = 1 if overstock[row, 0] <= day <= overstock[row, 1] else 0
            if due_day < 0 and stock <= levels[row, over, 0]:
                due_day = day + lead_days[row, day]
                due_units = levels[row, over, 1] - stock
