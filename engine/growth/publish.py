"""Publish: from a finished scaling to the files of its run folder.

In: the scaled candidates. Out: files. Texts are made for the recommendations, block by block.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from engine import vocabulary as v
from engine.growth.explain import explain
from engine.growth.fit import Fit
from engine.growth.inputs import known
from engine.growth.scale import NUMBERS
from engine.growth.telling import Telling
from engine.lake import Source
from engine.outputs import growth_shapes as shapes
from engine.outputs.write import appended_parquet, write_csv_rows, write_parquet

ROWS_PER_BLOCK = 200_000
"""So many recommendations are told at a time: memory follows the block."""
SAID_BY_STEP11 = ("opportunity_tier", "opportunity_score", "recommendation_type")
SPU_NAMES = ("spu_name", "cate_name")
STORE_NAMES = ("store_name",)
COLUMNS = (*v.STORE_SPU, "cluster_id", *NUMBERS, *SAID_BY_STEP11, *STORE_NAMES, *SPU_NAMES, "unit_price")
"""Columns of the scaled candidates with what is known of them; the audit adds `FITTED`, the recommendations texts."""
FITTED = ("newsvendor_units", "fitted_quantity", "fitted_units")


def with_names(scaled: pl.LazyFrame, sales: pl.LazyFrame) -> pl.LazyFrame:
    """The scaled candidates with what the sales call stores and SPUs, the first by name of several, and the price."""
    for key, names in (("spu_code", SPU_NAMES), ("str_code", STORE_NAMES)):
        scaled = scaled.join(sales.group_by(key).agg(pl.col(names).min()), on=key, how="left")
    price = sales.group_by("spu_code").agg(unit_price=known(pl.col("unit_price")).median())
    return scaled.join(price, on="spu_code", how="left")


def with_step11(scaled: pl.LazyFrame, step11: pl.LazyFrame) -> pl.LazyFrame:
    """The scaled candidates with what Step 11 said of them, as it said it, sorted by key."""
    said = step11.select(*v.STORE_SPU, *SAID_BY_STEP11).with_columns(pl.col("opportunity_score").fill_nan(None))
    return scaled.join(said, on=v.STORE_SPU, how="left").select(COLUMNS).sort(v.STORE_SPU)


def with_fit(audit: pl.DataFrame, opinion: pl.Series | None, plan: Fit | None) -> pl.DataFrame:
    """The audit with the second opinion and the plan under stock; null where neither was asked for."""
    nothing = pl.Series("newsvendor_units", [None], pl.Int32).new_from_index(0, audit.height)
    audit = audit.with_columns(nothing if opinion is None else opinion)
    if plan is None:
        return audit.with_columns(fitted_quantity=pl.lit(None, pl.Float64), fitted_units=pl.lit(None, pl.Int32))
    fitted = audit.join(plan.rows, on=v.STORE_SPU, how="left", maintain_order="left")
    units = pl.col("fitted_quantity").fill_null(0.0)
    return fitted.with_columns(fitted_quantity=units, fitted_units=(units + v.TIE_TOLERANCE).floor().cast(pl.Int32))


def publish_rows(folder: Path, audit: pl.DataFrame, told: Telling) -> int:
    """Write audit and recommendations; how many recommendations there are."""
    write_parquet(audit, folder / shapes.AUDIT)
    scaled = audit.filter(pl.col("recommended_adjustment_quantity") > 0)
    with (
        appended_parquet(folder / shapes.RECOMMENDATIONS) as add,
        (folder / shapes.RECOMMENDATIONS_CSV).open("wb") as stream,
    ):
        for first in range(0, max(scaled.height, 1), ROWS_PER_BLOCK):
            block = explain(scaled.slice(first, ROWS_PER_BLOCK).lazy(), told).collect()
            add(block)
            write_csv_rows(block, stream, header=first == 0)
    return scaled.height


def publish_quarantine(folder: Path, sources: Mapping[str, Source]) -> None:
    """The rows kept out of the run, a file per table that has any, with the reason, sorted by their content."""
    for name, source in sources.items():
        rows = source.quarantined().collect()
        if rows.height:
            rows = rows.drop("source_file", "source_row")
            write_parquet(rows.sort(rows.columns, nulls_last=True), folder / shapes.QUARANTINE / f"{name}.parquet")
