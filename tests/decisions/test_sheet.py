"""What a night is worth, on one page: in the report as on the dashboard."""

from __future__ import annotations

import re
import shutil

import pytest

from engine.decisions.acts import Accept
from engine.decisions.shelf.cases import cases
from engine.decisions.store import open_decisions
from engine.outputs.read import find_run
from engine.outputs.shelf.figures import open_cases
from tests.command import darkshelf
from tests.outputs.nights import make_night


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return make_night(tmp_path_factory.mktemp("night")).folder.parents[1]


def report(capsys, out, file) -> str:
    answer = darkshelf(capsys, "report", "--out", out, "--file", file)
    assert answer.code == 0, answer
    return file.read_text(encoding="utf-8")


def amounts(page: str) -> dict[str, str]:
    """The amount of every step of the waterfall."""
    steps = re.findall(r'<li data-step="(\w+)">.*?<b>(.*?)(?:<small>.*?)?</b></li>', page, re.DOTALL)
    return dict(steps)


@pytest.mark.slow
def test_the_report_of_a_night_has_the_waterfall_its_three_sentences_and_the_regions(out, tmp_path, capsys):
    page = report(capsys, out, tmp_path / "night.html")
    assert list(amounts(page)) == ["at_risk", "recoverable", "brings", "accepted", "realised"]
    assert (amounts(page)["accepted"], amounts(page)["realised"]) == ("$0", "not known")
    (sentences,) = re.findall(r'<ol class="sentences">(.*?)</ol>', page, re.DOTALL)
    assert sentences.count("<li>") == 3
    assert "Where it is worst" in page
    assert not (out / "decisions.sqlite").exists()


@pytest.mark.slow
def test_the_report_tells_what_was_accepted(out, tmp_path, capsys):
    """Every case is accepted: what is accepted is what the actions bring."""
    place = shutil.copytree(out, tmp_path / "out")
    run, decisions = find_run(place), open_decisions(place)
    ids = open_cases(run).select("case_id").collect()["case_id"].to_list()
    decisions.decide_many(cases(run, ids), Accept(), by="Ann", versions={})
    decisions.close()
    told = amounts(report(capsys, place, tmp_path / "night.html"))
    assert told["accepted"] == told["brings"] != "$0"
    assert f"on {len(ids)} case" in (tmp_path / "night.html").read_text(encoding="utf-8")
