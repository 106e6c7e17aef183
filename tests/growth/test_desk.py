"""A scaling as a run: its files, its report, the same bytes again, and nothing scaled twice."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.errors import InputError
from engine.growth import desk
from engine.growth.boundary import boundary, report
from engine.growth.inputs import marked
from engine.growth.scale import BoundaryError, keep_the_list, scale
from engine.outputs.growth import shapes
from engine.outputs.growth.read import boundary_report
from engine.outputs.read import find_run
from engine.settings.growth.scaling import GrowthSettings
from tests.growth.golden import GOLDEN, golden_tables
from tests.growth.tables import PERIOD, Tables, among_peers

if TYPE_CHECKING:
    from pathlib import Path

    from engine.outputs.result import Result

REFERENCE = GrowthSettings(profile="reference")


@pytest.fixture(scope="module")
def scaling(tmp_path_factory) -> Result:
    folder = tmp_path_factory.mktemp("scaling")
    return desk.run(golden_tables().write(folder / "in"), folder / "out", REFERENCE)


@pytest.mark.slow
@pytest.mark.proves("R5", "R7", "R64")
def test_recommendations_are_the_scaled_rows_of_the_audit_with_texts(scaling):
    audit = pl.read_parquet(scaling.folder / shapes.AUDIT)
    scaled = pl.read_parquet(scaling.folder / shapes.RECOMMENDATIONS)
    assert audit.height == 21
    assert scaled.drop(desk.publish.v.GROWTH_TEXTS).equals(
        audit.filter(pl.col("recommended_adjustment_quantity") > 0)
    )
    assert scaled.height == scaling.summary["scaled"] == 11
    csv = pl.read_csv(scaling.folder / shapes.RECOMMENDATIONS_CSV, schema_overrides={"str_code": pl.String})
    assert csv["full_explanation"].to_list() == scaled["full_explanation"].to_list()


def test_names_accents_and_apostrophes_stay_intact(scaling):
    row = pl.read_parquet(scaling.folder / shapes.RECOMMENDATIONS).row(0, named=True)
    assert (row["spu_code"], row["store_name"], row["cate_name"]) == ("P'é00", "O'Brien’s", "直筒裤")
    assert row["spu_name"] == "Crème d'été P'é00"


@pytest.mark.proves("I-11", "R82", "R83", "R84", "R85", "R80", "R81", "R79", "R91")
def test_the_boundary_is_counted_and_every_check_met_a_row(scaling):
    checks = {check["name"]: check for check in boundary_report(scaling.run)["checks"]}
    assert boundary_report(scaling.run)["counts"] == {"PASS": len(checks), "FAIL": 0, "VACUOUS": 0}
    assert checks["step9_checked"]["looked_at"] == checks["step10_checked"]["looked_at"] == 2
    assert checks["only_candidates"]["looked_at"] == 11
    assert json.loads((scaling.folder / shapes.BOUNDARY_REPORT).read_text(encoding="utf-8")) == boundary_report(
        scaling.run
    )


@pytest.mark.slow
@pytest.mark.proves("I-11", "R82", "R83")
def test_a_check_that_met_no_conflict_is_vacuous_and_says_so(tmp_path):
    tables = among_peers(GOLDEN["seed"].case)
    made = desk.run(tables.write(tmp_path / "in"), tmp_path / "out", REFERENCE)
    vacuous = {
        check["name"]: check["note"] for check in boundary_report(made.run)["checks"] if check["verdict"] == "VACUOUS"
    }
    assert vacuous == {
        "step9_checked": "no candidate met a decision of Step 9",
        "step10_checked": "no candidate met a decision of Step 10",
    }


BROKEN = {
    "only_candidates": {"spu_code": pl.lit("other")},
    "no_key_added": {"spu_code": pl.lit("other")},
    "keys_unique": {"str_code": pl.lit("S00"), "spu_code": pl.lit("P'é00")},
    "every_candidate_answered": {"spu_code": pl.lit("other")},
    "step9_checked": {"step9_dampener": pl.lit(1.0)},
    "step10_checked": {"recommended_adjustment_quantity": pl.lit(2.0)},
    "caps_applied": {"recommended_adjustment_quantity": pl.col("recommended_adjustment_quantity") * 1.01},
    "no_noise": {"recommended_adjustment_quantity": pl.col("recommended_adjustment_quantity") / 99},
    "never_lowered": {"recommended_units": pl.col("recommended_units") + 1},
    "gap_large_enough": {"gap_ratio": pl.lit(0.0999)},
    "step9_minimum_kept": {"joint_increase": pl.lit(-1.0)},
    "traceable": {"base_scaling": pl.lit(None, pl.Float64)},
    "finite": {"gap_ratio": pl.lit(float("nan"))},
    "step11_unchanged": {"opportunity_tier": pl.lit("changed")},
}


@pytest.mark.proves("R85", "R2")
@pytest.mark.parametrize("name", BROKEN)
def test_a_boundary_check_fails_on_rows_that_break_it(scaling, name):
    """Each check sees its own fault in the published rows: none of them is a constant."""
    tables = golden_tables()
    given = tables.inputs(REFERENCE, PERIOD)
    audit = pl.read_parquet(scaling.folder / shapes.AUDIT)
    spoilt = audit.with_columns(**BROKEN[name])
    step11 = marked(tables.frames()["step11"])
    verdicts = {check.name: check.verdict for check in boundary(spoilt, step11, given, REFERENCE)}
    assert verdicts[name] == "FAIL"
    assert report(boundary(spoilt, step11, given, REFERENCE))["verdict"] == "FAIL"
    assert verdicts.keys() == BROKEN.keys()


@pytest.mark.proves("R17", "I-1", "R86")
@pytest.mark.parametrize("fault", ["added", "lost", "twice"])
def test_a_stage_that_would_change_the_list_publishes_nothing(fault):
    tables = golden_tables()
    given = tables.inputs(REFERENCE, PERIOD)
    scaled = scale(given, REFERENCE).collect()
    spoilt = {
        "added": pl.concat([scaled, scaled.head(1).with_columns(pair=pl.lit(-1, pl.Int64))]),
        "lost": scaled.head(20),
        "twice": pl.concat([scaled, scaled.head(1)]),
    }[fault]
    with pytest.raises(BoundaryError, match="step 12 was given 21 candidates"):
        keep_the_list(spoilt, given.candidates.collect())


@pytest.mark.proves("I-29")
def test_the_same_input_gives_the_same_bytes_in_any_order_of_rows(scaling, tmp_path):
    tables = golden_tables()
    shuffled = Tables({name: rows and rows[::-1] for name, rows in tables.rows.items()})
    again = desk.run(shuffled.write(tmp_path / "in"), tmp_path / "out", REFERENCE)
    for name in shapes.DATA_FILES:
        assert (again.folder / name).read_bytes() == (scaling.folder / name).read_bytes(), name


@pytest.mark.slow
def test_a_second_call_finds_the_run_and_does_nothing(tmp_path):
    folder = golden_tables().write(tmp_path / "in")
    first, second = (desk.run(folder, tmp_path / "out", REFERENCE) for _ in "ab")
    assert (first.is_new, second.is_new) == (True, False)
    assert (first.summary, boundary_report(first.run)) == (second.summary, boundary_report(second.run))
    forced = desk.run(folder, tmp_path / "out", REFERENCE, force=True)
    assert forced.run_id == f"{first.run_id}-2"


def feed_back(folder: Path, out: Path, tables: Tables, column: str = "recommended_adjustment_quantity") -> Tables:
    """The run's recommendations as rows of Step 9, as someone might hand them over."""
    rows = pl.read_parquet(find_run(out).folder / shapes.RECOMMENDATIONS)
    fed = [
        {"str_code": store, "spu_code": spu, "rule9_applied": True, "recommended_quantity_change": float(units)}
        for store, spu, units in rows.select("str_code", "spu_code", column).iter_rows()
    ]
    shutil.rmtree(folder)
    return Tables({**tables.rows, "step9": fed})


@pytest.mark.slow
@pytest.mark.proves("I-29", "R76")
@pytest.mark.parametrize("column", ["recommended_adjustment_quantity", "recommended_units"])
def test_recommendations_fed_back_as_increases_of_the_same_period_are_refused(tmp_path, column):
    tables = golden_tables()
    desk.run(tables.write(tmp_path / "in"), tmp_path / "out", REFERENCE)
    fed = feed_back(tmp_path / "in", tmp_path / "out", tables, column)
    before = sorted(path.name for path in (tmp_path / "out" / "runs").iterdir())
    with pytest.raises(InputError, match="they would be scaled twice"):
        desk.run(fed.write(tmp_path / "in"), tmp_path / "out", REFERENCE)
    assert sorted(path.name for path in (tmp_path / "out" / "runs").iterdir()) == before


@pytest.mark.slow
@pytest.mark.proves("I-29")
def test_the_same_increases_of_the_next_period_are_accepted(tmp_path):
    tables = golden_tables()
    desk.run(tables.write(tmp_path / "in"), tmp_path / "out", REFERENCE)
    fed = feed_back(tmp_path / "in", tmp_path / "out", tables)
    for name in ("sales", "step10", "step11"):
        for row in fed.rows[name] or []:
            row["period"] = "202506B"
    assert desk.run(fed.write(tmp_path / "in"), tmp_path / "out", REFERENCE).is_new


@pytest.mark.slow
def test_an_increase_of_step_9_that_was_known_before_is_not_taken_for_a_recommendation(tmp_path):
    """The boosted golden row gets 3.99 units; Step 9 said 3.99 all along."""
    tables = golden_tables()
    for row in tables.rows["step9"] or []:
        row["recommended_quantity_change"] = 3.99 if row["rule9_applied"] else None
    folder = tables.write(tmp_path / "in")
    desk.run(folder, tmp_path / "out", REFERENCE)
    assert desk.run(folder, tmp_path / "out", REFERENCE, force=True).is_new


def test_growth_runs_do_not_mix_with_those_of_another_desk(tmp_path):
    other = tmp_path / "out" / "runs" / "2026-01-01-classic-00000000"
    other.mkdir(parents=True)
    (other / "manifest.json").write_text('{"desk": "shelf", "as_of": "2026-01-01"}', encoding="utf-8")
    with pytest.raises(InputError, match="holds runs of another desk"):
        desk.run(golden_tables().write(tmp_path / "in"), tmp_path / "out", REFERENCE)


@pytest.mark.proves("R56", "R93")
def test_the_manifest_keeps_everything_that_made_the_run(scaling):
    manifest = json.loads((scaling.folder / shapes.MANIFEST).read_text(encoding="utf-8"))
    assert manifest["desk"] == "growth"
    assert manifest["period"] == PERIOD
    assert manifest["settings"]["caps"]["current_share"] == 0.5
    assert manifest["settings"]["benchmark"]["peers"] == "carriers"
    assert manifest["supplied"] == {"store_traffic": True, "step9": True, "step10": True, "supply": False}
    assert manifest["by_status"]["SCALED"] == 11
    assert manifest["units"] == pytest.approx(120.99)
    assert sum(tier["rows"] for tier in manifest["by_tier"].values()) == 11
    assert sum(cap["units"] for cap in manifest["by_cap"].values()) == pytest.approx(120.99)
    assert manifest["input_rows"]["step11"] == 21
    assert manifest["input_fingerprints"].keys() == {
        "sales",
        "clusters",
        "store_traffic",
        "step9",
        "step10",
        "step11",
    }
