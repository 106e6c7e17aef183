"""What became of scaled rows, beside rows alike; on made-up volumes whose truth is known."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest

from engine.errors import InputError
from engine.growth import desk
from engine.growth.backtest import alike, backtest
from engine.growth.follow import following_sales
from engine.growth.periods import following, position
from engine.outputs.read import find_run
from engine.settings.growth.scaling import BacktestSettings, GrowthSettings
from tests.command import darkshelf
from tests.growth.tables import Tables, candidate

STORES = 60


def two_halves(lift: float = 0.0, seed: int = 1) -> Tables:
    """Sixty stores alike, half of the weak ones candidates, which sell `lift` units more in the next half month."""
    rng = Random(seed)
    sales, step11 = [], []
    for n in range(STORES):
        store = f"{n:02}"
        first = 10.0 if n < 30 else 40.0
        is_candidate = n < 30 and n % 2 == 0
        if is_candidate:
            step11.append(candidate(store, "A1"))
        for period, units in (("202506A", first), ("202506B", first + rng.choice([-1, 0, 1]) + lift * is_candidate)):
            sales.append({"str_code": store, "spu_code": "A1", "period": period, "current_spu_count": units})
    clusters = [{"str_code": f"{n:02}", "cluster_id": "1"} for n in range(STORES)]
    return Tables({"sales": sales, "clusters": clusters, "step9": [], "step10": [], "step11": step11})


@pytest.fixture
def run(tmp_path):
    def made(tables: Tables):
        desk.run(tables.write(tmp_path / "in"), tmp_path / "out", GrowthSettings(), "202506A")
        return find_run(tmp_path / "out"), tmp_path / "in"

    return made


@pytest.mark.slow
@pytest.mark.parametrize("lift", [0.0, 6.0])
def test_a_known_lift_lies_in_the_interval(run, lift):
    found, folder = run(two_halves(lift))
    whole = backtest(found, following_sales(folder, found), BacktestSettings())[0]
    assert (whole.group, whole.scaled, whole.matched, whole.stores) == ("all", 15, 15, 30)
    assert whole.difference_low <= lift <= whole.difference_high
    assert whole.difference == pytest.approx(whole.change_scaled - whole.change_matched)


def test_rows_are_compared_with_unscaled_stores_of_the_same_cluster_and_spu_that_sold_alike(run):
    found, folder = run(two_halves())
    rows = alike(found, following_sales(folder, found), BacktestSettings())
    assert set(rows["before"]) == {10.0}
    assert {int(store) % 2 for store in rows.filter(~pl.col("is_scaled"))["str_code"]} == {1}
    assert rows.group_by("is_scaled").len().sort("is_scaled")["len"].to_list() == [15, 15]


@pytest.mark.slow
def test_noise_of_the_rows_beside_widens_the_interval(run):
    tables = two_halves()
    found, folder = run(tables)
    calm = backtest(found, following_sales(folder, found), BacktestSettings())[0]
    for row in tables.rows["sales"]:
        if row["period"] == "202506B" and int(row["str_code"]) < 30 and int(row["str_code"]) % 2:
            row["current_spu_count"] += 9 * (int(row["str_code"]) % 4 - 2)
    noisy = backtest(found, following_sales(tables.write(folder.parent / "noisy"), found), BacktestSettings())[0]
    assert noisy.difference_high - noisy.difference_low > 3 * (calm.difference_high - calm.difference_low)


@pytest.mark.slow
def test_without_a_row_alike_a_scaled_row_is_left_out_and_counted(run):
    tables = two_halves()
    for row in tables.rows["sales"]:
        if int(row["str_code"]) < 30 and int(row["str_code"]) % 2:
            row["current_spu_count"] = 40.0
    found, folder = run(tables)
    whole = backtest(found, following_sales(folder, found), BacktestSettings())[0]
    assert (whole.scaled, whole.matched, whole.difference) == (15, 0, None)


def test_what_is_not_sold_again_counts_as_nothing_sold(run):
    tables = two_halves()
    tables.rows["sales"] = [r for r in tables.rows["sales"] if r["period"] == "202506A" or r["str_code"] != "00"]
    found, folder = run(tables)
    rows = alike(found, following_sales(folder, found), BacktestSettings())
    assert rows.filter(pl.col("str_code") == "00")["after"].to_list() == [0.0]


@pytest.mark.slow
def test_the_command_tells_the_comparison(run, capsys, tmp_path):
    run(two_halves())
    answer = darkshelf(capsys, "growth", "backtest", tmp_path / "in", "--out", tmp_path / "out", "--json")
    assert [each["group"] for each in answer.json()["comparisons"]] == [
        "all",
        "Minimal Adjustment",
        "Moderate Adjustment",
        "Aggressive Adjustment",
    ]
    told = darkshelf(capsys, "growth", "backtest", tmp_path / "in", "--out", tmp_path / "out")
    assert "the difference is what happens anyway" in told.out


def test_sales_that_do_not_reach_the_next_half_month_are_refused(run, tmp_path):
    tables = two_halves()
    found, _ = run(tables)
    tables.rows["sales"] = [row for row in tables.rows["sales"] if row["period"] == "202506A"]
    with pytest.raises(InputError, match="has no row of 202506B, the half month after the run"):
        following_sales(tables.write(tmp_path / "short"), found)


@pytest.mark.parametrize(
    ("period", "after"), [("202506A", "202506B"), ("202506B", "202507A"), ("202412B", "202501A")]
)
def test_half_months_follow_each_other(period, after):
    assert following(period) == after
    assert position(after) - position(period) == 1
