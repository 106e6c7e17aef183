"""Subscriptions: who hears what of which desk, when and where, from a TOML file.

In: the file. Out: `AlertSettings`, every fault told at once. What a subscription says is never repeated in a fault:
it may be a secret that was put into the wrong place.
"""

import difflib
import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from engine.decisions.alerts.addresses import fault_of
from engine.errors import NotFoundError, Problem, SettingsError
from engine.outputs.desks import Desk, desk_named, desks
from engine.settings.frozen import Frozen, RunSettings
from engine.settings.loading import read_tree

REPORT: Final = "report"
"""What every desk can be subscribed to beside its own kinds: the page of every run."""
ADVICE: Final = "see the keys of a subscription in  docs/alerts.md"
ANY_WEEK: Final = "2026-01-05"
Plain = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Subscription(Frozen):
    """One person or group, and what of a desk's runs they are told."""

    name: Plain = Field(description="What it is called; what was sent is kept under this name.")
    who: Plain = Field(description="Whom it reaches, in words.")
    desk: Plain = Field(description="The desk whose runs it is about.")
    about: Plain = Field(description="A kind of finding of that desk, or report for the page of the run.")
    to: Plain = Field(repr=False, description="The channel as a URL, secrets as ${NAME} from the environment.")
    when: Literal["every run", "weekly"] = Field("every run", description="Weekly: the first run of a calendar week.")
    where: dict[str, tuple[str, ...]] = Field({}, description="By column the values that count; all without.")
    at_least: dict[str, float] = Field({}, description="By column the least that counts.")
    by: str = Field("", description="The column by which a digest is put together; one list without.")
    most: int = Field(10, ge=1, le=100, description="Findings told one by one, of every part of a digest.")
    attach_report: bool = Field(False, description="Whether the page of the run goes with it, where a channel can.")

    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that differ when it asks for something else."""
        asked = (self.desk, self.about, sorted(self.where.items()), sorted(self.at_least.items()))
        return hashlib.blake2b(json.dumps(asked).encode(), digest_size=8).hexdigest()


class DeliverySettings(Frozen):
    """How hard a channel is tried."""

    tries: int = Field(3, ge=1, le=10, description="Tries within a call.")
    pause_seconds: float = Field(1.0, ge=0, le=10, description="Between two tries.")
    timeout_seconds: float = Field(10.0, ge=0.1, le=60, description="So long a receiver may take to answer.")

    @property
    def longest_seconds(self) -> float:
        """No call takes longer with one subscription: to connect, to read and to pause, doubled."""
        return 2 * self.tries * (2 * self.timeout_seconds + self.pause_seconds)


class AlertSettings(RunSettings):
    """Everything `darkshelf alert` is told."""

    delivery: DeliverySettings = DeliverySettings()
    subscription: tuple[Subscription, ...] = Field(
        (), max_length=1000, description="Who hears what: the page of alerts has the keys."
    )


def load_subscriptions(path: Path) -> AlertSettings:
    """The subscriptions of a file. Raises SettingsError with every fault of it."""
    tree, _ = read_tree(path, (), ())
    try:
        settings = AlertSettings.model_validate(tree)
    except ValidationError as error:
        told = [_complaint(tree, dict(detail)) for detail in error.errors(include_input=False, include_url=False)]
        raise SettingsError(told) from None
    problems = [problem for each in settings.subscription for problem in _faults(each)]
    names = [each.name for each in settings.subscription]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems += [Problem(f"subscription {name!r}", "is there twice", "give each its own name") for name in twice]
    if not names:
        problems.append(Problem(str(path), "has no subscription", ADVICE))
    if problems:
        raise SettingsError(problems)
    return settings


def _complaint(tree: dict[str, Any], detail: dict[str, Any]) -> Problem:
    """A fault of the file by the name of its subscription, without what was given."""
    section, *place = map(str, detail["loc"])
    where = section
    if section == "subscription" and place:
        name = tree["subscription"][int(place[0])]
        name = name.get("name") if isinstance(name, dict) else None
        where, place = f"subscription {name if isinstance(name, str) else int(place[0]) + 1!r}", place[1:]
    key = ".".join(place)
    if detail["type"] == "extra_forbidden":
        sections: dict[str, type[Frozen]] = {"subscription": Subscription, "delivery": DeliverySettings}
        known = sections.get(section, AlertSettings).model_fields
        return Problem(f"{where}: {key}" if key else where, "is no setting", _nearest(key or section, known))
    return Problem(f"{where}: {key}" if key else where, detail["msg"], ADVICE)


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"it is one of {', '.join(known)}"


def _faults(asked: Subscription) -> Iterator[Problem]:
    """What of a subscription its desk does not know, and what is wrong with its address."""
    place = f"subscription {asked.name!r}"
    fault = fault_of(asked.to)
    if fault is not None:
        yield Problem(f"{place}: to", *fault)
    try:
        desk = desk_named(asked.desk)
    except NotFoundError:
        yield Problem(f"{place}: desk", f"there is no desk {asked.desk!r}", _nearest(asked.desk, _names()))
        return
    if asked.when == "weekly" and not isinstance(_moment(desk), date):
        yield Problem(f"{place}: when", f"runs of the {desk.name} desk are of no day", "leave it out: every run")
    yield from _unknown_of(asked, desk, place)


def _names() -> list[str]:
    return [desk.name for desk in desks()]


def _moment(desk: Desk) -> Any:
    try:
        return desk.moment(ANY_WEEK)
    except ValueError:
        return None


def _unknown_of(asked: Subscription, desk: Desk, place: str) -> Iterator[Problem]:
    """The columns that a kind of finding does not have."""
    kinds = [*desk.alerts, REPORT]
    if asked.about not in kinds:
        yield Problem(f"{place}: about", f"the {desk.name} desk has no {asked.about!r}", _nearest(asked.about, kinds))
        return
    kind = desk.alerts.get(asked.about)
    texts, numbers = (kind.texts, kind.numbers) if kind else ((), ())
    named = (("where", asked.where, texts), ("at_least", asked.at_least, numbers), ("by", [asked.by], ("", *texts)))
    for key, columns, known in named:
        for column in columns:
            if column not in known:
                what = f"{asked.about} have no {'number' if key == 'at_least' else 'text'} {column!r} here"
                yield Problem(f"{place}: {key}", what, _nearest(column, known) if known else "leave it out")
