"""Chances of the night by themselves: what bounds a p-value, and what a night reports of all of them."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.blocks.together import ALONE
from engine.shelf.calibrated.chance import Chances, p_values, q_values, report, tonight

NOTHING = np.full(1, np.nan)


def reported(*chances: float) -> dict[str, Any]:
    return report(Chances(NOTHING, np.array(chances), NOTHING), ALONE)


def test_a_chance_is_that_of_the_table_but_never_less_than_a_likelihood_ratio_allows():
    asked = []

    def chances(*words: np.ndarray) -> np.ndarray:
        asked.extend(words)
        return np.array([0.2, 1e-9, 0.5])

    found: Any = SimpleNamespace(
        usable=np.array([[True, True], [True, False], [False, False]]),
        unit=np.array([1.0, 2.0, 4.0]),
        dispersion=np.array([0.1, 0.2, 0.3]),
    )
    level, evidence = np.array([3.0, 3.0, 3.0]), np.array([2.0, 5.0, -1.0])
    told = p_values(found, level, evidence, SimpleNamespace(chances=chances))
    assert told.tolist() == pytest.approx([0.2, math.exp(-5), 1.0])
    assert [words.tolist() for words in asked] == [[2.0, 5.0, -1.0], [3.0, 1.5, 0.75], [0.1, 0.2, 0.3], [2, 1, 0]]


def test_the_report_counts_p_values_in_twenty_bins_and_knows_no_unjudged_pair():
    told = reported(0.0, 0.04, 0.05, 0.5, 1.0, math.nan)
    assert told["p_values"]["edges"] == [round(n / 20, 2) for n in range(21)]
    assert told["p_values"]["counts"] == [2, 1, *[0] * 8, 1, *[0] * 8, 1]


def test_the_body_begins_above_a_tenth_and_ends_with_a_half():
    assert reported(0.1, 0.11, 0.5, 0.51, 0.9, 0.05)["share_in_body"] == 0.3333
    assert reported(0.1, 0.6, math.nan)["share_in_body"] == 0.0


@pytest.mark.parametrize(("in_body", "is_plausible"), [(50, True), (51, False)])
def test_a_quarter_more_than_chance_leaves_in_the_body_is_still_chance(in_body, is_plausible):
    told = reported(*[0.3] * in_body, *[0.9] * (100 - in_body))
    assert told["is_null_plausible"] is is_plausible


def test_a_night_without_a_judged_pair_is_no_evidence_against_chance():
    assert reported(math.nan) == {
        "p_values": {"edges": [round(n / 20, 2) for n in range(21)], "counts": [0] * 20},
        "share_in_body": 0.0,
        "is_null_plausible": True,
    }


def test_equal_chances_have_one_rate_and_no_rate_is_above_one():
    assert q_values(np.array([0.02, 0.9, 0.02, 0.9]), 1.0, ALONE).tolist() == pytest.approx([0.04, 0.9, 0.04, 0.9])
    assert q_values(np.array([1.0, 1.0]), 1.0, ALONE, np.array([0.0, 2.0])).tolist() == [1.0, 1.0]
    assert q_values(np.array([]), 1.0, ALONE).size == 0


def test_a_rate_is_exact_as_far_as_it_is_asked_for_and_one_beyond():
    chances, least = np.random.default_rng(4).random((2, 400)) ** 3
    every = q_values(chances, 1.0, ALONE, least)
    assert 50 < (every <= 0.4).sum() < 350
    assert q_values(chances, 0.4, ALONE, least).tolist() == np.where(every <= 0.4, every, 1.0).tolist()


def test_the_bound_is_the_largest_chance_that_one_more_store_sku_could_have_had():
    chances = np.array([1e-9, 0.002, 0.3, 0.5, 0.9])
    night = Chances(chances, chances, q_values(chances, 1.0, ALONE))
    bound = tonight(night, 0.10, ALONE).bound
    assert bound == pytest.approx(0.10 * 2 / 5)
    assert q_values(np.array([1e-9, bound * 0.999, 0.3, 0.5, 0.9]), 1.0, ALONE)[1] <= 0.10
    assert q_values(np.array([1e-9, bound * 1.001, 0.3, 0.5, 0.9]), 1.0, ALONE)[1] > 0.10


def test_a_night_without_a_finding_is_bound_by_its_rate():
    chances = np.array([0.4, 0.9, np.nan])
    assert tonight(Chances(chances, chances, chances), 0.10, ALONE).bound == 0.10
