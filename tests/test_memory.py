"""A night stays below the memory it is given, says what it needs, and refuses early what cannot fit."""

from __future__ import annotations

import mmap
import time

import numpy as np
import psutil
import pytest

from engine import memory as memory_of_a_night
from engine.errors import InputError
from engine.memory import Memory, available
from tests.command import darkshelf, latest_data
from tests.planted.awkward import write_awkward_chain

MIB = 1 << 20
PAIR_BYTES = 3644


def test_a_limit_changes_no_byte(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(memory_of_a_night, "RELIEF_SHARE", 0.0)
    write_awkward_chain(tmp_path / "in", format="parquet")
    plain = darkshelf(capsys, "run", tmp_path / "in", "--out", tmp_path / "plain")
    bounded = darkshelf(capsys, "run", tmp_path / "in", "--out", tmp_path / "bounded", "--max-memory", "2GiB")
    assert (plain.code, bounded.code) == (0, 0)
    assert latest_data(tmp_path / "bounded") == latest_data(tmp_path / "plain")


def test_pages_are_handed_back_and_keep_what_was_written(tmp_path):
    before = psutil.Process().memory_info().rss
    memory, most = Memory(before + 64 * MIB, tmp_path), 0
    with memory.watched():
        array = memory.empty((256, MIB // 8))
        for row in range(len(array)):
            array[row] = row
            time.sleep(0.002)
            most = max(most, psutil.Process().memory_info().rss - before)
    assert array.nbytes == 256 * MIB
    assert most < 160 * MIB
    assert (array[:, 0] == np.arange(256)).all()
    assert list(tmp_path.iterdir()) == []


def test_the_days_lie_in_files_only_under_a_limit(tmp_path):
    assert Memory().empty((3, 4)).base is None
    limited = Memory(10**9, tmp_path).empty((3, 4), np.uint8)
    assert isinstance(limited.base.base.obj, mmap.mmap)
    assert limited.shape == (3, 4)


def test_an_empty_array_needs_no_file(tmp_path):
    assert Memory(10**9, tmp_path).empty((0, 90)).shape == (0, 90)


def test_a_night_says_beforehand_what_it_needs(tmp_path, capsys):
    write_awkward_chain(tmp_path / "in", format="parquet")
    told = darkshelf(capsys, "run", tmp_path / "in", "--out", tmp_path / "out").err
    assert "about 0.5 GiB of memory needed" in told


@pytest.mark.parametrize(
    ("limit", "advice"),
    [pytest.param(None, "--max-memory 1.0GiB", id="all_there_is"), pytest.param(1024 * MIB, "split", id="limit")],
)
def test_what_cannot_fit_is_refused_before_it_is_begun(monkeypatch, limit, advice):
    monkeypatch.setattr(memory_of_a_night, "available", lambda: 4 * 1024 * MIB)
    with pytest.raises(InputError, match=r"1,000,000 store-SKUs need about .* GiB, and .* GiB are to use") as told:
        Memory(limit).foresee(1_000_000, PAIR_BYTES)
    assert advice in str(told.value)


@pytest.mark.parametrize(
    ("pairs", "peaks_mib"),
    [(100_000, (927, 917)), (400_000, (2244, 2189))],
    ids=["100k", "400k"],
)
def test_what_is_foreseen_is_right_within_a_fifth(monkeypatch, pairs, peaks_mib):
    """Peaks of whole nights over 90 days of simulated chains, as the operating system told them."""
    monkeypatch.setattr(memory_of_a_night, "available", lambda: 0)
    with pytest.raises(InputError) as told:
        Memory().foresee(pairs, PAIR_BYTES)
    foreseen_mib = float(str(told.value).split("need about ")[1].split(" GiB")[0]) * 1024
    assert all(foreseen_mib == pytest.approx(peak, rel=0.2) for peak in peaks_mib)


def test_a_container_has_what_its_own_limit_leaves(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(memory_of_a_night, "GROUP_LIMIT", limit)
    free = available()
    limit.write_text("max\n")
    assert available() == pytest.approx(free, rel=0.2)
    limit.write_text("1000000\n")
    assert available() == 1_000_000


@pytest.mark.parametrize("size", ["4", "GiB", "-1GiB", "4 TB", "many"])
def test_a_size_that_is_none_is_refused(tmp_path, capsys, size):
    answer = darkshelf(capsys, "run", tmp_path, "--out", tmp_path / "out", f"--max-memory={size}")
    assert answer.code == 2
    assert "is not a size such as 512MiB or 4GiB" in answer.err.replace("\n", " ")
