"""What other systems look up of a night: its cases, by value, descending."""

from datetime import date
from typing import Final

import polars as pl

from engine.vocabulary import shelf as v
from panel_app.lookup.desk import Lookup, Parameter
from panel_app.stores.shelf import Night

TEXTS: Final = frozenset(
    {
        *("case_id", "store_id", "sku_id", "primary_cause", "secondary_causes", "recommended_action", "status"),
        *("price_basis", "review_flags", "recovery_basis", "action", "price_response_basis"),
        *("store_name", "region", "sku_name", "category", "brand"),
    }
)
DAYS: Final = frozenset({"detection_date", "last_dark_date"})
COUNTS: Final = frozenset({"duration_days", "action_units"})
COLUMNS: Final = {
    name: str if name in TEXTS else date if name in DAYS else int if name in COUNTS else float
    for name in (*v.CASE_COLUMNS, *v.FURTHER_CASE_COLUMNS)
}


def _cases(night: Night) -> pl.LazyFrame:
    return night.cases.lazy().with_columns(store_id="store_key", sku_id="sku_key")


LOOKUP: Final = Lookup(
    item="case",
    items="cases",
    rows=_cases,
    columns=COLUMNS,
    id_of=lambda row: str(row["case_id"]),
    named=lambda name: pl.col("case_id") == name,
    parameters={
        "store": Parameter("store_id", "Cases of one store, by its id."),
        "sku": Parameter("sku_id", "Cases of one product, by its id."),
        "region": Parameter("region", "Cases of one region, by its name."),
        "category": Parameter("category", "Cases of one category, by its name."),
        "cause": Parameter("primary_cause", "Cases of one primary cause.", v.ALL_CAUSES),
        "status": Parameter("status", "Cases that last, or those that are over.", (v.OPEN, v.CLOSED), v.OPEN),
    },
)
