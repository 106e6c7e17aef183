"""The best amounts within limits are the best there are, and nobody is told how they were found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from engine.errors import DarkshelfError
from engine.linear_programme import Lines, best_amounts


def lines(matrix: np.ndarray, least: np.ndarray, most: np.ndarray) -> Lines:
    """The limits of a matrix, (lines, amounts), its entries in any order."""
    line, amount = (part[::-1] for part in np.nonzero(matrix))
    return Lines(line, amount, matrix[line, amount], least, most)


@st.composite
def programmes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Gain, upper, matrix, least and most, which the amounts of half of every upper keep."""
    n_amounts, n_lines = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    numbers = np.random.default_rng(draw(st.integers(0, 2**32)))
    gain, upper = numbers.integers(-5, 20, n_amounts) / 4, numbers.integers(1, 9, n_amounts) * 2.0
    matrix = numbers.integers(0, 4, (n_lines, n_amounts)) / 2
    usual = matrix @ (upper / 2)
    least = np.where(numbers.random(n_lines) < 0.3, usual - numbers.integers(0, 3, n_lines), -np.inf)
    return gain, upper, matrix, least, usual + numbers.integers(0, 5, n_lines)


@given(programmes(), st.booleans())
def test_no_amounts_within_the_limits_gain_more(programme, whole):
    gain, upper, matrix, least, most = programme
    found = best_amounts(gain, upper, lines(matrix, least, most), whole=whole).amounts
    assert ((found > -1e-6) & (found < upper + 1e-6)).all()
    assert ((matrix @ found > least - 1e-6) & (matrix @ found < most + 1e-6)).all()
    if whole:
        assert found == pytest.approx(np.rint(found), abs=1e-6)
    limits = LinearConstraint(matrix, least, most)
    other = milp(-gain, constraints=limits, bounds=Bounds(0, upper), integrality=[int(whole)] * gain.size)
    assert gain @ found == pytest.approx(-other.fun, abs=1e-6)


@given(programmes())
def test_what_is_not_used_up_by_a_limit_that_binds_adds_up_to_the_gain(programme):
    """Duality: the gain is what limits that bind are worth, and what amounts at their most gain beyond them."""
    gain, upper, matrix, least, most = programme
    found = best_amounts(gain, upper, lines(matrix, least, most))
    binds = np.where(found.prices > 0, most, np.where(found.prices < 0, least, 0.0))
    beyond = gain - found.prices @ matrix
    assert gain @ found.amounts == pytest.approx(found.prices @ binds + np.maximum(beyond, 0) @ upper, abs=1e-6)


def test_limits_that_contradict_one_another_are_told_with_how_many_there_are():
    contradiction = lines(np.ones((2, 3)), np.array([5.0, 0.0]), np.array([9.0, 4.0]))
    with pytest.raises(DarkshelfError, match="no best plan of 3 amounts within 2 limits: infeasible"):
        best_amounts(np.ones(3), np.full(3, 9.0), contradiction)


@pytest.mark.parametrize("whole", [False, True])
def test_the_solver_says_nothing(whole, capfd):
    most = lines(np.array([[2.0, 2.0]]), np.array([0.0]), np.array([5.0]))
    assert best_amounts(np.ones(2), np.full(2, 9.0), most, whole=whole).amounts.sum() == (2 if whole else 2.5)
    assert capfd.readouterr() == ("", "")
