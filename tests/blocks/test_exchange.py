"""Slots that meet through a folder answer as one block alone, also those that run again."""

from __future__ import annotations

import errno
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from engine.blocks import exchange
from engine.blocks.exchange import SAID, Caller, Exchange, OtherAnswerError, run_slot
from engine.blocks.turns import BlockStoppedError
from tests.blocks.rounds import ROUNDS, Rounds, alone

if TYPE_CHECKING:
    from pathlib import Path

    from engine.blocks.together import Together


def run_slots(folder: Path, slots: list[int], program: Any, blocks: int, of: int) -> list[Any]:
    """What all blocks of these slots return, one thread a slot."""

    def work(slot: int) -> list[Any]:
        return run_slot(program, blocks, Exchange(folder, slot, of), at_once=2)

    with ThreadPoolExecutor(len(slots)) as pool:
        return [each for of_slot in pool.map(work, slots) for each in of_slot]


@pytest.mark.parametrize("slots", [1, 2, 5])
@pytest.mark.parametrize("blocks", [5, 7, 30])
def test_blocks_of_any_number_of_slots_answer_as_one_block_alone(tmp_path: Path, blocks: int, slots: int):
    Caller(tmp_path)
    assert run_slots(tmp_path, list(range(slots)), Rounds(), blocks, slots) == [alone()] * blocks


def test_a_slot_runs_again_from_what_was_answered_when_nobody_else_is_there_any_more(tmp_path):
    Caller(tmp_path)
    run_slots(tmp_path, [0, 1, 2], Rounds(), 7, 3)
    for slot, blocks in ((0, 2), (1, 2), (2, 3)):
        assert run_slots(tmp_path, [slot], Rounds(), 7, 3) == [alone()] * blocks


def test_a_slot_that_was_thought_lost_may_run_beside_the_one_that_took_its_place(tmp_path):
    Caller(tmp_path)
    assert run_slots(tmp_path, [0, 1, 0, 1, 0], Rounds(), 2, 2) == [alone()] * 5


@pytest.mark.parametrize("ask", ["gathered", "added"])
def test_a_slot_that_gives_something_else_when_it_runs_again_is_refused(tmp_path: Path, ask: str):
    Caller(tmp_path)

    def program(together: Together, _: object) -> Any:
        return getattr(together, ask)(np.full(3, given[together.number]))

    given = [1, 2]
    run_slots(tmp_path, [0, 1], program, 2, 2)
    given = [1, 3]
    run_slots(tmp_path, [0], program, 2, 2)
    with pytest.raises(OtherAnswerError, match="gave something else at question 1"):
        run_slots(tmp_path, [1], program, 2, 2)


def test_of_a_sum_the_folder_keeps_the_sum_alone(tmp_path):
    Caller(tmp_path)
    run_slots(tmp_path, [0, 1, 2], lambda together, _: [together.added(np.ones(4, int)) for _ in range(5)], 3, 3)
    assert sorted(file.name for file in tmp_path.iterdir()) == [*(f"{n:06}-sum" for n in range(1, 6)), "going"]


@pytest.mark.parametrize("ask", ["gathered", "added"])
def test_a_disk_that_is_full_is_told_and_half_a_file_is_never_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: str
):
    def dump(value: object, stream: Any, protocol: int) -> None:
        stream.write(pickle.dumps(value, protocol)[:5])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    Caller(tmp_path)
    monkeypatch.setattr(exchange.pickle, "dump", dump)
    with pytest.raises(OSError, match="No space left on device"):
        run_slots(tmp_path, [0], lambda together, _: getattr(together, ask)(np.zeros(9)), 2, 2)
    assert [file.name for file in tmp_path.iterdir()] == ["going"]


def test_a_slot_that_waits_ends_when_the_caller_stops(tmp_path):
    caller = Caller(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(run_slots, tmp_path, [0], Rounds(), 2, 2)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.2)
        caller.stop()
        with pytest.raises(BlockStoppedError):
            waiting.result(timeout=10)


def test_a_slot_that_waits_ends_when_nothing_is_heard_of_the_caller(tmp_path, monkeypatch):
    monkeypatch.setattr(exchange, "PATIENCE_SECONDS", 0.1)
    Caller(tmp_path)
    with pytest.raises(BlockStoppedError):
        run_slots(tmp_path, [0], Rounds(), 2, 2)


def test_a_slot_waits_as_long_as_the_caller_beats(tmp_path, monkeypatch):
    monkeypatch.setattr(exchange, "PATIENCE_SECONDS", 0.5)
    caller = Caller(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(run_slots, tmp_path, [0], Rounds(), 2, 2)
        for _ in range(10):
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.1)
            caller.beat()
        assert run_slots(tmp_path, [1], Rounds(), 2, 2) == waiting.result(timeout=10)


def test_what_block_0_tells_is_heard_once_also_when_it_runs_again(tmp_path):
    caller = Caller(tmp_path)
    every = [f"round {at}" for at in range(ROUNDS)]
    assert caller.beat() == []
    run_slots(tmp_path, [0, 1], Rounds(), 4, 2)
    assert caller.beat() == every
    run_slots(tmp_path, [0], Rounds(), 4, 2)
    assert caller.beat() == []


def test_a_line_that_is_being_told_is_heard_once_it_is_whole(tmp_path):
    caller, slot = Caller(tmp_path), Exchange(tmp_path, 0, 1)
    slot.tell(SAID, 1, "check")
    slot.tell(SAID, 2, "panel")
    told = (tmp_path / "told").read_bytes()
    (tmp_path / "told").write_bytes(told[:-3])
    assert caller.beat() == ["check"]
    (tmp_path / "told").write_bytes(told)
    assert caller.beat() == ["panel"]


@dataclass
class Given:
    numbers: np.ndarray
    name: str


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        pytest.param(np.array([1.0, np.nan]), np.array([1.0, np.nan]), True, id="arrays"),
        pytest.param(np.array([0.0]), np.array([-0.0]), False, id="minus_nought"),
        pytest.param(np.array([1]), np.array([1.0]), False, id="another_type"),
        pytest.param(np.zeros((2, 3)), np.zeros((3, 2)), False, id="another_shape"),
        pytest.param(
            pl.DataFrame({"a": [1.0, None, np.nan]}), pl.DataFrame({"a": [1.0, None, np.nan]}), True, id="rows"
        ),
        pytest.param(pl.DataFrame({"a": [1]}), pl.DataFrame({"b": [1]}), False, id="another_name"),
        pytest.param(pl.Series([1, None]), pl.Series([1, None]), True, id="series"),
        pytest.param(pl.Series([1, None]), pl.Series([None, 1]), False, id="series_in_another_order"),
        pytest.param({"a": [1, None]}, {"a": [1, None]}, True, id="plain"),
        pytest.param((1, 2), (1, 2, 3), False, id="longer"),
        pytest.param(float("nan"), float("nan"), True, id="no_number"),
        pytest.param(Given(np.zeros(2), "a"), Given(np.zeros(2), "a"), True, id="records"),
        pytest.param(Given(np.zeros(2), "a"), Given(np.ones(2), "a"), False, id="another_field"),
    ],
)
def test_what_is_given_again_is_compared_to_the_last_digit(tmp_path: Path, one: Any, other: Any, *, are_same: bool):
    Caller(tmp_path)
    Exchange(tmp_path, 0, 1).gathered(1, [one])
    if are_same:
        Exchange(tmp_path, 0, 1).gathered(1, [other])
    else:
        with pytest.raises(OtherAnswerError):
            Exchange(tmp_path, 0, 1).gathered(1, [other])
