"""The classic rule finds, explains and advises the same, however many blocks the chain is cut into."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pytest

from engine.memory import Memory
from engine.settings.shelf.night import load
from engine.shelf import summary
from engine.shelf.check import CLASSIC, Intake, check
from engine.shelf.classic import Classic
from engine.shelf.desk import panel_plan
from engine.shelf.features import feature_blocks
from engine.shelf.panel import Panel, panel
from engine.shelf.series import daily_series
from engine.synth.chain import ChainPlan, write_chain
from engine.vocabulary import shelf as v
from tests.blocks.cutting import over_blocks
from tests.blocks.rows import assert_same_rows
from tests.planted.awkward import AS_OF, write_awkward_chain

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = load(assignments=["profile=classic"])
METHOD = Classic(SETTINGS)


class Found(NamedTuple):
    """What a block found."""

    features: pl.DataFrame
    cases: pl.DataFrame
    series: pl.DataFrame
    figures: dict[str, object]
    stores: pl.DataFrame


def judged(block: Panel) -> Found:
    block, learnt = METHOD.expect(block)
    features = pl.concat(feature_blocks(block, SETTINGS.expect, SETTINGS.causes))
    runs, found = METHOD.detect(block, learnt)
    cases = METHOD.measure(block, found, runs)
    cases = METHOD.recommend(block, found, METHOD.diagnose(block, found, cases))
    pairs = cases["pair"].unique().sort().to_numpy()
    series = daily_series(block, pairs, lambda pair: METHOD.bands(block, found, pair), SETTINGS.expect.interval_z)
    return Found(features, cases, series, summary.key_figures(block, cases), summary.stores_table(block, cases))


def awkward(folder: Path) -> Panel:
    write_awkward_chain(folder, format="parquet")
    sources = check(folder, AS_OF, intake=Intake(readings=CLASSIC))
    return panel(sources, panel_plan(SETTINGS, allow_partial=True), Memory())


def ordinary(folder: Path) -> Panel:
    write_chain(folder, ChainPlan(stores=30, skus=24, days=90, seed=3, extra_episodes=0.05, further_causes=True))
    return panel(check(folder, intake=Intake(readings=CLASSIC)), panel_plan(SETTINGS), Memory())


@pytest.fixture(scope="module", params=[awkward, ordinary])
def chain(request, tmp_path_factory) -> Panel:
    """A chain of every oddity, then a simulated one."""
    return request.param(tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="module")
def whole(chain) -> Found:
    """What the chain finds as one block."""
    found = judged(chain)
    assert found.cases.height > 10
    return found


@pytest.fixture(scope="module", params=[2, 7, 27])
def found(request, chain) -> list[Found]:
    """What so many blocks find, some of them empty."""
    return over_blocks(chain, request.param, judged)


@pytest.mark.slow
def test_features_are_those_of_the_whole_chain(found, whole):
    assert_same_rows([block.features for block in found], whole.features, *v.PAIR)


def test_cases_are_those_of_the_whole_chain(found, whole):
    assert_same_rows([block.cases for block in found], whole.cases, "case_id")


def test_series_are_those_of_the_whole_chain(found, whole):
    assert_same_rows([block.series for block in found], whole.series, *v.PAIR)


def test_every_block_knows_the_key_figures_of_the_whole_chain(found, whole):
    assert all(repr(block.figures) == repr(whole.figures) for block in found)


def test_every_block_knows_what_is_open_in_every_store_of_the_whole_chain(found, whole):
    for block in found:
        assert_same_rows([block.stores], whole.stores, "store_id")
