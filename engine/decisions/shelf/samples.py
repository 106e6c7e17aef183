"""Samples: store-SKUs drawn at random to be looked at, so that precision and recall can be known without bias.

In: the judged store-SKUs of a night. Out: those drawn, each with the chance it had. Two draws a night, over the whole
chain: of those without an open case, and of the open cases whatever they are worth. Who is drawn follows from the day
and the ids alone; the first plan of a night writes it down, and later plans find it.
"""

import heapq
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, Final

import polars as pl
from sqlalchemy import select

from engine.decisions.database import SAMPLING, insert_new, lock, read_rows, reading, writing
from engine.decisions.schema import sample
from engine.decisions.shelf.nights import features, open_cases
from engine.decisions.shelf.settings import TaskSettings
from engine.decisions.store import Decisions
from engine.runs.registry import Run
from engine.vocabulary import shelf as v

SAMPLE_SCHEMA: Final = pl.Schema(
    {
        "run_id": pl.String(),
        "store_id": pl.String(),
        "sku_id": pl.String(),
        "has_case": pl.Boolean(),
        "probability": pl.Float64(),
    }
)
"""probability: the share of the chain's store-SKUs of the same kind (with an open case or without) that was drawn."""


def drawn(decisions: Decisions, run: Run, settings: TaskSettings) -> pl.DataFrame:
    """The sample of a night: drawn now where it was not before. Columns: `SAMPLE_SCHEMA`."""
    recorded = every(decisions, [run.run_id])
    if recorded.height or settings.sample_pairs + settings.sample_cases == 0:
        return recorded
    rows = list(_draw(run, settings))
    with writing(decisions.engine) as connection:
        lock(connection, SAMPLING)
        is_drawn = select(sample.c.run_id).where(sample.c.run_id == run.run_id).limit(1)
        # Who was faster may have been told to draw another number.
        if connection.execute(is_drawn).first() is None:
            insert_new(connection, sample, rows, sample.c.sku_id)
    return every(decisions, [run.run_id])


def every(decisions: Decisions, run_ids: Sequence[str] | None = None) -> pl.DataFrame:
    """What was drawn, of some nights or of all, sorted. Columns: `SAMPLE_SCHEMA`."""
    where = () if run_ids is None else (sample.c.run_id.in_(list(run_ids)),)
    with reading(decisions.engine) as connection:
        rows = read_rows(connection, sample, SAMPLE_SCHEMA, where, sample.primary_key)
        return pl.DataFrame(rows, schema=SAMPLE_SCHEMA, orient="row")


def _population(run: Run) -> pl.DataFrame:
    """The judged store-SKUs, and whether each has an open case: store_id, sku_id, has_case."""
    cases = open_cases(run, ()).select(*v.PAIR, has_case=True)
    pairs = features(run, ()).join(cases, on=v.PAIR, how="full", coalesce=True)
    return pairs.with_columns(pl.col("has_case").fill_null(value=False))


def _draw(run: Run, settings: TaskSettings) -> Iterator[dict[str, Any]]:
    """The first few of each kind, in an order that nobody chose."""
    for (has_case,), rows in _population(run).group_by("has_case"):
        wanted = settings.sample_cases if has_case else settings.sample_pairs
        for store_id, sku_id in heapq.nsmallest(
            wanted, rows.select(v.PAIR).iter_rows(), key=lambda pair: (_lot(run.as_of, *pair), pair)
        ):
            yield {
                "run_id": run.run_id,
                "store_id": store_id,
                "sku_id": sku_id,
                "has_case": has_case,
                "probability": min(wanted / rows.height, 1.0),
            }


def _lot(*names: str) -> bytes:
    return blake2b("\n".join(names).encode(), digest_size=8).digest()
