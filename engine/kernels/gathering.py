"""Gathering: lines put in order by codes, and lines of one group and day put together, without comparing anything."""

from typing import NamedTuple

from engine.kernels.compiling import kernel
from engine.kernels.types import Days1D, Integers1D, Integers2D, Out


@kernel
def sorted_by(code: Days1D, starts: Out[Integers1D], order: Integers1D, result: Out[Integers1D]) -> None:
    """The order of lines by a code, lines of one code in the order that they had: a pass of a counting sort.

    code: (n_lines,), from 0. starts: (n_codes + 1,), zeros; where each code begins, written. order: (n_lines,), the
    order so far. result: (n_lines,), written.
    """
    for line in range(code.size):
        starts[code[line] + 1] += 1
    for bucket in range(1, starts.size):
        starts[bucket] += starts[bucket - 1]
    for place in range(order.size):
        bucket = code[order[place]]
        result[starts[bucket]] = order[place]
        starts[bucket] += 1
    for bucket in range(starts.size - 1, 0, -1):
        starts[bucket] = starts[bucket - 1]
    starts[0] = 0


class Rows(NamedTuple):
    """Rows to be put together. group: (n,), from 0. day, visible: (n,). measures: (n, n_measures)."""

    group: Days1D
    day: Days1D
    visible: Days1D
    measures: Integers2D


class Merged(NamedTuple):
    """Rows put together, (n,) and (n, n_measures); written as far as there are any."""

    group: Out[Days1D]
    day: Out[Days1D]
    visible: Out[Days1D]
    measures: Out[Integers2D]


@kernel
def merged(rows: Rows, order: Integers1D, into: Merged) -> int:
    """Add up what follows one another with the same group, day and day it was known; returns how many are left."""
    count = 0
    for place in range(order.size):
        row = order[place]
        last = count - 1
        if (
            last < 0
            or into.group[last] != rows.group[row]
            or into.day[last] != rows.day[row]
            or into.visible[last] != rows.visible[row]
        ):
            last = count
            into.group[last], into.day[last], into.visible[last] = rows.group[row], rows.day[row], rows.visible[row]
            into.measures[last, :] = 0
            count += 1
        for measure in range(rows.measures.shape[1]):
            into.measures[last, measure] += rows.measures[row, measure]
    return count


@kernel
def measures_of(gross_profit: Integers1D, revenue: Integers1D, quantity: Integers1D, result: Out[Integers2D]) -> None:
    """The measures of lines: one line, profit, revenue, whether it is a return, quantity. result: (n_lines, 5)."""
    for line in range(gross_profit.size):
        result[line, 0] = 1
        result[line, 1] = gross_profit[line]
        result[line, 2] = revenue[line]
        result[line, 3] = gross_profit[line] < 0
        result[line, 4] = quantity[line]
