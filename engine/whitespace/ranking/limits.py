"""Limits: how many calls there are, and how they may be spread.

In: the eligible candidates and the capacity settings. Out: the number of calls, and a limit for every way in which
they are shared out. Shares become whole numbers of calls here and nowhere else.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from engine.arrays import Integers
from engine.settings.whitespace.ranking import CapacitySettings
from engine.vocabulary import whitespace as v
from engine.vocabulary.common import TIE_TOLERANCE

DIVISION = "division_share_cap"
REP = "rep_limit"
REGION = "region_share_cap"
CUSTOMER = "per_customer"
SEGMENT = "segment_shares"
NOBODY = "(none)"
"""What customers without a rep, a region or another group share."""


@dataclass(frozen=True)
class Limit:
    """One way in which calls are shared out: every candidate is in one group.

    group: (n_candidates,), its code. at_most, at_least: (n_groups,), calls. labels: (n_groups,).
    """

    name: str
    group: Integers
    at_most: Integers
    at_least: Integers
    labels: tuple[str, ...]

    def of(self, rows: Integers) -> "Limit":
        """The same for some of the candidates, given by their places."""
        return replace(self, group=self.group[rows])

    def counts(self, rows: Integers) -> Integers:
        """How many of some candidates are in each group."""
        return np.bincount(self.group[rows], minlength=len(self.labels)).astype(np.int64)


@dataclass(frozen=True)
class Limits:
    """The calls there are, and everything that shares them out."""

    calls: int
    parts: tuple[Limit, ...]

    def without(self, name: str) -> "Limits":
        """All but one limit."""
        return replace(self, parts=tuple(part for part in self.parts if part.name != name))


def limits(candidates: pl.DataFrame, settings: CapacitySettings) -> Limits:
    """The limits for eligible candidates, in their order; columns division, customer_id, segment, rep, region.

    A limit that can never bind, such as a share of 1, is left out.
    """
    reps = _grouped("rep", candidates)
    if settings.mode == "per_rep":
        calls = int(np.minimum(reps[2], settings.accounts_per_rep).sum())
        per_rep = settings.accounts_per_rep
    else:
        calls = _whole(candidates.height * settings.capacity_percent / 100)
        per_rep = calls
    per_rep = min(per_rep, _whole(settings.rep_share_cap * calls))
    per_division = np.full(candidates[v.DIVISION].n_unique(), _whole(settings.division_share_cap * calls))
    divisions = _limit(DIVISION, v.DIVISION, candidates, per_division)
    segments = _segments(candidates, settings, calls)
    if settings.mode == "hybrid":
        divisions = replace(divisions, at_most=np.minimum(divisions.at_most, _evenly(divisions, calls)))
    if settings.mode == "hybrid_segment":
        segments = replace(segments, at_most=np.minimum(segments.at_most, _evenly(segments, calls)))
    found = (
        divisions,
        _limit(REP, "rep", candidates, np.full(len(reps[1]), per_rep)),
        _limit(REGION, "region", candidates, _whole(settings.region_share_cap * calls)),
        _limit(CUSTOMER, v.CUSTOMER, candidates, settings.per_customer),
        segments,
    )
    return Limits(calls, tuple(part for part in found if _can_bind(part, calls)))


def _whole(calls: float) -> int:
    """Calls rounded down, which keeps every cap; a hair below a whole number is that number."""
    return math.floor(calls + TIE_TOLERANCE)


def _grouped(column: str, candidates: pl.DataFrame) -> tuple[Integers, tuple[str, ...], Integers]:
    """The code of each row's group, the groups' labels, and their sizes."""
    texts = candidates[column].cast(pl.String).fill_null(NOBODY)
    labels = texts.unique().sort()
    group = labels.search_sorted(texts).to_numpy().astype(np.int64)
    return group, tuple(labels), np.bincount(group, minlength=len(labels)).astype(np.int64)


def _limit(name: str, column: str, candidates: pl.DataFrame, at_most: Integers | int) -> Limit:
    group, labels, _ = _grouped(column, candidates)
    most = np.broadcast_to(np.asarray(at_most, np.int64), (len(labels),))
    return Limit(name, group, most, np.zeros(len(labels), np.int64), labels)


def _segments(candidates: pl.DataFrame, settings: CapacitySettings, calls: int) -> Limit:
    """Segments have minima; how many they get at most is left open."""
    free = _limit(SEGMENT, "segment", candidates, calls)
    shares = dict(zip(v.SEGMENTS, settings.segment_minimum_shares, strict=True))
    return replace(
        free, at_least=np.array([_whole(shares.get(label, 0.0) * calls) for label in free.labels], np.int64)
    )


def _evenly(limit: Limit, calls: int) -> Integers:
    """The most that each group gets when they take turns until the calls are used up or nothing is left.

    Groups that are used up pass their turns on. The last, incomplete round goes to whoever is worth most.
    """
    sizes = np.bincount(limit.group, minlength=len(limit.labels))
    rounds = next(turns for turns in range(calls + 1) if np.minimum(sizes, turns).sum() >= min(calls, sizes.sum()))
    return np.full(len(limit.labels), rounds, np.int64)


def _can_bind(limit: Limit, calls: int) -> bool:
    sizes = np.bincount(limit.group, minlength=len(limit.labels))
    return bool((limit.at_most < np.minimum(sizes, calls)).any() or (limit.at_least > 0).any())
