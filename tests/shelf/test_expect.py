from __future__ import annotations

import numpy as np
import pytest

from engine.settings.shelf.common import ExpectSettings
from engine.shelf.baseline import baseline_at
from tests.planted.chain import LAST_DAY, sells

SKU = 0
"""The row of `sku`, which sorts before the staple."""


def test_the_expectation_is_the_mean_of_the_twenty_eight_days_before(chain, expected_panel):
    chain.shelf("1", "sku", sells(10, (range(45, 60), 12)))
    expected = expected_panel(chain).array("expected")[SKU]
    assert np.isnan(expected[13])
    assert expected[14] == 10.0
    assert expected[45] == 10.0
    assert expected[52] == pytest.approx((21 * 10 + 7 * 12) / 28)
    assert expected[LAST_DAY] == 10.0


def test_three_empty_days_among_ten_a_day_do_not_count(chain, expected_panel):
    chain.shelf("1", "sku", sells(10, (range(87, 90), None)))
    assert expected_panel(chain).array("expected")[SKU, LAST_DAY] == 10.0


def test_days_on_the_edge_of_three_deviations_count_and_days_beyond_do_not(chain, expected_panel):
    chain.shelf("1", "edge", sells(7, (range(70), None), (70, 0), (88, 14)), on_hand={70: 50})
    chain.shelf("1", "over", sells(7, (range(70), None), (70, 0), (88, 14.2)), on_hand={70: 50})
    edge, over, _ = expected_panel(chain).array("expected")[:, LAST_DAY]
    assert edge == pytest.approx(7.0)
    assert over == pytest.approx(7 * 17 / 18)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["window_days=14", "trim_sigmas=0.5", "min_kept_days=28"])
def test_every_setting_of_the_expectation_is_heeded(chain, expected_panel, key):
    chain.shelf("1", "sku", sells(10, (range(50, 58), 14), (range(60, 64), 7)))
    usual = expected_panel(chain).array("expected")[SKU]
    other = expected_panel(chain, f"expect.{key}").array("expected")[SKU]
    assert not np.array_equal(usual, other, equal_nan=True)


def test_the_baseline_holds_the_kept_days_their_mean_and_their_deviation(chain, expected_panel):
    chain.shelf("1", "sku", sells(None, *((day, 8 + 4 * (day % 2)) for day in range(90)), (80, 90)))
    panel = expected_panel(chain)
    baseline = baseline_at(panel, np.array([SKU, SKU]), np.array([LAST_DAY, 10]), ExpectSettings())
    kept = [day for day in range(LAST_DAY - 28, LAST_DAY) if day != 80]
    values = np.array([8 + 4 * (day % 2) for day in kept], dtype=float)
    assert baseline.counts.tolist() == [27, 10]
    assert baseline.days[0, :27].tolist() == kept
    assert baseline.values[0, :27].tolist() == values.tolist()
    assert baseline.means.tolist() == pytest.approx([values.mean(), np.nan], nan_ok=True)
    assert baseline.deviations.tolist() == pytest.approx([values.std(ddof=1), np.nan], nan_ok=True)
