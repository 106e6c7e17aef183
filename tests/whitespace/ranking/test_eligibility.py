"""Who is not called, each for one reason, and what cools down."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.decisions.whitespace.words import VERDICT_SCHEMA
from engine.settings.whitespace.ranking import EligibilitySettings
from engine.whitespace.ranking.before import SHOWN_SCHEMA
from engine.whitespace.ranking.eligibility import REASONS, eligibility, eligibility_counts
from tests.whitespace.ranking.market import TODAY, scene

if TYPE_CHECKING:
    from engine.whitespace.tables import Tables

SCENE = scene(6, 3)
NO_VERDICTS, NOTHING_SHOWN = pl.DataFrame(schema=VERDICT_SCHEMA), pl.DataFrame(schema=SHOWN_SCHEMA)


def days_ago(days: int) -> dt.date:
    return TODAY - dt.timedelta(days=days)


def marked(
    tables: Tables = SCENE.tables,
    verdicts: pl.DataFrame = NO_VERDICTS,
    shown: pl.DataFrame = NOTHING_SHOWN,
    **settings: object,
) -> pl.DataFrame:
    customers = tables.customers.select("customer_id", "region", "open_deal", "do_not_call")
    rows = SCENE.rows.join(customers, on="customer_id", how="left", maintain_order="left")
    return eligibility(rows, tables, verdicts, shown, TODAY, EligibilitySettings(**settings))


def reasons(rows: pl.DataFrame, customer: str) -> list[str | None]:
    return rows.filter(pl.col("customer_id") == customer).sort("division")["excluded_because"].to_list()


def contacted(division: str | None, days: int) -> Tables:
    contacts = pl.DataFrame(
        {"customer_id": ["c00001"], "division": [division], "date": [days_ago(days)], "action": ["call"]},
        schema=SCENE.tables.contacts.schema,
    )
    return replace(SCENE.tables, contacts=contacts)


def said(verdict: str, days: int) -> pl.DataFrame:
    return pl.DataFrame([("c00001", "division 01", verdict, days_ago(days))], schema=VERDICT_SCHEMA, orient="row")


def shown(days: int) -> pl.DataFrame:
    return pl.DataFrame([("c00001", "division 01", days_ago(days))], schema=SHOWN_SCHEMA, orient="row")


def with_flag(flag: str) -> Tables:
    is_it = pl.col("customer_id") == "c00001"
    return replace(SCENE.tables, customers=SCENE.tables.customers.with_columns(is_it.alias(flag)))


def test_who_bought_of_the_division_in_the_last_two_years_owns_it():
    assert reasons(marked(), "c00001") == ["owned", None, None]
    assert reasons(marked(owned_months=6), "c00001") == [None, None, None]


def test_a_return_alone_is_no_purchase():
    returned = SCENE.tables.transactions.with_columns(gross_profit_cents=-pl.col("gross_profit_cents"))
    assert reasons(marked(replace(SCENE.tables, transactions=returned)), "c00001") == [None, None, None]


def test_a_recent_contact_keeps_its_division_out_and_one_about_everything_all_of_them():
    assert reasons(marked(contacted("division 01", 20)), "c00001") == ["owned", "recent_contact", None]
    assert reasons(marked(contacted(None, 20)), "c00001") == ["owned", "recent_contact", "recent_contact"]
    assert reasons(marked(contacted(None, 21)), "c00001") == ["owned", None, None]


def test_a_call_that_a_verdict_tells_of_is_a_contact():
    assert reasons(marked(verdicts=said("called", 5)), "c00001") == ["owned", "recent_contact", None]
    assert reasons(marked(verdicts=said("refused", 30)), "c00001") == ["owned", None, None]


def test_who_does_not_want_to_be_called_is_not_called_about_anything_ever():
    assert reasons(marked(verdicts=said("do_not_call", 300)), "c00001") == ["owned", "do_not_call", "do_not_call"]
    assert reasons(marked(with_flag("do_not_call")), "c00001") == ["owned", "do_not_call", "do_not_call"]
    assert reasons(marked(with_flag("do_not_call")), "c00002") == ["owned", None, None]


def test_an_open_deal_and_a_region_that_is_not_served_keep_a_customer_out():
    assert reasons(marked(with_flag("open_deal")), "c00001") == ["owned", "open_deal", "open_deal"]
    found = marked(served_regions=("south",)).filter(pl.col("division") == "division 01")
    expected = pl.when(pl.col("region") == "north").then(pl.lit("region_mismatch"))
    assert found["excluded_because"].to_list() == found.select(expected).to_series().to_list()


def test_every_row_is_counted_once():
    both = replace(contacted(None, 1), customers=with_flag("open_deal").customers)
    counts = eligibility_counts(marked(both))
    parts = pl.sum_horizontal([f"{name}_excluded" for name in REASONS])
    assert counts["start_rows"].to_list() == [6, 6, 6]
    assert counts.select(parts + pl.col("kept_rows")).to_series().to_list() == [6, 6, 6]
    assert counts["recent_contact_excluded"].to_list() == [0, 1, 1]
    assert counts["open_deal_excluded"].sum() == 0


def factor(rows: pl.DataFrame) -> float:
    is_it = (pl.col("customer_id") == "c00001") & (pl.col("division") == "division 01")
    return float(rows.filter(is_it)["cooldown_factor"][0])


def test_what_was_shown_lately_and_left_undone_counts_less():
    assert factor(marked(shown=shown(29))) == pytest.approx(0.75)
    assert factor(marked(shown=shown(30))) == 1.0
    assert marked(shown=shown(29))["cooldown_factor"].sum() == 18 - 0.25


@pytest.mark.parametrize(
    ("verdict_days", "expected"),
    [
        pytest.param(28, 1.0, id="acted_on_since"),
        pytest.param(29, 1.0, id="acted_on_that_day"),
        pytest.param(40, 0.75, id="acted_on_before_it_was_shown"),
    ],
)
def test_what_was_acted_on_since_it_was_shown_does_not_cool_down(verdict_days, expected):
    assert factor(marked(verdicts=said("refused", verdict_days), shown=shown(29))) == expected
