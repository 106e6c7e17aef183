"""What a ranking publishes: the files and columns of the reference, the same bytes for the same ranking."""

from __future__ import annotations

import json
import math

import polars as pl
import pytest

from engine.runs.registry import Run
from engine.settings.whitespace.ranking import EligibilitySettings, RankingSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.publish import publish
from engine.whitespace.ranking.artifacts import artifacts, checksum
from engine.whitespace.ranking.before import before
from engine.whitespace.ranking.rank import rank
from tests.whitespace.ranking.market import TODAY, scene

SETTINGS = RankingSettings(replicates=100)
SCENE = scene(60, 4)
LEARNED = SCENE.learned(SETTINGS)
RANKING = rank(SCENE.market(), LEARNED, SETTINGS)
FOUND = {artifact.path: artifact.content for artifact in artifacts(RANKING, "run-1", SETTINGS)}
METRICS = FOUND[f"whitespace_metrics_{TODAY}.json"]
REFERENCE_COLUMNS = (
    "customer_id customer_name division_name score score_pct score_grade score_challenger p_icp p_icp_pct "
    "p_icp_grade lift_norm als_norm EV_norm nba_reason segment"
).split()


def test_every_file_that_the_reference_names_is_there():
    named = (
        "whitespace_{}.csv whitespace_{}.parquet whitespace_selected_{}.csv whitespace_selected_warm_{}.csv "
        "whitespace_selected_cold_{}.csv whitespace_selected_prospect_{}.csv whitespace_explanations_{}.csv "
        "thresholds_whitespace_{}.csv capacity_summary_{}.csv diversification_report_{}.json "
        "bias_diversity_warnings_{}.json whitespace_metrics_{}.json whitespace_log_{}.jsonl"
    )
    assert {name.format(TODAY) for name in named.split()} <= set(FOUND)


def test_the_list_has_the_columns_of_the_reference_and_only_who_may_be_called():
    listed = FOUND[f"whitespace_{TODAY}.csv"]
    assert set(REFERENCE_COLUMNS) <= set(listed.columns)
    assert listed.height == RANKING.candidates["excluded_because"].is_null().sum()


def test_the_list_by_segment_is_the_list():
    parts = [FOUND[f"whitespace_selected_{segment}_{TODAY}.csv"] for segment in v.SEGMENTS]
    assert sum(part.height for part in parts) == FOUND[f"whitespace_selected_{TODAY}.csv"].height


@pytest.mark.proves("L208")
def test_the_metrics_name_the_run_and_the_checksum_of_what_is_published():
    assert (METRICS["run_id"], METRICS["checksum"]) == ("run-1", checksum(RANKING.candidates))
    turned = RANKING.candidates.with_columns(score=pl.col("score") + 1e-9)
    assert checksum(turned) != checksum(RANKING.candidates)


@pytest.mark.proves("L186", "L185")
def test_every_division_tells_its_counts_coverage_thresholds_and_weights():
    assert [each["division"] for each in METRICS["by_division"]] == [f"division {number:02}" for number in range(4)]
    one = METRICS["by_division"][1]
    counts = one["eligibility_counts"]
    excluded = sum(count for name, count in counts.items() if name.endswith("_excluded"))
    assert counts["start_rows"] == counts["kept_rows"] + excluded
    assert one["coverage_thresholds"] == {"als": 0.3, "affinity": 0.3}
    assert sum(one["weights_final"].values()) == pytest.approx(1, abs=1e-5)


def test_the_log_has_a_line_a_division_and_one_for_the_selection():
    events = [line["event"] for line in FOUND[f"whitespace_log_{TODAY}.jsonl"]]
    assert events == ["division_summary"] * 4 + ["selection_summary"]


def test_reason_codes_stand_beside_every_recommendation():
    codes = FOUND[f"whitespace_reason_codes_{TODAY}.json"]
    assert len(codes) == RANKING.selected.height
    assert set(codes[0]["reasons"][0]) == {"feature", "direction", "share"}


def test_the_threshold_is_the_lowest_priority_on_the_list():
    (row,) = FOUND[f"thresholds_whitespace_{TODAY}.csv"].to_dicts()
    assert (row["threshold"], row["count"]) == (RANKING.selected["priority"].min(), RANKING.selected.height)


def test_every_json_file_holds_finite_numbers_alone():
    def numbers(content: object) -> list[float]:
        if isinstance(content, dict):
            return [number for part in content.values() for number in numbers(part)]
        if isinstance(content, list):
            return [number for part in content for number in numbers(part)]
        return [content] if isinstance(content, float) else []

    for path, content in FOUND.items():
        if path.endswith((".json", ".jsonl")):
            json.dumps(content, default=str)
            assert all(map(math.isfinite, numbers(content))), path


def test_a_list_before_is_read_from_its_run_and_one_of_the_same_day_is_not_before(tmp_path):
    publish(tmp_path, artifacts(RANKING, "run-1", SETTINGS))
    run = Run("run-1", tmp_path, {"as_of": str(TODAY)})
    later = TODAY.replace(month=7, day=20)
    found = before([run], later, EligibilitySettings())
    assert (
        found.previous.select("customer_id", "rank").rows() == RANKING.candidates.select("customer_id", "rank").rows()
    )
    assert found.shown.height == RANKING.selected.height
    assert before([run], TODAY.replace(month=8), EligibilitySettings()).shown.height == 0
    assert before([run], TODAY, EligibilitySettings()).previous is None


@pytest.mark.slow
def test_the_same_ranking_publishes_the_same_bytes(tmp_path):
    for folder in ("one", "other"):
        again = rank(SCENE.market(), SCENE.learned(SETTINGS), SETTINGS)
        publish(tmp_path / folder, artifacts(again, "run-1", SETTINGS))
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == sorted(FOUND)
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes() for name in files)
