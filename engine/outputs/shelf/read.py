"""Reading the cases of a night."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from engine.errors import NotFoundError
from engine.outputs.read import has, raising_damage, table
from engine.outputs.shelf import shapes
from engine.runs.registry import Run

MOST_TOLD = 5
"""Days of a case whose occasions a sentence names."""
NEAREST = 5
"""Cases named when the one asked for is not there."""


@dataclass(frozen=True)
class Places:
    """Where the rows of a night's cases stand, so that those of one are read without the others.

    evidence: a hash of the case of each row. daily: store_id and sku_id of each row.
    """

    evidence: pl.Series
    daily: pl.DataFrame


def places(run: Run) -> Places:
    """Where the rows of a night's cases stand. Raises DamagedRunError."""
    with raising_damage(run):
        evidence = table(run, shapes.EVIDENCE).select(pl.col("case_id").hash()).collect()["case_id"]
        return Places(evidence, table(run, shapes.DAILY).select("store_id", "sku_id").collect())


def one_case(run: Run, case_id: str) -> tuple[dict[str, Any], pl.DataFrame, dict[str, Any]]:
    """A case, its evidence (one row per cause, best first) and the series of its store-SKU.

    Raises NotFoundError with the nearest cases there are.
    """
    with raising_damage(run):
        found = table(run, shapes.CASES).filter(pl.col("case_id") == case_id).collect()
        if found.is_empty():
            raise NotFoundError(f"there is no case {case_id!r} in run {run.run_id}{_nearest(run, case_id)}")
    case = found.row(0, named=True)
    return case, *behind(run, case)


def behind(run: Run, case: Mapping[str, Any], known: Places | None = None) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The evidence of a case, one row per cause, best first, and the series of its store-SKU.

    known: where they stand; without it all rows are gone through. Raises DamagedRunError.
    """
    of_case = pl.col("case_id") == case["case_id"]
    of_pair = (pl.col("store_id") == case["store_id"]) & (pl.col("sku_id") == case["sku_id"])
    with raising_damage(run):
        evidence, daily = table(run, shapes.EVIDENCE), table(run, shapes.DAILY)
        if known is not None:
            evidence = _at(evidence, known.evidence == pl.select(pl.lit(case["case_id"]).hash()).item())
            daily = _at(daily, known.daily.select(of_pair).to_series())
        return evidence.filter(of_case).collect().sort("rank"), daily.filter(of_pair).collect().row(0, named=True)


def _at(rows: pl.LazyFrame, wanted: pl.Series) -> pl.LazyFrame:
    """The wanted rows one by one: the evidence of a case stands apart, by cause."""
    return pl.concat([rows.slice(place, 1) for place in wanted.arg_true()] or [rows.head(0)])


def why_expected(run: Run, case_id: str) -> str | None:
    """The expectation of a case's last day as the product of its factors; None where the profile has no factors."""
    if not has(run, shapes.EXPECTATION):
        return None
    with raising_damage(run):
        of_case = table(run, shapes.EXPECTATION).filter(pl.col("case_id") == case_id)
        explanation = of_case.select("explanation").collect()
    return str(explanation.item()) if explanation.height else None


def happened(run: Run, case_id: str) -> list[dict[str, Any]]:
    """What a calendar or the weather says of the days of a case: date, kind, name, factor; empty without any."""
    if not has(run, shapes.OCCASIONS):
        return []
    with raising_damage(run):
        return table(run, shapes.OCCASIONS).filter(pl.col("case_id") == case_id).drop("case_id").collect().to_dicts()


def days_in_words(days: list[dict[str, Any]]) -> str | None:
    """What happened on the days of a case, in a row with its days; None where nothing did."""
    if not days:
        return None
    told = [f"{day['name']} ({day['date']})" for day in days[:MOST_TOLD]]
    return ", ".join([*told, "…"] if len(days) > len(told) else told)


def _nearest(run: Run, case_id: str) -> str:
    """Cases of the same store-SKU, else of the same store, else of the night, by value, descending."""
    pair, store = case_id.rpartition("_")[0], case_id.partition("_")[0]
    for beginning, owner in ((f"{pair}_", "that store-SKU"), (f"{store}_", "that store"), ("", "this night")):
        alike = table(run, shapes.CASES).filter(pl.col("case_id").str.starts_with(beginning)).head(NEAREST)
        ids = alike.select("case_id").collect()["case_id"].to_list()
        if ids:
            return f"; cases of {owner}: {', '.join(ids)}"
    return "; this night has no cases"
