from __future__ import annotations

import threading

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
