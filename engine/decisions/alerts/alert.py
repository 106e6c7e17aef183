"""Alert: tells every subscription of a desk what is new of a run, once.

In: a run, subscriptions, the environment. Out: an `Alerted` per subscription of the run's desk. What did not arrive
is tried again by the next call, with all that became new since the last that did.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from engine.decisions.alerts import told
from engine.decisions.alerts.addresses import resolve
from engine.decisions.alerts.channels import Message, deliver, need_apprise
from engine.decisions.alerts.digest import body_of, news, title_of
from engine.decisions.alerts.subscriptions import REPORT, AlertSettings, DeliverySettings, Subscription
from engine.decisions.reporting import page_of
from engine.decisions.store import Decisions
from engine.errors import NotFoundError
from engine.outputs.desks import desk_of
from engine.outputs.document import write_document
from engine.outputs.shown import as_text
from engine.runs.registry import Registry, Run

WOULD_BE_SENT: Final = "would be sent"
SENT_BEFORE: Final = "sent before"
NOT_DUE: Final = "not due"
NOTHING_THERE: Final = "nothing there"
BUSY: Final = "busy"
UNDELIVERED: Final = (told.FAILED, BUSY)
Environment = Mapping[str, str]


@dataclass(frozen=True)
class Alerted:
    """What became of one subscription. to: its address as it is written down, without secrets. new: findings told or
    to be told. reason: why it failed or has nothing to say, "" otherwise. title, body: the message, "" for none.
    """

    name: str
    who: str
    to: str
    outcome: str
    new: int = 0
    reason: str = ""
    title: str = ""
    body: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Draft:
    """A message to be, before anything goes with it."""

    title: str
    body: str
    new: int
    notes: tuple[str, ...] = ()
    with_report: bool = False


def alert(
    decisions: Decisions,
    registry: Registry,
    run: Run,
    settings: AlertSettings,
    environment: Environment,
    *,
    only: Sequence[str] = (),
    dry_run: bool = False,
) -> list[Alerted]:
    """Tell the subscriptions of the run's desk, all or those named, in the order of their names.

    dry_run: say what would be sent, send and keep nothing. Raises NotFoundError for a subscription that is named and
    is none, InputError where apprise is not installed, DamagedRunError, and as the database does.
    """
    known = [each.name for each in settings.subscription]
    missing = next((name for name in only if name not in known), None)
    if missing is not None:
        raise NotFoundError(f"there is no subscription {missing!r}; there are {', '.join(known)}")
    if not dry_run:
        need_apprise()
    wanted = [each for each in settings.subscription if each.desk == run.desk and (not only or each.name in only)]
    teller = _Teller(decisions, registry, run, settings.delivery, environment)
    return [teller.tell(each, dry_run=dry_run) for each in sorted(wanted, key=lambda each: each.name)]


@dataclass(frozen=True)
class _Teller:
    """What all subscriptions of a call share."""

    decisions: Decisions
    registry: Registry
    run: Run
    delivery: DeliverySettings
    environment: Environment

    def tell(self, asked: Subscription, *, dry_run: bool) -> Alerted:
        """Tell one subscription."""
        steps = told.steps(self.decisions, asked)
        here = [step for step in steps if step.run_id == self.run.run_id]
        settled = [step for step in steps if step.outcome in told.SETTLED]
        if any(step.outcome in told.SETTLED for step in here):
            return self._said(asked, SENT_BEFORE)
        if here and here[-1].outcome == told.BEGUN and self._is_recent(here[-1]):
            return self._said(asked, BUSY, reason="another process is sending it")
        if asked.when == "weekly" and any(_week(step.as_of) == _week(self.run.as_of) for step in settled):
            return self._said(asked, NOT_DUE, reason="this week was told")
        draft = self._draft(asked, settled)
        if draft is None:
            return self._said(asked, NOTHING_THERE, reason=f"the run has no {asked.about}")
        number = here[-1].number + 1 if here else 1
        if draft.new == 0:
            if not dry_run:
                told.write(self.decisions, asked, self.run, number, told.QUIET, 0)
            return self._said(asked, told.QUIET, draft, "nothing is new")
        return self._said(asked, WOULD_BE_SENT, draft) if dry_run else self._send(asked, draft, number)

    def _send(self, asked: Subscription, draft: _Draft, number: int) -> Alerted:
        if not told.write(self.decisions, asked, self.run, number, told.BEGUN, draft.new):
            return self._said(asked, BUSY, reason="another process is sending it")
        reason = self._deliver(asked, draft)
        outcome = told.SENT if reason is None else told.FAILED
        told.write(self.decisions, asked, self.run, number + 1, outcome, draft.new)
        return self._said(asked, outcome, draft, reason or "")

    def _deliver(self, asked: Subscription, draft: _Draft) -> str | None:
        address = resolve(asked.to, self.environment)
        if isinstance(address, str):
            return f"the environment variable {address} is not set"
        with TemporaryDirectory() as folder:
            page = None
            if draft.with_report:
                page = Path(folder) / f"{self.run.desk}-{self.run.run_id}.html"
                write_document(page_of(self.decisions, self.registry, self.run), page)
            return deliver(address, Message(draft.title, draft.body, page), self.delivery)

    def _draft(self, asked: Subscription, settled: Sequence[told.Step]) -> _Draft | None:
        desk = desk_of(self.run)
        if asked.about == REPORT:
            title = f"The {desk.name} desk, {self.run.as_of}: {desk.headline(self.run.manifest)}"
            whose = f"Run {self.run.run_id}. Subscription {asked.name}, for {asked.who}."
            return _Draft(title, f"{as_text(desk.shown(self.run))}\n\n{whose}", 1, with_report=True)
        kind = desk.alerts[asked.about]
        before, notes = self._told_last(settled)
        found = news(kind, asked, self.run, before)
        if found is None:
            return None
        title, body = title_of(kind, found, self.run), body_of(kind, asked, found, self.run)
        return _Draft(title, body, found.rows.height, (*notes, *found.notes), asked.attach_report)

    def _told_last(self, settled: Sequence[told.Step]) -> tuple[Run | None, tuple[str, ...]]:
        """The run that was told last; None, with a note, where it is gone."""
        if not settled:
            return None, ()
        try:
            return self.registry.find(settled[-1].run_id), ()
        except NotFoundError:
            return None, (f"the run told last, {settled[-1].run_id}, is gone: everything counts as new",)

    def _is_recent(self, step: told.Step) -> bool:
        return self.decisions.now() - step.at < dt.timedelta(seconds=self.delivery.longest_seconds)

    def _said(self, asked: Subscription, outcome: str, draft: _Draft | None = None, reason: str = "") -> Alerted:
        told_of = draft or _Draft("", "", 0)
        return Alerted(
            asked.name,
            asked.who,
            asked.to,
            outcome,
            told_of.new,
            reason,
            told_of.title if told_of.new else "",
            told_of.body if told_of.new else "",
            told_of.notes,
        )


def _week(as_of: str) -> tuple[int, int]:
    return dt.date.fromisoformat(as_of).isocalendar()[:2]
