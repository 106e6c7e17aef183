"""Meet: whether the keys of the tables are the keys of the sales.

In: the keys of every table. Out: problems that stop the night, and what is to be told before it.

A table may cover more than what sells (stock that never sold) or less (impressions of a few stores). So it is refused
only when fewer than half of the keys of either side are on the other; and what is told is the direction that matters:
of stock, prices, stores and SKUs how much of what sells they know, of impressions how much is sold or in stock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from engine.delivery.keys import Keys
from engine.delivery.numbering import Numbering
from engine.delivery.tables import EXAMPLES
from engine.errors import Problem
from engine.settings.shelf.delivered import InputSettings
from engine.vocabulary import shelf as v

ALL_OF_THAT = "all of that"
COMPARED = (v.INVENTORY, v.PRICING, v.IMPRESSIONS, v.STORES, v.SKUS)
WAYS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "with upper and lower case alike": (),
    "without leading zeros": ((r"^0+(.)", "${1}"),),
    "without blanks": ((r"\s+", ""),),
    "without .0": ((r"\.0*$", ""),),
    "without signs between": ((r"[^\p{L}\p{N}]", ""),),
    "without letters before": ((r"^\p{L}+", ""),),
    ALL_OF_THAT: ((r"[^\p{L}\p{N}]", ""), (r"^\p{L}+", ""), (r"^0+(.)", "${1}")),
}
"""What might make ids meet: patterns that are replaced one after the other. The first and the last fold case, too."""
FOLDING = ("with upper and lower case alike", ALL_OF_THAT)
THERE = " there"


@dataclass(frozen=True)
class Meeting:
    """Keys that are looked for on another side. sought, there: their numbers, distinct, sorted.

    owner, place: what the sides are called.
    """

    table: str
    numbering: Numbering
    owner: str
    sought: pl.Series
    place: str
    there: pl.Series

    @property
    def names(self) -> tuple[str, ...]:
        """The id columns of the keys."""
        return self.numbering.names

    @property
    def called(self) -> str:
        """What the keys are."""
        return {"store_id": "stores", "sku_id": "SKUs"}.get("".join(self.names), "store-SKUs")

    @cached_property
    def lacking(self) -> pl.Series:
        """The numbers of the keys sought that are not there, sorted."""
        sought, there = self.sought.to_numpy(), self.there.to_numpy()
        nearest = np.minimum(np.searchsorted(there, sought), there.size - 1)
        return self.sought.filter(pl.Series(there[nearest] != sought))

    @property
    def share(self) -> float:
        """The keys that meet, of those sought."""
        return 1 - len(self.lacking) / len(self.sought)

    @property
    def share_of_smaller(self) -> float:
        """The keys that meet, of the side that has fewer."""
        return self.share * len(self.sought) / min(len(self.sought), len(self.there))


def meet(tables: Mapping[str, Keys], settings: InputSettings) -> tuple[list[Problem], list[Problem]]:
    """Problems that stop the night, and what else there is to know, at most one a table. Sales have to be there."""
    stops: list[Problem] = []
    notices: list[Problem] = []
    for found in _meetings(tables).values():
        apart = [each for each in found if each.share_of_smaller < settings.min_keys_meeting]
        in_part = [each for each in found if each.share < settings.usual_keys_meeting]
        stops += [_problem_of(each, apart=True) for each in apart[:1]]
        notices += [_problem_of(each, apart=False) for each in in_part[:1] if not apart]
    return stops, notices


def _meetings(tables: Mapping[str, Keys]) -> dict[str, list[Meeting]]:
    """The comparisons of every table, stores and SKUs before store-SKUs: the first that fails says most."""
    every = {
        name: pl.concat(found.of(name) for found in tables.values() if name in found.ids).unique().sort()
        for name in v.PAIR
    }
    compared = [table for table in COMPARED if table in tables]
    meetings: dict[str, list[Meeting]] = {table: [] for table in compared}
    for names in (*((name,) for name in v.PAIR), v.PAIR):
        numbering = Numbering({name: every[name] for name in names})
        own = {table: found.numbers(numbering) for table, found in tables.items() if {*names} <= {*found.ids}}
        for table in (table for table in compared if table in own):
            meeting = _meeting_of(table, numbering, own)
            if len(meeting.sought) and len(meeting.there):
                meetings[table].append(meeting)
    return meetings


def _meeting_of(table: str, numbering: Numbering, own: Mapping[str, pl.Series]) -> Meeting:
    """The comparison of a table. own: the numbers of the keys of every table that has them."""
    if table != v.IMPRESSIONS:
        return Meeting(table, numbering, v.SALES, own[v.SALES], table, own[table])
    panel = pl.concat(own[name] for name in (v.SALES, v.INVENTORY) if name in own).unique().sort()
    return Meeting(table, numbering, table, own[table], f"{v.SALES} or {v.INVENTORY}", panel)


def _problem_of(meeting: Meeting, *, apart: bool) -> Problem:
    n_sought, n_lacking = len(meeting.sought), len(meeting.lacking)
    what = (
        f"{n_lacking:,} of {n_sought:,} {meeting.called} of {meeting.owner} ({100 * n_lacking / n_sought:.1f}%) "
        f"are not in {meeting.place}, which has {len(meeting.there):,}"
    )
    why = ": ids are written differently, or it is of another chain" if apart else ""
    return Problem(meeting.table, what + why, _advice(meeting), examples=_side_by_side(meeting))


def _advice(meeting: Meeting) -> str:
    """What would make keys meet that do not, each way with the share that would."""
    shares = {way: _meeting_if(meeting, way).height / len(meeting.lacking) for way in WAYS}
    singly = max(share for way, share in shares.items() if way != ALL_OF_THAT)
    problems = [
        f"{way} {100 * share:.0f}%" for way, share in shares.items() if share > (singly if way == ALL_OF_THAT else 0)
    ]
    if problems:
        return f"write the ids of both alike; of these {meeting.called} would meet: {', '.join(problems)}"
    return "deliver the rows that are lacking, or write the ids of both alike"


def _meeting_if(meeting: Meeting, way: str) -> pl.DataFrame:
    """Which keys that are lacking would be there if both sides were written in a way, as both sides write them."""
    by = [f"{name} alike" for name in meeting.names]
    mine, theirs = (
        meeting.numbering.keys(numbers).with_columns(_written(name, way) for name in meeting.names)
        for numbers in (meeting.lacking, meeting.there)
    )
    first = theirs.unique(by, keep="first", maintain_order=True)
    return mine.join(first, on=by, suffix=THERE, maintain_order="left")


def _written(name: str, way: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    for pattern, instead in WAYS[way]:
        text = text.str.replace_all(pattern, instead)
    return (text.str.to_lowercase() if way in FOLDING else text).alias(f"{name} alike")


def _side_by_side(meeting: Meeting) -> tuple[str, ...]:
    """The same keys as both sides write them, in the way in which most meet; without any, some keys of either."""
    alike = _meeting_if(meeting, max(WAYS, key=lambda way: _meeting_if(meeting, way).height))
    if alike.height:
        rows = list(alike.head(EXAMPLES).iter_rows(named=True))
        mine, theirs = ([_shown(row, meeting, suffix) for row in rows] for suffix in ("", THERE))
        pairs = zip(mine, theirs, strict=True)
        return tuple(f"{one} in {meeting.owner}, {other} in {meeting.place}" for one, other in pairs)
    sides = ((meeting.owner, meeting.lacking), (meeting.place, meeting.there))
    return tuple(
        f"{side}: {'; '.join(_shown(row, meeting, '') for row in some.iter_rows(named=True))}"
        for side, some in ((side, meeting.numbering.keys(numbers.head(EXAMPLES))) for side, numbers in sides)
    )


def _shown(row: Mapping[str, object], meeting: Meeting, suffix: str) -> str:
    return ", ".join(f"{name} {str(row[name + suffix])!r}" for name in meeting.names)
