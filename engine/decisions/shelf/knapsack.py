"""Knapsack: which checks are worth most in the minutes of a store, when each category has to be walked to once.

In: checks of one store with minutes, value and category. Out: which of them. The answer is the best there is, found
by dynamic programming over categories and minutes (Kellerer, Pferschy and Pisinger 2004, Knapsack Problems, chapter
2; the walk as in the knapsack with setup of Chebil and Khemakhem 2015). Whole numbers: no solver, no time limit.
"""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Integers

NEVER = np.iinfo(np.int64).min // 2
"""A sum that cannot be reached."""


def best_set(value: Integers, cost: Integers, group: Integers, setup: Integers, budget: int) -> NDArray[np.bool_]:
    """The checks of the largest sum of values whose costs, with the set-up of every group they need, fit the budget.

    value, cost, group: (checks,), value and cost at least 0. setup: (groups,), cost of a group, once. Of equal sums
    the one that is met first, in the order of groups and checks.
    """
    order = np.argsort(group, kind="stable")
    best = np.zeros(budget + 1, np.int64)
    took, opened = np.zeros((value.size, budget + 1), np.bool_), np.zeros((setup.size, budget + 1), np.bool_)
    for number in range(setup.size):
        within = _shifted(best, int(setup[number]))
        for check in order[group[order] == number]:
            with_it = _shifted(within, int(cost[check])) + value[check]
            took[check] = with_it > within
            within = np.where(took[check], with_it, within)
        opened[number] = within > best
        best = np.where(opened[number], within, best)
    return _trace(cost, group, setup, took, opened, order)


def _shifted(best: Integers, cost: int) -> Integers:
    """The sums when so much of the budget is spent before."""
    moved = np.full(best.size, NEVER)
    moved[cost:] = best[: max(best.size - cost, 0)]
    return moved


def _trace(
    cost: Integers,
    group: Integers,
    setup: Integers,
    took: NDArray[np.bool_],
    opened: NDArray[np.bool_],
    order: Integers,
) -> NDArray[np.bool_]:
    """Walk back from the whole budget through what was taken."""
    chosen = np.zeros(cost.size, np.bool_)
    left = opened.shape[1] - 1
    for number in reversed(range(setup.size)):
        if not opened[number, left]:
            continue
        for check in reversed(order[group[order] == number]):
            if took[check, left]:
                chosen[check] = True
                left -= int(cost[check])
        left -= int(setup[number])
    return chosen
