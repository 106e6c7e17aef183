from __future__ import annotations

import itertools
import os
import threading

import numpy as np
import pytest

from engine.kernels import rows

PATIENCE_SECONDS = 30.0


@pytest.mark.parametrize("cores", ["1", "2", "7"])
@pytest.mark.parametrize("n_rows", [0, 1, 2, 3, 7, 8, 9, 28, 29, 1000])
def test_blocks_cover_every_row_once(monkeypatch, cores, n_rows):
    monkeypatch.setenv("POLARS_MAX_THREADS", cores)
    seen: list[range] = []
    rows.in_blocks(lambda block: seen.append(range(*block.indices(n_rows))), n_rows)
    assert sorted(row for block in seen for row in block) == list(range(n_rows))
    assert all(len(block) for block in seen)


def test_one_core_works_in_the_calling_thread(monkeypatch):
    monkeypatch.setenv("POLARS_MAX_THREADS", "1")
    threads = set()
    rows.in_blocks(lambda block: threads.add(threading.get_ident()), 100)
    assert threads == {threading.get_ident()}


@pytest.mark.parametrize("cores", ["1", "3"])
def test_a_failing_block_fails_the_call(monkeypatch, cores):
    monkeypatch.setenv("POLARS_MAX_THREADS", cores)

    def kernel(block: slice) -> None:
        if block.start <= 50 < block.stop:
            raise ArithmeticError("row 50")

    with pytest.raises(ArithmeticError, match="row 50"):
        rows.in_blocks(kernel, 100)


def test_a_failing_block_fails_the_call_once_nobody_is_at_work(monkeypatch):
    monkeypatch.setenv("POLARS_MAX_THREADS", "2")
    both, failed, is_over = threading.Barrier(2), threading.Event(), []

    def kernel(block: slice) -> None:
        if block.start == 0 or block.stop == 1000:
            both.wait(PATIENCE_SECONDS)
        if block.stop == 1000:
            failed.set()
            raise ArithmeticError("the last row")
        if block.start == 0:
            failed.wait(PATIENCE_SECONDS)
            is_over.append(True)

    with pytest.raises(ArithmeticError, match="the last row"):
        rows.in_blocks(kernel, 1000, rows_per_block=500)
    assert is_over == [True]


def test_a_kernel_may_ask_every_core_itself(monkeypatch):
    monkeypatch.setenv("POLARS_MAX_THREADS", "3")
    seen: list[int] = []

    def kernel(block: slice) -> None:
        rows.in_blocks(lambda inner: seen.extend(range(*inner.indices(1000))), 1000)

    rows.in_blocks(kernel, 1000, rows_per_block=100)
    assert len(seen) % 1000 == 0
    assert sorted(set(seen)) == list(range(1000))


def cores_that_meet() -> bool:
    """Whether two threads work at a time."""
    both = threading.Barrier(2)
    try:
        rows.in_parts(lambda _: both.wait(PATIENCE_SECONDS), np.repeat([0, 1], 1000))
    except threading.BrokenBarrierError:
        return False
    return True


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_process_that_was_forked_off_has_threads_of_its_own(monkeypatch):
    monkeypatch.setenv("POLARS_MAX_THREADS", "2")
    assert cores_that_meet()
    child = os.fork()
    if child == 0:
        os._exit(0 if cores_that_meet() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_setting_of_the_process_decides_how_many_cores_are_used(monkeypatch):
    monkeypatch.setenv("POLARS_MAX_THREADS", "5")
    assert rows.threads() == 5
    monkeypatch.delenv("POLARS_MAX_THREADS")
    assert rows.threads() >= 1


@pytest.mark.parametrize("cores", ["1", "2", "7"])
@pytest.mark.parametrize("n_rows", [0, 1, 29, 5000])
def test_parts_cover_every_row_once_and_those_of_a_group_in_their_order(monkeypatch, cores, n_rows):
    monkeypatch.setenv("POLARS_MAX_THREADS", cores)
    group = np.random.default_rng(5).integers(0, 11, n_rows)
    seen: dict[int, list[int]] = {one: [] for one in range(11)}

    def kernel(some: np.ndarray) -> None:
        for row in some.tolist():
            seen[int(group[row])].append(row)

    rows.in_parts(kernel, group)
    assert seen == {one: np.flatnonzero(group == one).tolist() for one in range(11)}


def test_the_groups_of_a_part_are_neighbours_with_about_as_many_rows(monkeypatch):
    monkeypatch.setenv("POLARS_MAX_THREADS", "3")
    group = np.random.default_rng(6).permutation(np.repeat(np.arange(60), np.arange(1, 61)))
    parts: list[np.ndarray] = []
    rows.in_parts(parts.append, group)
    spans = sorted((int(group[some].min()), int(group[some].max())) for some in parts)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(spans))
    assert all(abs(some.size - group.size / 3) <= 60 for some in parts)


def test_batches_cover_every_row_once():
    batches = [range(*some.indices(10_000)) for some in rows.batches(3, 9_000)]
    assert [row for some in batches for row in some] == list(range(3, 9_000))
    assert max(map(len, batches)) <= rows.ROWS_PER_BLOCK
