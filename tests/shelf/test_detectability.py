"""What the night could see at all, against the definition of its log likelihood ratio."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.blocks.together import ALONE
from engine.kernels import compiling
from engine.kernels.darkness import Levels, days_to_alert, largest_log_likelihood_ratio, largest_share_left
from engine.kernels.likelihood_ratio import EpisodeRule, open_log_likelihood_ratio
from engine.outputs.shelf import shapes
from engine.settings.shelf.calibrated import DemandSettings, EpisodeSettings
from engine.shelf.calibrated import Chances, null_distribution
from engine.shelf.calibrated.chance import tonight
from engine.shelf.calibrated.null import weighing_of
from tests.kernels.selling import sales_of
from tests.oracles import actions as plain
from tests.planted.chain import PANEL_DAYS

EPISODE = EpisodeSettings()
FADE = 0.001
WEIGHING = weighing_of(EPISODE, FADE)


def kernel_days(bound: float, expected_units: float, learnt: float, dispersion: float) -> int:
    days = np.empty(1, np.int64)
    levels = compiling.given(Levels(*(np.array([value]) for value in (expected_units, learnt, dispersion))))
    days_to_alert(levels, np.array([bound]), WEIGHING, 2, 56, days)
    return int(days[0])


@given(st.floats(0.5, 15), st.floats(0.02, 60), st.floats(1, 5000), st.floats(0, 1))
def test_the_first_empty_days_whose_evidence_reaches_the_bound(bound, expected_units, learnt, dispersion):
    args = bound, expected_units, learnt, dispersion, FADE, EPISODE.depths, EPISODE.depth_weights
    lower, upper = (plain.days_until(bound + off, *args[1:], range(2, 57)) for off in (-1e-6, 1e-6))
    assert kernel_days(*args[:4]) in {lower, upper}


@given(st.floats(0.5, 15), st.floats(0.02, 60), st.floats(1, 5000), st.floats(0, 1))
def test_it_is_the_evidence_of_the_night_itself(bound, expected_units, learnt, dispersion):
    # One clean day that sold as expected tells the level: as unsure as its count and its dispersion.
    found = kernel_days(bound, expected_units, 1 / (1 / learnt + dispersion), dispersion)
    n = found if found > 0 else 56
    log_likelihood_ratio, first = np.empty(1), np.empty(1, np.int64)
    units, expected = np.append(learnt, np.zeros(n))[None], np.append(learnt, np.full(n, expected_units))[None]
    usable, clean = np.ones((1, n + 1), np.uint8), np.eye(1, n + 1, dtype=np.uint8)
    sales = sales_of(units, expected, usable, clean, np.array([dispersion]), np.ones(1), *np.zeros((2, 1)))
    rule = EpisodeRule(0.5, np.inf, 0.0, 2, n)
    open_log_likelihood_ratio(sales, np.array([0]), 1.0, 0.0, WEIGHING, rule, log_likelihood_ratio, first)
    assert (log_likelihood_ratio[0] >= bound - 1e-9) == (found > 0)


@given(st.floats(0.02, 60), st.floats(1, 5000), st.floats(0, 1), st.integers(2, 56))
def test_the_most_telling_empty_days_are_as_telling_as_their_likelihood(expected_units, learnt, dispersion, last):
    most = np.empty(1)
    levels = compiling.given(Levels(*(np.array([value]) for value in (expected_units, learnt, dispersion))))
    largest_log_likelihood_ratio(levels, WEIGHING, 2, last, most)
    lengths = sorted({min(2**power, last) for power in range(1, 7)})
    args = expected_units, learnt, dispersion, FADE, EPISODE.depths, EPISODE.depth_weights
    reached = [plain.days_until(most[0] - 1e-6, *args, range(n, n + 1)) for n in lengths]
    passed = [plain.days_until(most[0] + 1e-6, *args, range(n, n + 1)) for n in lengths]
    assert max(reached) > 0
    assert max(passed) == -1


def test_nothing_expected_or_learnt_can_never_alert():
    assert (
        kernel_days(1.0, 0.0, 100.0, 0.1)
        == kernel_days(1.0, 5.0, 0.0, 0.1)
        == kernel_days(1.0, np.nan, 9.0, 0.1)
        == -1
    )


def test_the_threshold_is_the_largest_chance_that_was_a_finding():
    chances = Chances(*np.array([[9, 5, 1, np.nan], [1e-5, 1e-3, 0.4, np.nan], [1e-4, 0.05, 0.9, np.nan]]))
    assert tonight(chances, 0.10, ALONE).threshold == 1e-3
    assert tonight(chances, 1e-5, ALONE).threshold == pytest.approx(1e-5 / 3)


@pytest.mark.parametrize("chance", [0.3, 0.01, 1e-3, 1e-6])
def test_the_evidence_needed_has_the_chance_it_is_needed_for(chance):
    null = null_distribution(DemandSettings(), EPISODE)
    cells = np.array([0.5, 5.0, 50.0]), np.array([0.0, 0.1, 1.0]), np.array([90, 90, 30])
    needed = null.needed(chance, *cells)
    has = needed > 0
    assert null.chances(needed, *cells)[has] == pytest.approx(np.full(has.sum(), chance), rel=1e-6)


@pytest.mark.slow
def test_slow_sellers_are_left_to_counts(chain, judged):
    random = np.random.default_rng(3)
    for store in range(2, 8):
        for sku, level in (("fast", 9.0), ("slow", 0.05)):
            units = [float(sold) for sold in random.poisson(level, PANEL_DAYS)]
            chain.shelf(str(store), sku, [1.0, *units[1:]], on_hand=40)
    night = judged(chain, "profile=calibrated")
    table = night.tables[shapes.DETECTABILITY]
    rows = {(row["store_id"], row["sku_id"]): row for row in table.to_dicts()}
    assert {row["watch"] for (_, sku), row in rows.items() if sku == "fast"} == {"sales"}
    assert {row["watch"] for (_, sku), row in rows.items() if sku == "slow"} == {"counts"}
    for row in rows.values():
        if row["alert_days"] is not None:
            assert row["smallest_loss_units"] == pytest.approx(row["alert_days"] * row["level_daily_units"])
            assert math.isfinite(row["smallest_loss"])


@given(st.floats(0.5, 15), st.floats(0.02, 60), st.floats(1, 5000), st.floats(0, 1), st.integers(1, 56))
def test_the_most_that_may_be_left_is_where_the_evidence_reaches_the_bound(
    bound, expected_units, learnt, doubt, days
):
    left = np.empty(1)
    levels = compiling.given(Levels(*(np.array([value]) for value in (expected_units, learnt, doubt))))
    largest_share_left(levels, np.array([bound]), WEIGHING, days, EPISODE.max_ratio, left)
    walked = sum(min(one, other) for one in range(1, days + 1) for other in range(1, days + 1)) / days**2
    due, size = days * expected_units, 1 / (doubt / days + 1 / learnt + FADE * walked)

    def evidence(share: float) -> float:
        terms = [
            math.log(weight)
            + (size + share * due) * math.log((size + due) / (size + depth * due))
            + share * due * math.log(depth)
            for depth, weight in zip(EPISODE.depths, EPISODE.depth_weights, strict=True)
        ]
        return float(np.logaddexp.reduce(terms))

    if np.isnan(left[0]):
        assert evidence(0.0) < bound + 1e-9
    else:
        assert evidence(left[0]) >= bound - 1e-9
        assert left[0] > EPISODE.max_ratio - 0.002 or evidence(left[0] + 0.002) < bound + 1e-9


def test_the_faster_a_shelf_sells_the_shallower_a_fall_is_told():
    left, n = np.empty(3), 3
    levels = compiling.given(Levels(np.array([0.3, 3.0, 30.0]), np.full(n, 400.0), np.full(n, 0.05)))
    largest_share_left(levels, np.full(n, 5.0), WEIGHING, 28, EPISODE.max_ratio, left)
    assert left[0] < left[1] < left[2] <= EPISODE.max_ratio
