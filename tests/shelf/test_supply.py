"""What is delivered and what is surplus, against counting day by day."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from engine.settings.shelf.calibrated import ActionSettings
from engine.shelf.calibrated.supply import with_supply
from engine.vocabulary import shelf as v
from tests.oracles import actions as plain
from tests.planted.chain import PANEL_DAYS

DAYS = ActionSettings().delivery_days


def supplied(panel, **facts: object) -> dict:
    """The one shelf of a panel as a case."""
    pair = panel.pairs.with_row_index().filter(pl.col("sku_id") == "jam")["index"].item()
    row = {"pair": pair, "primary_cause": v.OVERSTOCK, "status": v.OPEN, "on_hand": 900.0}
    row |= {"stock_at_start": 800.0, "stock_share": 2.0, "expected_daily_units": 10.0} | facts
    return with_supply(panel, pl.DataFrame([row], infer_schema_length=None), ActionSettings()).row(0, named=True)


@pytest.fixture
def trucks(chain, judged):
    """Jam sells three a day; forty come every tenth day."""
    stock, left = [], 100.0
    for day in range(PANEL_DAYS):
        left += 40.0 if day % 10 == 9 else 0.0
        stock.append(left)
        left -= 3.0
    chain.shelf("1", "jam", [3.0] * PANEL_DAYS, on_hand=dict(enumerate(stock)))
    return judged(chain, "profile=calibrated").panel, stock


def test_the_pace_of_deliveries_is_what_came_in_over_the_last_weeks(trucks):
    panel, stock = trucks
    wanted = plain.delivered(stock[-DAYS - 1 :], [3.0] * (DAYS + 1))
    assert supplied(panel)["delivered_daily_units"] == pytest.approx(wanted)
    assert wanted == pytest.approx(40 / 10, rel=0.1)


def test_stock_that_was_never_counted_tells_no_pace(chain, judged):
    chain.shelf("1", "jam", [3.0] * PANEL_DAYS, on_hand=None)
    assert supplied(judged(chain, "profile=calibrated").panel)["delivered_daily_units"] is None


@pytest.mark.parametrize(
    ("facts", "surplus"),
    [
        pytest.param({}, 900 - 400, id="beyond_what_lay_there_before_it_grew"),
        pytest.param({"stock_share": 0.9}, 900 - 37 * 10, id="beyond_ordinary_cover_where_it_never_grew"),
        pytest.param({"stock_share": None}, 900 - 37 * 10, id="the_same_where_it_is_not_known"),
        pytest.param({"on_hand": 300.0}, 0, id="no_less_than_nothing"),
        pytest.param({"on_hand": None}, None, id="unknown_stock"),
        pytest.param({"primary_cause": v.PRICE_TOO_HIGH}, None, id="another_cause"),
        pytest.param({"status": v.CLOSED}, None, id="over"),
    ],
)
def test_what_is_surplus(trucks, facts, surplus):
    panel, _ = trucks
    assert supplied(panel, **facts)["surplus_units"] == surplus


def test_nothing_is_delivered_where_stock_only_falls(chain, judged):
    chain.shelf("1", "jam", [3.0] * PANEL_DAYS, on_hand={day: float(400 - 4 * day) for day in range(PANEL_DAYS)})
    panel = judged(chain, "profile=calibrated").panel
    assert supplied(panel)["delivered_daily_units"] == 0
    assert np.isfinite(panel.array("on_hand")).all()
