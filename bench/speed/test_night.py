"""The night and its stages over 10,000 store-SKUs x 90 days, beside the floor of merely reading the files."""

import shutil

import polars as pl
import pytest

from bench.speed import sizes
from bench.speed.floor import floor
from engine.memory import Memory
from engine.runs.journal import Journal
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from engine.shelf.check import check
from engine.shelf.classic.detect import detect
from engine.shelf.classic.diagnose import diagnose
from engine.shelf.classic.expect import expect
from engine.shelf.classic.measure import measure
from engine.shelf.panel import panel
from engine.shelf.parts import CaseParts

SETTINGS = CalibratedSettings()


@pytest.fixture(scope="session")
def folder():
    return sizes.chain(sizes.SIZES["10k"])


@pytest.fixture(scope="session")
def judged(folder, tmp_path_factory):
    """Compiled first: the night has run once before anything is timed."""
    blocks = []
    chain = panel(check(folder), desk.panel_plan(SETTINGS), Memory())
    night = desk.judge(
        chain, SETTINGS, Journal(), lambda _: None, blocks.append, CaseParts(tmp_path_factory.mktemp("cases"))
    )
    return night.panel, pl.concat(blocks)


@pytest.mark.benchmark(group="night")
def test_the_floor(benchmark, folder, judged):
    benchmark(floor, folder)


@pytest.mark.benchmark(group="night")
def test_a_whole_night(benchmark, folder, judged, tmp_path):
    def night():
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        desk.run(folder, tmp_path / "out", SETTINGS)

    benchmark.pedantic(night, rounds=3)


@pytest.mark.benchmark(group="stages")
@pytest.mark.parametrize("stage", ["check", "panel", "expect", "detect", "measure", "diagnose"])
def test_a_stage(benchmark, folder, judged, stage):
    chain, _ = judged
    sources, runs = check(folder), detect(chain, SETTINGS.detect)
    cases = measure(chain, runs, SETTINGS.expect, SETTINGS.confidence, SETTINGS.interval, SETTINGS.recommend)
    stages = {
        "check": lambda: check(folder),
        "panel": lambda: panel(sources, desk.panel_plan(SETTINGS), Memory()),
        "expect": lambda: expect(chain, SETTINGS.expect),
        "detect": lambda: detect(chain, SETTINGS.detect),
        "measure": lambda: measure(
            chain, runs, SETTINGS.expect, SETTINGS.confidence, SETTINGS.interval, SETTINGS.recommend
        ),
        "diagnose": lambda: diagnose(chain, cases, SETTINGS.causes),
    }
    benchmark(stages[stage])
