"""What changed from the weeks before an episode to the episode, against plain sums."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from engine.kernels.causes import (
    SIGNALS,
    Course,
    CourseSums,
    Looking,
    Observed,
    episode_signals,
    group_course,
    price_course,
)
from engine.kernels.compiling import given
from engine.kernels.records import Factors, Spans
from engine.shelf.measures import Whole, packed
from tests.kernels.selling import sales_of

ROWS, DAYS, GROUPS, OFFERS, CATEGORIES = 6, 12, 2, 3, 2
BEFORE, GAP, NEAR, FAR = 6, 1, 2, 4
SPREAD, PRIOR = 0.2, 2.0


def panel_of(seed: int) -> SimpleNamespace:
    """A small chain with unknown prices, views and on-hand, unusable days and days not learnt from."""
    random = np.random.default_rng(seed)

    def some(low: float, high: float) -> np.ndarray:
        return np.where(random.random((ROWS, DAYS)) < 0.2, np.nan, random.integers(low, high, (ROWS, DAYS)) / 1.0)

    usable = (random.random((ROWS, DAYS)) < 0.85).astype(np.uint8)
    return SimpleNamespace(
        units=random.integers(0, 9, (ROWS, DAYS)).astype(float),
        expected=random.uniform(0.5, 6, (ROWS, DAYS)),
        usable=usable,
        clean=usable & (random.random((ROWS, DAYS)) < 0.8),
        price=some(1, 9),
        promo=random.integers(0, 2, (ROWS, DAYS)).astype(np.uint8),
        views=some(0, 40),
        on_hand=some(0, 4),
        offer=random.integers(0, OFFERS, (ROWS, DAYS)).astype(np.uint8),
        offer_factor=random.uniform(0.8, 2, (CATEGORIES, OFFERS)),
        category=random.integers(0, CATEGORIES, ROWS),
        store=np.arange(ROWS) % GROUPS,
        sku=np.arange(ROWS) // (ROWS // GROUPS),
        usual_price=np.array([2.0, 3.0, np.nan, 4.0, 5.0, 6.0]),
        store_factor=random.uniform(0.7, 1.3, (GROUPS, DAYS)),
        sku_factor=random.uniform(0.7, 1.3, (GROUPS, DAYS)),
    )


def plain_course(chain: SimpleNamespace, group: np.ndarray, factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Units and expected units by (group, day), a row damped by what it sells without the day's own factor."""
    sold, expected_units = np.zeros((2, GROUPS, DAYS))
    for row, day in zip(*np.nonzero(chain.usable), strict=True):
        alone = chain.expected[row, day] / factor[group[row], day]
        sold[group[row], day] += chain.units[row, day] / (1 + SPREAD * alone)
        expected_units[group[row], day] += alone / (1 + SPREAD * alone)
    return sold, expected_units


def course_of(chain: SimpleNamespace, group: np.ndarray, factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    sales = sales_of(
        chain.units, chain.expected, chain.usable, chain.clean, np.zeros(ROWS), np.ones(ROWS), *np.zeros((2, ROWS))
    )
    sums = CourseSums(*np.zeros((4, GROUPS, DAYS)))
    group_course(sales, np.arange(ROWS), group, factor, SPREAD, sums)
    return sums.sold + sums.sold_rest, sums.expected + sums.expected_rest


@pytest.mark.parametrize("seed", range(5))
def test_the_course_of_a_group_adds_up_its_damped_rows(seed):
    chain = panel_of(seed)
    for group, factor in ((chain.store, chain.store_factor), (chain.sku, chain.sku_factor)):
        for found, wanted in zip(course_of(chain, group, factor), plain_course(chain, group, factor), strict=True):
            assert found == pytest.approx(wanted)


@pytest.mark.parametrize("seed", range(5))
def test_the_course_of_prices_adds_up_shares_of_the_usual_ones(seed):
    chain = panel_of(seed)
    totals, counts = np.zeros((GROUPS, DAYS)), np.zeros((GROUPS, DAYS))
    price_course(packed(Whole(chain.price)), np.arange(ROWS), chain.usual_price, chain.sku, totals, counts)
    shares = chain.price / chain.usual_price[:, None]
    for sku in range(GROUPS):
        of_sku = shares[chain.sku == sku]
        assert totals[sku] == pytest.approx(np.nansum(of_sku, axis=0))
        assert counts[sku] == pytest.approx((~np.isnan(of_sku)).sum(axis=0))


def plain_signals(chain: SimpleNamespace, row: int, first: int, last: int) -> dict[str, float]:
    """Every sum of `SIGNALS`, a sentence each."""
    dark = [day for day in range(first, last + 1) if chain.usable[row, day]]
    before = [day for day in range(max(first - BEFORE, 0), first - GAP) if chain.clean[row, day]]
    lift = chain.offer_factor[chain.category[row], chain.offer[row]]
    usual = chain.expected[row] / lift
    store, sku = chain.store_factor[chain.store[row]], chain.sku_factor[chain.sku[row]]

    def known(values: np.ndarray, days: list[int]) -> list[int]:
        return [day for day in days if not np.isnan(values[day])]

    def total(values: np.ndarray, days: list[int]) -> float:
        return float(sum(values[day] for day in days))

    def wide(group: np.ndarray, factor: np.ndarray) -> float:
        """The row's expectation times what the others of its group sold of theirs."""
        others = SimpleNamespace(**vars(chain) | {"usable": chain.usable.copy()})
        others.usable[row] = 0
        sold, expected_units = (table[group[row]] for table in plain_course(others, group, factor))
        return float(
            sum(chain.expected[row, day] * (sold[day] + PRIOR) / (expected_units[day] + PRIOR) for day in dark)
        )

    priced = known(chain.price[row], dark)
    priced_before = [day for day in known(chain.price[row], before) if not chain.promo[row, day]]
    views, views_before = (known(chain.views[row], days) for days in (dark, before))
    others = [other for other in range(ROWS) if other != row and chain.sku[other] == chain.sku[row]]

    def elsewhere(days: list[int]) -> list[float]:
        """Mean price of the SKU in other stores, as a share of the usual, on days with a price here and there."""
        shares = [
            [
                chain.price[other, day] / chain.usual_price[other]
                for other in others
                if not np.isnan(chain.price[other, day] / chain.usual_price[other])
            ]
            for day in days
        ]
        return [float(np.mean(one)) for one in shares if one and not np.isnan(chain.usual_price[row])]

    on_hand = chain.on_hand[row]
    near = known(on_hand, list(range(max(first - NEAR, 0), first + 1)))
    far = known(on_hand, list(range(max(first - BEFORE, 0), first - FAR + 1)))
    pairs = [day for day in range(max(first, 1), last + 1) if not np.isnan(on_hand[day] + on_hand[day - 1])]
    return {
        "sold": total(chain.units[row], dark),
        "expected_units": total(chain.expected[row], dark),
        "expected_at_usual_offer": total(usual, dark),
        "expected_alone": total(chain.expected[row] / (store * sku), dark),
        "days": len(dark),
        "views": total(chain.views[row], views),
        "views_exposure": total(usual, views),
        "views_before": total(chain.views[row], views_before),
        "views_exposure_before": total(usual, views_before),
        "price": total(chain.price[row], priced),
        "price_days": len(priced),
        "price_before": total(chain.price[row], priced_before),
        "price_days_before": len(priced_before),
        "elsewhere": sum(elsewhere(priced)),
        "elsewhere_days": len(elsewhere(priced)),
        "elsewhere_before": sum(elsewhere(priced_before)),
        "elsewhere_days_before": len(elsewhere(priced_before)),
        "promo_days": total(chain.promo[row], dark),
        "promo_days_before": total(chain.promo[row], before),
        "days_before": len(before),
        "stock": total(on_hand, near),
        "stock_days": len(near),
        "stock_before": total(on_hand, far),
        "stock_days_before": len(far),
        "stock_moves": sum(
            on_hand[day] != on_hand[day - 1] and not chain.units[row, day - 1 : day + 1].any() for day in pairs
        ),
        "stock_pairs": len(pairs),
        "store_share": wide(chain.store, chain.store_factor),
        "sku_share": wide(chain.sku, chain.sku_factor),
        "sold_before": total(chain.units[row], before),
        "expected_before": total(chain.expected[row], before),
    }


@pytest.mark.parametrize("seed", range(8))
def test_the_signals_of_an_episode_are_the_plain_sums(seed):
    chain = panel_of(seed)
    rows, firsts = np.repeat(np.arange(ROWS), 3), np.tile([0, 5, 9], ROWS)
    lasts = np.minimum(firsts + 3, DAYS - 1)
    totals, counts = np.zeros((GROUPS, DAYS)), np.zeros((GROUPS, DAYS))
    price_course(packed(Whole(chain.price)), np.arange(ROWS), chain.usual_price, chain.sku, totals, counts)
    found = np.empty((rows.size, len(SIGNALS)))
    factors = Factors(np.ones((CATEGORIES, DAYS)), chain.offer_factor, chain.store_factor, chain.sku_factor)
    of_groups = (course_of(chain, chain.store, chain.store_factor), course_of(chain, chain.sku, chain.sku_factor))
    episode_signals(
        given(Observed(*(getattr(chain, name) for name in Observed._fields))),
        given(factors),
        given(Course(*of_groups[0], *of_groups[1], totals, counts)),
        Looking(BEFORE, GAP, NEAR, FAR, SPREAD, PRIOR),
        given(Spans(rows, firsts, lasts)),
        found,
    )
    for place, (row, first, last) in enumerate(zip(rows, firsts, lasts, strict=True)):
        wanted = plain_signals(chain, row, first, last)
        assert dict(zip(SIGNALS, found[place], strict=True)) == pytest.approx(wanted, rel=1e-6, abs=1e-9)
