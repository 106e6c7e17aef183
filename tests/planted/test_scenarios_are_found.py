"""Truth planted and recovered: the five scenarios of a simulated chain, on seeds that nothing was tuned on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pytest

from engine.settings.shelf.classic import ClassicSettings
from engine.shelf import desk
from engine.shelf.advice import REVIEW
from engine.synth.chain import ChainPlan, write_chain
from engine.synth.outcome import NO_TRANSFERS
from engine.synth.scorecard import CauseScore, Scorecard, score
from engine.vocabulary import shelf as v

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

SEEDS = range(101, 111)
WANTED = {
    v.PRICE_TOO_HIGH: (8, 6),
    v.CONVERSION_DROP: (3, 2),
    v.OVERSTOCK: (5, 4),
    v.PROMO_INEFFECTIVE: (4, 3),
    v.MISALLOCATION: (3, 2),
}
"""Per planted cause: episodes found at least, and episodes named right at least."""


class Night(NamedTuple):
    """A simulated chain judged and held against its truth."""

    cases: pl.DataFrame
    card: Scorecard

    def of(self, cause: str) -> CauseScore:
        """The score of one planted cause."""
        return next(one for one in self.card.causes if one.cause == cause)


def judged(folder: Path, plan: ChainPlan) -> Night:
    write_chain(folder / "in", plan)
    night = desk.run(folder / "in", folder / "out", ClassicSettings())
    cases = pl.read_parquet(night.folder / "cases.parquet")
    return Night(cases, score(pl.read_parquet(folder / "in" / "truth.parquet"), cases, NO_TRANSFERS))


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed_{seed}")
def small(request, tmp_path_factory) -> Night:
    """A hundred stores, fifty SKUs, sixty days."""
    plan = ChainPlan(stores=100, skus=50, days=60, seed=request.param)
    return judged(tmp_path_factory.mktemp("small"), plan)


@pytest.mark.parametrize("cause", WANTED)
def test_planted_shelves_are_found_and_named(small, cause):
    found, right = WANTED[cause]
    assert small.of(cause).planted > found
    assert small.of(cause).found >= found
    assert small.of(cause).right >= right


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Night:
    """Five hundred stores, fifty SKUs, sixty days."""
    return judged(tmp_path_factory.mktemp("large"), ChainPlan(stores=500, skus=50, days=60, seed=SEEDS[0]))


def test_a_chain_of_five_hundred_stores_has_dozens_of_cases_worth_real_money(large):
    assert large.cases.height >= 30
    assert large.card.total.cases >= 30
    assert large.cases["revenue_at_risk"].sum() >= 200_000


def test_seven_of_ten_planted_causes_are_right(large):
    assert large.card.total.planted == 35
    assert large.card.total.right >= 0.7 * large.card.total.planted


def test_the_largest_twenty_cases_have_an_action_a_planner_can_take(large):
    largest = large.cases.sort("revenue_at_risk", descending=True, nulls_last=True).head(20)
    assert largest.filter(pl.col("recommended_action") == REVIEW)["case_id"].to_list() == []
