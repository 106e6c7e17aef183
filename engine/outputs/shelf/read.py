"""Reading the cases of a night."""

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


def one_case(run: Run, case_id: str) -> tuple[dict[str, Any], pl.DataFrame, dict[str, Any]]:
    """A case, its evidence (one row per cause, best first) and the series of its store-SKU.

    Raises NotFoundError with the nearest cases there are.
    """
    with raising_damage(run):
        found = table(run, shapes.CASES).filter(pl.col("case_id") == case_id).collect()
        if found.is_empty():
            raise NotFoundError(f"there is no case {case_id!r} in run {run.run_id}{_nearest(run, case_id)}")
        case = found.row(0, named=True)
        evidence = table(run, shapes.EVIDENCE).filter(pl.col("case_id") == case_id).collect()
        of_pair = (pl.col("store_id") == case["store_id"]) & (pl.col("sku_id") == case["sku_id"])
        daily = table(run, shapes.DAILY).filter(of_pair).collect().row(0, named=True)
    return case, evidence.sort("rank"), daily


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
