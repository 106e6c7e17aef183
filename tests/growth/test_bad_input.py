"""What is wrong with the input is told at once, with exit code 2, and nothing is written."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.command import darkshelf
from tests.growth.golden import GOLDEN
from tests.growth.tables import PERIOD, Tables, among_peers, candidate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def made() -> Tables:
    return among_peers(GOLDEN["boosted_by_step_9"].case)


def refused(capsys, tables: Tables, tmp_path: Path, *words: object, form: str = "csv") -> str:
    """The message of a refusal that leaves nothing behind."""
    folder = tables.write(tmp_path / "refused", form)
    answer = darkshelf(capsys, "growth", "scale", folder, "--out", tmp_path / "out", *words)
    assert answer.code == 2, answer
    assert answer.out == ""
    assert not (tmp_path / "out" / "runs").exists() or not any((tmp_path / "out" / "runs").iterdir())
    return answer.err


def warnings(capsys, tables: Tables, tmp_path: Path, *words: object) -> str:
    """The warnings of a run that goes well."""
    folder = tables.write(tmp_path / "in")
    answer = darkshelf(capsys, "growth", "scale", folder, "--out", tmp_path / "out", "--json", *words)
    assert answer.code == 0, answer
    (quality,) = (tmp_path / "out" / "runs").glob("*/data_quality.json")
    return quality.read_text(encoding="utf-8")


@pytest.mark.proves("I-31")
def test_a_repeated_key_in_sales_candidates_or_clusters_is_refused_with_the_keys(capsys, made, tmp_path):
    for name in ("sales", "step11", "clusters"):
        made.rows[name].append(dict(made.rows[name][0]))
    message = refused(capsys, made, tmp_path)
    assert "sales: rows share str_code and spu_code: 2 of 76 rows" in message
    assert "step11: rows share str_code and spu_code: 2 of 2 rows" in message
    assert "clusters: rows share str_code: 2 of 76 rows" in message
    assert "first: str_code S000, spu_code A1: 2 rows" in message
    assert "(3):" in message


@pytest.mark.proves("I-31")
def test_sales_rows_are_added_up_on_demand(capsys, made, tmp_path):
    first = made.rows["sales"][0]
    made.rows["sales"].append({**first, "store_sales": 0.0, "current_spu_count": 0.0})
    text = warnings(capsys, made, tmp_path, "--set", "inputs.duplicate_sales=sum")
    (audit,) = (tmp_path / "out" / "runs").glob("*/audit.parquet")
    assert pl.read_parquet(audit)["store_sales"].to_list() == [first["store_sales"]]
    assert '"read": 76' in text


def test_a_store_in_two_clusters_is_refused(capsys, made, tmp_path):
    made.rows["clusters"].append({"str_code": "S000", "cluster_id": "9"})
    assert "first: str_code S000: 2 rows" in refused(capsys, made, tmp_path)


@pytest.mark.slow
@pytest.mark.proves("R82", "R83")
@pytest.mark.parametrize("step", ["step9", "step10"])
def test_a_missing_step_is_refused_unless_it_is_allowed_by_name(capsys, made, tmp_path, step):
    made.rows[step] = None
    message = refused(capsys, made, tmp_path)
    assert f"{step}: the table is missing, so conflicts with it cannot be seen" in message
    assert f"--set inputs.allow_missing_{step}=true" in message
    warned = warnings(capsys, made, tmp_path, "--set", f"inputs.allow_missing_{step}=true")
    assert f"the table {step} was not delivered" in warned
    (file,) = (tmp_path / "out" / "runs").glob("*/recommendations.parquet")
    (text,) = pl.read_parquet(file)["no_conflict_reason"].to_list()
    assert f"Step {step.removeprefix('step')} not supplied" in text
    assert f"No Step {step.removeprefix('step')}" not in text


@pytest.mark.proves("R20")
@pytest.mark.parametrize("table", ["step11", "sales", "clusters"])
def test_without_a_required_table_nothing_runs(capsys, made, tmp_path, table):
    made.rows[table] = None
    assert f"{table}: the table is missing" in refused(capsys, made, tmp_path)


@pytest.mark.proves("R20", "R16")
def test_step_11_without_its_mark_is_refused(capsys, made, tmp_path):
    folder = made.write(tmp_path / "in")
    pl.read_parquet(folder / "step11.parquet").drop("is_growth_candidate").write_parquet(folder / "step11.parquet")
    answer = darkshelf(capsys, "growth", "scale", folder, "--out", tmp_path / "out")
    assert answer.code == 2
    assert "has no column is_growth_candidate" in answer.err


@pytest.mark.slow
@pytest.mark.proves("I-6", "R5")
def test_a_quantity_from_step_11_is_dropped_and_told(capsys, made, tmp_path):
    folder = made.write(tmp_path / "in")
    before = warnings(capsys, made, tmp_path)
    audit = next((tmp_path / "out" / "runs").glob("*/audit.parquet")).read_bytes()
    rows = pl.read_parquet(folder / "step11.parquet")
    rows.with_columns(recommended_quantity_change=99.0, extra_qty=1).write_parquet(folder / "step11.parquet")
    answer = darkshelf(capsys, "growth", "scale", folder, "--out", tmp_path / "again", "--json")
    assert answer.code == 0, answer
    (quality,) = (tmp_path / "again" / "runs").glob("*/data_quality.json")
    told = quality.read_text(encoding="utf-8")
    assert "step11: brings quantities (extra_qty, recommended_quantity_change), which are dropped" in told
    assert "brings quantities" not in before
    assert next((tmp_path / "again" / "runs").glob("*/audit.parquet")).read_bytes() == audit


def test_a_percentage_for_a_fraction_is_refused(capsys, made, tmp_path):
    made.rows["sales"][3]["sell_through_rate"] = 62.0
    message = refused(capsys, made, tmp_path)
    assert "sell_through_rate is above 1.5: a percentage, not a fraction: 1 of 75 rows" in message
    assert "sell_through_rate 62.0" in message


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("column", ["store_sales", "current_spu_count"])
def test_a_quantity_that_is_no_number_is_refused(capsys, made, tmp_path, value, column):
    made.rows["sales"][3][column] = value
    assert f"sales: {column} is not finite: 1 of 75 rows" in refused(capsys, made, tmp_path, form="parquet")


def test_a_negative_increase_of_step_9_is_refused(capsys, made, tmp_path):
    made.rows["step9"][0]["recommended_quantity_change"] = -2.0
    assert "recommended_quantity_change is negative" in refused(capsys, made, tmp_path)


@pytest.mark.proves("I-32", "R78")
@pytest.mark.parametrize("step", ["step9", "step11"])
def test_a_step_of_another_period_is_refused(capsys, made, tmp_path, step):
    for row in made.rows["sales"]:
        row["period"] = PERIOD
    made.rows[step][0]["period"] = "202505B"
    assert f"{step}: is not of {PERIOD} (periods there: 202505B): 1 of 1 rows" in refused(capsys, made, tmp_path)


@pytest.mark.proves("I-32", "R78")
def test_tables_made_from_different_sales_are_refused(capsys, made, tmp_path):
    made.rows["sales"] = [{**row, "dataset_id": "a1"} for row in made.rows["sales"]]
    made.rows["step11"][0]["dataset_id"] = "b2"
    assert "the tables were made from different sales (sales: a1; step11: b2)" in refused(capsys, made, tmp_path)


def test_a_period_that_is_not_there_is_refused_with_those_that_are(capsys, made, tmp_path):
    for row in made.rows["sales"]:
        row["period"] = PERIOD
    assert f"choose one of the periods there: {PERIOD}" in refused(capsys, made, tmp_path, "--period", "202001A")


@pytest.mark.parametrize("period", ["June", "202513A", "2025-06A"])
def test_a_period_that_is_no_half_month_is_refused(capsys, made, tmp_path, period):
    for row in made.rows["sales"]:
        row["period"] = period
    assert "period is no half month: 75 of 75 rows" in refused(capsys, made, tmp_path)


def test_an_output_of_this_desk_is_no_step_9(capsys, made, tmp_path):
    folder = made.write(tmp_path / "in")
    rows = pl.read_parquet(folder / "step9.parquet")
    rows.with_columns(scaling_tier=pl.lit("x"), recommended_units=1).write_parquet(folder / "step9.parquet")
    answer = darkshelf(capsys, "growth", "scale", folder, "--out", tmp_path / "out")
    assert answer.code == 2
    assert "has columns of an output of this desk (recommended_units, scaling_tier)" in answer.err


def test_every_problem_is_told_at_once(capsys, made, tmp_path):
    made.rows["sales"][3]["sell_through_rate"] = 62.0
    made.rows["clusters"].append({"str_code": "S000", "cluster_id": "9"})
    made.rows["step9"] = None
    made.rows["step10"][0]["period"] = "June"
    message = refused(capsys, made, tmp_path)
    assert "(4):" in message
    for part in ("a percentage", "rows share str_code", "step9: the table is missing", "period is no half month"):
        assert part in message


@pytest.mark.parametrize("spelling", ["cluster", "Cluster", "cluster_id"])
def test_the_cluster_may_be_spelt_in_three_ways(capsys, made, tmp_path, spelling):
    folder = made.write(tmp_path / "in")
    clusters = pl.read_parquet(folder / "clusters.parquet").rename({"cluster_id": spelling})
    clusters.with_columns(pl.col(spelling).cast(pl.Int64)).write_parquet(folder / "clusters.parquet")
    answer = darkshelf(capsys, "growth", "scale", folder, "--out", tmp_path / "out", "--json")
    assert answer.json()["scaled"] == 1


def test_a_cluster_that_is_no_number_is_refused(capsys, made, tmp_path):
    made.rows["clusters"][0]["cluster_id"] = "north"
    assert "clusters: the cluster is no whole number: 1 of 75 rows" in refused(capsys, made, tmp_path)


@pytest.mark.slow
def test_codes_keep_their_zeros_whatever_file_they_come_in(capsys, tmp_path):
    tables = among_peers(GOLDEN["seed"].case, store="00712", spu="0A00005")
    for form in ("csv", "parquet"):
        folder = tables.write(tmp_path / form, form)
        answer = darkshelf(capsys, "growth", "scale", folder, "--out", tmp_path / f"{form}-out", "--json")
        assert answer.json()["scaled"] == 1
        (file,) = (tmp_path / f"{form}-out" / "runs").glob("*/recommendations.parquet")
        assert pl.read_parquet(file).select("str_code", "spu_code").row(0) == ("00712", "0A00005")


@pytest.mark.slow
def test_what_does_not_stop_a_run_is_counted_and_listed(capsys, made, tmp_path):
    made.rows["sales"][5]["store_sales"] = -3.0
    made.rows["sales"].append({"str_code": "nowhere", "spu_code": "A1", "current_spu_count": 4.0})
    made.rows["step11"] = [candidate("S000", "A1", cluster_id="7"), candidate("nowhere", "A1")]
    made.rows["step9"].append(dict(made.rows["step9"][0]))
    told = warnings(capsys, made, tmp_path)
    assert "sales: quantities are negative: 1 of 76 rows" in told
    assert "sales: stores belong to no cluster: 1 of 76 rows" in told
    assert "step11: another cluster than the clusters table: 1 of 2 rows" in told
    assert "step11: candidates of stores without a cluster: 1 of 2 rows" in told
    assert "step9: rows share str_code and spu_code: 2 of 2 rows" in told


@pytest.mark.slow
def test_a_code_in_two_forms_is_one_code_and_told(capsys, tmp_path):
    tables = among_peers(GOLDEN["seed"].case, spu="5001")
    for row in tables.rows["step11"]:
        row["spu_code"] = "5001.0"
    told = warnings(capsys, tables, tmp_path)
    assert "spu_code: ids are written in another form than they are read in (1 of 1 in step11)" in told
    (file,) = (tmp_path / "out" / "runs").glob("*/recommendations.parquet")
    assert pl.read_parquet(file)["spu_code"].to_list() == ["5001"]


def test_a_code_that_lost_its_digits_is_refused(capsys, tmp_path):
    tables = among_peers(GOLDEN["seed"].case, spu="7.61234E+12")
    assert "sales: spu_code is a number that lost its digits: 7.61234E+12" in refused(capsys, tables, tmp_path)
