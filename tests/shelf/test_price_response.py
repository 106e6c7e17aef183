"""Price response: planted in a chain and recovered, or assumed and said so."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.outputs.shelf import shapes
from engine.shelf.calibrated.response import Mean, common_mean, shrunk
from tests.planted.chain import PANEL_DAYS

RESPONSE = {"a": 3.0, "b": 1.0}


def priced_chain(chain, *, changes: bool) -> None:
    """Six stores, eight SKUs of each of two categories, twelve a day; for two weeks one in three is a fifth off."""
    random = np.random.default_rng(24)
    for store in "123456":
        for category, response in RESPONSE.items():
            for number in range(8):
                sku = f"{category}{number}"
                price, rate = {0: 10.0}, np.full(PANEL_DAYS, 12.0)
                if changes and random.random() < 1 / 3:
                    first = int(random.integers(20, 60))
                    price |= {first: 8.0, first + 14: 10.0}
                    rate[first : first + 14] *= (10 / 8) ** response
                units = [float(sold) for sold in random.poisson(rate)]
                chain.shelf(store, sku, units, on_hand=500, price=price)
    for category in RESPONSE:
        for number in range(8):
            chain.sku(f"{category}{number}", category)


@pytest.mark.slow
def test_the_response_of_each_category_is_learnt_from_its_own_price_changes(chain, judged):
    priced_chain(chain, changes=True)
    night = judged(chain, "profile=calibrated")
    table = night.tables[shapes.PRICE_RESPONSE]
    rows = {row["category"]: row for row in table.to_dicts()}
    for category, response in RESPONSE.items():
        row = rows[category]
        assert row["price_response_basis"] == "category"
        assert row["price_response_low"] < response < row["price_response_high"]
        assert row["price_response"] == pytest.approx(response, abs=0.35)
        assert row["skus"] >= 6
        assert row["changed_days"] % 14 == 0
    # Two categories so far apart say little of a third.
    assert (rows[None]["price_response_basis"], rows[None]["price_response"]) == ("assumed", 1.5)


@pytest.mark.slow
def test_where_no_price_changed_the_response_is_assumed(chain, judged):
    priced_chain(chain, changes=False)
    night = judged(chain, "profile=calibrated")
    table = night.tables[shapes.PRICE_RESPONSE]
    assert set(table["price_response_basis"]) == {"assumed"}
    assert set(table["price_response"]) == {1.5}
    assert table["price_response_low"].null_count() == table["price_response_high"].null_count() == table.height


GROUPS = st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 4)), min_size=1, max_size=8)


@given(GROUPS)
def test_a_group_lies_between_its_own_estimate_and_the_common_mean(groups):
    estimates, variances = (np.array(column) for column in zip(*groups, strict=True))
    mean = common_mean(estimates, variances)
    values, errors = shrunk(estimates, variances, mean)
    lowest, highest = np.minimum(estimates, mean.value), np.maximum(estimates, mean.value)
    assert ((values >= lowest - 1e-9) & (values <= highest + 1e-9)).all()
    assert (errors <= variances + mean.variance + 1e-9).all()
    assert mean.variance >= 1 / (1 / variances).sum() - 1e-12


def test_a_group_of_which_nothing_is_known_takes_the_mean_and_how_groups_differ():
    values, variances = shrunk(np.array([9.0]), np.array([math.inf]), Mean(-2.0, 0.1, 0.5))
    assert (values.tolist(), variances.tolist()) == ([-2.0], [pytest.approx(0.6)])
    assert common_mean(np.array([1.0]), np.array([math.inf])) == Mean(0.0, math.inf, 0.0)


def test_groups_that_agree_are_one_group():
    assert common_mean(np.array([1.0, 1.0, 1.0]), np.array([0.1, 0.2, 0.3])).between == 0
    assert common_mean(np.array([0.0, 4.0]), np.array([0.01, 0.01])).between == pytest.approx(8, rel=0.01)
