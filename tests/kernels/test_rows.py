from __future__ import annotations

import threading

import numpy as np
import pytest

from engine.kernels import rows


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


def test_batches_cover_every_row_once():
    batches = [range(*some.indices(10_000)) for some in rows.batches(3, 9_000)]
    assert [row for some in batches for row in some] == list(range(3, 9_000))
    assert max(map(len, batches)) <= rows.ROWS_PER_BLOCK
