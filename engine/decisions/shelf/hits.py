"""Hits: what a store's own looking came to in the days up to a night.

In: answers of nights, and their cases. Out: `Hits`. A product that was asked about on several nights counts once, by
its latest answer. Money is what its case was expected to bring in 30 days, in whole cents; null where some cases
count it as margin and some as revenue, since the two are never added up.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

import polars as pl

from engine.decisions.shelf import answers
from engine.decisions.shelf.nights import open_cases, shelf_nights
from engine.decisions.store import Decisions
from engine.outputs.read import each_readable
from engine.outputs.shelf.figures import recovery_sum
from engine.runs.registry import Run
from engine.vocabulary import shelf as v

COLUMNS: Final = ("recoverable_30d", "recovery_basis")
SCHEMA: Final = pl.Schema(
    {**dict.fromkeys(v.PAIR, pl.String()), "recoverable_30d": pl.Float64(), "recovery_basis": pl.String()}
)


@dataclass(frozen=True)
class Hits:
    """looked_at: products with an answer that tells. hits: dark shelves among them. found: money of their cases."""

    looked_at: int
    hits: int
    found: float | None


def hits_of_store(decisions: Decisions, run: Run, store_id: str, days: int) -> Hits:
    """What a store found on the nights of so many days up to a night, that one included."""
    last = dt.date.fromisoformat(run.as_of)
    nights = [
        night
        for night in shelf_nights(run.out)
        if last - dt.timedelta(days=days) < dt.date.fromisoformat(night.as_of) <= last
    ]
    said = answers.latest(decisions, [night.run_id for night in nights]).filter(store_id=store_id)
    telling = said.drop_nulls("is_dark").sort("answered_at").unique("sku_id", keep="last")
    asked = [night for night in nights if night.run_id in set(telling["run_id"])]
    cases = [
        found.select(*SCHEMA).cast(SCHEMA).with_columns(run_id=pl.lit(night.run_id))
        for night, found in each_readable(asked, lambda night: open_cases(night, COLUMNS, store_id))
    ]
    known = pl.concat([pl.DataFrame(schema={**SCHEMA, "run_id": pl.String()}), *cases])
    dark = known.join(telling.filter("is_dark"), on=["run_id", *v.PAIR], how="semi")
    return Hits(telling.height, int(telling["is_dark"].sum()), dark.select(recovery_sum("recoverable_30d")).item())
