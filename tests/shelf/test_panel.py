from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from engine.delivery import keys
from engine.errors import InputError
from engine.shelf.accounts import RowAccount
from tests.planted.chain import AS_OF, LAST_DAY, date_of, sells


def row_of(panel, sku_id: str) -> int:
    return panel.pairs["sku_id"].to_list().index(sku_id)


def test_rows_are_sorted_by_store_and_sku_with_ids_as_text(chain, expected_panel):
    chain.store("10", 1.0, 1.0)
    for store, sku in (("10", "b"), ("1", "c"), ("10", "a")):
        chain.shelf(store, sku, sells(3))
    pairs = expected_panel(chain).pairs.select("store_id", "sku_id").rows()
    assert pairs == [("1", "c"), ("1", "staple"), ("10", "a"), ("10", "b")]


def test_the_panel_ends_on_the_as_of_day_and_holds_ninety_days(chain, expected_panel):
    panel = expected_panel(chain)
    assert panel.n_days == 90
    assert panel.first_day == AS_OF - timedelta(days=89)
    assert panel.array("units").shape == (1, 90)


@pytest.mark.parametrize(
    ("sold_out_on", "is_judged"),
    [
        pytest.param(LAST_DAY - 5, True, id="in_stock_six_days_before_the_end_is_judged"),
        pytest.param(LAST_DAY - 6, False, id="out_of_stock_all_last_week_is_not_judged"),
    ],
)
def test_active_means_in_stock_on_one_of_the_last_seven_days(chain, expected_panel, sold_out_on, is_judged):
    chain.shelf("1", "sku", sells(3), on_hand={0: 50, sold_out_on: 0})
    panel = expected_panel(chain)
    assert panel.judged[row_of(panel, "sku")] == is_judged


def test_a_closed_store_sells_nothing_known(chain, expected_panel):
    chain.store("2")
    chain.staple("2", closed_days=[40])
    chain.shelf("2", "sku", sells(6, (40, None), (41, None)))
    panel = expected_panel(chain, "panel.gap_fill_days=0")
    units = panel.array("units")[row_of(panel, "sku")]
    assert np.isnan(units[40])
    assert units[41] == 0


@pytest.mark.parametrize(
    ("closed", "known"),
    [
        pytest.param(3, True, id="three_closed_days_are_bridged"),
        pytest.param(4, False, id="four_closed_days_are_not"),
    ],
)
def test_a_short_closure_is_bridged(chain, expected_panel, closed, known):
    days = range(40, 40 + closed)
    chain.store("2")
    chain.staple("2", closed_days=days)
    chain.shelf("2", "sku", sells(6, (days, None), (range(40 + closed, 90), 10)))
    panel = expected_panel(chain)
    units = panel.array("units")[row_of(panel, "sku")]
    assert np.isnan(units[40]) != known
    assert not known or units[40:43].tolist() == [7.0, 8.0, 9.0]


def test_any_stock_above_nothing_is_in_stock(chain, expected_panel):
    chain.shelf("1", "sku", sells(6), on_hand={0: 0.5, 10: 0, 20: 1})
    panel = expected_panel(chain)
    in_stock = panel.array("in_stock")[row_of(panel, "sku")]
    assert [day for day in range(90) if not in_stock[day]] == list(range(10, 20))


def test_without_snapshots_a_sale_means_stock_for_the_seven_days_after_it(chain, expected_panel):
    chain.shelf("1", "sku", sells(None, (50, 4), (84, 1)), on_hand=None)
    panel = expected_panel(chain)
    in_stock = panel.array("in_stock")[row_of(panel, "sku")]
    assert [day for day in range(90) if in_stock[day]] == [*range(51, 58), *range(85, 90)]


def test_categories_are_numbered_and_a_sku_without_one_has_none(chain, expected_panel):
    chain.sku("a", "tea")
    chain.sku("b", None)
    for sku in ("a", "b"):
        chain.shelf("1", sku, sells(3))
    panel = expected_panel(chain)
    assert panel.categories == ("tea",)
    assert panel.codes("category").tolist() == [0, -1, -1]


def test_revenue_reaches_back_over_the_window_before_the_as_of_day(chain, expected_panel):
    chain.shelf("1", "sku", sells(3, (LAST_DAY, 5), (LAST_DAY - 1, 4), (LAST_DAY - 28, 2), (LAST_DAY - 29, 1)))
    panel = expected_panel(chain)
    revenue = panel.array("revenue")[row_of(panel, "sku")]
    assert (revenue.size, revenue[0], revenue[-1]) == (28, 20.0, 40.0)


def test_a_panel_without_any_row_is_no_panel(chain, expected_panel):
    for table in ("sales_transactions", "inventory_snapshot"):
        chain.early[table] = [row for row in chain.early[table] if not date_of(0) <= row["date"] <= AS_OF]
    with pytest.raises(InputError, match="no row from 2025-04-02 to 2025-06-30"):
        expected_panel(chain)


@pytest.mark.parametrize("order", [["store_id", "sku_id"], ["date", "store_id"], ["date", "sku_id"]])
def test_a_key_is_found_once_however_rows_are_ordered(order):
    rows = pl.DataFrame({"date": range(30)}).join(pl.DataFrame({"store_id": range(40)}), how="cross")
    rows = rows.with_columns(sku_id=pl.col("store_id") % 7).sort(order)
    found = keys.distinct(rows.lazy().select("store_id", "sku_id"), ("store_id", "sku_id"))
    assert found.sort("store_id").rows() == [(store, store % 7) for store in range(40)]


def test_a_row_that_got_lost_stops_the_night():
    with pytest.raises(RuntimeError, match="rows of pricing do not add up"):
        RowAccount(read=4, used=3).balance("pricing")
