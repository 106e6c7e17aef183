"""Every setting of the tables and of the labels changes something."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import DarkshelfError
from engine.settings.whitespace.inputs import InputSettings
from engine.settings.whitespace.labels import LabelSettings
from engine.whitespace.panel import cutoffs_for, labels
from engine.whitespace.widen import widen
from tests.whitespace.deliveries import Row, daily, delivered, line

if TYPE_CHECKING:
    from engine.whitespace.tables import Tables

SCORING = dt.date(2024, 6, 30)


RENAMED, BEGINS, THIN = dt.date(2024, 9, 1), dt.date(2024, 9, 10), dt.date(2025, 3, 1)


def odd_rows() -> list[Row]:
    """Orders with something odd for nearly every setting; one comes some days after the others end."""
    rows = [row for row in daily(700) if not RENAMED <= row["order_date"] < BEGINS]
    rows = [row for row in rows if row["order_date"].replace(day=1) != THIN or row["order_date"].day < 7]
    rows = [row | {"division": "Old" if row["order_date"] < RENAMED else "Tools"} for row in rows]
    rows += [line("A", 5, division="Old", sku_id=sku) for sku in ("S3", "S4", "S5", "S9")]
    rows += [line("A", 400, sku_id=sku) for sku in ("S3", "S4", "S5")]
    rows += daily(700, ("D", "E"), division="Other", sku_id="S2", revenue=50.0)
    rows += [line("D", 90, division="Other", gross_profit=0.5, revenue=9_000.0), line("D", dt.date(1989, 5, 1))]
    return [*rows, line("E", 720)]


def far_rows() -> list[Row]:
    """Orders of which the last come a quarter after the others."""
    return [*daily(400), *daily(500, ("A",))[490:]]


def outcome(settings: InputSettings) -> Any:
    """What is told and kept of the odd orders, or why they are refused."""
    found: list[Any] = []
    for rows in (odd_rows(), far_rows()):
        try:
            delivery = delivered(rows, settings)
        except DarkshelfError as error:
            found.append(str(error))
        else:
            remarks = [str(remark) for remark in delivery.remarks]
            found.append((remarks, delivery.tables.data_as_of, delivery.reconciliation.rows()))
    return found


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("divisions", ("Tools",)),
        ("division_rules", "docs/examples/no_such_file.toml"),
        ("first_date", "1989-01-01"),
        ("data_as_of", "2025-06-30"),
        ("max_line_amount", 5_000.0),
        ("max_set_aside_share", 0.0),
        ("as_of_window_days", 31),
        ("as_of_share", 0.9),
        ("far_gap_days", 90),
        ("thin_month_share", 0.9),
        ("huge_order_times", 200.0),
        ("same_orders", 10_000),
        ("renamed_gap_days", 1),
        ("renamed_share", 1.0),
    ],
)
def test_every_setting_of_the_tables_counts(key, value):
    assert outcome(InputSettings()) != outcome(InputSettings(**{key: value}))


def panel_of(tables: Tables, settings: LabelSettings) -> Any:
    """Cutoffs, horizons and rows under these settings."""
    blocks = cutoffs_for(SCORING, settings)
    months = widen(tables, blocks.tuning, blocks.scoring, settings)
    return blocks, months, labels(tables, blocks.labelled, settings, months).rows()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("horizon_months", 5),
        ("division_horizons", ("Training=4",)),
        ("sparse_min_positives", 500),
        ("sparse_step_months", 1),
        ("sparse_max_months", 9),
        ("gp_min_threshold", 500.0),
        ("denied_skus", ("TRAI-019", "TRAI-020")),
        ("buffer_days", 30),
        ("population", "all"),
        ("active_months", 3),
        ("absent_months", 6),
        ("cutoffs", 4),
        ("spacing_months", 1),
    ],
)
def test_every_setting_of_the_labels_counts(company_tables, key, value):
    usual: dict[str, Any] = {"cutoffs": 3, "sparse_min_positives": 60}
    assert panel_of(company_tables, LabelSettings(**usual)) != panel_of(
        company_tables, LabelSettings(**(usual | {key: value}))
    )


def test_every_setting_is_in_a_list_above():
    tested = {
        mark.args[1][n][0]
        for test in (test_every_setting_of_the_tables_counts, test_every_setting_of_the_labels_counts)
        for mark in test.pytestmark
        for n in range(len(mark.args[1]))
    }
    assert tested == {*InputSettings.model_fields, *LabelSettings.model_fields}
