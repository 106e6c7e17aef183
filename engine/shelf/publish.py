"""Publish: from a finished night to the files of its run folder.

In: everything the stages made. Out: files; nothing is computed here that a stage could compute.
"""

from pathlib import Path

import polars as pl

from engine.contracts.contract import UNUSABLE
from engine.outputs.shelf import shapes
from engine.outputs.write import appended_csv, appended_parquet, evenly, write_parquet
from engine.shelf.panel import Panel
from engine.shelf.parts import CaseParts
from engine.vocabulary import shelf as v

SKU_NAMES = ("sku_name", "category", "brand")
NAMES = ("store_name", "region", *SKU_NAMES)
"""Columns of the cases that come from the stores and skus tables."""
OWN_COLUMNS = tuple(name for name in (*v.CASE_COLUMNS, *v.FURTHER_CASE_COLUMNS) if name not in NAMES)
"""Columns of the cases that the stages compute."""
CASES_PER_BLOCK = 50_000
"""So many cases are named and written at a time."""


def publish_cases(folder: Path, stores: pl.DataFrame, skus: pl.DataFrame, cases: CaseParts) -> None:
    """The cases by rank, as CSV for people and systems downstream, and as Parquet with everything known of them.

    stores, skus: all of the chain, with their attributes.
    """
    with (
        appended_csv(folder / shapes.CASES_CSV) as add_told,
        appended_parquet(folder / shapes.CASES, evenly(cases.height)) as add_known,
    ):
        for some in cases.ranked(evenly(cases.height, CASES_PER_BLOCK)):
            named = with_names(stores, skus, some)
            add_told(named.select(v.CASE_COLUMNS))
            add_known(named.select(*v.CASE_COLUMNS, *v.FURTHER_CASE_COLUMNS))


def publish_quarantine(folder: Path, panel: Panel) -> None:
    """The rows kept out of the night, a file per table that has any, with the reason, sorted by their content."""
    for name, account in panel.accounts.items():
        if account.quarantined:
            rows = panel.sources.tables[name].quarantined().collect()
            columns = [column for column in rows.columns if not column.startswith("source_") and column != UNUSABLE]
            rows = rows.select(columns).sort(columns, nulls_last=True)
            write_parquet(rows, folder / shapes.QUARANTINE / f"{name}.parquet")


def with_names(stores: pl.DataFrame, skus: pl.DataFrame, cases: pl.DataFrame) -> pl.DataFrame:
    """The cases with what the stores and skus tables say of them; null where they say nothing."""
    of_store = stores.select("store_id", "store_name", "region")
    of_sku = skus.select("sku_id", *SKU_NAMES)
    named = cases.join(of_store, on="store_id", how="left", maintain_order="left")
    return named.join(of_sku, on="sku_id", how="left", maintain_order="left")
