from __future__ import annotations

from functools import partial
from math import sqrt
from statistics import fmean, stdev

import pytest

from engine.settings.shelf.classic import ClassicSettings
from engine.settings.shelf.common import ExpectSettings
from engine.shelf.classic import Classic
from engine.shelf.series import MEASURES, daily_series
from tests.planted.chain import date_of, sells

LAST_THREE = range(87, 90)


@pytest.fixture
def series_of(judged):
    """The series of every store-SKU with a case, by SKU."""

    def build(chain, expect: ExpectSettings | None = None) -> dict[str, dict]:
        night = judged(chain)
        pairs = night.cases["pair"].unique().sort().to_numpy()
        rule = expect or ExpectSettings()
        method = Classic(ClassicSettings(expect=rule))
        rows = daily_series(night.panel, pairs, partial(method.bands, night.panel, None), rule.interval_z).to_dicts()
        return {row["sku_id"]: row for row in rows}

    return build


def test_a_store_sku_with_cases_has_one_row_and_a_value_a_day(chain, series_of):
    chain.shelf("1", "twice", sells(10, (range(40, 44), None), (LAST_THREE, None)))
    chain.shelf("1", "never", sells(10))
    rows = series_of(chain)
    assert list(rows) == ["twice"]
    assert rows["twice"]["first_date"] == date_of(0)
    assert {len(rows["twice"][measure]) for measure in MEASURES} == {90}


def test_the_interval_is_1_96_standard_errors_around_the_expectation(chain, series_of):
    units = [6 + day % 9 for day in range(87)] + [0] * 3
    chain.shelf("1", "sku", units)
    row = series_of(chain)["sku"]
    for day in (14, 30, 60, 87):
        before = units[max(0, day - 28) : day]
        reach = 1.96 * stdev(before) / sqrt(len(before))
        assert row["expected"][day] == pytest.approx(fmean(before))
        assert row["expected_low"][day] == pytest.approx(fmean(before) - reach)
        assert row["expected_high"][day] == pytest.approx(fmean(before) + reach)
    assert row["expected"][13] is None
    assert row["expected_low"][13] is None


@pytest.mark.slow
def test_the_width_of_the_interval_is_a_setting(chain, series_of):
    chain.shelf("1", "sku", [6 + day % 9 for day in range(87)] + [0] * 3)
    usual, wide = (series_of(chain, ExpectSettings(interval_z=z))["sku"] for z in (1.96, 3.92))
    reach = usual["expected_high"][60] - usual["expected"][60]
    assert wide["expected_high"][60] - wide["expected"][60] == pytest.approx(2 * reach, rel=1e-5)


def test_the_days_tell_what_the_shelf_was_like(chain, series_of):
    chain.shelf(
        "1",
        "sku",
        sells(10, (range(20), None), (LAST_THREE, None)),
        on_hand={20: 50, 60: 0, 61: 40},
        price={30: 7, 70: 8},
        promo_days=range(80, 85),
    )
    row = series_of(chain)["sku"]
    assert (row["actual"][19], row["actual"][20], row["actual"][88]) == (None, 10.0, 0.0)
    assert (row["on_hand"][19], row["on_hand"][59], row["on_hand"][60]) == (None, 50.0, 0.0)
    assert (row["price"][29], row["price"][69], row["price"][70]) == (None, 7.0, 8.0)
    assert [day for day, promo in enumerate(row["promo"]) if promo] == list(range(80, 85))
    assert [day for day, stocked in enumerate(row["in_stock"]) if not stocked] == [*range(20), 60]
    assert [day for day, dark in enumerate(row["dark"]) if dark] == list(LAST_THREE)


def test_a_night_without_cases_has_no_series(chain, series_of):
    assert series_of(chain) == {}
