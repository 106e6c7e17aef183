"""The store-SKUs of the chain: those with a row of sales or stock on the days of the panel, and no others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from engine.errors import InputError
from engine.lake.ingest import ingest
from engine.lake.manifest import open_lake
from engine.settings.ingest import IngestSettings
from engine.settings.shelf.delivered import InputSettings, PanelSettings
from engine.shelf import grid
from engine.shelf.check import Intake, Sources, check
from engine.shelf.grid import seen_pairs
from tests.planted.awkward import AS_OF as AWKWARD_AS_OF
from tests.planted.awkward import write_awkward_chain
from tests.planted.small import AS_OF, KEY, Tables, small_chain, write_csv, write_parquet

N_DAYS = PanelSettings().lookback_days
FIRST = AS_OF - timedelta(days=N_DAYS - 1)
ODD_ROWS: dict[int, tuple[str, date | None]] = {
    21: ("inventory_snapshot", FIRST),
    22: ("inventory_snapshot", FIRST - timedelta(days=1)),
    23: ("inventory_snapshot", AS_OF + timedelta(days=1)),
    24: ("inventory_snapshot", None),
    25: ("sales_transactions", FIRST),
    26: ("sales_transactions", FIRST - timedelta(days=1)),
    27: ("sales_transactions", AS_OF + timedelta(days=1)),
    28: ("sales_transactions", None),
    29: ("impressions", AS_OF),
}
"""SKUs with one row alone: its table and its date."""
ON_DAYS = {21, 25}


def with_odd_rows() -> Tables:
    tables = small_chain()
    for sku, (table, day) in ODD_ROWS.items():
        like = tables[table].filter(pl.col("date") == pl.col("date").max()).head(1)
        odd = like.with_columns(sku_id=pl.lit(sku, like.schema["sku_id"]), date=pl.lit(day, pl.Date))
        tables[table] = pl.concat([tables[table], odd])
    no_id = tables["sales_transactions"].head(1).with_columns(sku_id=pl.lit(None, pl.Int64))
    tables["sales_transactions"] = pl.concat([tables["sales_transactions"], no_id])
    return tables


def by_definition(tables: Tables) -> set[tuple[str, str]]:
    """Every row of sales and stock held against the days, one by one."""
    return {
        (str(store), str(sku))
        for name in ("sales_transactions", "inventory_snapshot")
        for store, sku, day in tables[name].select(KEY).iter_rows()
        if None not in (store, sku, day) and FIRST <= day <= AS_OF
    }


def pairs_of(sources: Sources) -> list[tuple[str, str]]:
    return [(str(store), str(sku)) for store, sku in seen_pairs(sources, N_DAYS).pairs.iter_rows()]


def looked_for(sources: Sources) -> list[tuple[str, str]]:
    return pairs_of(replace(sources, seen=None))


@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_a_store_sku_is_seen_with_a_row_of_sales_or_stock_on_a_day_of_the_panel(tmp_path, write):
    tables = with_odd_rows()
    write(tmp_path, tables)
    sources = check(tmp_path, AS_OF)
    assert {int(sku) for _, sku in pairs_of(sources)} & ODD_ROWS.keys() == ON_DAYS
    assert set(pairs_of(sources)) == by_definition(tables)
    assert pairs_of(sources) == looked_for(sources)


@pytest.mark.parametrize("padded", ["2025- 6-01", " 2025-6-01", "2025-06- 1"])
def test_a_date_that_is_padded_with_blanks_is_a_day_of_the_panel(tmp_path, padded):
    tables = small_chain()
    sales = tables["sales_transactions"].with_columns(pl.col("date").cast(pl.String))
    odd = sales.head(1).with_columns(sku_id=pl.lit(30, pl.Int64), date=pl.lit(padded))
    write_csv(tmp_path, {**tables, "sales_transactions": pl.concat([sales, odd])})
    sources = check(tmp_path, AS_OF)
    assert ("1", "30") in pairs_of(sources)
    assert pairs_of(sources) == looked_for(sources)


@pytest.mark.parametrize(("format", "whole_ids"), [("csv", False), ("parquet", False), ("parquet", True)])
def test_of_a_chain_with_every_awkward_fact_what_check_saw_is_what_is_found(tmp_path, format, whole_ids):  # noqa: A002
    write_awkward_chain(tmp_path, format=format, whole_ids=whole_ids)
    sources = check(tmp_path, AWKWARD_AS_OF)
    assert sources.seen is not None
    assert pairs_of(sources) == looked_for(sources) != []


def test_of_a_lake_too(tmp_path):
    write_parquet(tmp_path / "in", small_chain())
    ingest(tmp_path / "in", tmp_path / "lake", IngestSettings())
    sources = check(open_lake(tmp_path / "lake")).within(N_DAYS, 0)
    assert sources.seen is not None
    assert pairs_of(sources) == looked_for(sources) != []


def test_what_check_saw_is_not_looked_for_again(tmp_path, monkeypatch):
    write_parquet(tmp_path, small_chain())
    sources = check(tmp_path)
    monkeypatch.delattr(grid, "_looked_for")
    assert len(pairs_of(sources)) == 12


@pytest.mark.parametrize(
    "intake",
    [
        pytest.param(Intake(InputSettings(keys_days=N_DAYS - 1)), id="fewer_days_of_keys"),
        pytest.param(Intake(panel=PanelSettings(lookback_days=N_DAYS - 30)), id="another_panel"),
    ],
)
def test_what_check_saw_of_other_days_is_not_taken(tmp_path, intake):
    tables = with_odd_rows()
    write_parquet(tmp_path, tables)
    assert set(pairs_of(check(tmp_path, AS_OF, intake))) == by_definition(tables)


def test_a_panel_of_more_days_than_keys_are_compared_of_is_looked_for(tmp_path):
    write_parquet(tmp_path, small_chain())
    assert check(tmp_path, None, Intake(InputSettings(keys_days=N_DAYS - 1))).seen is None
    assert check(tmp_path, None, Intake(InputSettings(keys_days=N_DAYS))).seen is not None


def test_days_without_a_row_stop_the_night(tmp_path):
    tables = small_chain()
    write_parquet(tmp_path, tables)
    sources = check(tmp_path)
    with pytest.raises(InputError, match="no row from"):
        seen_pairs(replace(sources, seen=replace(sources.seen, pairs=sources.seen.pairs.clear())), N_DAYS)
