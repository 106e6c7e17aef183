"""Rows that cannot be used are set aside, counted and listed; no row is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from tests.command import latest_quality
from tests.planted.awkward import AS_OF as AWKWARD_AS_OF
from tests.planted.awkward import write_awkward_chain
from tests.planted.small import AS_OF, small_chain

if TYPE_CHECKING:
    from pathlib import Path


from tests.bad_input.night import INVENTORY, MEASURES, SALES, warned, without_quarantine


@pytest.mark.parametrize(("table", "column"), MEASURES)
def test_numbers_that_are_not_finite_set_their_rows_aside(night, plain_parquet, table, column):
    frame = small_chain()[table].with_columns(pl.col(column).cast(pl.Float64))
    faults = [frame.tail(1).with_columns(pl.lit(float(value)).alias(column)) for value in ("nan", "inf", "-inf")]
    night.parquet(**{table: pl.concat([frame, *faults])})
    assert without_quarantine(night.passes()) == plain_parquet
    quality = latest_quality(night.out)
    assert quality["rows"][table]["quarantined"] == 3
    assert quality["quarantined_because"] == {table: {f"{column} is not finite": 3}}


@pytest.mark.parametrize("text", ["NaN", "inf", "-Infinity", "1e999"])
def test_so_does_one_that_is_written_out(night, text):
    night.csv()
    night.add_lines(SALES, f"1,11,2025-06-03,{text},5,0")
    assert night.quality()["quarantined_because"] == {SALES: {"units_sold is not finite": 1}}


SIGNED = ("revenue", "latitude", "units_sold", "quantity_on_hand")
"""Numbers below 0 have a meaning here."""


@pytest.mark.parametrize(("table", "column"), [m for m in MEASURES if m[1] not in SIGNED])
def test_a_negative_number_sets_its_row_aside(night, table, column):
    frame = small_chain()[table].with_columns(pl.col(column).cast(pl.Float64))
    night.parquet(**{table: pl.concat([frame, frame.tail(1).with_columns(pl.lit(-1.0).alias(column))])})
    assert night.quality()["quarantined_because"] == {table: {f"{column} is negative": 1}}


@pytest.mark.parametrize("column", ["units_sold", "quantity_on_hand"])
def test_the_classic_rule_sets_returns_and_stock_below_zero_aside(night, column):
    table = {"units_sold": SALES, "quantity_on_hand": INVENTORY}[column]
    frame = small_chain()[table].with_columns(pl.col(column).cast(pl.Float64))
    night.parquet(**{table: pl.concat([frame, frame.tail(1).with_columns(pl.lit(-1.0).alias(column))])})
    night.passes("--profile", "classic")
    assert latest_quality(night.out)["quarantined_because"] == {table: {f"{column} is negative": 1}}


def test_a_return_is_netted_and_stock_below_zero_is_listed(night):
    sales, stock = (
        small_chain()[SALES],
        small_chain()[INVENTORY].with_columns(pl.col("quantity_on_hand").cast(pl.Float64)),
    )
    back = sales.tail(1).with_columns(units_sold=-pl.col("units_sold"), revenue=-pl.col("revenue"))
    wrong = pl.concat([stock.head(-1), stock.tail(1).with_columns(quantity_on_hand=pl.lit(-3.0))])
    night.parquet(**{SALES: pl.concat([sales, back]), INVENTORY: wrong})
    quality = night.quality()
    assert quality["rows"][SALES]["netted"] == 1
    assert (quality["facts"]["unmatched_returns"], quality["facts"]["negative_stock_records"]) == (0, 1)
    assert any("stock records" in notice["what"] for notice in quality["notices"])


@pytest.mark.parametrize(
    ("latitude", "longitude", "reason"),
    [
        (95.0, 11.0, "latitude is not between -90 and 90"),
        (45.0, -181.0, "longitude is not between -180 and 180"),
        (None, 11.0, "only one coordinate is given"),
    ],
)
def test_a_place_that_is_none_sets_its_row_aside(night, latitude, longitude, reason):
    stores = small_chain()["stores"]
    moved = stores.tail(1).with_columns(latitude=pl.lit(latitude, pl.Float64), longitude=pl.lit(longitude))
    night.parquet(stores=pl.concat([stores, moved]))
    assert night.quality()["quarantined_because"] == {"stores": {reason: 1}}


@pytest.mark.parametrize("table", [SALES, INVENTORY, "pricing", "impressions"])
def test_rows_after_the_as_of_day_are_set_aside_and_counted(night, table):
    frame = small_chain()[table]
    later = frame.tail(3).with_columns(pl.col("date") + pl.duration(days=400))
    night.parquet(**{table: pl.concat([frame, later])})
    quality = night.quality("--as-of", AS_OF)
    assert quality["quarantined_because"] == {table: {"date is after the as-of day": 3}}
    assert warned(quality, f"3 of {frame.height + 3:,} rows of {table} were set aside")


def test_empty_lines_are_set_aside_and_the_night_runs(night, plain_csv):
    night.csv()
    night.add_lines(SALES, "", ",,,,,", "")
    assert without_quarantine(night.passes()) == plain_csv
    quality = latest_quality(night.out)
    assert quality["quarantined_because"] == {SALES: {"line is empty": 3}}
    assert quality["rows"][SALES] | {"read": 597, "used": 594, "quarantined": 3} == quality["rows"][SALES]


def test_sales_rows_of_one_key_are_summed_and_counted(night, plain_parquet):
    sales = small_chain()[SALES]
    quarters = [sales.with_columns(pl.col("units_sold", "revenue") * share) for share in (0.25, 0.75)]
    night.parquet(**{SALES: pl.concat(quarters)})
    assert night.passes() == plain_parquet
    quality = latest_quality(night.out)
    assert quality["rows"][SALES]["replaced"] == 594
    assert warned(quality, f"594 of 1,188 rows of {SALES} repeat a key and were summed")


@pytest.mark.parametrize(
    "table", [INVENTORY, "pricing", "impressions", "stores", "skus"], ids=lambda table: str(table)
)
def test_elsewhere_the_last_row_of_a_key_wins_and_the_others_are_counted(night, plain_parquet, table):
    frame = small_chain()[table]
    overruled = frame.with_columns(pl.col(column) * 0.5 for name, column in MEASURES if name == table)
    night.parquet(**{table: pl.concat([overruled.cast(frame.schema), frame])})
    assert night.passes() == plain_parquet
    quality = latest_quality(night.out)
    assert quality["rows"][table]["replaced"] == frame.height
    assert warned(quality, f"{frame.height} of {2 * frame.height:,} rows of {table} repeat a key")


def test_the_last_row_is_the_last_in_file_order_over_several_files(night, plain_parquet):
    night.parquet()
    (night.folder / "pricing.parquet").unlink()
    pricing = small_chain()["pricing"]
    pricing.with_columns(pl.col("price") * 3).write_parquet(night.folder / "pricing-2025-06-29.parquet")
    pricing.write_parquet(night.folder / "pricing-2025-06-30.parquet")
    assert night.passes() == plain_parquet


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of the awkward chain."""
    folder = tmp_path_factory.mktemp("awkward")
    write_awkward_chain(folder / "in")
    return desk.run(folder / "in", folder / "out", CalibratedSettings(), AWKWARD_AS_OF).folder


def quality_of(run: Path) -> dict[str, Any]:
    return latest_quality(run.parents[1])


@pytest.mark.slow
def test_every_row_read_is_used_set_aside_or_outside_the_panel(awkward):
    rows = quality_of(awkward)["rows"]
    lines = {file.stem: file.read_text().count("\n") - 1 for file in (awkward.parents[2] / "in").glob("*.csv")}
    assert {table: account["read"] for table, account in rows.items()} == lines
    for account in rows.values():
        parts = ("used", "netted", "quarantined", "outside_panel")
        assert account["read"] == sum(account[part] for part in parts)
        assert min(account["used"], account["quarantined"], account["outside_panel"]) > 0


def test_the_quarantine_holds_every_row_set_aside_with_its_reasons(awkward):
    for table, account in quality_of(awkward)["rows"].items():
        rows = pl.read_parquet(awkward / "quarantine" / f"{table}.parquet")
        assert rows.height == account["quarantined"]
        assert rows["reason"].null_count() == 0


def test_the_report_counts_each_reason_as_the_quarantine_does(awkward):
    for table, reasons in quality_of(awkward)["quarantined_because"].items():
        rows = pl.read_parquet(awkward / "quarantine" / f"{table}.parquet")
        counted = rows["reason"].str.split("; ").explode().value_counts(name="rows").rows()
        assert reasons == dict(counted)
