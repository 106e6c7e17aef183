"""Answers: what stores said of the products they looked for, entered one by one or read from a file.

In: answers of a night. Out: those that were new. Nothing is changed or deleted: the latest answer on a store-SKU that
was not taken back counts. An answer that a screen sends has a key of its own and names what was painted when it was
given: it is kept once however often it arrives, and not at all where somebody answered meanwhile.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Annotated, Any, Final

import polars as pl
from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, Connection, select

from engine.decisions.acts import Name, Text
from engine.decisions.database import ANSWERING, insert_new, lock, read_rows, reading, writing
from engine.decisions.schema import answer as table_of_answers
from engine.decisions.shelf import words as sw
from engine.decisions.shelf.nights import judged_pairs
from engine.decisions.state import MOMENT
from engine.decisions.store import Decisions
from engine.errors import DarkshelfError, InputError, Problem
from engine.runs.registry import Run

ANSWER_SCHEMA: Final = pl.Schema(
    {
        "run_id": pl.String(),
        "store_id": pl.String(),
        "sku_id": pl.String(),
        "answer": pl.String(),
        "is_dark": pl.Boolean(),
        "cause": pl.String(),
        "note": pl.String(),
        "answered_by": pl.String(),
        "answered_at": MOMENT,
        "counted_units": pl.Float64(),
        "photo": pl.String(),
        "answer_key": pl.String(),
    }
)
"""Answers with what they say. is_dark: null where the answer does not tell. photo: see `photos`. answer_key: null
where it came in a file."""
MEANING: Final = ("is_dark", "cause")
KEY: Final = ("run_id", "store_id", "sku_id")
_NAME, _NOTE = TypeAdapter(Name), TypeAdapter(Text | None)
Units = Annotated[float, Field(ge=0, le=1e9)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{16,64}$")]
_UNITS, _KEY = TypeAdapter(Units | None), TypeAdapter(Key)


@dataclass(frozen=True)
class Given:
    """One answer on one store-SKU. answer: a key of `words.ANSWERS`. counted_units: how many there are, None where
    nobody counted. photo: the name of its file.
    """

    store_id: str
    sku_id: str
    answer: str
    note: str | None = None
    counted_units: float | None = None
    photo: str | None = None


class AnsweredMeanwhileError(DarkshelfError):
    """Somebody answered, or took back, after the question was painted: nothing was kept.

    answer: the row that counts now, None where none does.
    """

    def __init__(self, answer: Mapping[str, Any] | None) -> None:
        self.answer = answer
        what = "the answer was taken back"
        if answer is not None:
            said = sw.ANSWERS.get(answer["answer"])
            wording, when = said.wording if said else answer["answer"], answer["answered_at"]
            what = f"{answer['answered_by']} answered “{wording}” at {when:%Y-%m-%d %H:%M} UTC"
        super().__init__(f"{what}. Look at it and answer again")


def record(decisions: Decisions, run: Run, given: Sequence[Given], *, by: str, at: dt.datetime | None = None) -> int:
    """Keep answers that a person gave on store-SKUs of a night; returns how many were new.

    at: the moment of answering, by default now; the same answer of the same moment twice is one. Raises InputError
    with every fault, and then nothing is kept.
    """
    return keep(decisions, _checked(run, given, by, at or decisions.now()))


def give(decisions: Decisions, run: Run, given: Given, *, by: str, key: str, seen: str) -> bool:
    """Keep one answer that a screen sent; returns whether it was new.

    key: names it among all; the same one again is known already. seen: `version_of` what was painted. Raises
    AnsweredMeanwhileError where that is no longer the latest, InputError as `record`, and for a key that is none.
    """
    (row,) = _checked(run, [given], by, decisions.now(), [("key", _KEY, key)])
    return _add(decisions, {**row, "answer_key": key}, seen)


def take_back(decisions: Decisions, run: Run, store_id: str, sku_id: str, *, by: str, key: str, taken: str) -> bool:
    """Take back the latest answer on a store-SKU, so that the one before counts; returns whether it was new.

    key: names this act. taken: the key of the answer. Raises as `give`.
    """
    latest_one = _latest_on(decisions, (run.run_id, store_id, sku_id))
    said = latest_one["answer"] if latest_one is not None else sw.NOT_CHECKED
    keys = [("key", _KEY, key), ("takes_back", _KEY, taken)]
    (row,) = _checked(run, [Given(store_id, sku_id, said)], by, decisions.now(), keys)
    return _add(decisions, {**row, "answer_key": key, "takes_back": taken}, taken)


def version_of(answer: Mapping[str, Any] | None) -> str:
    """What tells the answer that counts from a later one: its key, its moment where it has none, empty for none."""
    return "" if answer is None else answer["answer_key"] or answer["answered_at"].isoformat()


def _add(decisions: Decisions, row: Mapping[str, Any], seen: str) -> bool:
    """Write a row unless its key is known already; what was seen has to be what counts."""
    columns = table_of_answers.c
    with writing(decisions.engine) as connection:
        lock(connection, ANSWERING)
        if connection.execute(select(columns.answer_key).where(columns.answer_key == row["answer_key"])).first():
            return False
        now = _standing(connection, [columns[name] == row[name] for name in KEY])
        counting = now.row(-1, named=True) if now.height else None
        if version_of(counting) != seen:
            raise AnsweredMeanwhileError(counting)
        insert_new(connection, table_of_answers, [row], columns.answer_id)
        return True


def _latest_on(decisions: Decisions, key: tuple[str, str, str]) -> Mapping[str, Any] | None:
    columns = table_of_answers.c
    with reading(decisions.engine) as connection:
        found = _standing(connection, [columns[name] == told for name, told in zip(KEY, key, strict=True)])
    return found.row(-1, named=True) if found.height else None


def _checked(
    run: Run,
    given: Sequence[Given],
    by: str,
    moment: dt.datetime,
    keys: Sequence[tuple[str, TypeAdapter[str], str]] = (),
) -> list[dict[str, Any]]:
    """The rows of answers. Raises InputError with every fault of theirs, and of the keys beside them."""
    judged = set(judged_pairs(run).rows())
    problems = [problem for each in given for problem in _faults(each, judged)]
    for name, kind, told in (("by", _NAME, by), *keys):
        try:
            kind.validate_python(told)
        except ValidationError as error:
            advice = "name the person who answers" if name == "by" else "send 16 to 64 letters and digits of its own"
            problems.append(Problem(name, error.errors()[0]["msg"], advice))
    if problems:
        raise InputError(problems)
    return [
        {
            "run_id": run.run_id,
            "store_id": str(each.store_id),
            "sku_id": str(each.sku_id),
            "answer": each.answer,
            "note": _NOTE.validate_python(each.note),
            "counted_units": each.counted_units,
            "photo": each.photo,
            "answered_by": _NAME.validate_python(by),
            "answered_at": moment,
        }
        for each in given
    ]


def keep(decisions: Decisions, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write checked rows of the table of answers, all or none; returns how many were not there yet."""
    with writing(decisions.engine) as connection:
        return len(insert_new(connection, table_of_answers, rows, table_of_answers.c.answer_id))


def latest(decisions: Decisions, run_ids: Sequence[str] | None = None) -> pl.DataFrame:
    """The latest answer on every store-SKU and night, of some nights or of all. Columns: `ANSWER_SCHEMA`."""
    found = every(decisions, run_ids)
    return found.unique(KEY, keep="last", maintain_order=True)


def every(
    decisions: Decisions, run_ids: Sequence[str] | None = None, since: dt.datetime | None = None
) -> pl.DataFrame:
    """Every answer that was not taken back, by night and store-SKU, the latest last. Columns: `ANSWER_SCHEMA`.

    run_ids: of these nights alone. since: given at this moment or later.
    """
    columns = table_of_answers.c
    of_runs = () if run_ids is None else (columns.run_id.in_(list(run_ids)),)
    where = of_runs if since is None else (*of_runs, columns.answered_at >= since)
    with reading(decisions.engine) as connection:
        return _standing(connection, where)


def _standing(connection: Connection, where: Sequence[ColumnElement[bool]]) -> pl.DataFrame:
    """The answers under conditions that were not taken back, by night and store-SKU, the latest last."""
    kept = {name: kind for name, kind in ANSWER_SCHEMA.items() if name not in MEANING}
    schema = {**kept, "takes_back": pl.String()}
    columns = table_of_answers.c
    order = (*(columns[name] for name in KEY), columns.answered_at, columns.answer_id)
    rows = pl.DataFrame(read_rows(connection, table_of_answers, schema, where, order), schema=schema, orient="row")
    gone = pl.col("answer_key").is_in(rows["takes_back"].drop_nulls().implode()).fill_null(value=False)
    return rows.filter(pl.col("takes_back").is_null() & ~gone).with_columns(meaning()).select(*ANSWER_SCHEMA)


def meaning() -> list[pl.Expr]:
    """What the column `answer` says: `is_dark` and `cause`. A word that is no longer known tells nothing."""
    dark = {word: each.is_dark for word, each in sw.ANSWERS.items()}
    cause = {word: each.cause for word, each in sw.ANSWERS.items()}
    return [
        pl.col("answer").replace_strict(dark, default=None, return_dtype=pl.Boolean).alias("is_dark"),
        pl.col("answer").replace_strict(cause, default=None, return_dtype=pl.String).alias("cause"),
    ]


def _faults(given: Given, judged: Set[tuple[Any, ...]]) -> Iterator[Problem]:
    where = f"store {given.store_id}, SKU {given.sku_id}"
    if given.answer not in sw.ANSWERS:
        yield Problem(where, f"answer {given.answer!r} is none there is", f"it is one of {', '.join(sw.ANSWERS)}")
    if (str(given.store_id), str(given.sku_id)) not in judged:
        yield Problem(where, "was not judged in that night", "name a store-SKU of the night")
    for name, kind, told in (("note", _NOTE, given.note), ("count", _UNITS, given.counted_units)):
        try:
            kind.validate_python(told)
        except ValidationError as error:
            yield Problem(where, f"{name} {error.errors()[0]['msg']}", "correct it and send it again")
