"""Blocks of one chain give and get the same numbers, however many they are."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.blocks import exact
from engine.blocks.together import ALONE, Together
from engine.blocks.turns import in_turns

NUMBERS = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60)


@pytest.mark.parametrize("blocks", [1, 2, 7])
@pytest.mark.parametrize("at_once", [1, 3])
def test_every_block_gets_what_all_gave_in_the_order_of_the_blocks(blocks: int, at_once: int):
    def program(together: Together) -> tuple[list[int], int, int]:
        first = together.gathered(together.number)
        return first, together.count(together.number), together.once(lambda: sum(first))

    every = list(range(blocks))
    assert in_turns(program, blocks, at_once) == [(every, sum(every), sum(every))] * blocks


def test_no_more_blocks_work_at_a_time_than_there_are_turns():
    working, most = set[int](), list[int]()

    def program(together: Together) -> None:
        for _ in range(20):
            working.add(together.number)
            most.append(len(working))
            working.remove(together.number)
            together.gathered(None)

    in_turns(program, 5, at_once=2)
    assert max(most) <= 2


def test_a_block_rests_whenever_it_hands_its_turn_on():
    rested = list[int]()

    def program(together: Together) -> None:
        together.before_waiting(lambda: rested.append(together.number))
        for _ in range(3):
            together.gathered(None)

    in_turns(program, 2)
    # The last one to give goes on with its turn, and need not rest.
    assert len(rested) == 3


def test_what_cannot_be_made_is_told_to_every_block():
    tried = list[int]()

    def program(together: Together) -> tuple[str, int]:
        def fail() -> int:
            tried.append(together.number)
            raise ValueError("there is nothing to make it of")

        try:
            together.once(fail)
        except ValueError as error:
            return str(error), together.count(1)
        raise AssertionError("nothing was told")

    assert in_turns(program, 3) == [("there is nothing to make it of", 3)] * 3
    assert len(tried) == 1


@pytest.mark.parametrize("blocks", [1, 2, 7])
def test_arrays_are_added_in_every_block_and_marks_are_any(blocks: int):
    def program(together: Together) -> tuple[list[int], list[bool]]:
        numbers = together.added(np.array([together.number, 1]))
        marks = together.added(np.arange(9) == together.number)
        return numbers.tolist(), marks.tolist()

    every = [sum(range(blocks)), blocks], [place < blocks for place in range(9)]
    assert in_turns(program, blocks) == [every] * blocks


def test_a_block_that_fails_ends_all_and_its_reason_is_the_one_that_is_told():
    def program(together: Together) -> None:
        together.gathered(1)
        if together.number == 2:
            raise ValueError("the disk is full")
        together.gathered(2)

    with pytest.raises(ValueError, match="the disk is full"):
        in_turns(program, 4)


@pytest.mark.slow
@given(NUMBERS, st.randoms(use_true_random=False), st.integers(1, 7))
@settings(deadline=None, max_examples=200, derandomize=True, database=None)
def test_the_order_and_the_cut_change_no_digit_of_a_sum(numbers, random, blocks):
    group = np.arange(len(numbers)) % 3
    whole = ALONE.sums_by_group(group, np.array(numbers), 3)
    order = list(range(len(numbers)))
    random.shuffle(order)
    parts = [np.array(part, np.int64) for part in (order[start::blocks] for start in range(blocks))]

    def program(together: Together) -> np.ndarray:
        mine = parts[together.number]
        return together.sums_by_group(group[mine], np.array(numbers)[mine], 3)

    for found in in_turns(program, blocks):
        assert found.tobytes() == whole.tobytes()


@given(NUMBERS)
@settings(deadline=None, max_examples=200, derandomize=True, database=None)
def test_a_sum_is_as_near_to_the_true_one_as_its_grid(numbers):
    true = sum(map(Fraction, numbers))
    found = Fraction(ALONE.sum(np.array(numbers)))
    assert abs(found - true) <= len(numbers) * Fraction(2) ** -31 + Fraction(math.ulp(float(found)))


def test_what_is_not_a_number_or_without_end_stays_so():
    parts = exact.by_group(np.array([0, 0, 1, 1]), np.array([1.0, np.nan, np.inf, 2.0]), 2)
    assert np.isnan(exact.total(parts)[0])
    assert exact.total(parts)[1] == np.inf
