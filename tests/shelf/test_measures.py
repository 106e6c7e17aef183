"""A measure tells what was written into it, however it keeps it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.kernels.packed import unpack
from engine.memory import Memory
from engine.shelf.measures import Narrow, Whole, packed, replaced

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_PAIRS, N_DAYS = 400, 7
MEETING_SECONDS = 0.2


class Asked(Memory):
    """Knows what it was asked for, and gives it full of other numbers. Two who ask at a time wait for one another."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: list[str] = []
        self._both = Barrier(2)

    def empty(self, shape: tuple[int, ...], dtype: Any = np.float64) -> NDArray[Any]:
        assert shape == (N_PAIRS, N_DAYS)
        self.kinds.append(np.dtype(dtype).name)
        if dtype == np.float64:
            with suppress(BrokenBarrierError):
                self._both.wait(MEETING_SECONDS)
        return np.full(shape, 7, dtype)


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
        for days in (slice(2, 5), slice(N_DAYS - 1, N_DAYS), slice(3, 3)):
            np.testing.assert_array_equal(measure.rows(of, days), values[of][:, days])


def test_threads_write_rows_of_their_own():
    values, measure = some_rows(odd=True), Narrow((N_PAIRS, N_DAYS), Memory())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda row: measure.put(slice(row, row + 1), values[row : row + 1]), range(N_PAIRS)))
    np.testing.assert_array_equal(measure.rows(slice(None)), values)


def test_rows_that_need_more_bytes_take_them_once_the_first_is_written():
    values, memory = some_rows(odd=True), Asked()
    measure = Narrow((N_PAIRS, N_DAYS), memory)
    measure.put(slice(1, 3), values[1:3])
    assert memory.kinds == ["uint16"]
    for row in range(N_PAIRS):
        measure.put(slice(row, row + 1), values[row : row + 1])
    assert memory.kinds == ["uint16", "float64"]
    np.testing.assert_array_equal(measure.rows(slice(None)), values)


def test_threads_that_need_more_bytes_at_a_time_share_them():
    values, memory = some_rows(odd=True), Asked()
    measure = Narrow((N_PAIRS, N_DAYS), memory)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda row: measure.put(slice(row, row + 1), values[row : row + 1]), (0, 3)))
    assert memory.kinds == ["uint16", "float64"]
    np.testing.assert_array_equal(measure.rows(np.array([0, 3])), values[[0, 3]])


def test_neighbours_of_a_whole_measure_are_shown_where_they_are():
    values = some_rows(odd=False)
    assert np.shares_memory(Whole(values).rows(slice(3, 9)), values)


@pytest.mark.parametrize("kind", [Whole, lambda values: Narrow.of(values, Memory())], ids=["whole", "narrow"])
def test_other_numbers_in_some_rows_leave_the_measure_as_it_was(kind):
    values, pair = some_rows(odd=False), np.array([2, 90])
    measure = kind(values)
    changed = replaced(measure, pair, values[pair] / 3, Memory())
    np.testing.assert_array_equal(measure.rows(slice(None)), values)
    np.testing.assert_array_equal(changed.rows(pair), values[pair] / 3)
    np.testing.assert_array_equal(np.delete(changed.rows(slice(None)), pair, 0), np.delete(values, pair, 0))
    assert replaced(measure, pair[:0], values[:0], Memory()) is measure


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize("kind", [Whole, lambda values: Narrow.of(values, Memory())], ids=["whole", "narrow"])
def test_kernels_that_unpack_find_the_numbers_of_every_measure(kind, odd):
    values, found = some_rows(odd), np.empty((3, N_DAYS))
    pair = np.array([399, 3, 0])
    unpack(packed(kind(values)), pair, 0, found)
    np.testing.assert_array_equal(found, values[pair])


def test_a_copy_keeps_rows_that_take_more_bytes():
    values, pair = some_rows(odd=True), np.array([5])
    measure = Narrow.of(values, Memory())
    changed = replaced(measure, pair, np.zeros((1, N_DAYS)), Memory())
    np.testing.assert_array_equal(np.delete(changed.rows(slice(None)), pair, 0), np.delete(values, pair, 0))
    np.testing.assert_array_equal(measure.rows(slice(None)), values)
