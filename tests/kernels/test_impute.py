from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels import compiling
from engine.kernels import impute as imputing
from engine.kernels.impute import DELIVERED, PARTIAL, UNKNOWN
from tests.kernels import naive
from tests.kernels.naive import Cells


class Imputed(NamedTuple):
    units: naive.Days
    on_hand: naive.Days
    price: naive.Days
    revenue: naive.Days
    promo: list[bool]
    in_stock: list[bool]
    listed: int
    filled: int


class Rules(NamedTuple):
    min_on_hand: float = 0.0
    stock_from_sales_days: int = 7
    gap_fill_days: int = 3


@st.composite
def delivered(draw: st.DrawFn) -> Cells:
    n_days = draw(st.integers(1, 16))

    def days(value: st.SearchStrategy) -> list:
        return draw(st.lists(value, min_size=n_days, max_size=n_days))

    units = days(st.none() | st.sampled_from([0.0, 1.0, 8.0]))
    opens = days(st.booleans())
    is_open = [is_open or sold is not None for is_open, sold in zip(opens, units, strict=True)]
    return Cells(
        units=units,
        on_hand=days(st.none() | st.sampled_from([0.0, 1.0, 2.0, -3.0])),
        price=days(st.none() | st.sampled_from([0.0, 3.5])),
        sales_promo=days(st.booleans()),
        pricing_promo=days(st.none() | st.booleans()),
        state=[draw(st.sampled_from(STATES)) if one else UNKNOWN for one in is_open],
        held_on_hand=draw(st.none() | st.sampled_from([0.0, 5.0, -1.0])),
        held_price=draw(st.none() | st.sampled_from([2.0])),
        withheld=days(st.sampled_from([False, False, False, True])),
    )


STATES = (DELIVERED, DELIVERED, DELIVERED, PARTIAL, UNKNOWN)
RULES = st.builds(Rules, st.sampled_from([0.0, 1.0]), st.integers(1, 5), st.integers(0, 4))


def imputed(
    cells: Cells,
    rules: Rules = Rules(),  # noqa: B008
    revenue: np.ndarray | None = None,
    *,
    draws_down: bool = False,
) -> Imputed:
    units, on_hand, price = (naive.array(days)[None, :] for days in (cells.units, cells.on_hand, cells.price))
    bits = [
        sales | (0 if pricing is None else pricing + 1) << 1
        for sales, pricing in zip(cells.sales_promo, cells.pricing_promo, strict=True)
    ]
    promo = np.array([bits], np.uint8)
    revenue = np.full((1, 0), np.nan) if revenue is None else revenue
    in_stock, listed = np.empty(units.shape, np.uint8), np.empty(1, np.int32)
    zero = np.zeros(1, np.int64)
    owners = imputing.Owners(zero, zero, naive.array([cells.held_on_hand]), naive.array([cells.held_price]))
    filled = imputing.impute(
        imputing.Cells(units, revenue, on_hand, price, promo, in_stock),
        compiling.given(owners),
        np.array([cells.state], np.uint8),
        np.array([cells.withheld]),
        imputing.ImputationRule(*rules, draws_down),
        listed,
    )
    return Imputed(
        *(naive.known(series[0]) for series in (units, on_hand, price, revenue)),
        promo=promo[0].tolist(),
        in_stock=in_stock[0].tolist(),
        listed=int(listed[0]),
        filled=filled,
    )


def sold(*units: float | None, on_hand: naive.Days | None = None, is_open: list[bool] | None = None) -> Cells:
    """A store-SKU of which only units are known, in a store open throughout unless said."""
    unknown = [None] * len(units)
    return Cells(
        list(units),
        on_hand or unknown,
        unknown,
        [False] * len(units),
        unknown,
        [DELIVERED if one else UNKNOWN for one in is_open or [True] * len(units)],
        None,
        None,
        [False] * len(units),
    )


@given(delivered(), RULES)
def test_a_store_sku_is_listed_from_its_first_sale_or_first_stock(cells, rules):
    assert imputed(cells, rules).listed == naive.first_listed(cells, rules.min_on_hand)


@given(delivered(), RULES)
def test_stock_and_price_hold_until_the_next_row(cells, rules):
    result = imputed(cells, rules)
    assert result.on_hand == naive.carried_forward(cells.on_hand, cells.held_on_hand)
    assert result.price == naive.carried_forward(cells.price, cells.held_price)


def test_stock_below_zero_is_none_on_its_day_and_unknown_after():
    cells = sold(1, 1, 1, 1, on_hand=[6.0, -3.0, None, 4.0])
    assert imputed(cells).on_hand == [6.0, 0.0, None, 4.0]


@given(delivered(), RULES)
def test_units_are_zero_on_delivered_days_and_filled_over_short_gaps(cells, rules):
    zeroed = naive.with_zeros(cells, naive.first_listed(cells, rules.min_on_hand))
    wanted = naive.gaps_filled(zeroed, rules.gap_fill_days)
    result = imputed(cells, rules)
    np.testing.assert_allclose(naive.array(result.units), naive.array(wanted), atol=1e-12)
    assert result.filled == sum(
        before is None and after is not None for before, after in zip(zeroed, wanted, strict=True)
    )


@given(delivered(), RULES)
def test_stock_is_what_is_known_or_what_sales_before_tell(cells, rules):
    assert imputed(cells, rules).in_stock == naive.in_stock(cells, rules.min_on_hand, rules.stock_from_sales_days)


@given(delivered(), RULES)
def test_a_pricing_flag_overrules_the_flag_of_the_sales(cells, rules):
    assert imputed(cells, rules).promo == naive.on_promo(cells)


@given(delivered(), st.integers(0, 20))
def test_a_day_filled_with_zero_units_earned_nothing(cells, width):
    n_days = len(cells.units)
    first = n_days - 1 - width
    earned = np.array([[np.nan if day < 0 or cells.units[day] is None else 70.0 for day in range(first, n_days - 1)]])
    units = naive.with_zeros(cells, naive.first_listed(cells, 0))
    delivered_units = [cells.units[day] is not None for day in range(n_days)]
    wanted = [
        None if day < 0 or units[day] is None else 70.0 if delivered_units[day] else 0.0
        for day in range(first, n_days - 1)
    ]
    assert imputed(cells, revenue=earned.reshape(1, width)).revenue == wanted


@pytest.mark.parametrize(
    ("gap", "filled"),
    [
        pytest.param(1, True, id="one_closed_day_is_filled"),
        pytest.param(3, True, id="three_closed_days_are_filled"),
        pytest.param(4, False, id="four_closed_days_stay_unknown"),
    ],
)
def test_a_gap_between_known_days(gap, filled):
    is_open = [True] + [False] * gap + [True]
    units = imputed(sold(8, *[None] * gap, 0, is_open=is_open)).units
    assert (None not in units) == filled
    assert units[0] == 8
    assert units[1] == (pytest.approx(8 * gap / (gap + 1)) if filled else None)


def test_a_gap_at_either_edge_stays_unknown():
    closed = [False, True, False]
    assert imputed(sold(None, 5, None, is_open=closed)).units == [None, 5, None]


WEEKLY = [20.0, *[None] * 6, 20.0, *[None] * 6, 20.0, *[None] * 6, 11.0, *[None] * 6]
"""Two of the eleven may be those that its day sold."""


def in_stock_between(*last_week: float) -> list[bool]:
    cells = sold(*[2.0] * 22, *last_week, on_hand=WEEKLY)
    return imputed(cells, draws_down=True).in_stock[22:]


@pytest.mark.parametrize(
    ("last_week", "in_stock"),
    [
        pytest.param([3, 3, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1], id="three_are_left"),
        pytest.param([3, 3, 3, 0, 0, 0], [1, 1, 1, 0, 0, 0], id="used_up"),
        pytest.param([3, 3, 3, 0, 4, 0], [1, 1, 1, 0, 1, 0], id="sold_again_and_so_restocked"),
    ],
)
def test_sales_use_up_what_was_counted_in_a_rhythm(last_week, in_stock):
    assert in_stock_between(*last_week) == in_stock


def test_a_count_that_finds_nothing_tells_of_the_days_since_the_last_sale():
    counts = [20.0, *[None] * 6, 20.0, *[None] * 6, 20.0, *[None] * 6, 0.0]
    cells = sold(*[2.0] * 16, 2, 0, 0, 0, 0, 0, on_hand=counts)
    assert imputed(cells, draws_down=True).in_stock[15:] == [1, 1, 0, 0, 0, 0, 0]


def test_the_last_of_a_few_records_holds_whatever_was_sold_since():
    cells = sold(*[5.0] * 10, 0, 0, on_hand=[9.0, *[None] * 11])
    assert imputed(cells, draws_down=True).in_stock == [1] * 12


def test_what_came_of_a_partial_day_counts_and_what_did_not_come_is_unknown():
    partial = sold(4, 5, None)._replace(state=[DELIVERED, PARTIAL, PARTIAL])
    assert imputed(partial).units == [4, 5, None]
    assert imputed(partial._replace(withheld=[False, True, False])).units == [4, None, None]


def test_nothing_is_known_before_the_listing():
    assert imputed(sold(None, None, 4, None)).units == [None, None, 4, 0]


def test_an_empty_snapshot_lists_nothing_and_a_full_one_lists():
    cells = sold(None, None, None, on_hand=[0.0, 3.0, None])
    assert (imputed(cells).listed, imputed(cells).units) == (1, [None, 0, 0])
    assert imputed(cells, Rules(min_on_hand=3.0)).listed == 3


def test_without_a_snapshot_a_sale_means_stock_for_seven_days_after_it():
    in_stock = imputed(sold(*[0.0] * 3, 2.0, *[0.0] * 9)).in_stock
    assert [day for day, stocked in enumerate(in_stock) if stocked] == list(range(4, 11))


def test_a_filled_gap_sold_nothing_that_anyone_saw():
    is_open = [True, False, False, True, True]
    result = imputed(sold(6, None, None, 3, 0, is_open=is_open), Rules(stock_from_sales_days=1))
    assert result.units == pytest.approx([6, 5, 4, 3, 0])
    assert result.in_stock == [False, True, False, False, True]
