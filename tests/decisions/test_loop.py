"""The whole loop on a simulated chain, whose truth answers the checks: what it says of the nights is so."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from engine.decisions.shelf import accuracy, answers, tasks
from engine.decisions.shelf.nights import features, open_cases
from engine.decisions.shelf.settings import LoopSettings
from engine.outputs.read import find_run
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from engine.synth.chain import write_chain
from engine.synth.plan import ChainPlan
from engine.vocabulary import shelf as v

NIGHTS = 6
LOOP = LoopSettings.model_validate({"tasks": {"sample_pairs": 360, "sample_cases": 120}})


def pairs_of(rows: pl.DataFrame) -> set[tuple[str, str]]:
    return set(rows.select(pl.col(v.PAIR).cast(pl.String)).iter_rows())


@pytest.mark.slow
def test_the_loop_tells_how_right_the_nights_were(beside, tmp_path):
    write_chain(tmp_path / "in", ChainPlan(stores=60, skus=30, days=75))
    truth = pl.read_parquet(tmp_path / "in" / "truth.parquet")
    last = truth["last_date"].max()
    dark_pairs = found = open_pairs = 0
    for day in (last - dt.timedelta(days=back) for back in reversed(range(NIGHTS))):
        run = find_run(tmp_path, desk.run(tmp_path / "in", tmp_path, CalibratedSettings(), day).run_id)
        dark = pairs_of(truth.filter(pl.lit(day).is_between("first_date", "last_date")))
        told = pairs_of(open_cases(run, ()))
        dark_pairs += len(dark & (pairs_of(features(run, ())) | told))
        found += len(dark & told)
        open_pairs += len(told)
        given = [
            answers.Given(*pair, "empty_backroom" if pair in dark else "on_shelf_fine")
            for pair in tasks.plan(beside, run, LOOP.tasks).frame().select(v.PAIR).iter_rows()
        ]
        answers.record(beside, run, given, by="Eve", at=dt.datetime.combine(day, dt.time(12), dt.UTC))
    measured = accuracy.measure(beside, tmp_path, LOOP.accuracy)
    assert measured.recall.low <= found / dark_pairs <= measured.recall.high
    assert measured.recall.high - measured.recall.low < 0.7
    assert measured.drawn.low <= found / open_pairs <= measured.drawn.high
