"""A whole backtest: what it writes, and that the judge sees the thinned tables alone."""

from __future__ import annotations

import json
from datetime import date, timedelta

import polars as pl
import pytest

from engine.backtest.backtest import backtest, night_days
from engine.backtest.plan import BacktestPlan, Injection
from engine.errors import InputError
from engine.settings.shelf.calibrated import CalibratedSettings
from tests.backtest.conftest import LAST, tables
from tests.command import darkshelf
from tests.planted.small import write_parquet

PLAN = BacktestPlan(every_days=7, nights=3, injection=Injection(share=0.5, depths=(0.0,)), replicates=50)


def test_nights_end_on_the_last_day_and_begin_after_four_weeks(chain):
    week = timedelta(weeks=1)
    assert night_days(chain, BacktestPlan(nights=3)) == [LAST - 2 * week, LAST - week, LAST]
    assert len(night_days(chain, BacktestPlan(nights=90, every_days=1))) == 42
    assert night_days(chain, BacktestPlan(nights=1, last=LAST - week)) == [LAST - week]


def test_a_history_of_four_weeks_is_too_short(tmp_path):
    short = {name: frame.filter(pl.col("date") > LAST - timedelta(days=20)) for name, frame in tables().items()}
    with pytest.raises(InputError, match="fewer than 29 days of sales"):
        night_days(write_parquet(tmp_path / "short", short), BacktestPlan())


@pytest.mark.slow
def test_planted_silence_is_found_and_told(chain, tmp_path):
    found = backtest(chain, tmp_path / "out", CalibratedSettings(), PLAN)
    assert found == json.loads((tmp_path / "out" / "backtest.json").read_text(encoding="utf-8"))
    everything = found["bands"][0]
    assert everything["band"] == "all"
    assert everything["precision"][0] >= 0.8
    assert everything["worth_recall"][0] >= 0.8
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["alerts.parquet", "backtest.json", "episodes.parquet", "events.parquet"]
    events, alerts = (pl.read_parquet(tmp_path / "out" / f"{name}.parquet") for name in ("events", "alerts"))
    assert (events.height, alerts.height) == (everything["events"], everything["alerts"])


@pytest.mark.slow
def test_the_same_backtest_writes_the_same_bytes(chain, tmp_path):
    for name in ("one", "two"):
        backtest(chain, tmp_path / name, CalibratedSettings(), PLAN)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes(), file.name


@pytest.mark.slow
def test_nights_that_workers_replay_come_to_the_same_bytes(chain, tmp_path):
    days: list[date] = []
    backtest(chain, tmp_path / "alone", CalibratedSettings(), PLAN)
    backtest(chain, tmp_path / "shared", CalibratedSettings(), PLAN, cluster="local:2", watch=days.append)
    assert sorted(days) == night_days(chain, PLAN)
    assert sorted(file.name for file in (tmp_path / "shared").iterdir()) == sorted(
        file.name for file in (tmp_path / "alone").iterdir()
    )
    for file in (tmp_path / "alone").iterdir():
        assert file.read_bytes() == (tmp_path / "shared" / file.name).read_bytes(), file.name


@pytest.mark.slow
def test_what_stops_a_night_at_a_worker_is_told_as_it_is_here(chain, tmp_path):
    plan = PLAN.model_copy(update={"injection": None, "nights": 1})
    (chain / "inventory_snapshot.parquet").unlink()
    for cluster in (None, "local:1"):
        with pytest.raises(InputError, match="inventory_snapshot"):
            backtest(chain, tmp_path / "out", CalibratedSettings(), plan, cluster=cluster)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.slow
def test_a_known_truth_is_scored_without_planting(tmp_path):
    chain = tables()
    first = LAST - timedelta(days=9)
    dark = (pl.col("store_id") == 1) & (pl.col("sku_id") == 9) & (pl.col("date") >= first)
    sales = chain["sales_transactions"]
    chain["sales_transactions"] = sales.filter(~dark)
    folder = write_parquet(tmp_path / "chain", chain)
    lost = sales.filter(dark)
    known = pl.DataFrame({"store_id": [1], "sku_id": [9], "first_date": [first], "last_date": [LAST]}).with_columns(
        lost_units=pl.lit(lost["units_sold"].sum()), lost_revenue=pl.lit(lost["revenue"].sum())
    )
    known.write_parquet(tmp_path / "truth.parquet")
    plan = BacktestPlan(nights=1, replicates=50)
    found = backtest(folder, tmp_path / "out", CalibratedSettings(), plan, tmp_path / "truth.parquet")
    assert (found["episodes"], found["bands"][0]["found"], found["bands"][0]["right"]) == (1, 1, 1)
    assert found["money"]["total_ratio"][0] == pytest.approx(1.0, abs=0.3)


def test_a_truth_without_its_columns_is_refused(chain, tmp_path):
    pl.DataFrame({"store_id": [1]}).write_parquet(tmp_path / "truth.parquet")
    with pytest.raises(InputError, match="has no column sku_id, first_date, last_date"):
        backtest(chain, tmp_path / "out", CalibratedSettings(), PLAN, tmp_path / "truth.parquet")


@pytest.mark.slow
def test_the_command_prints_what_it_wrote(capsys, chain, tmp_path):
    out = tmp_path / "out"
    answer = darkshelf(
        capsys, "backtest", str(chain), "--out", str(out), "--inject", "0.5", "--nights", "2", "--json"
    )
    assert json.loads(answer.out) == json.loads((out / "backtest.json").read_text(encoding="utf-8"))
    shown = darkshelf(capsys, "backtest", str(chain), "--out", str(out), "--inject", "0", "--nights", "1")
    assert shown.code == 0
    assert "1 nights" not in shown.out
    assert "units a day" in shown.out
