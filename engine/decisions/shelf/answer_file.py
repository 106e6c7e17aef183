"""Answer file: answers of stores from a CSV or Parquet file, such as a list of checks with its empty columns filled.

In: a file. Out: how many answers were new, or every problem at once, and then nothing is kept. The same file twice is
the same as once.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from engine.contracts.contract import Column, Consequence, Contract, Kind, Rule
from engine.decisions.acts import NAME_LENGTH, TEXT_LENGTH
from engine.decisions.shelf import words as sw
from engine.decisions.shelf.answers import keep
from engine.decisions.shelf.nights import judged_pairs, shelf_nights
from engine.decisions.store import Decisions
from engine.delivery.source import UNREADABLE, DataFile, Source, open_source
from engine.delivery.tables import broken_files, verify, with_common_ids
from engine.errors import InputError
from engine.outputs.read import each_readable
from engine.outputs.spreadsheet import restored
from engine.runs.registry import Run

TABLE: Final = "answers"
KEY: Final = ("run_id", "store_id", "sku_id")
COLUMNS: Final = (
    Column("run_id", Kind.TEXT, null=Consequence.STOP),
    Column("store_id", Kind.ID, null=Consequence.STOP),
    Column("sku_id", Kind.ID, null=Consequence.STOP),
    Column("answer", Kind.TEXT),
    Column("answered_on", Kind.DATE),
    Column("answered_by", Kind.TEXT),
    Column("note", Kind.TEXT, required=False),
)
"""A row without an answer is a product that was not looked at."""
TEXTS: Final = tuple(column.name for column in COLUMNS if column.kind is not Kind.DATE)
SHOWN: Final = 3
"""Nights named when one is not there."""
SIGN_BETWEEN: Final = "\x1f"
CONTROL: Final = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"


@dataclass(frozen=True)
class Imported:
    """What became of a file. rows: of it; blank: without an answer; new, known: answers kept, and there already."""

    rows: int
    blank: int
    new: int
    known: int


def import_answers(decisions: Decisions, out: Path, file: Path) -> Imported:
    """Keep the answers of a file on nights published under `out`. Raises InputError with every problem at once."""
    place = DataFile(file, file.name, {})
    draft = _open(place, Contract(TABLE, KEY, COLUMNS))
    try:
        nights = draft.judged().select(restored("run_id")).unique().collect()["run_id"].drop_nulls().sort()
    except UNREADABLE as error:
        raise InputError(broken_files(draft, error)) from error
    source = _open(place, Contract(TABLE, KEY, COLUMNS, tuple(_rules(shelf_nights(out), nights.to_list()))))
    # What remains beside the stops are empty lines: nothing was answered there.
    stops, _ = verify({TABLE: source})
    if stops:
        raise InputError(stops)
    rows = source.judged().select(*(restored(name) for name in TEXTS), "answered_on").collect()
    given = rows.drop_nulls("answer")
    moments = given["answered_on"].cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    new = keep(decisions, given.drop("answered_on").with_columns(answered_at=moments).to_dicts())
    return Imported(rows.height, rows.height - given.height, new, given.height - new)


def _open(place: DataFile, contract: Contract) -> Source:
    source, problems = open_source(contract, [place], as_text=True)
    if problems:
        raise InputError(problems)
    return with_common_ids({TABLE: source})[TABLE]


def _rules(published: Sequence[Run], named: Sequence[str]) -> Iterator[Rule]:
    """What an answer has to be beyond its kind: of a night there is, of a product judged in it, in known words."""
    judged = list(each_readable([run for run in published if run.run_id in named], judged_pairs))
    there = [run.run_id for run, _ in judged]
    pairs_there = [
        pairs.select(_joined(pl.lit(run.run_id), pl.col("store_id"), pl.col("sku_id"))) for run, pairs in judged
    ]
    known = pl.concat([pl.DataFrame(schema={"pair": pl.String}), *pairs_there])["pair"]
    run_id, answered = restored("run_id"), pl.col("answer").is_not_null()
    is_known = _joined(run_id, restored("store_id"), restored("sku_id")).is_in(known.implode())
    last = ", ".join(run.run_id for run in published[-SHOWN:]) or "none"
    words = ", ".join(sw.ANSWERS)
    yield _stop("run_id names no night there is", "run_id", ~run_id.is_in(there), f"the last nights: {last}")
    yield _stop(
        "the store-SKU was not judged in that night",
        "sku_id",
        run_id.is_in(there) & ~is_known,
        "name a store-SKU of the night, ids as its outputs have them",
    )
    yield _stop(
        "answer is none there is", "answer", ~pl.col("answer").is_in(list(sw.ANSWERS)), f"it is one of {words}"
    )
    for name in ("answered_on", "answered_by"):
        yield _stop(f"{name} is missing", name, answered & pl.col(name).is_null(), "say when and by whom")
    late = pl.col("answered_on") > dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    yield _stop("answered_on is in the future", "answered_on", late, "correct the date")
    for name, most in (("answered_by", NAME_LENGTH), ("note", TEXT_LENGTH)):
        text = pl.col(name)
        yield _stop(f"{name} is longer than {most} characters", name, text.str.len_chars() > most, "shorten it")
        yield _stop(f"{name} has control characters", name, text.str.contains(CONTROL), "take them out")
    twice = answered & pl.struct(*KEY, "answered_on", "answered_by").is_duplicated()
    yield _stop("is answered twice by one person on one day", "answer", twice, "keep the answer that counts")


def _stop(complaint: str, column: str, broken: pl.Expr, advice: str) -> Rule:
    return Rule(complaint, column, broken, Consequence.STOP, advice)


def _joined(*columns: pl.Expr) -> pl.Expr:
    return pl.concat_str([column.cast(pl.String) for column in columns], separator=SIGN_BETWEEN).alias("pair")
