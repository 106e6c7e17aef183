"""The currency of a night stands before every amount that a person reads, and dollars nowhere."""

from __future__ import annotations

import polars as pl
import pytest

from engine.runs.registry import Registry
from engine.settings.shelf.night import PROFILES
from tests.command import darkshelf
from tests.planted.small import small_chain, write_parquet


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_amounts_are_told_in_the_currency_of_the_night(profile, tmp_path, capsys):
    place, out = write_parquet(tmp_path / "in", small_chain()), tmp_path / "out"
    told = darkshelf(capsys, "run", place, "--out", out, "--profile", profile, "--set", "currency=€")
    assert told.code == 0, told
    run = Registry(out).find()
    cases = pl.read_parquet(run.folder / "cases.parquet")
    case_id = cases["case_id"][0]
    texts = [
        told.out,
        *cases["recommended_action"],
        *pl.read_parquet(run.folder / "evidence.parquet")["explanation"],
        *(
            darkshelf(capsys, *words, "--out", out).out
            for words in (["runs", "list"], ["explain", case_id], ["runs", "diff", run.run_id, run.run_id])
        ),
    ]
    page = tmp_path / "page.html"
    darkshelf(capsys, "report", "--out", out, "--file", page)
    texts.append(page.read_text(encoding="utf-8"))
    assert not [text for text in texts if "$" in text]
    assert all("€" in text for text in (texts[0], texts[-1], *texts[-4:-2]))
