"""Drawn lists: what the best rows hold when clusters are drawn again, each draw with a list of its own."""

from engine.kernels.compiling import kernel
from engine.kernels.types import Floats2D, Integers1D, Integers2D, Out


@kernel
def drawn_lists(
    codes: Integers1D,
    groups: Integers1D,
    values: Floats2D,
    draws: Integers2D,
    room: Integers2D,
    calls: Integers1D,
    out: Out[Floats2D],
) -> None:
    """Sums over the list of every draw: the best rows, as often as drawn, while there is room.

    codes, groups: (n_rows,), best first; the cluster and the group of each row. values: (n_rows, n_values), what is
    summed. draws: (replicates, n_clusters), how often each cluster is in it. room: (replicates, n_groups), rows that
    a group may have. calls: (replicates,), rows in all. out: (replicates, 1 + n_values), written: rows taken, and the
    sums of their values.
    """
    for replicate in range(draws.shape[0]):
        out[replicate, :] = 0.0
        left, free = calls[replicate], room[replicate].copy()
        for place in range(codes.size):
            if left == 0:
                break
            taken = min(draws[replicate, codes[place]], free[groups[place]], left)
            if taken > 0:
                left -= taken
                free[groups[place]] -= taken
                out[replicate, 0] += taken
                for column in range(values.shape[1]):
                    out[replicate, 1 + column] += taken * values[place, column]
