"""Store: the history of decisions, written by many at once. Nothing in it is ever changed or deleted.

In: subjects, acts, and the version each act was made on. Out: what was done, what somebody else was faster with, and
the state. Grain: one entry per act on a subject.
"""

import datetime as dt
import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import polars as pl
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, Connection, Engine, and_, func, select

from engine.decisions import words as w
from engine.decisions.acts import Act, Name
from engine.decisions.database import insert_new, open_database, read_rows, reading, writing
from engine.decisions.outcome import Conflict, ConflictError, Entry, Outcome
from engine.decisions.schema import answer, entry
from engine.decisions.state import ENTRY_SCHEMA, STATE_SCHEMA, fold, standing_of
from engine.decisions.subjects import Subject
from engine.errors import InputError, Problem

MOST_NAMED = 500
"""More subjects than this are looked up as their whole run: databases bound the values of a statement."""
PART = 250
"""Subjects of one transaction: who decides on one case meanwhile waits no longer than these take."""
PAUSE_SECONDS = 0.01
"""Between two transactions of one act: so long the database is anybody's."""
LATE_KEYS = 10_000
"""A transaction that is under way is no more keys behind than this."""
NAME = TypeAdapter(Name)
Progress = Callable[[int, int], None]
"""Called with how many of how many are done."""


def _untold(done: int, of: int) -> None:
    """Nobody waits for it."""


def utc_now() -> dt.datetime:
    """The clock that decisions are stamped with."""
    return dt.datetime.now(dt.UTC)


def open_decisions(out: Path, url: str | None = None) -> "Decisions":
    """The decisions on the runs under `out`, in SQLite beside them or in the database that the URL names.

    Raises as `database.open_database`.
    """
    return Decisions(open_database(out, url))


class Decisions:
    """Everything that was decided. Safe to share between threads; each process opens its own."""

    def __init__(self, engine: Engine, now: Callable[[], dt.datetime] = utc_now) -> None:
        self.engine = engine
        self.now = now
        self._turn = Lock()

    def close(self) -> None:
        """Let go of the connections."""
        self.engine.dispose()

    def decide(self, subject: Subject, act: Act, *, by: str, version: int) -> int:
        """Do one act on one subject; returns its new version.

        version: the one the person saw, 0 where nothing was decided yet. Raises ConflictError when it is no longer
        the last, InputError when the act does not suit the subject.
        """
        return _only(self.decide_many([subject], act, by=by, versions={subject.subject_id: version}))

    def decide_many(
        self,
        subjects: Sequence[Subject],
        act: Act,
        *,
        by: str,
        versions: Mapping[str, int],
        progress: Progress = _untold,
    ) -> Outcome:
        """Do one act on many subjects of one run, `PART` in a transaction; conflicts are listed, the others are done.

        versions: by subject id, 0 where it has none. Raises InputError when the act suits one of them badly; then
        nothing is written.
        """
        problems = [
            Problem(subject.subject_id, complaint, "correct it and send it again")
            for subject in subjects
            for complaint in act.complaints(subject)
        ]
        if problems:
            raise InputError(problems)
        fields = {"act": act.name, **act.model_dump()}
        return self._append([(subject, fields) for subject in subjects], by, versions, progress)

    def undo(self, subject: Subject, *, by: str, version: int) -> int:
        """Take back the last entry in effect; returns the new version. Raises ConflictError, and InputError
        when there is nothing to take back.
        """
        entries = self._frame(_of([subject]), entry.c.version <= version)
        standing = standing_of(entries)["version"]
        if standing.is_empty():
            raise InputError([Problem(subject.subject_id, "has nothing to undo", "decide instead")])
        undoing = {"act": w.UNDO, "undoes": int(standing[-1])}
        return _only(self._append([(subject, undoing)], by, {subject.subject_id: version}, _untold))

    def undo_batch(self, batch: str, *, by: str, progress: Progress = _untold) -> Outcome:
        """Take back an act on many, wherever nothing was written since; elsewhere it stays and is a conflict."""
        with reading(self.engine) as connection:
            rows = list(_read(connection, entry.c.batch == batch).sort("subject_id").iter_rows(named=True))
        if not rows:
            raise InputError([Problem("batch", f"{batch!r} is none that was saved", "name the batch of an outcome")])
        subjects = [
            Subject(
                row["kind"],
                row["run_id"],
                row["subject_id"],
                row["store_id"],
                row["sku_id"],
                row["detection_date"],
                last_dark_date=row["last_dark_date"],
                as_of=row["as_of"],
            )
            for row in rows
        ]
        undoing = [{"act": w.UNDO, "undoes": row["version"]} for row in rows]
        versions = {row["subject_id"]: row["version"] for row in rows}
        return self._append(list(zip(subjects, undoing, strict=True)), by, versions, progress)

    def state(self, run_id: str, ids: Sequence[str] | None = None, *, kind: str | None = None) -> pl.DataFrame:
        """What is in effect on the subjects of a run that anybody touched, sorted by id. Columns: `STATE_SCHEMA`.

        kind: of this kind alone.

        A subject that is not in it is undecided, at version 0.
        """
        entries = self._frame(*_within(kind, run_id, ids))
        return fold(entries if ids is None else entries.filter(pl.col("subject_id").is_in(list(ids))))

    def state_of_kind(self, kind: str) -> pl.DataFrame:
        """The same of every run that anybody decided on, those that are gone too, of one kind."""
        return fold(self._frame(entry.c.kind == kind))

    def state_of_runs(self, run_ids: Sequence[str], *, kind: str | None = None) -> pl.DataFrame:
        """The same of several runs."""
        parts = [self.state(run_id, kind=kind) for run_id in run_ids]
        return pl.concat([pl.DataFrame(schema=STATE_SCHEMA), *parts])

    def entries(self, run_id: str) -> pl.DataFrame:
        """Every entry on a run, in the order of writing, undone ones too. Columns: `ENTRY_SCHEMA`."""
        return self._frame(entry.c.run_id == run_id).sort("decided_at", maintain_order=True)

    def history(self, subject: Subject) -> list[Entry]:
        """Every entry on a subject, oldest first."""
        frame = self._frame(_of([subject]))
        return [_entry(row) for row in frame.iter_rows(named=True)]

    def history_of_pair(self, store_id: object, sku_id: object) -> pl.DataFrame:
        """Every entry on a store-SKU whatever the night, in the order of writing. Columns: `ENTRY_SCHEMA`."""
        of_pair = (entry.c.store_id == str(store_id), entry.c.sku_id == str(sku_id))
        return self._frame(*of_pair).sort("decided_at", "run_id", "version", maintain_order=True)

    def entries_of_other_runs(
        self, kind: str, run_id: str, as_of: dt.date, since: dt.date, store_id: str | None = None
    ) -> pl.DataFrame:
        """Every entry of a kind on other runs up to a day, on what lasted until `since` or later.

        store_id: of this store alone.

        Columns: `ENTRY_SCHEMA`.
        """
        of_store = () if store_id is None else (entry.c.store_id == store_id,)
        last_dark = func.coalesce(entry.c.last_dark_date, entry.c.detection_date)
        return self._frame(*of_store, *_of_others(kind, run_id), entry.c.as_of <= as_of, last_dark >= since)

    def entries_between(self, after: int, until: int, *conditions: ColumnElement[bool]) -> pl.DataFrame:
        """Entries by the keys that the database gave them, above one and up to another. Columns: `ENTRY_SCHEMA`."""
        return self._frame(entry.c.entry_id > after, entry.c.entry_id <= until, *conditions)

    def revision_of_other_runs(self, kind: str, run_id: str) -> int:
        """A number that grows with every entry of a kind on another run."""
        with reading(self.engine) as connection:
            return _grown(connection, entry.c.entry_id, *_of_others(kind, run_id))

    def count(self) -> int:
        """How many entries there are."""
        with reading(self.engine) as connection:
            return connection.execute(select(func.count()).select_from(entry)).scalar_one()

    def revision(self) -> int:
        """A number that grows with every entry and every answer: as long as it stays, nothing has changed."""
        with reading(self.engine) as connection:
            return _grown(connection, entry.c.entry_id) + _grown(connection, answer.c.answer_id)

    def _append(
        self,
        acts: Sequence[tuple[Subject, Mapping[str, Any]]],
        by: str,
        versions: Mapping[str, int],
        progress: Progress,
    ) -> Outcome:
        """Write one further entry for every subject that is at its version still."""
        written = {"batch": uuid.uuid4().hex, "decided_by": _name(by), "decided_at": self.now()}
        if acts:
            _one_run([subject for subject, _ in acts])
        # In one order for everybody: two that write the same rows cannot wait for each other.
        ordered = sorted({subject.subject_id: (subject, fields) for subject, fields in acts}.items())
        done: dict[str, int] = {}
        conflicts: list[Conflict] = []
        for start in range(0, len(ordered), PART):
            if start:
                time.sleep(PAUSE_SECONDS)
            part = [each for _, each in ordered[start : start + PART]]
            versions_of_part, late = self._append_part(part, versions, written)
            done.update(versions_of_part)
            conflicts += late
            progress(start + len(part), len(ordered))
        return Outcome(str(written["batch"]), done, tuple(conflicts))

    def _append_part(
        self,
        part: Sequence[tuple[Subject, Mapping[str, Any]]],
        versions: Mapping[str, int],
        written: Mapping[str, Any],
    ) -> tuple[dict[str, int], list[Conflict]]:
        """One transaction of `_append`. written: what all its entries have in common."""
        subjects = [subject for subject, _ in part]
        # Whoever waits for the lock gets it at the pause, which the lock of a database alone does not promise.
        with self._turn, writing(self.engine) as connection:
            heads = _heads(connection, subjects)
            rows = [
                {**_row(subject, fields, seen), **written}
                for subject, fields in part
                for seen in (versions.get(subject.subject_id, 0),)
                if seen == heads.get(subject.subject_id, 0)
            ]
            saved = insert_new(connection, entry, rows, entry.c.subject_id)
            done = {subject_id: versions.get(subject_id, 0) + 1 for subject_id in saved}
            late = [subject for subject in subjects if subject.subject_id not in done]
            return done, _conflicts(connection, late, versions)

    def _frame(self, *conditions: ColumnElement[bool]) -> pl.DataFrame:
        with reading(self.engine) as connection:
            return _read(connection, *conditions)


def _of_others(kind: str, run_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The entries of a kind on other runs."""
    return entry.c.kind == kind, entry.c.run_id != run_id


def _grown(connection: Connection, key: ColumnElement[int], *conditions: ColumnElement[bool]) -> int:
    """A number that grows with every row under the conditions.

    The highest key alone would not: a transaction that took a lower one may commit later. Such rows are counted.
    """
    newest = connection.execute(select(func.max(key)).where(*conditions)).scalar() or 0
    behind = connection.execute(select(func.count()).where(key > newest - LATE_KEYS, *conditions)).scalar_one()
    return int(newest * (LATE_KEYS + 1) + behind)


def _name(by: str) -> str:
    try:
        return NAME.validate_python(by)
    except ValidationError as error:
        raise InputError([Problem("by", error.errors()[0]["msg"], "name the person who decides")]) from error


def _only(outcome: Outcome) -> int:
    """The new version of the one subject. Raises ConflictError."""
    if outcome.conflicts:
        raise ConflictError(outcome.conflicts[0])
    return next(iter(outcome.versions.values()))


def _row(subject: Subject, fields: Mapping[str, Any], version: int) -> dict[str, Any]:
    unset = dict.fromkeys(ENTRY_SCHEMA)
    return {
        **unset,
        "kind": subject.kind,
        "run_id": subject.run_id,
        "subject_id": subject.subject_id,
        "store_id": subject.store_id,
        "sku_id": subject.sku_id,
        "detection_date": subject.detection_date,
        "last_dark_date": subject.last_dark_date,
        "as_of": subject.as_of,
        "attributes": json.dumps(dict(subject.attributes), sort_keys=True) if subject.attributes else None,
        **fields,
        "version": version + 1,
    }


def _heads(connection: Connection, subjects: Sequence[Subject]) -> dict[str, int]:
    """The last version of each subject that has one."""
    newest = select(entry.c.subject_id, func.max(entry.c.version).label("version")).where(_of(subjects))
    return {row.subject_id: row.version for row in connection.execute(newest.group_by(entry.c.subject_id))}


def _conflicts(connection: Connection, late: Sequence[Subject], versions: Mapping[str, int]) -> list[Conflict]:
    if not late:
        return []
    meanwhile: dict[str, list[Entry]] = {subject.subject_id: [] for subject in late}
    for row in _read(connection, _of(late)).iter_rows(named=True):
        if row["version"] > versions.get(row["subject_id"], 0) and row["subject_id"] in meanwhile:
            meanwhile[row["subject_id"]].append(_entry(row))
    ahead = [
        Problem(each, "is not at the version named", "read its state again")
        for each in meanwhile
        if not meanwhile[each]
    ]
    if ahead:
        raise InputError(ahead)
    return [Conflict(each, versions.get(each, 0), tuple(entries)) for each, entries in meanwhile.items()]


def _of(subjects: Sequence[Subject]) -> ColumnElement[bool]:
    """The entries of subjects, which are of one run; of many subjects, those of their run."""
    kind, run_id = _one_run(subjects)
    return and_(*_within(kind, run_id, [subject.subject_id for subject in subjects]))


def _one_run(subjects: Sequence[Subject]) -> tuple[str, str]:
    runs = {(subject.kind, subject.run_id) for subject in subjects}
    if len(runs) != 1:
        raise InputError([Problem("subjects", f"are of {len(runs)} runs", "decide on one run at a time")])
    return runs.pop()


def _within(kind: str | None, run_id: str, ids: Sequence[str] | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [entry.c.run_id == run_id]
    if kind is not None:
        conditions.append(entry.c.kind == kind)
    if ids is not None and len(ids) <= MOST_NAMED:
        conditions.append(entry.c.subject_id.in_(ids))
    return conditions


def _read(connection: Connection, *conditions: ColumnElement[bool]) -> pl.DataFrame:
    order = (entry.c.run_id, entry.c.subject_id, entry.c.version)
    rows = read_rows(connection, entry, ENTRY_SCHEMA, conditions, order)
    return pl.DataFrame(rows, schema=ENTRY_SCHEMA, orient="row")


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(**{name: row[name] for name in Entry.__dataclass_fields__})
