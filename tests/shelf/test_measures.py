"""A measure tells what was written into it, however it keeps it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engine.memory import Memory
from engine.shelf.measures import Narrow, Whole, replaced

N_PAIRS, N_DAYS = 400, 7


def some_rows(odd: bool) -> np.ndarray:
    """Whole numbers; where they are odd, every third row holds what takes more bytes."""
    values = np.random.default_rng(3).integers(0, 900, (N_PAIRS, N_DAYS)).astype(np.float64)
    values[::5, 2] = np.nan
    if odd:
        values[::3] /= 7.0
    return values


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize(
    "of",
    [
        pytest.param(slice(None), id="all"),
        pytest.param(slice(17, 230), id="some"),
        pytest.param(np.array([3, 3, 399, 0]), id="chosen"),
        pytest.param(np.arange(20).reshape(10, 2)[:, 0], id="apart_in_memory"),
    ],
)
def test_any_rows_are_those_that_were_written(of, odd):
    values = some_rows(odd)
    for measure in (Narrow.of(values, Memory()), Whole(values)):
        assert measure.shape == values.shape
        np.testing.assert_array_equal(measure.rows(of), values[of])


def test_threads_write_rows_of_their_own():
    values, measure = some_rows(odd=True), Narrow((N_PAIRS, N_DAYS), Memory())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda row: measure.put(slice(row, row + 1), values[row : row + 1]), range(N_PAIRS)))
    np.testing.assert_array_equal(measure.rows(slice(None)), values)


@pytest.mark.parametrize("kind", [Whole, lambda values: Narrow.of(values, Memory())], ids=["whole", "narrow"])
def test_other_numbers_in_some_rows_leave_the_measure_as_it_was(kind):
    values, pair = some_rows(odd=False), np.array([2, 90])
    measure = kind(values)
    changed = replaced(measure, pair, values[pair] / 3, Memory())
    np.testing.assert_array_equal(measure.rows(slice(None)), values)
    np.testing.assert_array_equal(changed.rows(pair), values[pair] / 3)
    np.testing.assert_array_equal(np.delete(changed.rows(slice(None)), pair, 0), np.delete(values, pair, 0))
