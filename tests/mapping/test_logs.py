"""Stock and prices with a row a change or a week are unrolled to days; sales of a week are refused."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from engine.contracts.shelf import contracts
from engine.delivery.tables import open_tables
from engine.errors import InputError
from engine.lake.ingest import ingest
from engine.lake.manifest import open_lake
from engine.settings.ingest import IngestSettings
from engine.settings.shelf.night import load
from engine.shelf import desk
from tests.planted.small import (
    AS_OF,
    DARK,
    DARK_DAYS,
    FIRST_DAY,
    KEY,
    N_DAYS,
    SKUS,
    STORES,
    small_chain,
    write_csv,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.planted.small import Tables

STOCK, PRICES = "inventory_snapshot", "pricing"
ONE = {"store_id": str(DARK[0]), "sku_id": str(DARK[1])}
PAIRS = len(STORES) * len(SKUS)


def mapping(folder: Path, tables: Tables, grains: dict[str, str], **columns: str) -> Path:
    """The tables as CSV, and a mapping that says what the rows of some of them stand for."""
    write_csv(folder / "in", tables)
    lines = []
    for name in tables:
        lines += [f"[tables.{name}]", f'source = "in/{name}.csv"']
        lines += [f'grain = "{grains[name]}"'] if name in grains else []
        lines += [f"[tables.{name}.columns]", columns[name]] if name in columns else []
    file = folder / "darkshelf.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def night(place: Path, out: Path) -> tuple[dict[str, bytes], dict[str, Any], dict[str, Any]]:
    """The data files of a night but the report of their quality, that, and the manifest."""
    folder = desk.run(place, out, load()).folder
    quality, manifest = (json.loads((folder / f"{name}.json").read_text()) for name in ("data_quality", "manifest"))
    files = {file.name: file.read_bytes() for file in sorted(folder.glob("*.parquet"))}
    return files, quality, manifest


def with_stock_of_every_day() -> Tables:
    """Stock that is counted every day and changes on some."""
    days = pl.DataFrame({"day": range(N_DAYS), "date": pl.date_range(FIRST_DAY, AS_OF, eager=True)})
    grid = pl.DataFrame({"store_id": STORES}).join(pl.DataFrame({"sku_id": SKUS}), how="cross")
    on_hand = 4.0 + (pl.col("day") // 6 + pl.col("sku_id")) % 5
    stock = grid.join(days, how="cross").select(*KEY, quantity_on_hand=on_hand)
    return small_chain() | {STOCK: stock.sort(KEY)}


def changes(table: pl.DataFrame, value: str) -> pl.DataFrame:
    """The rows whose value differs from the one before of their store-SKU."""
    before = pl.col(value).shift(1).over("store_id", "sku_id", order_by="date")
    return table.filter(before.is_null() | (before != pl.col(value)))


def test_a_log_of_changes_is_the_night_of_the_days_it_stands_for(tmp_path: Path) -> None:
    daily = with_stock_of_every_day()
    log = changes(daily[STOCK], "quantity_on_hand")
    meant, _, plain = night(mapping(tmp_path / "daily", daily, {}), tmp_path / "a")
    found, quality, manifest = night(
        mapping(tmp_path / "log", daily | {STOCK: log}, {STOCK: "change"}), tmp_path / "b"
    )
    assert found == meant
    assert plain["logs"] == {}
    carried = PAIRS * N_DAYS - log.height
    assert manifest["logs"] == {STOCK: {"grain": "change", "rows": log.height, "carried_days": carried}}
    told = [warning for warning in quality["warnings"] if "hold until" in warning]
    assert told == [
        f"{log.height:,} rows of {STOCK} hold until the next change: "
        f"they tell quantity_on_hand on {carried:,} further days of store-SKUs"
    ]


@pytest.mark.slow
def test_of_the_changes_of_a_day_the_last_holds_wherever_it_stands(tmp_path: Path) -> None:
    tables = small_chain()
    stock = tables[STOCK].with_columns(pl.col("date").cast(pl.Datetime).dt.offset_by("20h"))
    earlier = stock.with_columns(pl.col("date").dt.offset_by("-3h"), quantity_on_hand=pl.lit(0.0))
    by_moment = "quantity_on_hand = 'left'"
    meant, _, _ = night(mapping(tmp_path / "daily", tables, {STOCK: "change"}), tmp_path / "out")
    for seed in (1, 2):
        log = pl.concat([stock, earlier]).sample(fraction=1.0, shuffle=True, seed=seed)
        written = log.with_columns(pl.col("date").dt.to_string("%Y-%m-%dT%H:%M:%S")).rename(
            {"quantity_on_hand": "left"}
        )
        moments = f'date = {{from = "date", format = "%Y-%m-%dT%H:%M:%S"}}\n{by_moment}'
        place = mapping(tmp_path / str(seed), tables | {STOCK: written}, {STOCK: "change"}, **{STOCK: moments})
        found, quality, _ = night(place, tmp_path / f"out{seed}")
        assert found == meant
        assert any("they tell left on" in warning for warning in quality["warnings"])


@pytest.mark.slow
def test_between_two_changes_sales_are_not_taken_off_what_is_left(tmp_path: Path) -> None:
    tables = small_chain()
    weekly = pl.col("date").is_in([FIRST_DAY + timedelta(days=7 * n) for n in range(8)])
    # What is on hand is what one day sells: taken off, nothing would be left on the days after.
    stock = tables[STOCK].filter(weekly).with_columns(quantity_on_hand=pl.lit(6.0))
    in_stock = {}
    for grain in ("row", "change"):
        place = mapping(tmp_path / grain, tables | {STOCK: stock}, {STOCK: grain})
        found, _, _ = night(place, tmp_path / f"out-{grain}")
        days = pl.read_parquet(found["daily.parquet"]).filter(**ONE)["in_stock"].explode()
        in_stock[grain] = days.tail(DARK_DAYS).to_list()
    # On the as-of day it is counted again.
    assert in_stock == {"row": [False] * (DARK_DAYS - 1) + [True], "change": [True] * DARK_DAYS}


@pytest.mark.slow
def test_rows_of_weeks_hold_for_their_days_and_are_not_told_as_rare(tmp_path: Path) -> None:
    tables = small_chain()
    mondays = pl.col("date").dt.truncate("1w")
    prices = tables[PRICES].with_columns(date=mondays)
    stock = tables[STOCK].with_columns(date=mondays)
    meant, told, _ = night(mapping(tmp_path / "days", tables | {PRICES: prices, STOCK: stock}, {}), tmp_path / "a")
    of_weeks = pl.col("date").dt.to_string("%G-W%V").alias("week")
    weeks = {name: rows.with_columns(of_weeks).drop("date") for name, rows in ((PRICES, prices), (STOCK, stock))}
    day = 'date = {from = "{week}-1", format = "%G-W%V-%u"}'
    place = mapping(tmp_path / "weeks", tables | weeks, dict.fromkeys(weeks, "week"), **dict.fromkeys(weeks, day))
    found, quality, manifest = night(place, tmp_path / "b")
    assert found == meant
    rare = "3 of 3 stores deliver rows every 7 days"
    assert sum(notice["what"] == rare for notice in told["notices"]) == 2
    assert not any(notice["what"] == rare for notice in quality["notices"])
    assert {name: log["grain"] for name, log in manifest["logs"].items()} == dict.fromkeys((STOCK, PRICES), "week")


def test_a_weekly_feed_that_stopped_is_told_and_a_log_that_rests_is_not(tmp_path: Path) -> None:
    tables = small_chain()
    stopped = tables[STOCK].filter(pl.col("date") < AS_OF - timedelta(days=14))
    counted = stopped.with_columns(pl.col("quantity_on_hand") + pl.col("date").dt.week())
    told = {}
    for grain in ("week", "change"):
        place = mapping(tmp_path / grain, tables | {STOCK: counted}, {STOCK: grain})
        notices = desk.inspect(place, load()).quality["notices"]
        told[grain] = [notice["what"] for notice in notices if "ends on" in notice["what"]]
    assert [len(each) for each in told.values()] == [1, 0]


@pytest.mark.parametrize("grain", ["week", "change"])
@pytest.mark.parametrize("table", ["sales_transactions", "impressions"])
def test_what_happens_in_a_week_is_not_spread_over_its_days(table: str, grain: str, tmp_path: Path) -> None:
    place = mapping(tmp_path, small_chain(), {table: grain})
    with pytest.raises(InputError, match="not spread over its days" if grain == "week" else "nothing of it holds"):
        desk.run(place, tmp_path / "out", load())


@pytest.mark.slow
def test_a_lake_keeps_what_the_rows_of_its_days_stand_for(tmp_path: Path) -> None:
    daily = with_stock_of_every_day()
    log = daily | {STOCK: changes(daily[STOCK], "quantity_on_hand")}
    place = mapping(tmp_path / "log", log, {STOCK: "change"})
    ingest(place, tmp_path / "lake", IngestSettings())
    meant, _, of_files = night(place, tmp_path / "a")
    found, _, of_lake = night(open_lake(tmp_path / "lake"), tmp_path / "b")  # type: ignore[arg-type]
    assert found == meant
    assert of_lake["logs"] == of_files["logs"]


def test_only_a_mapping_says_what_rows_stand_for(tmp_path: Path) -> None:
    tables, _ = open_tables(write_csv(tmp_path, small_chain()), contracts(None))
    assert {source.grain for source in tables.values()} == {"row"}
