"""What complete darkness would show: how soon, and how much at most."""

import numpy as np

from engine.kernels.compiling import inner, kernel
from engine.kernels.evidence import learn_before, log_ratio
from engine.kernels.types import Flags2D, Floats1D, Floats2D, Integers1D, Out


@inner
def _of_nothing(
    days: int,
    hoped_a_day: float,
    learnt_units: float,
    dispersion: float,
    fade: float,
    depths: Floats1D,
    weights: Floats1D,
) -> float:
    """Evidence of days at one level on which nothing was sold, as `open_evidence` weighs them."""
    size = 1.0 / (dispersion / days + 1.0 / learnt_units + fade * days)
    return log_ratio(0.0, days * hoped_a_day, size, depths, weights)


@kernel
def learnt_before(
    units: Floats2D,
    expected: Floats2D,
    usable: Flags2D,
    clean: Flags2D,
    dispersion: Floats1D,
    unit: Floats1D,
    memory: float,
    left_out_doubt: float,
    learnt: Out[Floats1D],
) -> None:
    """Units of sale that tell the level of an episode which begins tomorrow: one over its doubt in `open_evidence`.

    units, expected, usable, clean: (n_rows, n_days). dispersion, unit, learnt: (n_rows,), 0 where nothing was sold;
    written.
    """
    n_days = units.shape[1]
    later = np.zeros(n_days + 1)
    is_usable, is_clean = np.zeros(n_days + 1, np.uint8), np.zeros(n_days + 1, np.uint8)
    share, doubt = np.empty(n_days + 1), np.empty(n_days + 1)
    for row in range(units.shape[0]):
        later[:n_days], is_usable[:n_days], is_clean[:n_days] = units[row], usable[row], clean[row]
        hoped, scatter = np.append(expected[row], 0.0), (dispersion[row], unit[row])
        learn_before(later, hoped, is_usable, is_clean, *scatter, memory, left_out_doubt, share, doubt)
        learnt[row] = 1.0 / doubt[n_days] if doubt[n_days] > 0.0 else 0.0


@kernel
def days_to_alert(
    hoped_a_day: Floats1D,
    learnt_units: Floats1D,
    dispersion: Floats1D,
    bounds: Floats1D,
    fade: float,
    depths: Floats1D,
    weights: Floats1D,
    min_days: int,
    max_days: int,
    days: Out[Integers1D],
) -> None:
    """Days without any sale, all at the level, until the evidence of `open_evidence` reaches each row's bound.

    hoped_a_day, learnt_units: (n_rows,), units of sale. dispersion, bounds: (n_rows,). fade: see `open_evidence`.
    depths, weights: (n_depths,). days: (n_rows,), written; -1 where `max_days` are too few.
    """
    for row in range(hoped_a_day.size):
        days[row] = -1
        if not (hoped_a_day[row] > 0.0 and learnt_units[row] > 0.0):
            continue
        for n in range(min_days, max_days + 1):
            if (
                _of_nothing(n, hoped_a_day[row], learnt_units[row], dispersion[row], fade, depths, weights)
                >= bounds[row]
            ):
                days[row] = n
                break


@kernel
def most_evidence(
    hoped_a_day: Floats1D,
    learnt_units: Floats1D,
    dispersion: Floats1D,
    fade: float,
    depths: Floats1D,
    weights: Floats1D,
    min_days: int,
    max_days: int,
    most: Out[Floats1D],
) -> None:
    """Evidence of the most telling episode without any sale, 0 where none tells: of `min_days`, twice as long, and so
    on, at last of `max_days`.

    Arguments as in `days_to_alert`. most: (n_rows,), written.
    """
    for row in range(hoped_a_day.size):
        most[row] = 0.0
        if not (hoped_a_day[row] > 0.0 and learnt_units[row] > 0.0):
            continue
        n = min_days
        while True:
            found = _of_nothing(n, hoped_a_day[row], learnt_units[row], dispersion[row], fade, depths, weights)
            most[row] = max(most[row], found)
            if n >= max_days:
                break
            n = min(2 * n, max_days)
