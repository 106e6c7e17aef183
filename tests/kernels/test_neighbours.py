from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels import compiling
from engine.kernels import neighbours as kernel
from engine.kernels.records import Spans
from tests.kernels import naive
from tests.kernels.selling import sales_of

PLACES = {
    "berlin": (52.5200, 13.4050),
    "paris": (48.8566, 2.3522),
    "london": (51.5074, -0.1278),
    "new_york": (40.7128, -74.0060),
    "sydney": (-33.8688, 151.2093),
    "auckland": (-36.8509, 174.7645),
    "north_pole": (90.0, 0.0),
    "null_island": (0.0, 0.0),
    "its_antipode": (0.0, 180.0),
    "west_of_the_date_line": (0.0, 179.5),
    "east_of_the_date_line": (0.0, -179.5),
}


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        pytest.param("berlin", "paris", 877.46, id="berlin_to_paris"),
        pytest.param("london", "new_york", 5570.2, id="london_to_new_york"),
        pytest.param("sydney", "auckland", 2155.9, id="sydney_to_auckland"),
        pytest.param("null_island", "north_pole", 6371 * math.pi / 2, id="equator_to_pole"),
        pytest.param("null_island", "its_antipode", 6371 * math.pi, id="half_around_the_globe"),
        pytest.param(
            "west_of_the_date_line", "east_of_the_date_line", 6371 * math.pi / 180, id="across_the_date_line"
        ),
    ],
)
def test_cities_are_as_far_apart_as_they_are(one, other, km):
    assert kernel.haversine_km(*PLACES[one], *PLACES[other]) == pytest.approx(km, rel=2e-4)


LATITUDE, LONGITUDE = st.floats(-90, 90), st.floats(-180, 180)


@given(LATITUDE, LONGITUDE, LATITUDE, LONGITUDE)
def test_a_distance_is_the_angle_at_the_centre_of_the_earth_either_way(north, east, other_north, other_east):
    km = kernel.haversine_km(north, east, other_north, other_east)
    angle = naive.angle_km(naive.on_the_globe(north, east), naive.on_the_globe(other_north, other_east))
    assert km == pytest.approx(angle, abs=1e-3)
    assert kernel.haversine_km(other_north, other_east, north, east) == pytest.approx(km, abs=1e-6)


@given(LATITUDE, LONGITUDE)
def test_a_place_is_nowhere_but_here(north, east):
    assert kernel.haversine_km(north, east, north, east) == 0


def within(latitude: list[float], longitude: list[float], radius_km: float) -> dict[tuple[int, int], float]:
    """The pairs found, with their distance; a call without room must count them."""
    north, east = np.array(latitude, np.float64), np.array(longitude, np.float64)
    by_latitude = np.argsort(north, kind="stable").astype(np.int64)
    nothing = np.empty(0, np.int64)
    count = kernel.pairs_within(north, east, by_latitude, radius_km, nothing, nothing, np.empty(0))
    points, others, km = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count)
    assert kernel.pairs_within(north, east, by_latitude, radius_km, points, others, km) == count
    found = dict(zip(zip(points.tolist(), others.tolist(), strict=True), km.tolist(), strict=True))
    assert len(found) == count
    return found


AWKWARD_PLACE = st.tuples(
    st.sampled_from([-90.0, -89.8, -45.0, 0.0, 0.2, 45.0, 45.3, 89.8, 90.0]) | LATITUDE,
    st.sampled_from([-180.0, -179.9, -90.0, 0.0, 0.1, 90.0, 179.9, 180.0]) | LONGITUDE,
)


@given(st.lists(AWKWARD_PLACE, max_size=12), st.sampled_from([0.5, 25.0, 50.0, 1000.0, 20_000.0]))
def test_neighbours_are_all_within_the_radius_at_the_poles_and_across_the_date_line(places, radius_km):
    found = within([north for north, _ in places], [east for _, east in places], radius_km)
    for one, here in enumerate(places):
        for other, there in enumerate(places):
            km = naive.angle_km(naive.on_the_globe(*here), naive.on_the_globe(*there))
            if one != other and abs(km - radius_km) > 1e-3:
                assert ((one, other) in found) == (km < radius_km)
            if (one, other) in found:
                assert found[one, other] == pytest.approx(km, abs=1e-3)
                assert one != other


def test_a_radius_of_nothing_holds_the_stores_in_the_same_place():
    assert within([10.0, 10.0, 10.0], [20.0, 20.001, 20.0], 0.0) == {(0, 2): 0.0, (2, 0): 0.0}


def test_the_radius_itself_is_within():
    on_the_edge = kernel.haversine_km(40.0, -3.0, 40.3, -3.2)
    assert within([40.0, 40.3], [-3.0, -3.2], on_the_edge) == {(0, 1): on_the_edge, (1, 0): on_the_edge}
    assert within([40.0, 40.3], [-3.0, -3.2], on_the_edge * (1 - 1e-12)) == {}


def test_stores_without_a_place_have_no_neighbours():
    latitude, longitude = np.array([10.0, np.nan, 10.0]), np.array([20.0, np.nan, 20.0])
    points, others, km = np.empty(6, np.int64), np.empty(6, np.int64), np.empty(6)
    placed = np.array([0, 2])
    assert kernel.pairs_within(latitude, longitude, placed, 50.0, points, others, km) == 2
    assert sorted(points[:2].tolist()) == [0, 2]


@pytest.mark.slow
def test_five_thousand_stores_have_the_neighbours_that_brute_force_finds():
    rng = np.random.default_rng(3)
    latitude, longitude = rng.uniform(-60, 75, 5000), rng.uniform(-180, 180, 5000)
    latitude[:2500], longitude[:2500] = rng.normal(50, 1, 2500), rng.normal(10, 1.5, 2500)
    north, east = np.radians(latitude), np.radians(longitude)
    globe = np.column_stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])
    chord = 2 * math.sin(50 / 6371 / 2)
    near = []
    for first in range(0, 5000, 500):
        block = globe[first : first + 500]
        squares = ((block[:, None, :] - globe[None, :, :]) ** 2).sum(axis=2)
        points, others = np.nonzero(squares <= chord**2)
        near.append(np.column_stack([points + first, others]))
    pairs = np.concatenate(near)
    wanted = {tuple(pair) for pair in pairs[pairs[:, 0] != pairs[:, 1]].tolist()}
    assert len(wanted) > 100_000
    assert within(latitude.tolist(), longitude.tolist(), 50.0).keys() == wanted


class World(NamedTuple):
    """Stores that carry SKUs, and who neighbours whom at which distance."""

    pairs: list[tuple[int, int]]
    n_stores: int
    units: list[naive.Days]
    expected: list[naive.Days]
    judged: list[bool]
    links: dict[int, list[tuple[int, float]]]
    points: list[tuple[int, int]]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    n_stores, n_days = draw(st.integers(2, 7)), draw(st.integers(2, 8))
    further = draw(st.sets(st.tuples(st.integers(0, n_stores - 1), st.integers(1, 2))))
    pairs = sorted({*further, *((store, 0) for store in range(n_stores))})
    often = st.sampled_from([True, True, True, False])
    series = st.lists(st.sampled_from([2.0, 5.0, 5.0, 6.0, 7.0, 0.0, None]), min_size=n_days, max_size=n_days)
    table = st.lists(series, min_size=len(pairs), max_size=len(pairs))
    km = st.sampled_from([1.0, 2.5, 50.0])
    links = {
        store: [(other, draw(km)) for other in range(n_stores) if other != store and draw(often)]
        for store in range(n_stores)
    }
    point = st.tuples(st.integers(0, len(pairs) - 1), st.integers(0, n_days - 1))
    return World(
        pairs,
        n_stores,
        draw(table),
        draw(table),
        draw(st.lists(often, min_size=len(pairs), max_size=len(pairs))),
        links,
        draw(st.lists(point, min_size=3, max_size=6)),
    )


Performer = tuple[Fraction | float, float, int]


def performers(world: World, window: int, min_days: int, kept: int = 3) -> list[tuple[int, list[Performer]]]:
    """Per point how many neighbours sell over, and ratio, distance and store of the best."""
    of_pairs = [store for store, _ in world.pairs]
    links = [(other, km) for store in range(world.n_stores) for other, km in world.links[store]]
    lengths = [len(world.links[store]) for store in range(world.n_stores)]
    shape = (len(world.points), kept)
    counts, stores = np.empty(shape[0], np.int64), np.empty(shape, np.int64)
    ratios, kms = np.empty(shape), np.empty(shape)
    rows, ends = (np.array(part, np.int64) for part in zip(*world.points, strict=True))
    around = kernel.Neighbourhood(
        np.array(world.judged),
        np.array(of_pairs, np.int64),
        np.array([sku for _, sku in world.pairs], np.int64),
        np.searchsorted(of_pairs, np.arange(world.n_stores + 1)).astype(np.int64),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.array([other for other, _ in links], np.int64),
        np.array([km for _, km in links], np.float64),
    )
    around = compiling.given(around)
    listed = np.empty(kernel.neighbour_pairs(around, rows, np.empty(0, np.int64)), np.int64)
    kernel.neighbour_pairs(around, rows, listed)
    known = np.unique(listed)
    tables = (np.array([naive.array(days) for days in table]) for table in (world.units, world.expected))
    kernel.high_performers(
        *(np.ascontiguousarray(table[known]) for table in tables),
        known,
        around,
        rows,
        ends,
        kernel.SellingOver(window, min_days, 1.2, naive.TIE),
        kernel.Best(counts, ratios, kms, stores),
    )
    found = []
    for place in range(shape[0]):
        best = [
            (ratios[place, rank], kms[place, rank], int(stores[place, rank]))
            for rank in range(kept)
            if stores[place, rank] >= 0
        ]
        assert np.isnan(ratios[place, len(best) :]).all()
        assert np.isnan(kms[place, len(best) :]).all()
        found.append((int(counts[place]), best))
    return found


def defined_performers(world: World, window: int, min_days: int) -> list[tuple[int, list[Performer]]]:
    place = {pair: number for number, pair in enumerate(world.pairs)}
    answers = []
    for row, end in world.points:
        store, sku = world.pairs[row]
        over = []
        for other, km in world.links[store]:
            pair = place.get((other, sku))
            if pair is None or not world.judged[pair]:
                continue
            ratio = naive.sales_ratio(world.units[pair], world.expected[pair], end, window, min_days)
            if ratio is not None and ratio > Fraction(12, 10):
                over.append((-ratio, km, other))
        answers.append((len(over), [(float(-ratio), km, other) for ratio, km, other in sorted(over)[:3]]))
    return answers


@given(worlds(), st.integers(1, 5), st.integers(1, 3))
def test_high_performers_are_the_neighbours_that_sell_over_best_first(world, window, min_days):
    found, wanted = performers(world, window, min_days), defined_performers(world, window, min_days)
    assert [count for count, _ in found] == [count for count, _ in wanted]
    for (_, best), (_, wanted_best) in zip(found, wanted, strict=True):
        assert [one[1:] for one in best] == [one[1:] for one in wanted_best]
        assert [one[0] for one in best] == pytest.approx([one[0] for one in wanted_best])


def neighbours_selling(*others: tuple[float, float]) -> World:
    """One store whose neighbours sell so much of 10 a day, at so many kilometres."""
    return World(
        pairs=[(store, 0) for store in range(len(others) + 1)],
        n_stores=len(others) + 1,
        units=[[0.0] * 7, *([sold] * 7 for sold, _ in others)],
        expected=[[10.0] * 7] * (len(others) + 1),
        judged=[True] * (len(others) + 1),
        links={0: [(store, km) for store, (_, km) in enumerate(others, 1)]}
        | {store: [] for store in range(1, len(others) + 1)},
        points=[(0, 6)],
    )


@pytest.mark.parametrize(
    ("others", "best"),
    [
        pytest.param([(13, 9), (15, 40), (14, 1)], [2, 3, 1], id="the_higher_ratio_comes_first"),
        pytest.param([(13, 9), (13, 3), (13, 5)], [2, 3, 1], id="equal_ratios_go_by_distance"),
        pytest.param([(13, 5), (13, 5), (13, 5), (13, 5)], [1, 2, 3], id="equal_distances_go_by_store"),
        pytest.param([(12, 1), (12.1, 1)], [2], id="exactly_120_percent_is_not_over"),
        pytest.param([(10, 1)], [], id="an_ordinary_neighbour_is_none"),
        pytest.param([(13, 1), (14, 1), (15, 1), (16, 1)], [4, 3, 2], id="the_best_three_of_four"),
    ],
)
def test_best_neighbours(others, best):
    ((count, found),) = performers(neighbours_selling(*others), 7, 7)
    assert [store for _, _, store in found] == best
    assert count == sum(sold > 12 for sold, _ in others)


def test_a_neighbour_needs_enough_known_days():
    ((count, _),) = performers(neighbours_selling((20, 1)), 7, 8)
    assert count == 0


# Neighbours whose sales rose

RISING = kernel.Rising(
    before_days=30,
    gap_days=8,
    high_ratio=1.2,
    errors=1.0,
    fit_begin=1.0,
    fit_end=4.0,
    after_days=3,
    tolerance=naive.TIE,
)
FIRST, LAST = 40, 59
"""Days of the episode, of sixty."""


def rises(
    neighbour: list[float], clean: list[bool] | None = None, dispersion: float = 0.0
) -> tuple[int, float, float]:
    """How many neighbours of a shelf at half of five a day rose, how surely, and by how much."""
    units = np.array([[5.0] * FIRST + [2.0] * (LAST + 1 - FIRST), neighbour])
    usable = np.ones(units.shape, np.uint8)
    learnt = usable if clean is None else np.array([usable[0], clean], np.uint8)
    sales = sales_of(
        units, np.full(units.shape, 5.0), usable, learnt, np.full(2, dispersion), np.ones(2), *np.zeros((2, 2))
    )
    codes = (np.array([0, 1]), np.array([0, 0]), np.array([0, 1, 2]))
    around = kernel.Neighbourhood(np.ones(2, bool), *codes, np.array([0, 1, 1]), np.array([1]), np.array([1.0]))
    episodes = Spans(*(np.array([one]) for one in (0, FIRST, LAST)))
    strength = np.empty((1, 2))
    best = kernel.Best(np.empty(1, np.int64), *np.empty((2, 1, 1)), np.empty((1, 1), np.int64))
    around, episodes = compiling.given(around), compiling.given(episodes)
    kernel.risen_neighbours(sales, around, episodes, RISING, strength, best)
    return int(best.counts[0]), *strength[0].tolist()


def risen_on(day: int) -> list[float]:
    return [5.0 if one < day else 9.0 for one in range(LAST + 1)]


def test_a_neighbour_that_rose_as_the_episode_came_counts_by_its_standard_errors():
    units, usual = 9.0 * 20, 5.0 * 20
    before = 5.0 * 22
    errors = (units - usual) / math.sqrt(usual + usual**2 / before)
    assert rises(risen_on(36)) == (1, pytest.approx(errors), pytest.approx(units - usual))


@pytest.mark.parametrize("day", [12, 22, 55])
def test_a_neighbour_that_rose_weeks_before_or_after_does_not_count(day):
    assert rises(risen_on(day)) == (0, 0.0, 0.0)


def test_a_neighbour_that_is_back_from_a_fall_of_its_own_has_not_risen():
    fallen = [1.0 if 12 <= day < 36 else 5.0 for day in range(LAST + 1)]
    assert rises(fallen)[0] == 1
    assert rises(fallen, clean=[units > 1 for units in fallen]) == (0, 0.0, 0.0)
