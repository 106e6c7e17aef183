"""The list is the best there is within every limit, and what each limit costs is told."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.whitespace.ranking.limits import CUSTOMER, DIVISION, REP, SEGMENT, Limit, Limits
from engine.whitespace.ranking.programme import best_list
from engine.whitespace.ranking.select import best, greedy, nested, select


def limit(name: str, groups: list[int], at_most: list[int], at_least: list[int] | None = None) -> Limit:
    least = at_least or [0] * len(at_most)
    labels = tuple(f"{name} {number}" for number in range(len(at_most)))
    return Limit(name, np.array(groups, np.int64), np.array(at_most), np.array(least), labels)


def keeps(chosen: np.ndarray, limits: Limits) -> bool:
    counts = [(part, part.counts(chosen)) for part in limits.parts]
    return len(chosen) <= limits.calls and all(
        (count <= part.at_most).all() and (count >= part.at_least).all() for part, count in counts
    )


def best_of_all(values: np.ndarray, limits: Limits) -> float | None:
    """By trying every list; None where no list keeps the limits."""
    places = np.arange(values.size)
    lists = (np.array(one, np.int64) for size in range(limits.calls + 1) for one in combinations(places, size))
    return max((float(values[one].sum()) for one in lists if keeps(one, limits)), default=None)


@st.composite
def problems(draw: st.DrawFn, minima: bool = False) -> tuple[np.ndarray, Limits]:
    size = draw(st.integers(1, 9))
    values = np.array(draw(st.lists(st.integers(0, 1000), min_size=size, max_size=size)), np.float64)

    def groups(most: int) -> list[int]:
        return draw(st.lists(st.integers(0, most), min_size=size, max_size=size))

    def rooms(number: int) -> list[int]:
        return draw(st.lists(st.integers(0, 4), min_size=number, max_size=number))

    parts = [
        limit(DIVISION, groups(2), rooms(3)),
        limit(REP, groups(2), rooms(3)),
        limit(CUSTOMER, groups(3), rooms(4)),
    ]
    if minima:
        parts.append(limit(SEGMENT, groups(1), [9, 9], draw(st.lists(st.integers(0, 3), min_size=2, max_size=2))))
    return values, Limits(draw(st.integers(0, 6)), tuple(parts))


@pytest.mark.proves("L86")
@given(problems())
def test_no_list_within_the_limits_is_worth_more(problem):
    values, limits = problem
    selection = select(values, limits)
    assert keeps(np.flatnonzero(selection.is_called), limits)
    assert selection.worth == pytest.approx(best_of_all(values, limits))


@given(problems(minima=True))
def test_minima_are_kept_where_any_list_can_and_told_where_none_can(problem):
    values, limits = problem
    chosen, missed = best(values, limits)
    possible = best_of_all(values, limits)
    if possible is None:
        assert missed
    else:
        assert not missed
        assert keeps(chosen, limits)
        assert values[chosen].sum() == pytest.approx(possible)


@given(problems())
def test_what_a_limit_costs_is_what_would_be_won_without_it(problem):
    values, limits = problem
    selection = select(values, limits)
    for name, price in selection.prices.items():
        free = best_of_all(values, limits.without(name))
        assert price == pytest.approx(free - selection.worth, abs=0.01)


@st.composite
def nested_problems(draw: st.DrawFn) -> tuple[np.ndarray, Limits]:
    size = draw(st.integers(1, 40))
    values = np.array(draw(st.lists(st.integers(1, 10_000), min_size=size, max_size=size)), np.float64)
    inner = draw(st.lists(st.integers(0, 5), min_size=size, max_size=size))
    outer = [group // 2 for group in inner]
    room = [draw(st.lists(st.integers(0, 8), min_size=number, max_size=number)) for number in (6, 3)]
    return values, Limits(draw(st.integers(0, 20)), (limit(REP, inner, room[0]), limit(DIVISION, outer, room[1])))


@given(nested_problems())
def test_where_limits_nest_taking_the_best_that_fits_is_as_good_as_the_integer_programme(problem):
    values, limits = problem
    assert nested(limits.parts)
    quick = greedy(values, limits)
    exact = best_list(values, limits, quick[:0], np.arange(values.size))
    assert values[quick].sum() == pytest.approx(values[exact].sum())


def test_crossing_limits_are_not_nested_unless_one_of_them_never_binds():
    crossing = limit(DIVISION, [0, 0, 1, 1], [1, 1]), limit(REP, [0, 1, 0, 1], [1, 1])
    assert not nested(crossing)
    assert nested((crossing[0], limit(REP, [0, 1, 0, 1], [2, 2])))


@pytest.mark.proves("L86", "L181")
def test_what_a_cap_takes_out_is_replaced_from_the_whole_pool_and_not_from_the_list():
    values = np.arange(100.0, 0.0, -1)
    divisions = [0] * 90 + [1] * 10
    limits = Limits(10, (limit(DIVISION, divisions, [6, 6]),))
    selection = select(values, limits)
    assert np.flatnonzero(selection.is_called).tolist() == [0, 1, 2, 3, 4, 5, 90, 91, 92, 93]
    assert selection.status == "filled"
    assert selection.prices == {DIVISION: float(values[6:10].sum() - values[90:94].sum())}


@pytest.mark.proves("L87")
def test_calls_that_no_limit_allows_stay_unused_and_are_told():
    limits = Limits(10, (limit(DIVISION, [0] * 20, [6]),))
    selection = select(np.ones(20), limits)
    assert (int(selection.is_called.sum()), selection.status) == (6, "under_filled")


def test_a_minimum_that_cannot_be_reached_is_told_with_how_many_calls_it_lacks():
    segments = limit(SEGMENT, [0, 0, 0, 1], [4, 4], [1, 3])
    selection = select(np.array([4.0, 3.0, 2.0, 1.0]), Limits(3, (segments,)))
    assert (selection.status, selection.missed) == ("minimum_not_reached", {"segment_shares 1": 2})
    assert np.flatnonzero(selection.is_called).tolist() == [0, 1, 3]


def test_of_equal_values_the_earlier_is_called():
    selection = select(np.ones(5), Limits(2, ()))
    assert np.flatnonzero(selection.is_called).tolist() == [0, 1]


def test_nothing_is_called_of_nothing():
    selection = select(np.zeros(0), Limits(0, ()))
    assert (selection.worth, selection.status) == (0.0, "filled")
