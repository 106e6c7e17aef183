"""What happened on the days of a case is told wherever the case is."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.lake.ingest import ingest
from engine.lake.manifest import open_lake
from engine.outputs.desks import desk_named
from engine.outputs.read import find_run
from engine.outputs.shelf import shapes
from engine.outputs.shelf.explain import explain
from engine.outputs.shelf.read import MOST_TOLD, days_in_words
from engine.outputs.shelf.report import ReportSettings, report
from engine.outputs.shown import as_text
from engine.settings.ingest import IngestSettings
from engine.settings.shelf.night import load
from engine.shelf import desk
from panel_app.pages.shelf.reasoning import factors
from tests.daylake.deliveries import differences, results
from tests.planted.small import AS_OF, DARK_CASE, small_chain, write_parquet

if TYPE_CHECKING:
    from pathlib import Path

    from engine.runs.registry import Run

EVENTS = pl.DataFrame(
    {
        "date": [date(2025, 6, 9), date(2025, 6, 26), AS_OF, AS_OF, AS_OF],
        "kind": ["public holiday", "strike", "market", "fair", "strike"],
        "name": ["Whit Monday", None, "Summer Monday", "Town fair", "Elsewhere"],
        "store_id": [None, 2, None, 2, 1],
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_parquet(tmp_path_factory.mktemp("told") / "in", small_chain() | {"events": EVENTS})


@pytest.fixture(scope="module")
def night(folder) -> Run:
    desk.run(folder, folder.parent / "out", load())
    return find_run(folder.parent / "out")


@pytest.mark.slow
def test_each_day_of_a_case_has_its_occasions_and_what_they_do(night):
    found = pl.read_parquet(night.folder / shapes.OCCASIONS).filter(case_id=DARK_CASE)
    assert found.select("date", "kind", "name").rows() == [
        (date(2025, 6, 26), "strike", "strike"),
        (AS_OF, "fair", "Town fair"),
        (AS_OF, "market", "Summer Monday"),
    ]
    assert found.filter(kind="fair")["factor"].item() == 1.0


def test_the_expectation_is_the_product_of_the_level_and_all_factors(night):
    (row,) = pl.read_parquet(night.folder / shapes.EXPECTATION).filter(case_id=DARK_CASE).to_dicts()
    happened = pl.read_parquet(night.folder / shapes.OCCASIONS).filter(case_id=DARK_CASE, date=row["date"])
    whole = row["level"] * happened["factor"].product()
    for factor in ("weekday", "offer", "store", "sku"):
        whole *= row[f"{factor}_factor"]
    assert row["expected_units"] == pytest.approx(whole)
    assert "Summer Monday, Town fair" in row["explanation"]


@pytest.mark.slow
def test_explain_and_report_name_what_was_on_its_days(night):
    told = explain(night, DARK_CASE)
    sentence = "On its days: strike (2025-06-26), Town fair (2025-06-30), Summer Monday (2025-06-30)."
    assert sentence in as_text(told.shown)
    assert json.loads(json.dumps(told.facts["occasions"], default=str))[0]["kind"] == "strike"
    assert sentence in report(night, None, ReportSettings())


def test_the_page_of_a_case_has_a_step_for_the_occasion_of_the_last_day():
    expectation = {
        "date": AS_OF,
        "level": 2.0,
        "weekday_factor": 1.0,
        "offer_factor": 1.0,
        "store_factor": 1.0,
        "sku_factor": 1.5,
        "expected_units": 1.5,
    }
    happened = [
        {"date": AS_OF, "kind": "fair", "name": "Town fair", "factor": 0.5},
        {"date": AS_OF, "kind": "told alone", "name": "Said", "factor": None},
        {"date": date(2025, 6, 26), "kind": "strike", "name": "strike", "factor": 0.1},
    ]
    steps = factors(expectation, happened)["steps"]
    assert [step["name"] for step in steps][:2] == ["weekday", "Town fair"]
    assert len(steps) == 5
    assert steps[-1]["to"] == pytest.approx(1.5)


def test_no_more_days_are_named_than_can_be_read():
    days = [{"name": "rain", "date": date(2026, 1, day)} for day in range(1, MOST_TOLD + 3)]
    assert days_in_words(days).endswith("rain (2026-01-05), …")
    assert days_in_words([]) is None


@pytest.mark.slow
def test_a_night_without_such_tables_tells_of_none(tmp_path):
    desk.run(write_parquet(tmp_path / "in", small_chain()), tmp_path / "out", load())
    run = find_run(tmp_path / "out")
    assert not (run.folder / shapes.OCCASIONS).exists()
    assert "On its days" not in as_text(explain(run, DARK_CASE).shown)


@pytest.mark.slow
def test_a_lake_keeps_the_calendar_whole_and_its_nights_have_the_same_bytes(night, folder, tmp_path):
    ahead = pl.DataFrame({"date": [date(2026, 1, 1)], "kind": "public holiday", "name": "New Year"})
    first = write_parquet(tmp_path / "first", small_chain() | {"events": ahead})
    ingest(first, tmp_path / "lake", IngestSettings())
    again = write_parquet(tmp_path / "second", {"events": EVENTS})
    report_of = ingest(again, tmp_path / "lake", IngestSettings()).tables["events"]
    assert (report_of.rows, report_of.replaced) == (EVENTS.height, ("all",))
    found = results(desk.run(open_lake(tmp_path / "lake"), tmp_path / "out", load()).folder)
    assert differences(found, results(night.folder)) == []


def test_the_classic_profile_counts_the_rows_and_learns_nothing(folder, tmp_path):
    run = desk.run(folder, tmp_path / "out", load(assignments=["profile=classic"]))
    quality = json.loads((run.folder / shapes.DATA_QUALITY).read_text(encoding="utf-8"))
    assert quality["rows"]["events"]["used"] == EVENTS.height
    assert not (run.folder / shapes.OCCASIONS).exists()


def test_the_calendar_is_a_promise_of_the_desk():
    promised = desk_named("shelf").promised()
    assert promised["events"].whole
    assert not promised["events"].is_daily
    assert promised["weather"].is_daily
