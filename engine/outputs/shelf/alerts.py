"""What of a night people can be alerted to. Grain: an open case, known by its store and product night after night."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from engine.outputs.alertable import Alertable, found
from engine.outputs.glossary import name_of
from engine.outputs.read import raising_damage
from engine.outputs.shelf.figures import open_cases
from engine.runs.registry import Run
from engine.vocabulary import shelf as v

TEXTS: Final = ("region", "category", "store_id", "store_name", "sku_id", "sku_name", "primary_cause")
NUMBERS: Final = (
    "revenue_at_risk",
    "recoverable_30d",
    "projected_recovery",
    "confidence_score",
    "duration_days",
)


def dark_shelves(run: Run) -> pl.DataFrame:
    """The open cases of a night, most revenue at risk first. A case whose first day moved is the same finding."""
    with raising_damage(run):
        ranked = open_cases(run).sort("revenue_at_risk", "case_id", descending=[True, False], nulls_last=True)
        return found(ranked, (TEXTS, NUMBERS), _title(), *v.PAIR)


def _title() -> pl.Expr:
    product, store = (
        pl.coalesce(f"{of}_name", pl.format("{} {}", pl.lit(noun), f"{of}_id"))
        for of, noun in (("sku", "SKU"), ("store", "store"))
    )
    causes = {cause: name_of(cause, "cause") for cause in v.ALL_CAUSES}
    cause = pl.col("primary_cause").replace_strict(causes, default=name_of("none", "cause"), return_dtype=pl.String)
    return pl.format("{}, {}: {}, {} days", product, store, cause, "duration_days")


ALERTS: Final[Mapping[str, Alertable]] = {
    "cases": Alertable("dark shelf", "dark shelves", TEXTS, NUMBERS, dark_shelves, amount="revenue_at_risk")
}
