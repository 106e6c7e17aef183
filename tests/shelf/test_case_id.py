"""A case id names one case, whatever the ids of stores and SKUs contain (specification, section 1)."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.outputs.shelf import shapes
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from engine.shelf.cases import case_id
from tests.command import darkshelf
from tests.planted.small import DARK, small_chain, write_csv

ids = st.text(alphabet="A1_~-2é", min_size=1, max_size=5)
cases = st.tuples(ids, ids, st.dates(date(2026, 1, 1), date(2026, 1, 3)))


def named(*keys: tuple[object, object, date]) -> list[str]:
    columns = ["store_id", "sku_id", "detection_date"]
    return pl.DataFrame(keys, schema=columns, orient="row").select(case_id())["case_id"].to_list()


@given(st.sets(cases, min_size=2, max_size=30))
def test_no_two_cases_share_an_id(keys):
    assert len(set(named(*keys))) == len(keys)


@given(cases, cases)
def test_an_id_does_not_depend_on_the_other_cases_of_the_night(one, other):
    assert named(one, other)[0] == named(one)[0]


@pytest.mark.parametrize(
    ("store_id", "sku_id", "told"),
    [
        pytest.param(12, 1, "12_1_2026-03-20", id="whole_numbers"),
        pytest.param("S01", "P-7.5", "S01_P-7.5_2026-03-20", id="text"),
        pytest.param("A", "1_2", "A_1_2_2026-03-20", id="a_sku_with_the_sign_between"),
        pytest.param("A_1", "2", "A_1_2_2026-03-20~3", id="a_store_with_the_sign_between"),
    ],
)
def test_an_id_is_store_sku_and_first_dark_day(store_id, sku_id, told):
    assert named((store_id, sku_id, date(2026, 3, 20))) == [told]


def test_each_of_two_cases_that_read_alike_is_explained(tmp_path, capsys):
    """Store A with SKU 1_2 and store A_1 with SKU 2, dark on the same days."""
    stores, skus = {2: "A", 1: "A_1", 3: "C"}, {12: "1_2", 13: "2", 11: "3", 14: "4"}
    tables = small_chain()
    sales, (store, sku) = tables["sales_transactions"], DARK
    dark_from = sales.filter(pl.col("store_id") == store, pl.col("sku_id") == sku)["date"].max()
    also_dark = (pl.col("store_id") == 1) & (pl.col("sku_id") == 13) & (pl.col("date") > dark_from)
    renamed = {
        name: frame.with_columns(
            pl.col(key).replace_strict(spelling, return_dtype=pl.String)
            for key, spelling in (("store_id", stores), ("sku_id", skus))
            if key in frame.columns
        )
        for name, frame in (tables | {"sales_transactions": sales.filter(~also_dark)}).items()
    }
    run = desk.run(write_csv(tmp_path / "in", renamed), tmp_path / "out", CalibratedSettings())
    found = pl.read_parquet(run.folder / shapes.CASES)
    assert sorted(found["case_id"]) == ["A_1_2_2025-06-25", "A_1_2_2025-06-25~3"]
    for case in found.to_dicts():
        told = darkshelf(capsys, "explain", case["case_id"], "--out", tmp_path / "out", "--json").json()["case"]
        assert (told["store_id"], told["sku_id"]) == (case["store_id"], case["sku_id"])
