"""Deciding on cases by their ids."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from engine.decisions.shelf.cases import cases
from engine.decisions.store import Progress
from engine.errors import DarkshelfError
from engine.runs.registry import Run
from panel_app.deciding import Reply, decide_on, decide_on_all, sentence
from panel_app.language import say
from panel_app.session import Session
from panel_app.stores.shelf import Night
from panel_app.stores.shelf_settings import ShelfPageSettings


def decide(session: Session, case_id: str, version: int, act: str, fields: Mapping[str, str]) -> Reply:
    """One act on one case, as the reader saw it at `version`."""
    try:
        (subject,) = cases(session.run, [case_id])
    except DarkshelfError as error:
        return Reply("refused", sentence(error))
    return decide_on(session, subject, version, act, fields)


def decide_many(
    session: Session,
    run: Run,
    case_ids: Sequence[str],
    versions: Mapping[str, int],
    act: str,
    fields: Mapping[str, str],
    progress: Progress = lambda done, of: None,
) -> Reply:
    """One act on many cases at once; what others decided meanwhile stays as they left it, and is told."""
    if not case_ids:
        return Reply("refused", say("No case is chosen."))
    try:
        chosen = cases(run, case_ids)
    except DarkshelfError as error:
        return Reply("refused", sentence(error))
    return decide_on_all(session, chosen, versions, act, fields, progress)


def snoozed_until(night: Night) -> date:
    """The day that is offered to snooze until."""
    days = night.settings.of(ShelfPageSettings).snooze_days
    return date.fromisoformat(night.as_of) + timedelta(days=days)
