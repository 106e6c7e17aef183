"""Small nights, published without a desk: what the loop back from the store reads, as a test wants it."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import polars as pl

from engine.outputs.shelf import shapes
from engine.runs.registry import Registry, Run
from engine.vocabulary import shelf as v

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

AS_OF = dt.date(2026, 3, 31)
CASE = {
    "sku_name": "Oat milk",
    "category": "Dairy",
    "primary_cause": v.NOT_ON_SHELF,
    "confidence_score": 80.0,
    "revenue_at_risk": 100.0,
    "recoverable_30d": 300.0,
    "projected_recovery": 50.0,
    "price": 2.0,
    "expected_daily_units": 10.0,
    "status": v.OPEN,
    "detection_date": dt.date(2026, 3, 25),
    "last_dark_date": AS_OF,
}


def case(store_id: object, sku_id: object, **columns: Any) -> dict[str, Any]:
    """An open case of a store-SKU; columns say what is not as usual."""
    row = {**CASE, "store_id": store_id, "sku_id": sku_id, "store_name": f"Store {store_id}", **columns}
    return {"case_id": f"{store_id}_{sku_id}_{row['detection_date']}", **row}


def publish(
    out: Path,
    cases: Iterable[Mapping[str, Any]],
    velocity: Mapping[tuple[object, object], float | None],
    *,
    as_of: dt.date = AS_OF,
    profile: str = "calibrated",
    **manifest: Any,
) -> Run:
    """A night with these cases that judged these store-SKUs, with their sales a day."""
    run_id = f"{as_of}-{profile}-00000000"
    folder = out / "runs" / run_id
    folder.mkdir(parents=True)
    # Without a case the file has its columns all the same, ids as those that were judged.
    usual = pl.DataFrame([case(*next(iter(velocity)))])
    rows = pl.DataFrame(list(cases), infer_schema_length=None) if cases else usual.clear()
    rows.cast({"primary_cause": pl.String, "category": pl.String, "recoverable_30d": pl.Float64}).write_parquet(
        folder / shapes.CASES
    )
    judged = pl.DataFrame(
        {
            "store_id": [store for store, _ in velocity],
            "sku_id": [sku for _, sku in velocity],
            "sales_velocity_7d": pl.Series(list(velocity.values()), dtype=pl.Float64),
        }
    )
    judged.write_parquet(folder / shapes.FEATURES)
    stores = judged.select("store_id").unique().sort("store_id")
    stores.with_columns(store_name=pl.format("Store {}", "store_id")).write_parquet(folder / shapes.STORES)
    skus = judged.select("sku_id").unique().sort("sku_id")
    named = skus.join(rows.select("sku_id", "sku_name", "category").unique("sku_id"), on="sku_id", how="left")
    named.write_parquet(folder / shapes.SKUS)
    facts = {"run_id": run_id, "desk": "shelf", "profile": profile, "as_of": as_of.isoformat(), **manifest}
    (folder / shapes.MANIFEST).write_text(json.dumps({"feedback": None, **facts}), encoding="utf-8")
    (out / "LATEST").write_text(run_id + "\n", encoding="utf-8")
    return Registry(out).find(run_id)
