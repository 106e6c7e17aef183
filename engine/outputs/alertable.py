"""Alertable: what of a run people can be alerted to, kind by kind; every desk tells its own in its record."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import polars as pl

from engine.runs.registry import Run

KEY: Final = "key"
TITLE: Final = "title"


@dataclass(frozen=True)
class Alertable:
    """One kind of finding of a desk.

    one, many: what it is called. texts: columns by which findings are chosen and put together; numbers: columns that
    may have to be at least so much. amount: the number that is money and is added up, "" where there is none.
    find: the findings of a run, the most urgent first, with the columns `key` (text, unique, the same in every run
    that has the finding), `title` (text for people), the texts and the numbers; null where unknown. None where the
    run has no table of them. Raises DamagedRunError.
    """

    one: str
    many: str
    texts: tuple[str, ...]
    numbers: tuple[str, ...]
    find: Callable[[Run], pl.DataFrame | None]
    amount: str = ""


def found(
    rows: pl.LazyFrame, kind: tuple[tuple[str, ...], tuple[str, ...]], title: pl.Expr, *key: str
) -> pl.DataFrame:
    """Rows as findings, in their order. kind: texts and numbers, null where the rows lack one. key: their columns."""
    known = rows.collect_schema().names()
    texts, numbers = kind
    return rows.select(
        pl.concat_str(pl.col(key).cast(pl.String).fill_null(""), separator="\n").alias(KEY),
        title.alias(TITLE),
        *(_column(name, pl.String(), known) for name in texts),
        *(_column(name, pl.Float64(), known) for name in numbers),
    ).collect()


def _column(name: str, kind: pl.DataType, known: list[str]) -> pl.Expr:
    return (pl.col(name).cast(kind) if name in known else pl.lit(None, kind)).alias(name)
