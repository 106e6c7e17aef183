"""Programme: the best list as an integer programme, small enough to be solved exactly in seconds.

In: values, limits, and a list that keeps them. Out: a best list. Of half a million candidates only those can be in
it whose value exceeds what they would use up of every limit; the others are never shown to the solver.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.arrays import Floats, Integers
from engine.errors import DarkshelfError
from engine.whitespace.ranking.limits import Limits

TOLERANCE = 1e-7
"""Of a value relative to the largest: the solver's own."""


@dataclass(frozen=True)
class Relaxed:
    """A solution in which candidates may be called in part. columns: the candidates that were in the programme.

    amounts: (n_columns,). worth: an upper bound of any list. reduced: (n_candidates,), what calling one would add to
    the worth beyond what it uses up; negative where it would take away.
    """

    columns: Integers
    amounts: Floats
    worth: float
    reduced: Floats


def best_list(values: Floats, limits: Limits, start: Integers, likely: Integers) -> Integers:
    """The places of a best list, ascending.

    start: a list that keeps every limit, minima included. likely: candidates that may well be in a best one.
    """
    largest = float(values.max(initial=0.0))
    if not values.size or not largest > 0 or not limits.calls:
        return start
    scaled = values / largest
    columns = np.union1d(np.union1d(start, likely), [np.argmax(values)])
    relaxed = _relaxed(scaled, limits, columns)
    whole = np.abs(relaxed.amounts - np.round(relaxed.amounts)) < TOLERANCE
    if whole.all():
        return np.sort(relaxed.columns[relaxed.amounts > 0.5])
    gap = relaxed.worth - float(scaled[start].sum()) + TOLERANCE
    kept = np.union1d(np.flatnonzero(relaxed.reduced >= -gap), start)
    return _whole_list(scaled, limits, kept)


def _relaxed(values: Floats, limits: Limits, columns: Integers) -> Relaxed:
    """Solve with some candidates; take in those that would improve it; until there is none."""
    while True:
        relaxed = _solved(values, limits, columns)
        others = np.setdiff1d(np.flatnonzero(relaxed.reduced > TOLERANCE), columns)
        if not others.size:
            return relaxed
        promising = others[np.argsort(-relaxed.reduced[others], kind="stable")[: limits.calls]]
        columns = np.union1d(columns, promising)


def _solved(values: Floats, limits: Limits, columns: Integers) -> Relaxed:
    from scipy.optimize import linprog

    matrix, most, least = _constraints(limits, columns)
    bounded = np.flatnonzero(least > 0)
    rows = _stacked(matrix, -matrix[bounded])
    bound = np.concatenate([most, -least[bounded]])
    done = linprog(-values[columns], A_ub=rows, b_ub=bound, bounds=(0, 1), method="highs")
    if not done.success:
        raise DarkshelfError(f"the list within the limits was not found: {done.message}")
    used = -done.ineqlin.marginals
    price = used[: most.size].copy()
    price[bounded] -= used[most.size :]
    reduced = values - price[0]
    first = 1
    for part in limits.parts:
        reduced = reduced - price[first : first + len(part.labels)][part.group]
        first += len(part.labels)
    return Relaxed(columns, done.x, -float(done.fun), reduced)


def _whole_list(values: Floats, limits: Limits, columns: Integers) -> Integers:
    from scipy.optimize import Bounds, LinearConstraint, milp

    matrix, most, least = _constraints(limits, columns)
    done = milp(
        -values[columns],
        constraints=LinearConstraint(matrix, least, most),
        bounds=Bounds(0, 1),
        integrality=np.ones(columns.size),
        options={"mip_rel_gap": 0.0},
    )
    if not done.success:
        raise DarkshelfError(f"the list within the limits was not found: {done.message}")
    return np.sort(columns[done.x > 0.5])


def _constraints(limits: Limits, columns: Integers) -> tuple[Any, Floats, Floats]:
    """A line for all calls, then one for every group of every limit; columns are the candidates."""
    from scipy.sparse import csr_array

    groups, most, least = [np.zeros(columns.size, np.int64)], [np.array([limits.calls])], [np.zeros(1, np.int64)]
    first = 1
    for part in limits.parts:
        groups.append(part.group[columns] + first)
        most.append(part.at_most)
        least.append(part.at_least)
        first += len(part.labels)
    lines = np.concatenate(groups)
    places = np.tile(np.arange(columns.size), len(groups))
    matrix = csr_array((np.ones(lines.size), (lines, places)), shape=(first, columns.size))
    return matrix, np.concatenate(most).astype(np.float64), np.concatenate(least).astype(np.float64)


def _stacked(upper: Any, lower: Any) -> Any:
    from scipy.sparse import vstack

    return vstack([upper, lower], format="csr")
