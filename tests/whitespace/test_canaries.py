"""Canaries: each planted leak fails the check that is there for it, and the company without any passes everything."""

from __future__ import annotations

from contextlib import chdir
from dataclasses import replace

import polars as pl
import pytest

from bench.whitespace.canaries import EXPECTED, SETTINGS, found_by, trained_run
from bench.whitespace.leaks import LEAKS
from engine.settings.whitespace.gauntlet import WaiverSettings
from engine.settings.whitespace.horizons import HorizonSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.gauntlet import permutation, quality, shift_grid, truncation
from engine.whitespace.gauntlet.report import checks_table
from engine.whitespace.gauntlet.run import artifacts, gauntlet
from engine.whitespace.gauntlet.shapes import unfit
from engine.whitespace.gauntlet.verdict import ALL

pytestmark = pytest.mark.slow

QUICK = SETTINGS.model_copy(
    update={
        "gauntlet": SETTINGS.gauntlet.model_copy(update={"permutations": 99}),
        "horizons": HorizonSettings(bootstrap_replicates=200),
    }
)


@pytest.fixture(scope="module")
def clean(company_tables):
    """The trained run of a company without leaks."""
    return trained_run(company_tables, QUICK)


@pytest.fixture(scope="module")
def judged(clean, tmp_path_factory):
    """What the gauntlet says of it, in a folder with an `engine` that is not ours."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "engine").mkdir()
    (folder / "engine" / "__init__.py").write_text("raise RuntimeError('of the folder')", encoding="utf-8")
    with chdir(folder):
        return gauntlet(clean)


@pytest.mark.proves("L95")
def test_a_company_without_leaks_passes_everything(judged):
    statuses = {result.name: result.pooled for result in judged.results}
    assert set(statuses) == set(EXPECTED)
    assert {name for name, status in statuses.items() if status not in {v.PASS, v.WARN}} == set()
    assert judged.overall in {v.PASS, v.WARN}


@pytest.mark.parametrize("leak", LEAKS, ids=[leak.name for leak in LEAKS])
def test_a_planted_leak_fails_its_check(leak, clean, judged):
    assert judged.check(leak.check).status == v.PASS
    result = found_by(leak, clean)
    assert result.status == v.FAIL
    assert result.findings.height
    if leak.feature:
        assert leak.feature.name in result.findings["where"][0]


@pytest.mark.proves("L9", "L11", "L19", "L20", "L125")
def test_every_artifact_has_its_shape(judged):
    files = artifacts(judged)
    assert [unfit(file) for file in files if unfit(file)] == []
    names = [file.path for file in files]
    assert len(set(names)) == len(names)
    for division in judged.divisions:
        folder = next(name for name in names if "leakage_report_" in name and division in name).rpartition("/")[0]
        assert f"{folder}/permutation_diag.json" in names


@pytest.mark.proves("L99", "L148")
def test_every_division_has_its_verdict_and_staler_features_do_no_better_in_any(clean, judged):
    assert set(judged.divisions) == set(clean.dataset.rows["division"].cast(pl.String))
    for division in ("", *judged.divisions):
        report = next(
            file.content
            for file in judged.files
            if "/leakage_report_" in file.path and file.content["division"] == division
        )
        assert set(report["checks"]) == set(EXPECTED)
        for name in (shift_grid.SHIFT_14, shift_grid.GRID):
            assert report["checks"][name] in {v.PASS, v.WARN}, (division, name)


@pytest.mark.proves("L15", "L16", "L18", "L17", "L123", "L124", "L125", "L230")
def test_the_grid_has_all_its_shifts_against_the_base_and_against_each_other(judged):
    grid = next(file.content for file in judged.files if "/shift_grid_pooled" in file.path)
    assert [shift["days"] for shift in grid["shifts"]] == [7, 14, 28, 56]
    assert [step["days"] for step in grid["steps"]] == [14, 28, 56]
    assert grid["overall"] == judged.check("shift_grid").pooled


@pytest.mark.proves("L7", "L8", "L10", "L100")
def test_the_permutation_tells_signal_from_leak(judged):
    diag = next(file.content for file in judged.files if file.path.endswith("permutation_diag.json"))
    assert diag["signal"]
    assert not diag["structural_leak"]
    assert diag["p_value"] == 1 / 100
    assert diag["band_low"] < diag["base_rate_auc"] < diag["band_high"]


@pytest.mark.proves("L12", "L13", "L14", "L129")
def test_two_processes_with_other_hash_seeds_and_threads_come_to_the_same_bits(judged):
    checks = [file.content for file in judged.files if "/repro_check_" in file.path]
    assert len(checks) == 1 + len(judged.divisions)
    for check in checks:
        assert check["hashes_run1"] == check["hashes_run2"]
        assert set(check["hashes_run1"]) == {"matrix", "state", "folds", "model", "json", "predictions"}


def test_a_check_that_did_not_run_fails_the_run(clean):
    alone = gauntlet(clean, only=("label_timing",))
    assert alone.check("label_timing").status in {v.PASS, v.WARN}
    assert alone.overall == v.FAIL
    report = next(file.content for file in alone.files if "/leakage_report_pooled" in file.path)
    assert report["checks"]["truncation"] == v.FAIL


def test_a_check_that_breaks_off_is_an_error_and_the_others_still_run(clean):
    broken = replace(clean, tables=replace(clean.tables, assets=pl.DataFrame()))
    found = gauntlet(broken, only=(truncation.NAME, "label_timing"))
    assert found.check(truncation.NAME).status == v.ERROR
    assert "ColumnNotFoundError" in found.check(truncation.NAME).readings["note"][0]
    assert found.check("label_timing").status != v.ERROR
    assert found.overall == v.FAIL


@pytest.mark.proves("L102", "L236")
def test_what_was_switched_off_is_waived_and_says_so(clean):
    waivers = WaiverSettings(permutation=True, shift_grid=True)
    settings = clean.settings.model_copy(update={"waivers": waivers})
    found = gauntlet(replace(clean, settings=settings), only=(permutation.NAME, shift_grid.GRID))
    for name in (permutation.NAME, shift_grid.GRID, shift_grid.SHIFT_14):
        assert found.check(name).status == v.WAIVED
        assert found.check(name).readings["note"][0].startswith("waived: forensics")
    report = next(file.content for file in found.files if "/leakage_report_pooled" in file.path)
    assert report["waivers"] == ["permutation", "shift_grid"]


def test_labels_that_nobody_could_know_have_no_signal(clean):
    rows = clean.dataset.rows
    rng_order = rows.select(pl.col("label").shuffle(seed=5)).to_series()
    shuffled = replace(clean, dataset=replace(clean.dataset, rows=rows.with_columns(label=rng_order)))
    one = permutation.shuffled(shuffled, ALL)
    assert one.p_value > 0.01
    assert one.stopped_early or one.gap < 0.05


def test_quality_is_judged_together_and_by_division(clean):
    ranking, calibration = quality.quality(clean)
    assert {ranking.pooled, calibration.pooled} == {v.PASS}
    files = quality.artifacts((ranking, calibration), clean)
    assert [unfit(file) for file in files if unfit(file)] == []
    assert set(checks_table([calibration])["measure"]) == {"relative_cal_error", "brier_skill"}
