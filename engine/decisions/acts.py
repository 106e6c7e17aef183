"""Acts: what a person can do with a subject. Each is checked when it is made, before anything is written."""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, ValidationError, model_validator

from engine.decisions import words as w
from engine.decisions.subjects import Subject, kind_named
from engine.errors import InputError, Problem
from engine.settings.frozen import Frozen

NAME_LENGTH = 100
TEXT_LENGTH = 2_000


def _plain(text: str) -> str:
    """The text without blanks around it; control characters other than line ends are refused."""
    if any(not sign.isprintable() and sign not in "\n\t\r\u200c\u200d\u200e\u200f" for sign in text):
        raise ValueError("has control characters")
    return text.strip()


Name = Annotated[str, Field(max_length=NAME_LENGTH, pattern=r"\S"), AfterValidator(_plain)]
Text = Annotated[str, Field(max_length=TEXT_LENGTH, pattern=r"\S"), AfterValidator(_plain)]


class Act(Frozen):
    """Anything a person does with a subject. comment: in their own words, with every act."""

    name: ClassVar[str]
    comment: Text | None = None

    def complaints(self, subject: Subject) -> Iterator[str]:
        """Why this cannot be done with the subject."""
        yield from ()


class Accept(Act):
    """Do what is recommended."""

    name = w.ACCEPT


class Reject(Act):
    """Do not. reason: a key of the reasons of the kind of subject."""

    name = w.REJECT
    reason: str

    def complaints(self, subject: Subject) -> Iterator[str]:
        """A reason of another kind, or one that needs a comment and has none."""
        kind = kind_named(subject.kind)
        if self.reason not in kind.reasons:
            yield f"reason {self.reason!r} is none of {', '.join(kind.reasons)}"
        if self.comment is None and (self.reason == w.OTHER or kind.comment_on_reject):
            yield "a comment has to say why"


class Modify(Act):
    """Do something else: another action in words, another price, discount (percent) or number of units."""

    name = w.MODIFY
    action: Text | None = None
    price: float | None = Field(None, ge=0, le=1e9)
    discount_pct: float | None = Field(None, ge=0, le=100)
    units: float | None = Field(None, ge=0, le=1e9)

    @model_validator(mode="after")
    def _is_not_empty(self) -> "Modify":
        if (self.action, self.price, self.discount_pct, self.units) == (None, None, None, None):
            raise ValueError("a change says what else to do: action, price, discount_pct or units")
        return self

    def complaints(self, subject: Subject) -> Iterator[str]:
        """What the kind of the subject does not allow."""
        yield from kind_named(subject.kind).complaints(self.model_dump(), subject)


class Assign(Act):
    """Give it to a person."""

    name = w.ASSIGN
    assigned_to: Name


class Snooze(Act):
    """Set it aside until a day: the night of that day shows it again."""

    name = w.SNOOZE
    snoozed_until: dt.date

    def complaints(self, subject: Subject) -> Iterator[str]:
        """A day that has come already."""
        if subject.as_of is not None and self.snoozed_until <= subject.as_of:
            yield f"snoozed until {self.snoozed_until}, which is not after {subject.as_of}, the day of its run"


class Comment(Act):
    """Say something."""

    name = w.COMMENT

    @model_validator(mode="after")
    def _is_not_empty(self) -> "Comment":
        if self.comment is None:
            raise ValueError("a comment has words")
        return self


def parse_act(name: str, **fields: object) -> Act:
    """The act of that name, from what a form or a command line gave. Raises InputError naming every fault."""
    kinds = {kind.name: kind for kind in (Accept, Reject, Modify, Assign, Snooze, Comment)}
    if name not in kinds:
        raise InputError([Problem("act", f"{name!r} is no act", f"it is one of {', '.join(kinds)}")])
    given = {key: value for key, value in fields.items() if value is not None}
    try:
        return kinds[name].model_validate(given)
    except ValidationError as error:
        raise InputError(
            [
                Problem(".".join(map(str, detail["loc"])) or name, detail["msg"], "correct it and send it again")
                for detail in error.errors()
            ]
        ) from error
