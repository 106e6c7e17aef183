"""What a run leaves in Python's hands: its tables, its words, its page in a notebook, and its folder."""

from __future__ import annotations

import gc
import tempfile
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

import engine as darkshelf
from engine.outputs.shown import as_text
from tests.command import darkshelf as command
from tests.command import published

NASTY = "<script>alert('x')</script>&"


class Texts(HTMLParser):
    """The texts and the elements of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.elements: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)

    def handle_data(self, data):
        self.texts.append(data)


def test_the_cases_are_those_that_were_published(night):
    assert night.cases.equals(pl.read_parquet(night.folder / "cases.parquet"))
    assert night.summary["cases"] == night.cases.height > 0
    assert [notice["what"] for notice in night.notices] == [
        notice["what"] for notice in darkshelf.open_run(night.folder.parents[1]).notices
    ]


def test_every_table_is_had_by_its_name(night):
    assert {"cases", "evidence", "daily", "stores", "skus"} <= set(night.tables)
    assert all(isinstance(night.table(name), pl.DataFrame) for name in night.tables)


def test_a_table_that_is_not_there_is_told_with_those_that_are(night):
    with pytest.raises(darkshelf.NotFoundError, match=r"no table '../summary' in run .*; there are cases, daily"):
        night.table("../summary")


def test_an_explanation_prints_what_the_command_prints(capsys, night):
    case_id = night.cases["case_id"][0]
    told = command(capsys, "explain", case_id, "--out", night.folder.parents[1])
    explanation = night.explain(case_id)
    assert str(explanation) == as_text(explanation.shown)
    assert str(explanation).split()[:8] == told.out.split()[:8]
    with pytest.raises(darkshelf.NotFoundError, match="cases of this night"):
        night.explain("nobody")


def test_a_candidate_is_explained_by_its_two_codes(scaling):
    store, spu = scaling.recommendations.select("str_code", "spu_code").row(0)
    assert f"{spu} at {store}" in str(scaling.explain(f"{store}/{spu}"))


def test_a_notebook_shows_key_figures_and_what_was_found_first(night, scaling):
    for result, first in ((night, night.cases["case_id"][0]), (scaling, scaling.recommendations["str_code"][0])):
        page = Texts(result._repr_html_())
        assert first in page.texts
        assert {"p", "table", "th", "td"} <= page.elements
        assert repr(result).startswith(f"{type(result).__name__}({result.run_id}: ")


def test_a_notebook_shows_every_text_as_text(chain):
    tables = {file.stem: pl.read_parquet(file) for file in chain.glob("*.parquet")}
    tables["skus"] = tables["skus"].with_columns(sku_name=pl.lit(NASTY))
    night = darkshelf.run_shelf(tables)
    for shown in (night, night.explain(night.cases["case_id"][0])):
        page = Texts(shown._repr_html_())
        assert "script" not in page.elements
        assert any(NASTY in text for text in page.texts)


@pytest.mark.slow
def test_a_run_without_a_folder_goes_with_its_result(chain):
    night = darkshelf.run_shelf(chain)
    folder, cases = night.folder, night.cases
    assert folder.is_dir()
    del night
    gc.collect()
    assert not folder.exists()
    assert cases.height > 0


def test_a_run_that_fails_leaves_no_folder(chain, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(darkshelf.TryLaterError, match=r"is not complete|have not come|do not reach"):
        darkshelf.run_shelf(chain, as_of="2026-04-07")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_result_is_published_into_a_folder_as_the_command_does(capsys, chain, night, tmp_path):
    copied = night.to_folder(str(tmp_path / "copied"))
    assert command(capsys, "run", chain, "--out", tmp_path / "run").code == 0
    assert (copied.run_id, copied.is_new) == (night.run_id, True)
    assert isinstance(copied, darkshelf.Night)
    assert published(tmp_path / "copied").keys() == published(tmp_path / "run").keys()
    assert (tmp_path / "copied" / "LATEST").read_text("utf-8").strip() == night.run_id
    assert published(copied.folder) == published(night.folder)
    assert not night.to_folder(tmp_path / "copied").is_new


def test_a_result_is_not_published_among_the_runs_of_another_desk(night, scaling, tmp_path):
    night.to_folder(tmp_path)
    with pytest.raises(darkshelf.InputError, match="holds runs of another desk"):
        scaling.to_folder(tmp_path)


def test_a_damaged_run_is_not_copied(night, tmp_path):
    first = night.to_folder(tmp_path / "first")
    (first.folder / "stores.parquet").write_bytes(b"x" * (first.folder / "stores.parquet").stat().st_size)
    with pytest.raises(darkshelf.DamagedRunError, match=r"stores.parquet is not what was published"):
        first.to_folder(tmp_path / "second")
    assert not list((tmp_path / "second").rglob("*.parquet"))


def test_a_published_run_is_opened_as_its_desk_has_it(night, scaling, tmp_path):
    night.to_folder(tmp_path / "shelf")
    scaling.to_folder(tmp_path / "growth")
    assert type(darkshelf.open_run(tmp_path / "shelf")) is darkshelf.Night
    found = darkshelf.open_run(str(tmp_path / "growth"), scaling.run_id, desk="growth")
    assert type(found) is darkshelf.Scaling
    assert not found.is_new
    with pytest.raises(darkshelf.NotFoundError, match="there is no run 'other'"):
        darkshelf.open_run(tmp_path / "shelf", "other")


@pytest.mark.slow
def test_settings_are_a_mapping_a_file_or_an_object(chain, tmp_path):
    file = tmp_path / "night.toml"
    file.write_text('profile = "classic"\n[detect]\ndark_ratio = 0.55\n', encoding="utf-8")
    ids = {
        darkshelf.run_shelf(chain, tmp_path / "out", settings=settings).run_id
        for settings in (
            {"profile": "classic", "detect.dark_ratio": 0.55},
            str(file),
            file,
            darkshelf.ClassicSettings.model_validate({"detect": {"dark_ratio": 0.55}}),
        )
    }
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("settings", "where", "what"),
    [
        pytest.param({"episode.max_fdrr": 0.5}, "episode.max_fdrr", "is no setting", id="unknown"),
        pytest.param({"episode.max_fdr": 7}, "episode.max_fdr", "Input should be less than", id="out_of_bounds"),
        pytest.param({"profile": "classic", "profile.x": 1}, "profile.x", "profile is a value", id="no_section"),
        pytest.param(7, "settings", "is a int", id="no_settings"),
        pytest.param(darkshelf.GrowthSettings(), "settings", "is a GrowthSettings", id="of_another_desk"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_their_key(chain, settings, where, what):
    with pytest.raises(darkshelf.SettingsError, match=what) as caught:
        darkshelf.run_shelf(chain, settings=settings)
    assert [problem.where for problem in caught.value.problems] == [where]


@pytest.mark.parametrize("day", ["31.3.2026", 20260331])
def test_a_day_that_is_none_is_refused(chain, day):
    with pytest.raises(darkshelf.InputError, match="is no date"):
        darkshelf.run_shelf(chain, as_of=day)


def test_a_chain_out_of_bounds_is_refused_with_what_is(tmp_path):
    with pytest.raises(darkshelf.SettingsError) as caught:
        darkshelf.simulate(tmp_path / "chain", stores=0, days=3)
    assert [problem.where for problem in caught.value.problems] == ["stores", "days"]
    assert not Path(tmp_path / "chain").exists()


@pytest.mark.slow
def test_every_stage_is_told_as_it_begins(chain):
    seen: list[str] = []
    darkshelf.run_shelf(chain, as_of="2026-03-30", watch=seen.append)
    assert [seen[0], seen[-1]] == ["check", "publish"]
