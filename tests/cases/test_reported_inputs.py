"""Small inputs of the kinds that users reported, each with the value that is right.

They are read from the folder that DARKSHELF_CASES names, else from `../shared/cases`; none is shipped.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.outputs.shelf import shapes
from tests.cases.night import night

if TYPE_CHECKING:
    from tests.cases.night import Ran

FOLDER = Path(os.environ.get("DARKSHELF_CASES") or Path(__file__).parents[3] / "shared" / "cases")
PRICE, VALUE = 5.75, 411.91
"""Of the one dark shelf that most of the inputs hold."""
VALUE_COUNTED_DAILY = 339.82
"""Of the one whose stock was counted long ago, had its 400 pieces been counted every day."""
CHAIN_VELOCITY = 98.5714
"""Units a day of the whole chain in the last week, where nothing is dark."""
HANDFUL = 5


def nothing_is_open(ran: Ran) -> None:
    assert ran.open["case_id"].to_list() == []
    assert ran.answer["revenue_at_risk_open"] == 0


def one_case_at_its_value(ran: Ran) -> None:
    case = ran.only_case()
    assert case["price"] == pytest.approx(PRICE)
    assert case["revenue_at_risk"] == pytest.approx(VALUE, abs=0.005)
    assert ran.answer["store_skus_judged"] == 20


def stock_counted_before_the_panel_holds(ran: Ran) -> None:
    case = ran.only_case()
    assert case["on_hand"] == 400
    assert case["revenue_at_risk"] == pytest.approx(VALUE_COUNTED_DAILY, abs=0.005)
    assert ran.quality["facts"]["judged_never_in_inventory"] == 0


def ids_in_another_case_stop(ran: Ran) -> None:
    ran.refuses("S0[1-5]", "s0[1-5]", "case")


def two_cases_have_two_ids(ran: Ran) -> None:
    assert ran.open.height == ran.open["case_id"].n_unique() == 2
    assert set(ran.open.select("store_id", "sku_id").rows()) == {("A", "1_2"), ("A_1", "2")}
    for case_id in ran.open["case_id"]:
        told = ran.command("explain", case_id, "--out", ran.out)
        assert told.code == 0, told.err


def a_closed_store_is_no_dark_shelf(ran: Ran) -> None:
    nothing_is_open(ran)
    ran.tells("S04")


def the_end_of_a_sku_is_an_event(ran: Ran) -> None:
    nothing_is_open(ran)
    assert "end_of_life" in ran.frame(shapes.EVENTS)["kind"].to_list()


def ids_with_and_without_a_fraction_meet(ran: Ran) -> None:
    one_case_at_its_value(ran)
    ran.tells(r"\b500\d\.0", r"\b500\d\b(?!\.0)")


def a_date_in_the_future_is_set_aside(ran: Ran) -> None:
    assert ran.answer["as_of"] == "2026-03-31"
    assert ran.answer["store_skus_judged"] == 20
    assert (ran.out / "LATEST").read_text(encoding="utf-8").startswith("2026-03-31")
    nothing_is_open(ran)
    ran.tells("2062-03-31")


def healthy_lots_stay_healthy(ran: Ran) -> None:
    assert ran.open.height <= HANDFUL


def stock_below_zero_is_out_of_stock(ran: Ran) -> None:
    nothing_is_open(ran)
    ran.tells("inventory")


def nothing_is_shipped_to_nowhere(ran: Ran) -> None:
    assert not ran.only_case()["recommended_action"].startswith("Transfer")
    ran.tells("S02|S04|2 of 8")


def padded_ids_are_trimmed_or_refused(ran: Ran) -> None:
    if ran.code == 2:
        ran.refuses("P0[1-5]")
    else:
        one_case_at_its_value(ran)


def a_price_in_cents_is_told(ran: Ran) -> None:
    ran.tells("cent", "P03")


def a_file_sent_twice_is_refused_or_counted_once(ran: Ran) -> None:
    files = r"sales_transactions-2026-03-31 \(1\)\.csv", r"sales_transactions-2026-03-31\.csv"
    if ran.code == 2:
        ran.refuses(*files)
    else:
        velocity = ran.frame(shapes.FEATURES)["sales_velocity_7d"].sum()
        assert velocity == pytest.approx(CHAIN_VELOCITY, abs=0.001)
        ran.tells(*files)


def ids_that_lost_their_digits_stop(ran: Ran) -> None:
    ran.refuses(r"7\.61234E\+12")


def the_end_of_a_season_is_an_event(ran: Ran) -> None:
    assert ran.answer["as_of"] == "2026-01-12"
    assert ran.open.filter(pl.col("sku_id") == "P03")["case_id"].to_list() == []


def a_frozen_feed_proves_nothing(ran: Ran) -> None:
    assert "not_on_shelf" not in ran.open["primary_cause"].to_list()
    ran.tells("inventory", "2026-03-11|20 days")


RIGHT = {
    "bulk_recent": nothing_is_open,
    "case_differs": ids_in_another_case_stop,
    "case_id_collision": two_cases_have_two_ids,
    "closed_zero_8skus": a_closed_store_is_no_dark_shelf,
    "closed_zero_rows": a_closed_store_is_no_dark_shelf,
    "discontinued30": the_end_of_a_sku_is_an_event,
    "float_ids2": ids_with_and_without_a_fraction_meet,
    "future_typo": a_date_in_the_future_is_set_aside,
    "lots_a": healthy_lots_stay_healthy,
    "lumpy": nothing_is_open,
    "neg_on_hand": stock_below_zero_is_out_of_stock,
    "null_island3": nothing_is_shipped_to_nowhere,
    "padded_ids": padded_ids_are_trimmed_or_refused,
    "price_cents2": a_price_in_cents_is_told,
    "price_log_one": one_case_at_its_value,
    "resent": a_file_sent_twice_is_refused_or_counted_once,
    "sci_ean": ids_that_lost_their_digits_stop,
    "season_end": the_end_of_a_season_is_an_event,
    "stale_stock2": a_frozen_feed_proves_nothing,
    "stock_log_95": stock_counted_before_the_panel_holds,
    "void_900": nothing_is_open,
    "zero_price_3days": one_case_at_its_value,
    "zero_price_last": one_case_at_its_value,
}


@pytest.mark.slow
@pytest.mark.parametrize("folder", RIGHT)
def test_a_reported_input_comes_to_what_is_right(folder, tmp_path, capsys):
    if not (FOLDER / folder / "input").is_dir():
        pytest.skip("the reported inputs are not here")
    RIGHT[folder](night(capsys, FOLDER / folder / "input", tmp_path / "out"))
