"""What a case took, why, and what to do about it is the same however many blocks the chain is cut into."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
import pytest

from engine.shelf import summary
from engine.shelf.calibrated.findings import findings
from engine.shelf.calibrated.measure import Bounds, measure
from engine.shelf.calibrated.transfer import transfers, with_transfers
from engine.shelf.cases import with_cost
from engine.shelf.features import feature_blocks
from engine.vocabulary import shelf as v
from tests.blocks.cutting import over_blocks
from tests.blocks.eventful import Eventful, learn
from tests.blocks.rows import assert_same_rows

if TYPE_CHECKING:
    from engine.shelf.calibrated.method import Found
    from engine.shelf.panel import Panel

BOUNDS = Bounds(open_p_value=0.01, closed_log_likelihood_ratio=12.0)
"""What any of the episodes might have had to pass."""


class Told(NamedTuple):
    """What a block tells of its cases."""

    cases: pl.DataFrame
    shipping: pl.DataFrame
    findings: pl.DataFrame
    features: pl.DataFrame
    transfers: pl.DataFrame
    figures: dict[str, object]


class Night(NamedTuple):
    """A chain, the episodes of its night, and what was found of all its store-SKUs."""

    chain: Eventful
    runs: pl.DataFrame
    found: Found

    def found_of(self, block: Panel) -> Found:
        """What a block knows of it."""
        own = np.flatnonzero(self.chain.panel.pairs["sku_id"].is_in(block.skus["sku_id"].implode()))
        paid = self.chain.learnt.paid
        of_pairs = replace(paid, **{name: table[own] for name, table in vars(paid).items()})
        return replace(self.found, learnt=replace(self.chain.learnt_by(block), paid=of_pairs))

    def judged(self, block: Panel) -> Told:
        """The cases of a block with their actions, its features, and what is shipped."""
        found, of, method = self.found_of(block), self.chain.settings, self.chain.method
        features = pl.concat(feature_blocks(block, of.expect, of.causes))
        runs = self.chain.cases_of(block, self.runs).drop(v.PAIR)
        believed = (found.learnt.paid, of.price_check)
        demand = found.learnt.demand
        measured = measure(block, demand, runs, of.certainty, of.interval, of.recommend, *believed, BOUNDS)
        cases = method.recommend(block, found, method.diagnose(block, found, measured))
        plan, shipping = self.shipped(block, found, cases)
        figures = summary.key_figures(block, cases)
        return Told(cases, shipping, findings(cases, of.causes), features, plan, figures)

    def shipped(self, block: Panel, found: Found, cases: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The plan were every case of the chain overstocked by as much, and the cases told of it."""
        of, is_dark = self.chain.settings, np.zeros(block.pairs.height, np.bool_)
        many = with_cost(block, cases.drop("cost", strict=False)).with_columns(
            primary_cause=pl.lit(v.OVERSTOCK), surplus_units=pl.lit(40.0), recoverable_30d=pl.lit(1000.0)
        )
        known = (block, found.learnt.demand, many, is_dark)
        plan = transfers(*known, of.causes.misallocation, of.transfers, of.recommend)
        told, _ = with_transfers(many, plan, of.recommend)
        return plan, told


@pytest.fixture(scope="module")
def night(tmp_path_factory) -> Night:
    """A chain to which much happens, and its night."""
    chain = learn(tmp_path_factory.mktemp("eventful"))
    runs, found = chain.method.detect(chain.panel, chain.learnt)
    named = pl.concat([chain.panel.pairs.select(v.PAIR)[runs["pair"]], runs], how="horizontal")
    return Night(chain, named, found)


@pytest.fixture(scope="module")
def whole(night) -> Told:
    """What is told of the chain as one block."""
    return night.judged(night.chain.panel)


@pytest.fixture(scope="module", params=[1, 2, 7, 30])
def told(request, night) -> list[Told]:
    """What so many blocks tell; the last are more than there are SKUs."""
    return over_blocks(night.chain.panel, request.param, night.judged)


@pytest.mark.slow
def test_the_night_has_cases_of_many_causes_and_ships(whole):
    assert whole.cases["primary_cause"].n_unique() >= 4
    assert whole.cases["action"].n_unique() >= 4
    assert whole.transfers["sku_id"].n_unique() >= 7
    assert whole.features.height > 500


@pytest.mark.slow
def test_cases_are_those_of_the_whole_chain(told, whole):
    assert_same_rows([block.cases for block in told], whole.cases, "case_id")


def test_what_is_said_of_every_cause_is_what_the_whole_chain_says(told, whole):
    assert_same_rows([block.findings for block in told], whole.findings, "case_id", "cause")


def test_features_are_those_of_the_whole_chain(told, whole):
    assert_same_rows([block.features for block in told], whole.features, *v.PAIR)


def test_what_is_shipped_is_the_plan_of_the_whole_chain(told, whole):
    assert_same_rows([block.transfers for block in told], whole.transfers, "case_id", "to_store_id")
    assert_same_rows([block.shipping for block in told], whole.shipping, "case_id")


def test_every_block_knows_the_key_figures_of_the_whole_chain(told, whole):
    assert all(repr(block.figures) == repr(whole.figures) for block in told)
