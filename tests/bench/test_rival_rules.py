"""Each rival rule on series so short that the answer can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.accuracy import rivals
from bench.accuracy.rivals import Days


def days(*series: list[float], known: list[list[bool]] | None = None) -> Days:
    units = np.array(series, float)
    return Days(units, np.ones(units.shape, np.bool_) if known is None else np.array(known))


def first_days(rule: rivals.Rule, *series: list[float]) -> list[int | None]:
    """The first day of each series' alert, None without one."""
    seen = days(*series)
    return [None if first == seen.n_days else int(first) for first in rule(seen)]


def test_a_run_counts_known_days_back_from_the_last():
    seen = days([0, 1, 0, 0, 0], [0, 0, 0, 0, 1], known=[[True, True, True, False, True], [True] * 5])
    length, first = rivals.trailing(seen, seen.units == 0)
    assert (length.tolist(), first.tolist()) == ([2, 0], [2, 5])


@pytest.mark.parametrize(
    ("series", "first"),
    [
        pytest.param([2, 1, 0, 0, 0], 2, id="three_days_without_a_sale"),
        pytest.param([2, 1, 1, 0, 0], None, id="two_days_without_a_sale"),
        pytest.param([0, 0, 0, 0, 0], None, id="it_never_sold"),
    ],
)
def test_zero_days(series, first):
    assert first_days(rivals.zero_days(3), series) == [first]


def test_a_poisson_run_is_as_likely_as_e_to_the_units_missed():
    # At 2 a day e^-6 is above one in a thousand, e^-8 below.
    assert first_days(rivals.poisson_run, [2, 2, 2, 2, 0, 0, 0], [2, 2, 2, 0, 0, 0, 0]) == [None, 3]
    assert math.exp(-6) > rivals.POISSON_CHANCE > math.exp(-8)


def test_a_poisson_run_of_fractions_counts_purchases():
    units = np.array([[2.0, 2, 2, 2, 0, 0, 0]])
    assert rivals.poisson_run(Days(units, units >= 0, unit=0.5)).tolist() == [4]


def test_the_share_of_empty_days_to_the_power_of_the_run():
    # Three of ten days are empty: 0.3 ** 3 = 0.027; four of ten: 0.4 ** 3 = 0.064.
    assert first_days(rivals.zero_share_run, [1] * 7 + [0] * 3, [0] + [1] * 6 + [0] * 3) == [7, None]


def test_a_gap_beyond_what_geometric_gaps_reach():
    # Sales on eight of ten days before: 0.2 ** 2 = 0.04 is above a hundredth, 0.2 ** 3 = 0.008 below.
    history = [1, 0, 1, 1, 1, 0, 1, 1, 1, 1]
    assert first_days(rivals.geometric_gaps, [*history, 0, 0, 1, 1], [*history, 1, 1, 0, 0]) == [None, None]
    assert first_days(rivals.geometric_gaps, [*history, 0, 0, 0]) == [10]


def test_three_days_below_the_interval_of_what_was_smoothed():
    steady = [10, 11, 9, 10, 11, 9] * 3
    series = ([*steady, 0, 0, 0], [*steady, 9, 0, 0], [*steady, 0, 0, 9], [*steady, 9, 10, 11])
    assert first_days(rivals.smoothed_interval, *series) == [18, None, None, None]


def test_the_hidden_state_is_out_of_stock_after_days_of_nothing():
    steady = [4, 5, 3, 4, 4, 6, 3, 4, 5, 4] * 4
    chain = [*([steady] * 6), [*steady[:-6], *[0] * 6]]
    assert first_days(rivals.hidden_markov, *chain) == [None] * 6 + [34]


def test_chances_of_hidden_states_are_those_of_every_path():
    units, level = np.array([[3.0, 0.0, 2.0]]), np.array([2.0])
    shares, moves = np.array([0.1, 0.5, 1.0]), np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7]])
    found, transitions = rivals._states(units, units >= 0, level, shares, moves)
    paths = {}
    for path in np.ndindex(3, 3, 3):
        chance = 1 / 3
        for day, state in enumerate(path):
            mean = level[0] * shares[state]
            chance *= math.exp(-mean) * mean ** units[0, day] * (moves[path[day - 1], state] if day else 1)
        paths[path] = chance
    total = sum(paths.values())
    for day in range(3):
        plain = [sum(c for path, c in paths.items() if path[day] == state) / total for state in range(3)]
        np.testing.assert_allclose(found[0, day], plain)
    plain = sum(c * ((path[0] == 2) + 0) * (path[1] == 0) for path, c in paths.items())
    plain += sum(c * (path[1] == 2) * (path[2] == 0) for path, c in paths.items())
    assert transitions[2, 0] == pytest.approx(plain / total)


@pytest.mark.parametrize("name", rivals.RULES)
def test_no_rule_alerts_what_never_sold_or_sells_as_ever(name):
    random = np.random.default_rng(6)
    steady = random.poisson(12.0, (30, 60)).astype(float)
    steady[:, -1] = 12.0
    silent = np.zeros((1, 60))
    assert (rivals.RULES[name](days(*steady, *silent)) == 60).all()
