"""Deciding: from what a form sent to an act in the database, and from its outcome to words.

In: a session, subjects with the versions that the reader saw, the name of an act and its fields. Out: a `Reply`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.decisions import acts
from engine.decisions import words as w
from engine.decisions.outcome import ConflictError, Outcome
from engine.decisions.store import Progress
from engine.decisions.subjects import Subject
from engine.errors import DarkshelfError, ProblemsError
from panel_app.language import say
from panel_app.session import Session
from panel_app.state import whole

NOBODY: Final = "dashboard"
"""Who decides where nobody logs in."""
FIELDS: Final = {
    w.ACCEPT: ("comment",),
    w.REJECT: ("reason", "comment"),
    w.MODIFY: ("action", "price", "discount_pct", "units", "comment"),
    w.ASSIGN: ("assigned_to", "comment"),
    w.SNOOZE: ("snoozed_until", "comment"),
    w.COMMENT: ("comment",),
}
"""What each act takes from its form."""


@dataclass(frozen=True)
class Reply:
    """What became of an act. kind: done, conflict or refused.

    batch: of many, what can be taken back together. last: of one, its new version and its id, see `seen_in`.
    """

    kind: str
    text: str
    batch: str | None = None
    last: str | None = None


def seen_in(text: str) -> tuple[int, str]:
    """The version that a reader saw and the id of the subject, of a form or button that says `3 12_1_2026-02-14`."""
    version, _, subject_id = text.partition(" ")
    return whole(version), subject_id


def decide_on(session: Session, subject: Subject, version: int, act: str, fields: Mapping[str, str]) -> Reply:
    """One act on one subject, as the reader saw it at `version`."""
    if refused := _refused(session):
        return refused
    by = session.user or NOBODY
    try:
        if act == w.UNDO:
            session.decisions.undo(subject, by=by, version=version)
            return Reply("done", say("Undone."))
        new = session.decisions.decide(subject, _act(act, fields), by=by, version=version)
    except ConflictError as error:
        meanwhile = "; ".join(map(str, error.conflict.meanwhile))
        return Reply(
            "conflict", say("Not saved: somebody decided meanwhile. {1}. Look at it and decide again.", meanwhile)
        )
    except DarkshelfError as error:
        return Reply("refused", sentence(error))
    return Reply("done", say("Saved: {1}.", say(w.DECISIONS.get(act, act))), last=f"{new} {subject.subject_id}")


def decide_on_all(
    session: Session,
    chosen: Sequence[Subject],
    versions: Mapping[str, int],
    act: str,
    fields: Mapping[str, str],
    progress: Progress = lambda done, of: None,
) -> Reply:
    """One act on many subjects at once; what others decided meanwhile stays as they left it, and is told."""
    if refused := _refused(session):
        return refused
    try:
        by = session.user or NOBODY
        act_asked = _act(act, fields)
        outcome = session.decisions.decide_many(chosen, act_asked, by=by, versions=versions, progress=progress)
    except DarkshelfError as error:
        return Reply("refused", sentence(error))
    return Reply("conflict" if outcome.conflicts else "done", _in_words(outcome), outcome.batch)


def undo_many(session: Session, batch: str, progress: Progress = lambda done, of: None) -> Reply:
    """Take back a bulk act wherever nothing was decided since."""
    if refused := _refused(session):
        return refused
    try:
        outcome = session.decisions.undo_batch(batch, by=session.user or NOBODY, progress=progress)
    except DarkshelfError as error:
        return Reply("refused", sentence(error))
    return Reply("conflict" if outcome.conflicts else "done", f"{say('Undone.')} {_in_words(outcome)}")


def _in_words(outcome: Outcome) -> str:
    """What became of an act on many; where somebody was faster it is told as everywhere."""
    return str(outcome) if outcome.conflicts else say("{1} saved.", f"{len(outcome.versions):,}")


def objection(session: Session, act: str, fields: Mapping[str, str]) -> Reply | None:
    """Why an act cannot be done on anything, by what its form says; None where it can."""
    if refused := _refused(session):
        return refused
    try:
        _act(act, fields)
    except DarkshelfError as error:
        return Reply("refused", sentence(error))
    return None


def _act(name: str, fields: Mapping[str, str]) -> acts.Act:
    given = {key: fields[key].strip() for key in FIELDS.get(name, ()) if fields.get(key, "").strip()}
    return acts.parse_act(name, **given)


def _refused(session: Session) -> Reply | None:
    if session.is_over():
        return Reply("refused", say("Not saved: you are logged out. Load the page again and log in."))
    return None if session.may_decide else Reply("refused", say("You may look, not decide."))


def sentence(error: DarkshelfError) -> str:
    """Why an act was not taken, every problem in a sentence."""
    if isinstance(error, ProblemsError):
        return say("Not saved. {1}", " ".join(f"{problem.where}: {problem.what}." for problem in error.problems))
    return say("Not saved. {1}", error)
