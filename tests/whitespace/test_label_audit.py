"""What is published about labels: how many, how soon, and over which windows."""

from __future__ import annotations

import datetime as dt

import polars as pl

from engine.settings.whitespace.labels import LabelSettings
from engine.whitespace.label_audit import artifacts, label_timing, prevalence
from engine.whitespace.panel import cutoffs_for, labels

BLOCKS = cutoffs_for(dt.date(2024, 12, 31), LabelSettings(cutoffs=3))


def test_prevalence_counts_whole_windows_and_says_how_many_are_not(company_tables):
    rows = labels(company_tables, [*BLOCKS.labelled, BLOCKS.scoring], LabelSettings())
    counts = prevalence(rows).filter(pl.col("cohort") == "population", pl.col("division") == "Services")
    own = rows.filter("in_population", pl.col("division") == "Services", pl.col("cutoff") == BLOCKS.calibration)
    last, scoring = counts.row(-2, named=True), counts.row(-1, named=True)
    assert (last["total"], last["positives"], last["censored"]) == (own.height, own["label"].sum(), 0)
    assert last["prevalence"] == own["label"].mean()
    assert (scoring["total"], scoring["prevalence"]) == (0, None)
    assert scoring["censored"] > 0


def test_no_purchase_is_dated_at_its_cutoff_and_soon_ones_are_counted(company_tables):
    rows = labels(company_tables, BLOCKS.labelled, LabelSettings())
    timing = label_timing(rows)
    assert timing["on_or_before"].sum() == 0
    assert (timing["within_14_days"] <= timing["within_30_days"]).all()
    assert timing["positives"].sum() == rows.filter("in_population")["label"].sum()


def test_the_manifest_names_every_window_with_its_role(company_tables):
    rows = labels(company_tables, [*BLOCKS.labelled, BLOCKS.scoring], LabelSettings())
    *_, manifest = artifacts(rows, BLOCKS, LabelSettings())
    assert manifest.path == "labels/cutoff_manifest.json"
    windows = [
        (each["cutoff"], each["role"], each["window_end"], each["is_whole"]) for each in manifest.content["windows"]
    ]
    assert windows == [
        ("2023-06-30", "tuning", "2023-12-31", True),
        ("2023-09-30", "tuning", "2024-03-31", True),
        ("2023-12-31", "tuning", "2024-06-30", True),
        ("2024-06-30", "calibration", "2024-12-31", True),
        ("2024-12-31", "scoring", "2025-06-30", False),
    ]
