from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.kernels import compiling
from engine.kernels import demand as kernel
from engine.kernels.records import Borrowed, Factors, Spans
from engine.memory import Memory
from engine.shelf.measures import Narrow, packed

N_DAYS, N_GROUPS, N_OFFERS = 6, 2, 3
UNITS = st.none() | st.integers(0, 9).map(float) | st.sampled_from([0.25, 1 / 3])
"""Pieces, weights, and what two bytes do not hold."""
FACTOR = st.sampled_from([0.5, 1.0, 2.0])


class World(NamedTuple):
    """Some rows with their groups and the factors of these."""

    units: list[list[float | None]]
    clean: list[list[bool]]
    offer: list[list[int]]
    category: list[int]
    store: list[int]
    sku: list[int]
    weekday_factor: list[list[float]]
    offer_factor: list[list[float]]
    store_factor: list[list[float]]
    sku_factor: list[list[float]]

    def factor(self, row: int, day: int) -> float:
        """Product of the factors of a cell."""
        return (
            self.weekday_factor[self.category[row]][day]
            * self.offer_factor[self.category[row]][self.offer[row][day]]
            * self.store_factor[self.store[row]][day]
            * self.sku_factor[self.sku[row]][day]
        )

    def is_clean(self, row: int, day: int) -> bool:
        """Whether a cell is known and learnt from."""
        return self.clean[row][day] and self.units[row][day] is not None

    @property
    def sold(self) -> np.ndarray:
        """What the rows sold, as kernels take it."""
        return np.array([[math.nan if sold is None else sold for sold in row] for row in self.units])

    @property
    def marks(self) -> np.ndarray:
        """Which cells are clean, as kernels take it."""
        return (np.array(self.clean, np.uint8) & ~np.isnan(self.sold)).astype(np.uint8)

    def cells(self, unit: np.ndarray) -> kernel.Cells:
        """What the rows sold at which offer, as kernels take it. unit: of sale, by row."""
        groups = (np.array(side, np.int64) for side in (self.category, self.store, self.sku))
        units = packed(Narrow.of(self.sold, Memory()))
        return compiling.given(kernel.Cells(units, self.marks, np.array(self.offer, np.uint8), *groups, unit))

    def factors(self) -> Factors:
        """The factors, as the kernels take them."""
        sides = (self.weekday_factor, self.offer_factor, self.store_factor, self.sku_factor)
        return compiling.given(Factors(*map(np.array, sides)))


def borrowed(rows: int, level: float = 0.0, variance: float = 0.0, dispersion: float = 0.0) -> Borrowed:
    """The same of every row; a level of 0 is none."""
    return compiling.given(Borrowed(*(np.full(rows, one) for one in (level, variance, dispersion))))


def table(values: st.SearchStrategy, rows: int, columns: int) -> st.SearchStrategy:
    return st.lists(st.lists(values, min_size=columns, max_size=columns), min_size=rows, max_size=rows)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    rows = draw(st.integers(1, 5))
    groups = st.lists(st.integers(0, N_GROUPS - 1), min_size=rows, max_size=rows)
    return World(
        draw(table(UNITS, rows, N_DAYS)),
        draw(table(st.booleans(), rows, N_DAYS)),
        draw(table(st.integers(0, N_OFFERS - 1), rows, N_DAYS)),
        *(draw(groups) for _ in range(3)),
        draw(table(FACTOR, N_GROUPS, N_DAYS)),
        draw(table(FACTOR, N_GROUPS, N_OFFERS)),
        draw(table(FACTOR, N_GROUPS, N_DAYS)),
        draw(table(FACTOR, N_GROUPS, N_DAYS)),
    )


UNIT_OF_SALE = st.sampled_from([0.5, 1.0])


def chosen(world: World) -> np.ndarray:
    """All rows but the last one, where there are more: a kernel looks at those that it is told of."""
    return np.arange(max(len(world.units) - 1, 1))


@given(worlds(), UNIT_OF_SALE, st.booleans())
def test_sums_are_those_of_the_clean_cells_of_each_group_and_day(world, unit, by_offer):
    n_offers = N_OFFERS if by_offer else 1
    level, unit = np.arange(1.0, len(world.units) + 1), unit * np.arange(1.0, len(world.units) + 1)
    sums = np.zeros((len(kernel.GroupSums._fields), N_GROUPS * n_offers, N_DAYS))
    of = (world.cells(unit), chosen(world), world.factors(), level, np.array(world.sku))
    if by_offer:
        kernel.offer_sums(*of, n_offers, kernel.GroupSums(*sums))
    else:
        kernel.group_sums(*of, kernel.GroupSums(*sums))
    wanted = [np.zeros((N_GROUPS * n_offers, N_DAYS)) for _ in range(3)]
    for row in chosen(world):
        for day, sold in enumerate(world.units[row]):
            if world.is_clean(row, day):
                offer = world.offer[row][day]
                place = world.sku[row] * n_offers + (offer if by_offer else 0)
                left_out = world.offer_factor[world.category[row]][offer] if by_offer else 1.0
                expected = level[row] / unit[row] * world.factor(row, day) / left_out
                for total, value in zip(wanted, (sold / unit[row], expected, 1), strict=True):
                    total[place, day] += value
    sold, sold_rest, expected, expected_rest, cells = sums
    for found, right in zip((sold + sold_rest, expected + expected_rest, cells), wanted, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-7, atol=1e-8)


@given(worlds())
def test_an_expectation_is_the_level_times_the_factors_of_the_cell(world):
    rows, level = chosen(world), np.arange(1.0, len(world.units) + 1)
    expected = np.empty((rows.size, N_DAYS))
    kernel.expectations(world.cells(np.ones(level.size)), rows, world.factors(), level, expected)
    wanted = [[level[row] * world.factor(row, day) for day in range(N_DAYS)] for row in rows]
    np.testing.assert_allclose(expected, wanted)


@given(worlds(), st.sampled_from([0.5, 0.9, 1.0]), st.sampled_from([0.8, 1.0]), st.sampled_from([0.0, 5.0]))
def test_a_level_is_a_weighted_ratio_of_sales_to_factors(world, memory, long_decay_factor, prior_units):
    n = len(world.units)
    level, exposure = np.empty(n), np.empty(n)
    unit = 0.5 * np.arange(1.0, n + 1)
    memories = (memory, long_decay_factor, prior_units)
    kernel.levels(world.cells(unit), np.arange(n), world.factors(), *memories, borrowed(n), level, exposure)
    for row, days in enumerate(world.units):
        clean = [day for day in range(N_DAYS) if world.is_clean(row, day)]
        if not clean:
            assert np.isnan(level[row])
            assert exposure[row] == 0
            continue

        def mean(level_drift: float, row: int = row, days: list = days, clean: list = clean) -> tuple[float, float]:
            weights = {day: level_drift ** (N_DAYS - 1 - day) for day in clean}
            expected_units = sum(weights[day] * world.factor(row, day) for day in clean)
            return sum(weights[day] * days[day] for day in clean) / expected_units, expected_units

        recent, expected_units = mean(memory)
        lasting, _ = mean(long_decay_factor)
        prior = prior_units * unit[row] / lasting if lasting > 0 else 0.0
        wanted = (recent * expected_units + prior * lasting) / (expected_units + prior)
        assert level[row] == pytest.approx(wanted)


@settings(max_examples=30)
@given(st.integers(1, 40), st.sampled_from([0.8, 0.93, 1.0]))
def test_the_exposure_of_equal_days_is_their_effective_number(days, memory):
    world = World([[1.0] * days], [[True] * days], [[0] * days], [0], [0], [0], *([[[1.0] * days]] * 4))
    level, exposure = np.empty(1), np.empty(1)
    of = (world.cells(np.ones(1)), np.arange(1), world.factors())
    kernel.levels(*of, memory, 1.0, 0.0, borrowed(1), level, exposure)
    weights = [memory**back for back in range(days)]
    assert exposure[0] == pytest.approx(sum(weights) ** 2 / sum(weight**2 for weight in weights))


@given(worlds(), st.floats(0.1, 30), st.floats(0.001, 2), st.floats(0, 1))
def test_a_borrowed_level_and_own_days_are_weighed_by_their_variances(world, lent, variance, dispersion):
    n = len(world.units)
    own, level, exposure = np.empty(n), np.empty(n), np.empty(n)
    unit = 0.5 * np.arange(1.0, n + 1)
    of = (world.cells(unit), np.arange(n), world.factors(), 0.9, 1.0, 5.0)
    kernel.levels(*of, borrowed(n), own, exposure)
    kernel.levels(*of, borrowed(n, lent, variance, dispersion), level, exposure)
    for row in range(n):
        of_own = (unit[row] / lent + dispersion) / exposure[row] if exposure[row] > 0 else math.inf
        told = np.nan_to_num(own[row]) / of_own + lent / variance
        assert level[row] == pytest.approx(told / (1 / of_own + 1 / variance))


@given(worlds())
def test_spreads_are_the_sums_of_the_clean_cells(world):
    n = len(world.units)
    sums = np.full((n, 3), np.nan)
    kernel.spreads(world.cells(np.ones(n)), chosen(world), world.factors(), np.full(n, 2.0), sums)
    for row in chosen(world):
        clean = [day for day in range(N_DAYS) if world.is_clean(row, day)]
        expected = [2 * world.factor(row, day) for day in clean]
        errors = [(world.units[row][day] - due) ** 2 for day, due in zip(clean, expected, strict=True)]
        assert sums[row].tolist() == pytest.approx([sum(errors), sum(expected), sum(due**2 for due in expected)])
    assert np.isnan(sums[chosen(world).size :]).all()


@given(worlds())
def test_rises_are_told_by_the_days_above_the_mean_and_pauses_by_the_days_after_a_sale(world):
    sums = np.empty((len(world.units), 6))
    kernel.ups(world.sold, world.marks, sums)
    for row, days in enumerate(world.units):
        sold = [days[day] for day in range(N_DAYS) if world.is_clean(row, day)]
        mean = sum(sold) / max(len(sold), 1)
        squares = [(one - mean) ** 2 for one in sold if one * len(sold) > sum(sold)]
        after = [later for one, later in itertools.pairwise(sold) if one > 0]
        wanted = [len(sold), sum(sold), sum(squares), sum(one**2 for one in squares)]
        assert sums[row].tolist() == pytest.approx([*wanted, len(after), sum(one > 0 for one in after)])


@given(worlds(), st.integers(0, N_DAYS - 1), st.integers(0, N_DAYS - 1))
def test_an_episode_counts_its_usable_days(world, one, other):
    first, last = min(one, other), max(one, other)
    n = len(world.units)
    sums = np.empty((n, 4))
    episodes = compiling.given(Spans(np.arange(n), np.full(n, first), np.full(n, last)))
    kernel.episode_sums(world.sold, np.full((n, N_DAYS), 2.0), world.marks, episodes, sums)
    for number, days in enumerate(world.units):
        sold = [days[day] for day in range(first, last + 1) if world.is_clean(number, day)]
        assert sums[number].tolist() == pytest.approx([len(sold), sum(sold), 2 * len(sold), 4 * len(sold)])


def test_an_offer_tells_how_far_below_the_usual_price_and_whether_on_promotion():
    price = np.array([[10.0, 10.0, 10.0, 9.5, 8.5, math.nan, 12.0]])
    promo = np.array([[0, 1, 0, 0, 1, 0, 0]], np.uint8)
    usual, offer = np.empty(1), np.empty((1, 7), np.uint8)
    kernel.offers(price, promo, 0.75, 7, np.array([0.98, 0.9]), usual, offer)
    assert usual[0] == 10
    assert offer[0].tolist() == [0, 1, 0, 2, 5, 0, 0]


def test_a_later_rise_turns_no_earlier_day_into_an_offer():
    price = np.array([[10.0] * 5 + [12.5] * 5])
    usual, offer = np.empty(1), np.empty((1, 10), np.uint8)
    kernel.offers(price, np.zeros((1, 10), np.uint8), 0.75, 3, np.array([0.98, 0.9]), usual, offer)
    assert not offer.any()


def test_without_any_price_every_offer_is_the_usual_one():
    usual, offer = np.empty(1), np.empty((1, 3), np.uint8)
    kernel.offers(np.full((1, 3), math.nan), np.zeros((1, 3), np.uint8), 0.75, 7, np.array([0.9]), usual, offer)
    assert np.isnan(usual[0])
    assert offer[0].tolist() == [0, 0, 0]
