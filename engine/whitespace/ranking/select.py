"""Select: the list of calls that is worth most within every limit (exact), and the price of each limit.

In: the eligible candidates in the order of the ranking, worth money each. Out: which are called. Where the limits
nest, taking the best that still fits is exact (greedy on a laminar matroid: Edmonds 1971); otherwise an integer
programme is solved by HiGHS, on the columns that can be in a best list (pricing and reduced-cost fixing: Desaulniers,
Desrosiers and Solomon 2005). Whatever is replaced is replaced from the whole pool.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np

from engine.arrays import Floats, Integers, Marks
from engine.kernels.picks import take_what_fits
from engine.whitespace.ranking.limits import SEGMENT, Limit, Limits
from engine.whitespace.ranking.programme import best_list

ROOM = 2
"""How much more room replacements are first looked for in; more costs time, and less costs rounds."""
Status = Literal["filled", "under_filled", "minimum_not_reached"]


@dataclass(frozen=True)
class Selection:
    """What is called. is_called: (n_candidates,). worth: its sum of values. nested: whether the limits nest.

    prices: by limit, the money that would be won without it; never below 0, whatever rounding says.
    freed: by limit, the places of a best list without it, the others kept; where it costs nothing, the same list.
    missed: by segment, how many calls its minimum lacks. status: `under_filled` where the limits leave calls unused,
    `minimum_not_reached` where a minimum cannot be had.
    """

    is_called: Marks
    calls: int
    worth: float
    nested: bool
    prices: Mapping[str, float]
    freed: Mapping[str, Integers]
    missed: Mapping[str, int]

    @property
    def status(self) -> Status:
        """In a word."""
        if self.missed:
            return "minimum_not_reached"
        return "filled" if int(self.is_called.sum()) == self.calls else "under_filled"


def select(values: Floats, limits: Limits) -> Selection:
    """The best list and what every limit costs. values: (n_candidates,), at least 0, in the order of the ranking."""
    chosen, missed = best(values, limits)
    worth = float(values[chosen].sum())
    freed = {part.name: _freed(values, limits, part, chosen) for part in limits.parts}
    prices = {name: max(round(float(values[rows].sum()) - worth, 2), 0.0) for name, rows in freed.items()}
    is_called = np.zeros(values.size, np.bool_)
    is_called[chosen] = True
    return Selection(is_called, limits.calls, worth, nested(limits.parts), prices, freed, missed)


def best(values: Floats, limits: Limits) -> tuple[Integers, Mapping[str, int]]:
    """The places of the best list, ascending, and how far each segment stays below its minimum."""
    caps = replace(limits, parts=tuple(_without_minimum(part) for part in limits.parts))
    chosen = greedy(values, caps) if nested(caps.parts) else _beyond_nested(values, caps)
    missed: Mapping[str, int] = {}
    minimum = next((part for part in limits.parts if part.name == SEGMENT and part.at_least.any()), None)
    if minimum is not None and (minimum.counts(chosen) < minimum.at_least).any():
        start, reached = _reached(limits, minimum)
        missed = _missed(minimum, reached)
        held = [replace(part, at_least=reached) if part is minimum else part for part in limits.parts]
        chosen = best_list(values, replace(limits, parts=tuple(held)), start, chosen)
    return _filled_up(chosen, values, caps), missed


def _beyond_nested(values: Floats, limits: Limits) -> Integers:
    """A best list where limits cross; what greedy takes with more room is where replacements are looked for first."""
    parts = tuple(replace(part, at_most=ROOM * part.at_most) for part in limits.parts)
    roomy = greedy(values, Limits(ROOM * limits.calls, parts))
    return best_list(values, limits, greedy(values, limits), roomy)


def greedy(values: Floats, limits: Limits) -> Integers:
    """The best that still fits, one after the other; places ascending."""
    order = np.argsort(-values, kind="stable")
    room = np.zeros((len(limits.parts), max((len(part.labels) for part in limits.parts), default=0)), np.int64)
    for number, part in enumerate(limits.parts):
        room[number, : len(part.labels)] = part.at_most
    groups = np.array([part.group for part in limits.parts], np.int64).reshape(len(limits.parts), values.size)
    return take_what_fits(order, groups, room, limits.calls)


def nested(parts: Sequence[Limit]) -> bool:
    """Whether of any two groups that can bind one holds the other, or they have no candidate in common."""
    binding = [_binding_groups(part) for part in parts]
    return all(_nest(one, other) for one, other in combinations(binding, 2))


def _binding_groups(part: Limit) -> Integers:
    """The group of every candidate, -1 where its group has fewer than its limit anyway."""
    can_bind = np.bincount(part.group, minlength=len(part.labels)) > part.at_most
    return np.where(can_bind[part.group], part.group, -1)


def _nest(one: Integers, other: Integers) -> bool:
    """Whether every pair of groups that meet is one within the other."""
    both = (one >= 0) & (other >= 0)
    width = int(other.max(initial=0)) + 1
    pairs, meet = np.unique(one[both] * width + other[both], return_counts=True)
    sizes_one, sizes_other = (np.bincount(group[group >= 0], minlength=1) for group in (one, other))
    return bool((meet == np.minimum(sizes_one[pairs // width], sizes_other[pairs % width])).all())


def _without_minimum(part: Limit) -> Limit:
    return replace(part, at_least=np.zeros_like(part.at_least))


def _reached(limits: Limits, minimum: Limit) -> tuple[Integers, Integers]:
    """A list that serves as much of the minima as can be, and how many calls of each segment are in it."""
    counts = (minimum.at_least > 0)[minimum.group].astype(np.float64)
    capped = replace(_without_minimum(minimum), at_most=np.minimum(minimum.at_most, minimum.at_least))
    parts = tuple(capped if part is minimum else part for part in limits.parts)
    served = replace(limits, parts=parts)
    start = greedy(counts, served)
    list_of_most = best_list(counts, served, start, start)
    list_of_most = list_of_most[counts[list_of_most] > 0]
    return list_of_most, minimum.counts(list_of_most)


def _missed(minimum: Limit, reached: Integers) -> dict[str, int]:
    lack = zip(minimum.labels, minimum.at_least - reached, strict=True)
    return {label: int(calls) for label, calls in lack if calls > 0}


def _filled_up(chosen: Integers, values: Floats, limits: Limits) -> Integers:
    """The list, and what still fits: a solver leaves out what adds nothing."""
    if chosen.size == limits.calls:
        return chosen
    others = np.setdiff1d(np.arange(values.size), chosen)
    left = [replace(part.of(others), at_most=part.at_most - part.counts(chosen)) for part in limits.parts]
    more = others[greedy(values[others], Limits(limits.calls - chosen.size, tuple(left)))]
    return np.sort(np.concatenate([chosen, more]))


def _freed(values: Floats, limits: Limits, part: Limit, chosen: Integers) -> Integers:
    """A best list without a limit: the same where the limit is nowhere reached."""
    counts = part.counts(chosen)
    if (counts < part.at_most).all() and ((counts > part.at_least) | (part.at_least == 0)).all():
        return chosen
    return best(values, limits.without(part.name))[0]
