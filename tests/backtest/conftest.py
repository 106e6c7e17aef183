"""A chain of forty store-SKUs over seventy days, nothing of which is dark."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from tests.planted.small import write_parquet

if TYPE_CHECKING:
    from pathlib import Path

N_DAYS = 70
LAST = date(2025, 6, 30)
FIRST = LAST - timedelta(days=N_DAYS - 1)


def tables(stores: int = 4, skus: int = 10) -> dict[str, pl.DataFrame]:
    """Poisson sales of 1 to 10 a day, a row a day, whatever was sold."""
    days = pl.DataFrame({"date": pl.date_range(FIRST, LAST, eager=True)})
    grid = pl.DataFrame({"store_id": range(stores)}).join(pl.DataFrame({"sku_id": range(skus)}), how="cross")
    grid = grid.join(days, how="cross")
    units = np.random.default_rng(5).poisson(1.0 + grid["sku_id"].to_numpy()).astype(float)
    sales = grid.with_columns(units_sold=units).with_columns(
        revenue=pl.col("units_sold") * 2, promo_flag=pl.lit(value=False)
    )
    weekly = grid.filter(pl.col("date").dt.weekday() == 1)
    return {
        "sales_transactions": sales,
        "inventory_snapshot": weekly.with_columns(quantity_on_hand=pl.lit(900.0)),
        "pricing": weekly.with_columns(price=pl.lit(2.0), promo_flag=pl.lit(value=False)),
    }


@pytest.fixture
def chain(tmp_path) -> Path:
    """The tables as Parquet."""
    return write_parquet(tmp_path / "chain", tables())
