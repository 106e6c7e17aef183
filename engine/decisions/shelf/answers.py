"""Answers: what stores said of the products they looked for, entered one by one or read from a file.

In: answers of a night. Out: those that were new; nothing is changed, and the latest answer on a store-SKU counts.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from pydantic import TypeAdapter, ValidationError

from engine.decisions.acts import Name, Text
from engine.decisions.database import insert_new, read_rows, reading, writing
from engine.decisions.schema import answer as table_of_answers
from engine.decisions.shelf import words as sw
from engine.decisions.shelf.nights import judged_pairs
from engine.decisions.state import MOMENT
from engine.decisions.store import Decisions
from engine.errors import InputError, Problem
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
    }
)
"""Answers with what they say. is_dark: null where the answer does not tell."""
KEY: Final = ("run_id", "store_id", "sku_id")
_NAME, _NOTE = TypeAdapter(Name), TypeAdapter(Text | None)


@dataclass(frozen=True)
class Given:
    """One answer on one store-SKU. answer: a key of `words.ANSWERS`."""

    store_id: str
    sku_id: str
    answer: str
    note: str | None = None


def record(decisions: Decisions, run: Run, given: Sequence[Given], *, by: str, at: dt.datetime | None = None) -> int:
    """Keep answers that a person gave on store-SKUs of a night; returns how many were new.

    at: the moment of answering, by default now; the same answer of the same moment twice is one. Raises InputError
    with every fault, and then nothing is kept.
    """
    judged = set(judged_pairs(run).rows())
    problems = [problem for each in given for problem in _faults(each, judged)]
    try:
        author = _NAME.validate_python(by)
    except ValidationError as error:
        problems.append(Problem("by", error.errors()[0]["msg"], "name the person who answers"))
    if problems:
        raise InputError(problems)
    moment = at or decisions.now()
    rows = [
        {
            "run_id": run.run_id,
            "store_id": str(each.store_id),
            "sku_id": str(each.sku_id),
            "answer": each.answer,
            "note": _NOTE.validate_python(each.note),
            "answered_by": author,
            "answered_at": moment,
        }
        for each in given
    ]
    return keep(decisions, rows)


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
    """Every answer, by night and store-SKU, the latest last. Columns: `ANSWER_SCHEMA`.

    run_ids: of these nights alone. since: given at this moment or later.
    """
    schema = {name: kind for name, kind in ANSWER_SCHEMA.items() if name not in {"is_dark", "cause"}}
    columns = table_of_answers.c
    of_runs = () if run_ids is None else (columns.run_id.in_(list(run_ids)),)
    where = of_runs if since is None else (*of_runs, columns.answered_at >= since)
    order = (*(columns[name] for name in KEY), columns.answered_at, columns.answer_id)
    with reading(decisions.engine) as connection:
        rows = read_rows(connection, table_of_answers, schema, where, order)
        return pl.DataFrame(rows, schema=schema, orient="row").with_columns(meaning()).select(*ANSWER_SCHEMA)


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
    try:
        _NOTE.validate_python(given.note)
    except ValidationError as error:
        yield Problem(where, f"note {error.errors()[0]['msg']}", "correct it and send it again")
