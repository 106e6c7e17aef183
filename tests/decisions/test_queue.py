"""The queue against a plain reading of it: rows are stories and single cases, what brings most first."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from engine.decisions.shelf.queue import QUEUE_SCHEMA, WITHOUT_GAIN, queue, stories
from engine.decisions.shelf.value import value
from engine.decisions.waiting import DONE, SNOOZED, TO_DECIDE
from engine.vocabulary import shelf as v

AS_OF = dt.date(2026, 3, 31)
EVENTS = pl.DataFrame(
    {
        "kind": [v.SKU_IN_STORES, v.LATE_FEED],
        "first_date": [dt.date(2026, 3, 20), dt.date(2026, 3, 1)],
        "store_skus": [["1_7", "2_7", "3_7"], ["9_9"]],
        "case_ids": [["1_7", "2_7", "3_7"], []],
    },
    schema_overrides={"case_ids": pl.List(pl.String)},
)


def cases(*rows: dict[str, Any]) -> pl.LazyFrame:
    """Open cases of one night, named by store and product, with what was decided on them."""
    usual = {
        "sku_name": None,
        "store_name": None,
        "region": "North",
        "category": "Dairy",
        "primary_cause": v.NOT_ON_SHELF,
        "recommended_action": "Look for it",
        "action": v.CHECK_SHELF,
        "recovery_basis": "margin",
        "projected_recovery": 10.0,
        "recoverable_30d": 20.0,
        "action_minutes": 5.0,
        "revenue_at_risk": 100.0,
        "decision": "undecided",
        "earlier": "none",
        "version": 0,
        "assigned_to": None,
        "earlier_assigned_to": None,
        "snoozed_until": None,
        "earlier_snoozed_until": None,
    }
    told = [{**usual, **row} for row in rows]
    named = [{**row, "store_key": row["case_id"][0], "sku_key": row["case_id"][2:]} for row in told]
    kinds = {
        "assigned_to": pl.String,
        "earlier_assigned_to": pl.String,
        "snoozed_until": pl.Date,
        "earlier_snoozed_until": pl.Date,
    }
    texts = {"sku_name": pl.String, "store_name": pl.String}
    return pl.LazyFrame(named, schema_overrides={**kinds, **texts, "projected_recovery": pl.Float64})


def rows_of(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    found = queue(cases(*rows), stories(EVENTS), AS_OF)
    assert found.schema == QUEUE_SCHEMA
    return found.to_dicts()


def test_a_story_is_one_row_with_what_all_its_cases_bring_and_take() -> None:
    story, single = rows_of(
        {"case_id": "1_7", "projected_recovery": 10.10},
        {"case_id": "2_7", "projected_recovery": 30.05, "recommended_action": "Fill it up"},
        {"case_id": "4_4", "projected_recovery": 50.0},
        {"case_id": "3_7", "projected_recovery": 20.20, "version": 3},
    )
    assert story["case_ids"] == ["2_7", "3_7", "1_7"]
    assert story["versions"] == [0, 3, 0]
    assert (story["cases"], story["stores"], story["products"]) == (3, 3, 1)
    assert (story["gain"], story["minutes"], story["lost"]) == (60.35, 15.0, 300.0)
    assert story["recommended_action"] == "Fill it up"
    assert (story["event_kind"], story["event"]) == (v.SKU_IN_STORES, "2026-03-20~1_7")
    assert (single["item_id"], single["case_ids"], single["event"]) == ("4_4", ["4_4"], None)


def test_the_order_of_the_rows_that_come_in_changes_nothing() -> None:
    told = [{"case_id": name, "projected_recovery": 5.0} for name in ("4_4", "1_7", "5_4", "3_7", "2_7")]
    assert rows_of(*told) == rows_of(*told[::-1])


def test_margin_and_revenue_are_never_added_up() -> None:
    found = rows_of({"case_id": "1_7"}, {"case_id": "2_7", "recovery_basis": "revenue"}, {"case_id": "3_7"})
    assert [(row["recovery_basis"], row["gain"]) for row in found] == [("margin", 20.0), ("revenue", 10.0)]


def test_a_row_has_another_name_as_soon_as_it_is_of_other_cases() -> None:
    whole, part, one = (
        rows_of(*({"case_id": name} for name in names))[0]["item_id"]
        for names in (("1_7", "2_7", "3_7"), ("1_7", "2_7"), ("1_7",))
    )
    assert len({whole, part, one}) == 3
    assert one == "1_7"


@pytest.mark.parametrize(
    ("columns", "state"),
    [
        pytest.param({}, TO_DECIDE, id="nobody decided"),
        pytest.param({"decision": "accepted"}, DONE, id="decided"),
        pytest.param({"projected_recovery": 0.0}, WITHOUT_GAIN, id="brings nothing"),
        pytest.param({"projected_recovery": None}, WITHOUT_GAIN, id="no price is known"),
        pytest.param({"projected_recovery": 0.0, "decision": "rejected"}, WITHOUT_GAIN, id="nothing, and decided"),
        pytest.param({"snoozed_until": AS_OF + dt.timedelta(1)}, SNOOZED, id="snoozed"),
        pytest.param({"snoozed_until": AS_OF}, TO_DECIDE, id="snoozed until tonight"),
        pytest.param({"earlier_snoozed_until": AS_OF + dt.timedelta(1)}, SNOOZED, id="snoozed on an earlier night"),
        pytest.param(
            {"snoozed_until": AS_OF, "earlier_snoozed_until": AS_OF + dt.timedelta(9)}, TO_DECIDE, id="tonight counts"
        ),
    ],
)
def test_what_becomes_of_a_case_is_what_there_is_to_do_about_it(columns, state) -> None:
    assert [row["state"] for row in rows_of({"case_id": "4_4", **columns})] == [state]


def test_a_story_waits_until_the_last_of_its_cases_is_decided() -> None:
    (part,) = rows_of({"case_id": "1_7", "decision": "accepted", "version": 1}, {"case_id": "2_7"})
    assert (part["state"], part["undecided"], part["decision"]) == (TO_DECIDE, ["2_7"], "undecided")
    (mixed,) = rows_of({"case_id": "1_7", "decision": "accepted"}, {"case_id": "2_7", "decision": "rejected"})
    assert (mixed["state"], mixed["decision"]) == (DONE, "undecided")


def test_the_value_of_a_night_goes_down_from_what_is_at_risk_to_what_is_accepted() -> None:
    stores = pl.DataFrame({"region": ["North", "North", "South", None]})
    found = value(
        cases(
            {"case_id": "1_7", "decision": "accepted", "projected_recovery": 10.1},
            {"case_id": "2_7", "decision": "rejected", "projected_recovery": 7.0, "region": "South"},
            {"case_id": "3_7", "projected_recovery": 0.0, "region": "South"},
        ),
        stores,
    )
    assert (found.at_risk, found.recoverable, found.brings, found.accepted) == (300.0, 60.0, 17.1, 10.1)
    assert (found.cases, found.undecided, found.accepted_cases, found.without_gain) == (3, 1, 1, 1)
    assert found.basis == "margin"
    assert found.regions.select("region", "stores", "at_risk", "accepted", "undecided").rows() == [
        ("South", 1, 200.0, 0.0, 1),
        ("North", 2, 100.0, 10.1, 0),
        (None, 1, 0.0, 0.0, 0),
    ]


def test_where_some_count_margin_and_some_revenue_nothing_is_added_up() -> None:
    found = value(
        cases({"case_id": "1_7"}, {"case_id": "2_7", "recovery_basis": "revenue"}),
        pl.DataFrame({"region": ["North"]}),
    )
    assert (found.at_risk, found.recoverable, found.brings, found.accepted, found.basis) == (200.0, *[None] * 4)
