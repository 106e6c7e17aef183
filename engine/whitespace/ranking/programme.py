"""Programme: the best list as an integer programme, small enough to be solved exactly in seconds.

In: values, limits, and a list that keeps them. Out: a best list. Of half a million candidates only those can be in
it whose value exceeds what they would use up of every limit; the others are never shown to the solver.
"""

from dataclasses import dataclass

import numpy as np

from engine.arrays import Floats, Integers
from engine.linear_programme import Lines, best_amounts
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
    done = best_amounts(values[columns], np.ones(columns.size), _lines(limits, columns))
    reduced = values - done.prices[0]
    first = 1
    for part in limits.parts:
        reduced = reduced - done.prices[first : first + len(part.labels)][part.group]
        first += len(part.labels)
    return Relaxed(columns, done.amounts, float((values[columns] * done.amounts).sum()), reduced)


def _whole_list(values: Floats, limits: Limits, columns: Integers) -> Integers:
    done = best_amounts(values[columns], np.ones(columns.size), _lines(limits, columns), whole=True)
    return np.sort(columns[done.amounts > 0.5])


def _lines(limits: Limits, columns: Integers) -> Lines:
    """A line for all calls, then one for every group of every limit; amounts are the candidates, called or not."""
    groups, most, least = [np.zeros(columns.size, np.int64)], [np.array([limits.calls])], [np.zeros(1, np.int64)]
    first = 1
    for part in limits.parts:
        groups.append(part.group[columns] + first)
        most.append(part.at_most)
        least.append(part.at_least)
        first += len(part.labels)
    line = np.concatenate(groups)
    amount = np.tile(np.arange(columns.size), len(groups))
    bounds = (np.concatenate(each).astype(np.float64) for each in (least, most))
    return Lines(line, amount, np.ones(line.size), *bounds)
