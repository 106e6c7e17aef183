"""The whitespace desk from end to end: what a run publishes, what its parts are, and what stops it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.disk import content_hash
from engine.errors import InputError, NotFoundError
from engine.outputs.whitespace.shapes import HORIZON, ranking_file
from engine.runs.registry import Registry, Run
from engine.settings.loading import load_as
from engine.settings.whitespace.run import WhitespaceSettings
from engine.vocabulary import whitespace as v
from engine.whitespace import desk
from engine.whitespace.card import card
from engine.whitespace.gate import OF_RUN, gate
from engine.whitespace.months import add_months
from engine.whitespace.review import gated
from engine.whitespace.smoke import SETTINGS
from tests.command import darkshelf
from tests.whitespace.published import smoke_run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return smoke_run(tmp_path_factory)


@pytest.fixture
def out(smoke: Path, tmp_path: Path) -> Path:
    """A copy of the runs to write into."""
    shutil.copytree(smoke, tmp_path / "out")
    return tmp_path / "out"


def latest(out: Path) -> Run:
    return Registry(out).find()


def quick() -> WhitespaceSettings:
    return load_as(WhitespaceSettings, None, SETTINGS)


@pytest.mark.proves("L223", "L224", "L142", "L143", "L144")
def test_a_whole_run_publishes_everything_that_the_gate_asks_for(smoke):
    found = gated(smoke, None)
    assert found.overall != v.FAIL, [rule for rule in found.rules if rule.status == v.FAIL]
    assert {rule.gate for rule in found.rules} >= {
        "artifacts",
        "gauntlet",
        "prequential",
        "ablation",
        "forward",
        "card",
    }


@pytest.mark.proves("L95", "L232")
@pytest.mark.parametrize("name", OF_RUN)
def test_without_any_one_file_of_the_run_the_gate_fails_and_names_it(name, out, capsys):
    run = latest(out)
    wanted = name.format(cutoff=run.as_of)
    (file,) = run.folder.rglob(wanted)
    file.unlink()
    answer = darkshelf(capsys, "whitespace", "gate", "--out", out, "--run", run.run_id)
    assert answer.code == 1
    assert f"{file.relative_to(run.folder)} is missing" in answer.out


@pytest.mark.proves("L202", "L203", "L204", "L232")
def test_a_card_is_incomplete_without_any_of_its_files(out):
    run = latest(out)
    division = sorted(summary(run)["verdicts"])[0]
    whole = card({run.run_id: run.folder}, division, run.as_of)
    assert whole["missing"] == []
    for name, link in whole["links"].items():
        file = run.folder / link["path"]
        kept = file.read_bytes()
        file.unlink()
        assert name in card({run.run_id: run.folder}, division, run.as_of)["missing"]
        rules = gate({run.run_id: run.folder}, [division], run.as_of, is_published=False)
        assert rules.overall == v.FAIL
        file.write_bytes(kept)


@pytest.mark.proves("L36", "L91")
def test_a_card_says_what_it_links_to_by_hash(smoke):
    run = latest(smoke)
    for division in summary(run)["verdicts"]:
        for link in card({run.run_id: run.folder}, division, run.as_of)["links"].values():
            assert link["hash"] == content_hash(run.folder / link["path"])


@pytest.mark.proves("L206", "L207", "L237")
def test_a_verb_by_itself_publishes_a_part_of_the_run_whose_models_it_takes(out):
    whole = latest(out)
    part = desk.part("score", out / "company", out, quick())
    assert (part.run.part_of, part.run.manifest["verb"]) == (whole.run_id, "score")
    assert Registry(out).find().run_id == whole.run_id
    frozen, again = (pl.read_parquet(run.folder / "scores.parquet") for run in (whole, part.run))
    assert frozen.equals(again)


@pytest.mark.proves("L137")
def test_models_come_from_the_run_that_is_named_else_from_the_latest_that_has_some_and_never_from_elsewhere(out):
    whole = latest(out)
    part = desk.part("score", out / "company", out, quick())
    assert part.run.part_of == whole.run_id
    with pytest.raises(NotFoundError, match=f"the run {part.run.run_id} has no models: train some with"):
        desk.part("score", out / "company", out, quick(), model=part.run.run_id)


@pytest.mark.proves("L163", "L164")
def test_a_diagnosis_by_its_mode_is_a_part_of_the_run_with_the_file_of_that_check(out, capsys):
    told = darkshelf(
        capsys, "whitespace", "diagnose", out / "company", "--out", out, "--mode", "label_timing", "--json",
        "--set", f"whitespace.gauntlet.permutations={SETTINGS['whitespace.gauntlet.permutations']}",
    )  # fmt: skip
    assert told.code == 0
    run = Registry(out).find(json.loads(told.out)["run_id"])
    assert run.part_of == latest(out).run_id
    assert list(run.folder.rglob("label_timing_*"))
    assert not list(run.folder.rglob("adjacency_report_*"))


@pytest.mark.proves("L151")
def test_quarterly_a_model_is_followed_from_quarter_to_quarter(out, capsys):
    chosen = [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
    told = darkshelf(
        capsys, "whitespace", "prequential", out / "company", "--out", out, "--quarterly", "--json", *chosen
    )
    assert told.code == 0
    run = Registry(out).find(json.loads(told.out)["run_id"])
    assert run.part_of == latest(out).run_id
    days = pl.read_parquet(run.folder / HORIZON)["cutoff"].unique().sort().to_list()
    assert len(days) >= 3
    assert days == [add_months(days[0], 3 * step) for step in range(len(days))]


def test_ranking_again_with_frozen_models_gives_the_same_list(out):
    whole = latest(out)
    part = desk.part("rank", out / "company", out, quick(), model=whole.run_id)
    name = ranking_file(pl.Series([whole.as_of]).str.to_date()[0])
    assert pl.read_parquet(part.folder / name).equals(pl.read_parquet(whole.folder / name))


def test_models_that_learned_later_cannot_score_an_earlier_day(out):
    earlier = pl.Series(["2024-06-30"]).str.to_date()[0]
    with pytest.raises(
        InputError, match="was trained for 2024-12-31, after the day that is scored as of, 2024-06-30"
    ):
        desk.part("score", out / "company", out, quick(), earlier)


def test_a_verb_that_needs_models_says_how_to_train_them(smoke, tmp_path):
    with pytest.raises(NotFoundError, match="train some with  darkshelf whitespace train INPUT --out"):
        desk.part("rank", smoke / "company", tmp_path / "none", quick())


def test_a_division_that_nothing_was_sold_of_is_refused(smoke, tmp_path, capsys):
    words = ("whitespace", "label", smoke / "company", "--out", tmp_path, "--division", "Nails")
    answer = darkshelf(capsys, *words)
    assert answer.code == 2
    assert "'Nails' is no division of the delivery" in answer.err


def test_a_run_says_what_it_did_in_its_headline_and_lists_its_parts(out, capsys):
    desk.part("label", out / "company", out, quick())
    told = darkshelf(capsys, "runs", "list", "--out", out).out
    assert "candidates to call, gauntlet" in told
    assert "label" in told


def summary(run: Run) -> dict[str, dict[str, str]]:
    return json.loads((run.folder / "summary.json").read_text(encoding="utf-8"))


def test_what_calls_added_is_not_told_before_the_months_after_the_list_are_whole(smoke, capsys):
    answer = darkshelf(capsys, "whitespace", "calls", smoke / "company", "--out", smoke)
    assert answer.code == 2
    assert "the months after 2024-12-31 are not whole: the orders end on 2024-12-31" in answer.err
