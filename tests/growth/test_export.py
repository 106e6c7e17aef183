"""Decisions in words, when they are shown or exported and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.growth import desk
from engine.outputs.growth import shapes
from engine.outputs.growth.explain import explained
from engine.outputs.read import find_run, table
from engine.settings.growth.scaling import GrowthSettings
from engine.vocabulary import growth as v
from tests.command import darkshelf
from tests.growth.test_desk import REFERENCE, golden_tables

if TYPE_CHECKING:
    from pathlib import Path

FEW_EXPLAINED = GrowthSettings(profile="reference", trace={"explained_rows": 10})
"""One less than the golden rows that are scaled."""


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    golden_tables().write(folder / "in")
    desk.run(folder / "in", folder / "told", REFERENCE)
    desk.run(folder / "in", folder / "numbers", FEW_EXPLAINED)
    return folder


@pytest.mark.slow
def test_more_recommendations_than_are_told_are_published_as_numbers(place):
    told, numbers = (find_run(place / name).folder for name in ("told", "numbers"))
    assert not (numbers / shapes.RECOMMENDATIONS_CSV).exists()
    rows = pl.read_parquet(numbers / shapes.RECOMMENDATIONS)
    assert rows.equals(pl.read_parquet(told / shapes.RECOMMENDATIONS).drop(v.GROWTH_TEXTS))
    assert (numbers / shapes.AUDIT).read_bytes() == (told / shapes.AUDIT).read_bytes()


@pytest.mark.proves("R15")
@pytest.mark.parametrize("name", ["decisions.csv", "decisions.parquet"])
def test_what_is_exported_later_is_what_the_run_would_have_told(place, capsys, name):
    file = place / name
    answer = darkshelf(capsys, "growth", "export", "--out", place / "numbers", "--file", file)
    assert "11 rows of" in answer.out
    told = find_run(place / "told").folder / f"recommendations{file.suffix}"
    if file.suffix == ".csv":
        assert file.read_bytes() == told.read_bytes()
    else:
        assert pl.read_parquet(file).equals(pl.read_parquet(told))


def test_decisions_can_be_read_in_markdown(place, capsys):
    file = place / "decisions.md"
    darkshelf(capsys, "growth", "export", "--out", place / "told", "--file", file)
    sections = file.read_text(encoding="utf-8").split("## ")[1:]
    assert len(sections) == 11
    assert sections[0].startswith(
        "S00 O'Brien’s, P'é00 Crème d'été P'é00\n\n- WHY SCALED: Step 11 identified this as"
    )
    assert "\n- RECOMMENDATION: +7.5 units (Moderate Adjustment)\n" in sections[0]


def test_a_file_of_another_kind_is_refused(place, capsys):
    answer = darkshelf(capsys, "growth", "export", "--out", place / "told", "--file", place / "decisions.xls")
    assert answer.code == 2
    assert "name one that ends in .csv, .parquet, .md" in answer.err


@pytest.mark.proves("I-26", "R37")
def test_everyone_can_be_exported_with_the_reason(place, capsys):
    file = place / "everyone.parquet"
    darkshelf(capsys, "growth", "export", "--out", place / "told", "--file", file, "--everyone")
    rows = pl.read_parquet(file)
    assert rows.height == 21
    assert rows.filter(pl.col("status") != "SCALED")["full_explanation"].str.starts_with("NOT SCALED: ").all()


def test_the_command_says_where_the_words_are(place, capsys):
    answer = darkshelf(capsys, "growth", "scale", place / "in", "--out", place / "numbers", "--profile", "reference",
                       "--set", "trace.explained_rows=10")  # fmt: skip
    assert "darkshelf growth export explains them" in answer.out


def test_a_published_row_is_told_alone(place):
    run = find_run(place / "told")
    one = explained(run, table(run, shapes.AUDIT).filter(pl.col("status") == "BELOW_GAP")).collect()
    assert one["full_explanation"].to_list()[0].startswith("NOT SCALED: gap 9.8% below 10% threshold")
