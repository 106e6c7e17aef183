"""Planted episodes: every contender on the same nights over the same thinned tables, by the backtest's own scorer."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.accuracy import chains
from bench.accuracy.nights import contenders
from engine.backtest.backtest import Scored, night_days, prepare, score
from engine.backtest.plan import BacktestPlan, Injection
from engine.backtest.replay import by_desk, replay
from engine.settings.shelf.calibrated import CalibratedSettings

DAYS = 134
NIGHTS = 6
SLOW_PLAN = BacktestPlan(injection=Injection(), nights=NIGHTS, bands=(0.1, 0.3, 1, 2))


def scored(folder: Path, plan: BacktestPlan, room: Path) -> dict[str, Scored]:
    """Everybody's nights against what was planted, by contender."""
    given, planted = prepare(folder, room, plan)
    days = night_days(folder, plan)
    return {name: score(nights, planted, plan) for name, nights in contenders(given, days, room / "runs").items()}


def nightly(store_skus: int, seed: int) -> dict[str, Any]:
    """Figures of the calibrated profile on the same chain, every night of five weeks: for delays to the day."""
    plan = SLOW_PLAN.model_copy(update={"every_days": 1, "nights": 35})
    with TemporaryDirectory() as scratch:
        room = Path(scratch)
        folder = chains.write(room / "chain", chains.SLOW, store_skus, DAYS, seed)
        given, planted = prepare(folder, room / "work", plan)
        nights = replay(given, night_days(folder, plan), by_desk(CalibratedSettings(), room / "runs"))
        return score(nights, planted, plan).figures


def slow_movers(store_skus: int, seed: int) -> dict[str, dict[str, Any]]:
    """Figures of everybody on simulated shelves that sell 0.1 to 2 units a day."""
    with TemporaryDirectory() as scratch:
        room = Path(scratch)
        folder = chains.write(room / "chain", chains.SLOW, store_skus, DAYS, seed)
        return {name: one.figures for name, one in scored(folder, SLOW_PLAN, room / "work").items()}
