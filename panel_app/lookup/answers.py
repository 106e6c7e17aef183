"""Answers: what a published run says, in the shape that the description of the look-up promises.

In: a room of the dashboard and the words of an address. Out: plain values that JSON holds. What cannot be answered
raises `RefusedError`, which says what, where and what to do.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from engine.errors import DarkshelfError, NotFoundError
from engine.outputs import read
from engine.runs.manifest import RUN_ID
from engine.runs.registry import DamagedRunError
from panel_app.lookup.desk import ALL, Lookup, Parameter
from panel_app.rooms import Room, Rooms
from panel_app.state import whole
from panel_app.stores.runs import Opened

BAD, MISSING, UNAVAILABLE = 400, 404, 503
TITLES: Final = {
    BAD: "The question is not understood",
    401: "No token",
    MISSING: "Not found",
    405: "Only asking is possible",
    500: "The server failed",
    UNAVAILABLE: "Cannot be read now",
}
PAGE, ROWS, RUN = "page", "rows", "run"


class RefusedError(Exception):
    """Why there is no answer. status: of HTTP. where: the part of the question. advice: what to do."""

    def __init__(self, status: int, where: str, what: str, advice: str) -> None:
        super().__init__(f"{where}: {what}. {advice}")
        self.status, self.where, self.what, self.advice = status, where, what, advice

    @property
    def problem(self) -> dict[str, Any]:
        """The refusal as JSON holds it: the fields of RFC 9457, with where and advice."""
        title = TITLES.get(self.status, TITLES[500])
        return Problem(
            title=title, status=self.status, where=self.where, detail=self.what, advice=self.advice
        ).model_dump(mode="json")


class Problem(BaseModel):
    """What every answer is that is none."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(description="What kind of problem it is.")
    status: int = Field(description="The status of the answer.")
    where: str = Field(description="The part of the question that it is about.")
    detail: str = Field(description="What is wrong.")
    advice: str = Field(description="What to do.")


class Told(BaseModel):
    """Of which run an answer is."""

    model_config = ConfigDict(extra="forbid")

    desk: str = Field(description="The desk that made the run.")
    run_id: str = Field(description="The run. The same run always gives the same answer.")
    as_of: str = Field(description="What the run looked at: a day, or what its desk writes.")
    currency: str = Field(description="What stands before its amounts of money.")
    is_partial: bool = Field(description="Whether it was run although what it looked at is not complete.")


class Summary(Told):
    """The key figures of a run."""

    figures: dict[str, Any] = Field(description="The content of `summary.json`, see the file formats.")


class Page(Told):
    """One page of a list. The list itself is under the name of what is listed."""

    count: int = Field(ge=0, description="How many there are on all pages.")
    page: int = Field(ge=1, description="Which page this is.")
    pages: int = Field(ge=1, description="How many pages there are.")
    next: str | None = Field(description="The address of the next page, of the same run; null on the last.")


def opened(room: Room, words: Mapping[str, str]) -> Opened:
    """The run that a question is about: the newest, or the one it names. Raises RefusedError."""
    asked = words.get(RUN)
    if asked is not None and not RUN_ID.fullmatch(asked):
        raise RefusedError(BAD, RUN, f"{asked[:80]!r} is no id of a run", "leave it out for the newest run")
    try:
        return room.store(room.pages[0]).open(asked)
    except DarkshelfError as error:
        raise refusal_of(error, RUN if asked else room.desk) from error


def room_named(rooms: Rooms, desk: str) -> Room:
    """The room of a desk. Raises RefusedError naming those there are."""
    found = next((room for room in rooms.rooms if room.desk == desk), None)
    if found is None:
        names = ", ".join(room.desk for room in rooms.rooms)
        raise RefusedError(MISSING, "desk", f"there is no desk {desk[:80]!r}", f"ask for one of {names}")
    return found


def lookup_of(room: Room, items: str) -> Lookup:
    """What a desk lets look up under a name. Raises RefusedError naming what it is called."""
    lookup = room.lookup
    if lookup is None or lookup.items != items:
        known = ["summary"] if lookup is None else ["summary", lookup.items]
        what = f"the {room.desk} desk has no {items[:80]!r}"
        raise RefusedError(MISSING, room.desk, what, f"ask for {' or '.join(known)}")
    return lookup


def summary(room: Room, words: Mapping[str, str]) -> dict[str, Any]:
    """The key figures of a run."""
    refuse_unknown(words, (RUN,))
    found = opened(room, words)
    try:
        return {**_of_run(room, found), "figures": read.summary(found.run)}
    except DarkshelfError as error:
        raise refusal_of(error, found.run_id) from error


def one(room: Room, items: str, name: str, words: Mapping[str, str]) -> dict[str, Any]:
    """One finding by its id, under the name of what it is."""
    lookup = lookup_of(room, items)
    refuse_unknown(words, (RUN,))
    found = opened(room, words)
    try:
        rows = lookup.told(lookup.rows(found).filter(lookup.named(name)).head(1))
    except DarkshelfError as error:
        raise refusal_of(error, found.run_id) from error
    if not rows:
        what = f"run {found.run_id} has no {lookup.item} {name[:200]!r}"
        raise RefusedError(MISSING, lookup.item, what, f"take the id of one of its {lookup.items}")
    return {**_of_run(room, found), lookup.item: rows[0]}


def many(room: Room, items: str, words: Mapping[str, str], rows_usual: int, rows_most: int) -> dict[str, Any]:
    """One page of the findings that pass, in the order of their list, under their name."""
    lookup = lookup_of(room, items)
    refuse_unknown(words, (RUN, PAGE, ROWS, *lookup.parameters))
    size, at = _number(words, ROWS, rows_usual, rows_most), _number(words, PAGE, 1, None)
    conditions = [
        pl.col(parameter.column).cast(pl.String) == value
        for name, parameter in lookup.parameters.items()
        if (value := _asked(name, parameter, words)) is not None
    ]
    found = opened(room, words)
    try:
        passing = lookup.rows(found).filter(*conditions)
        count = int(passing.select(pl.len()).collect().item())
        rows = lookup.told(passing.slice((at - 1) * size, size))
    except DarkshelfError as error:
        raise refusal_of(error, found.run_id) from error
    pages = max(-(-count // size), 1)
    further = "?" + urlencode({**words, RUN: found.run_id, PAGE: at + 1}) if at < pages else None
    paging = {"count": count, "page": at, "pages": pages, "next": further}
    return {**_of_run(room, found), **paging, lookup.items: rows}


def refuse_unknown(words: Mapping[str, str], known: tuple[str, ...]) -> None:
    """Raise RefusedError where a question has a word that is not known: what is misspelt would be left out unseen."""
    unknown = [name for name in words if name not in known]
    if unknown:
        told = f"there is no parameter {unknown[0][:80]!r}"
        count = f": {len(unknown)} of {len(words)} are not known" if len(words) > 1 else ""
        raise RefusedError(BAD, unknown[0][:80], told + count, f"ask by {', '.join(known)}")


def refusal_of(error: DarkshelfError, where: str) -> RefusedError:
    """What an error of the engine is as an answer."""
    if isinstance(error, DamagedRunError):
        return RefusedError(UNAVAILABLE, where, "the run is damaged", "run it again")
    if isinstance(error, NotFoundError):
        return RefusedError(MISSING, where, str(error), "leave out  run  for the newest one")
    return RefusedError(UNAVAILABLE, where, str(error), "ask again later")


def _asked(name: str, parameter: Parameter, words: Mapping[str, str]) -> str | None:
    """The value that a list is asked by; None where every one passes."""
    value = words.get(name, parameter.default)
    if parameter.choices and value and value not in (*parameter.choices, ALL):
        choices = ", ".join((*parameter.choices, ALL))
        raise RefusedError(BAD, name, f"{value[:80]!r} is none of its values", f"give one of {choices}")
    return value if value and value != ALL else None


def _number(words: Mapping[str, str], name: str, usual: int, most: int | None) -> int:
    if name not in words:
        return usual
    number = whole(words[name])
    if number < 1 or (most is not None and number > most):
        limit = "from 1 up" if most is None else f"from 1 to {most}"
        raise RefusedError(BAD, name, f"{words[name][:80]!r} is no number {limit}", f"give a whole number {limit}")
    return number


def _of_run(room: Room, found: Opened) -> dict[str, Any]:
    return Told(
        desk=room.desk,
        run_id=found.run_id,
        as_of=found.as_of,
        currency=found.currency,
        is_partial=found.is_partial,
    ).model_dump(mode="json")
