"""`darkshelf ingest`, and `run` and `check` over a lake."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.runs.registry import Registry
from tests.command import darkshelf, latest_data, published
from tests.daylake.deliveries import SALES, within
from tests.planted.small import AS_OF, FIRST_DAY, small_chain, write_parquet

if TYPE_CHECKING:
    from pathlib import Path

DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path) -> Path:
    return write_parquet(tmp_path / "in", small_chain())


@pytest.fixture
def lake(folder, tmp_path, capsys) -> Path:
    answer = darkshelf(capsys, "ingest", folder, "--lake", tmp_path / "lake")
    assert answer.code == 0, answer
    return tmp_path / "lake"


def test_ingest_tells_what_became_of_the_delivery(lake, tmp_path, capsys):
    rows = within(small_chain(), AS_OF - DAY, AS_OF)[SALES]
    is_last = pl.col("date") == AS_OF
    rows = pl.concat([rows.with_columns(units_sold=pl.when(is_last).then(5.0).otherwise("units_sold")), rows.clear()])
    delivery = write_parquet(tmp_path / "more", {SALES: rows.with_columns(till=1)})
    answer = darkshelf(capsys, "ingest", delivery, "--lake", lake)
    header, told, ignored, holds = answer.out.splitlines()
    assert header.split() == ["table", "rows", "set", "aside", "new", "replaced", "unchanged"]
    assert told.split() == [SALES, "22", "0", "2025-06-30", "2025-06-29"]
    assert ignored == f"- columns of {SALES} that no night reads were not kept: till"
    assert f"{lake} holds impressions 2025-05-12 to 2025-06-30; " in holds


def test_ingest_tells_it_to_machines(lake, folder, capsys):
    told = darkshelf(capsys, "ingest", folder, "--lake", lake, "--json").json()
    assert told["lake"] == str(lake)
    assert told["spans"]["stores"] == "all"
    assert told["tables"]["skus"] == {
        "rows": 4,
        "faulty": 0,
        "new": [],
        "replaced": [],
        "unchanged": ["all"],
        "ignored": [],
    }
    assert len(told["tables"][SALES]["unchanged"]) == 50


def test_a_refused_ingest_is_one_object_too(lake, tmp_path, capsys):
    before = published(lake)
    delivery = write_parquet(tmp_path / "bad", {SALES: small_chain()[SALES].drop("date")})
    answer = darkshelf(capsys, "ingest", delivery, "--lake", lake, "--json")
    assert (answer.code, answer.json()["exit_code"]) == (2, 2)
    assert "has no column date" in answer.json()["error"]
    assert published(lake) == before


@pytest.mark.slow
def test_a_night_over_a_lake_is_the_night_over_the_folder(lake, folder, tmp_path, capsys):
    for out, words in (("one", [folder]), ("two", ["--lake", lake])):
        assert darkshelf(capsys, "run", *words, "--out", tmp_path / out).code == 0
    assert latest_data(tmp_path / "one") == latest_data(tmp_path / "two")
    manifest = Registry(tmp_path / "two").find().manifest
    assert manifest["input"] == str(lake)
    assert {name: list(prints) for name, prints in manifest["input_fingerprints"].items()} == {
        name: ["lake.json"] for name in small_chain()
    }


@pytest.mark.slow
def test_a_night_is_made_once_until_the_lake_changes(lake, tmp_path, capsys):
    def night() -> dict[str, object]:
        return darkshelf(capsys, "run", "--lake", lake, "--out", tmp_path / "out", "--json").json()

    first, second = night(), night()
    assert (first["is_new"], second["is_new"]) == (True, False)
    old = within(small_chain(), FIRST_DAY, FIRST_DAY)[SALES].with_columns(revenue=2.0)
    darkshelf(capsys, "ingest", write_parquet(tmp_path / "more", {SALES: old}), "--lake", lake)
    assert night()["run_id"] != first["run_id"]


@pytest.mark.slow
def test_a_back_fill_over_a_lake(lake, tmp_path, capsys):
    words = ["run", "--lake", lake, "--out", tmp_path / "out", "--backfill", "2025-06-28:2025-06-30", "--json"]
    nights = json.loads(darkshelf(capsys, *words).out)["nights"]
    assert [night["as_of"] for night in nights] == ["2025-06-28", "2025-06-29", "2025-06-30"]


def test_a_table_that_begins_after_the_as_of_day_is_told_as_for_a_folder(tmp_path, capsys):
    tables = small_chain()
    tables["inventory_snapshot"] = tables["inventory_snapshot"].with_columns(date=AS_OF)
    folder = write_parquet(tmp_path / "in", tables)
    darkshelf(capsys, "ingest", folder, "--lake", tmp_path / "lake")
    of_lake, of_folder = (
        darkshelf(capsys, "run", *words, "--out", tmp_path / "out", "--as-of", AS_OF - DAY)
        for words in (["--lake", tmp_path / "lake"], [folder])
    )
    assert of_lake.code == of_folder.code == 2
    found = [answer.complaint for answer in (of_lake, of_folder)]
    assert "inventory_snapshot: no usable row is left" in found[0]
    headlines = [[line for line in one.splitlines() if not line.startswith("    ")] for one in found]
    assert headlines[0] == headlines[1]


@pytest.mark.parametrize("as_of", ["2025-07-01", "2025-05-01"], ids=["not_complete_yet", "before_all_sales"])
def test_an_as_of_day_beyond_the_lake_is_told_as_for_a_folder(lake, folder, tmp_path, capsys, as_of):
    of_lake, of_folder = (
        darkshelf(capsys, "run", *words, "--out", tmp_path / "out", "--as-of", as_of)
        for words in (["--lake", lake], [folder])
    )
    assert of_lake.code == of_folder.code != 0
    assert of_lake.complaint == of_folder.complaint


@pytest.mark.slow
def test_check_finds_in_a_lake_what_it_finds_in_the_folder(tmp_path, capsys):
    """Rows that a night over the lake does not even read are counted, under every complaint."""
    tables = small_chain()
    n_days = 200
    longer = tables[SALES].with_columns(pl.col("date") - timedelta(days=n_days), revenue=pl.lit(None, pl.Float64))
    faulty = tables["pricing"].with_columns(pl.col("date") - timedelta(days=n_days), price=-1.0).head(3)
    tables |= {SALES: pl.concat([longer, tables[SALES]]), "pricing": pl.concat([faulty, tables["pricing"]])}
    folder = write_parquet(tmp_path / "in", tables)
    darkshelf(capsys, "ingest", folder, "--lake", tmp_path / "lake")
    found = [
        darkshelf(capsys, "check", *words, "--json").json() for words in ([folder], ["--lake", tmp_path / "lake"])
    ]
    headlines = [[remark.splitlines()[0] for remark in one.pop("remarks")] for one in found]
    assert headlines[0] == headlines[1]
    assert len(headlines[0]) == 2
    assert found[0] == found[1]


@pytest.mark.parametrize("verb", [["run", "--out", "OUT"], ["check"]], ids=["run", "check"])
@pytest.mark.parametrize("given", ["neither", "both"])
def test_exactly_one_of_folder_and_lake_is_given(lake, folder, tmp_path, capsys, verb, given):
    words = [tmp_path / "out" if word == "OUT" else word for word in verb]
    answer = darkshelf(capsys, *words, *([folder, "--lake", lake] if given == "both" else []))
    assert answer.code == 2
    assert "give either a folder of tables or --lake" in answer.err
    assert not (tmp_path / "out").exists()
