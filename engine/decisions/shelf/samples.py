"""Samples: store-SKUs drawn at random to be looked at, so that precision and recall can be known without bias.

In: the judged store-SKUs of a night, by store. Out: those drawn, each with the chance it had. Two draws a store: of
those without an open case, and of the open cases whatever they are worth. Who is drawn follows from the run and the
ids alone; the first plan of a store writes it down, and later plans find it.
"""

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
"""probability: the share of the store's store-SKUs of the same kind (with an open case or without) that was drawn."""


def drawn(decisions: Decisions, run: Run, settings: TaskSettings, store_id: str | None = None) -> pl.DataFrame:
    """The sample of a night, of one store or of all: drawn now where it was not before. Columns: `SAMPLE_SCHEMA`."""
    recorded = every(decisions, [run.run_id])
    if store_id is not None and store_id in recorded["store_id"]:
        return recorded.filter(pl.col("store_id") == store_id)
    population = _population(run, store_id)
    if not set(population["store_id"]) <= set(recorded["store_id"]):
        with writing(decisions.engine) as connection:
            lock(connection, SAMPLING)
            drawn_from = select(sample.c.store_id).where(sample.c.run_id == run.run_id).distinct()
            known = set(connection.execute(drawn_from).scalars())
            insert_new(connection, sample, list(_draw(run, population, known, settings)), sample.c.sku_id)
        recorded = every(decisions, [run.run_id])
    return recorded if store_id is None else recorded.filter(pl.col("store_id") == store_id)


def every(decisions: Decisions, run_ids: Sequence[str] | None = None) -> pl.DataFrame:
    """What was drawn, of some nights or of all, sorted. Columns: `SAMPLE_SCHEMA`."""
    where = () if run_ids is None else (sample.c.run_id.in_(list(run_ids)),)
    with reading(decisions.engine) as connection:
        rows = read_rows(connection, sample, SAMPLE_SCHEMA, where, sample.primary_key)
        return pl.DataFrame(rows, schema=SAMPLE_SCHEMA, orient="row")


def _population(run: Run, store_id: str | None) -> pl.DataFrame:
    """The judged store-SKUs, and whether each has an open case: store_id, sku_id, has_case."""
    cases = open_cases(run, (), store_id).select(*v.PAIR, has_case=True)
    pairs = features(run, (), store_id).join(cases, on=v.PAIR, how="full", coalesce=True)
    return pairs.with_columns(pl.col("has_case").fill_null(value=False)).sort(*v.PAIR)


def _draw(run: Run, population: pl.DataFrame, known: set[str], settings: TaskSettings) -> Iterator[dict[str, Any]]:
    """The first few of every store and kind, in an order that nobody chose."""
    groups = population.filter(~pl.col("store_id").is_in(list(known))).group_by("store_id", "has_case")
    for (store_id, has_case), rows in groups:
        wanted = settings.sample_cases if has_case else settings.sample_pairs
        ordered = sorted(rows["sku_id"], key=lambda sku_id: _lot(run.run_id, str(store_id), sku_id))
        for sku_id in ordered[:wanted]:
            yield {
                "run_id": run.run_id,
                "store_id": store_id,
                "sku_id": sku_id,
                "has_case": has_case,
                "probability": min(wanted / rows.height, 1.0),
            }


def _lot(*names: str) -> bytes:
    return blake2b("\n".join(names).encode(), digest_size=8).digest()
