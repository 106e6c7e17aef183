"""A night stays below the memory it is given, says what it needs, and refuses early what cannot fit."""

from __future__ import annotations

import mmap
import resource
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from engine import memory as memory_of_a_night
from engine.errors import InputError
from engine.memory import (
    BASE_BYTES,
    GIB,
    KEPT_BYTES_PER_PAIR,
    MOST_BLOCKS,
    Memory,
    available,
    blocks_within,
    needed_for,
)
from tests.command import darkshelf, latest_data
from tests.planted.awkward import write_awkward_chain

MIB = 1 << 20
PAIR_BYTES = 2024


@pytest.mark.slow
def test_a_limit_changes_no_byte(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(memory_of_a_night, "RELIEF_SHARE", 0.0)
    write_awkward_chain(tmp_path / "in", format="parquet")
    plain = darkshelf(capsys, "run", tmp_path / "in", "--out", tmp_path / "plain")
    bounded = darkshelf(capsys, "run", tmp_path / "in", "--out", tmp_path / "bounded", "--max-memory", "2GiB")
    assert (plain.code, bounded.code) == (0, 0)
    assert latest_data(tmp_path / "bounded") == latest_data(tmp_path / "plain")


@pytest.mark.slow
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


def test_what_a_block_holds_lies_in_files_and_is_handed_back_when_it_rests(tmp_path):
    night = Memory(None, tmp_path)
    array = night.of_block().empty((64, MIB // 8))
    array[:] = 7.0
    held = psutil.Process().memory_info().rss
    night.rest()
    assert held - psutil.Process().memory_info().rss > 60 * MIB
    assert (array == 7.0).all()


def test_the_room_on_disk_is_free_again_when_nobody_holds_the_array(tmp_path):
    def held() -> int:
        return Path("/proc/self/maps").read_text().count(str(tmp_path))

    memory = Memory(10**9, tmp_path)
    array = memory.empty((4, MIB))
    assert (array.size, held()) == (4 * MIB, 1)
    del array
    assert held() == 0


def test_who_asks_next_is_lent_the_same_numbers():
    night = Memory()
    with night.of_block().lent((3, 90)) as first, night.lent((3, 90)) as beside:
        assert first.shape == (3, 90)
        assert not np.shares_memory(first, beside)
    with night.of_block().lent((2, 90)) as later:
        assert np.shares_memory(beside, later)
    with night.lent((4, 90)) as larger:
        assert larger.shape == (4, 90)
        assert not np.shares_memory(first, larger)
    night.of_block().end_lending()
    with night.lent((3, 90)) as anew:
        assert not np.shares_memory(first, anew)


def test_what_is_lent_lies_in_memory_as_far_as_the_limit_goes(tmp_path):
    def files() -> int:
        return Path("/proc/self/maps").read_text().count(str(tmp_path))

    room = psutil.Process().memory_info().rss + 24 * MIB
    night = Memory(int(room / memory_of_a_night.RELIEF_SHARE), tmp_path)
    with night.lent((16, MIB // 8)):
        assert files() == 0
        with night.of_block().lent((16, MIB // 8)):
            assert files() == 1


def test_an_empty_array_needs_no_file(tmp_path):
    assert Memory(10**9, tmp_path).empty((0, 90)).shape == (0, 90)


@pytest.mark.slow
def test_a_night_says_beforehand_what_it_needs(tmp_path, capsys):
    write_awkward_chain(tmp_path / "in", format="parquet")
    told = darkshelf(capsys, "run", tmp_path / "in", "--out", tmp_path / "out").err
    assert "about 0.5 GiB of memory needed" in told


@pytest.mark.parametrize(
    ("limit", "advice"),
    [pytest.param(None, "--max-memory 1.0GiB", id="all_there_is"), pytest.param(1024 * MIB, "split", id="limit")],
)
def test_what_cannot_fit_is_refused_before_it_is_begun(monkeypatch, limit, advice):
    monkeypatch.setattr(memory_of_a_night, "available", lambda: 2 * 1024 * MIB)
    with pytest.raises(InputError, match=r"1,000,000 store-SKUs need about .* GiB, and .* GiB are to use") as told:
        Memory(limit).foresee(1_000_000, PAIR_BYTES)
    assert advice in str(told.value)


@pytest.mark.parametrize(
    ("pairs", "peaks_mib"),
    [(100_000, (799, 840)), (400_000, (1556, 1567)), (1_000_000, (2560, 2898))],
    ids=["100k", "400k", "1m"],
)
def test_what_is_foreseen_is_right_within_a_fifth(monkeypatch, pairs, peaks_mib):
    """Peaks of whole nights over 90 days of simulated chains, as the operating system told them."""
    monkeypatch.setattr(memory_of_a_night, "available", lambda: 0)
    with pytest.raises(InputError) as told:
        Memory().foresee(pairs, PAIR_BYTES)
    foreseen_mib = float(str(told.value).split("need about ")[1].split(" GiB")[0]) * 1024
    assert all(foreseen_mib == pytest.approx(peak, rel=0.2) for peak in peaks_mib)


PAIRS = 1_000_000
KEPT = BASE_BYTES + PAIRS * KEPT_BYTES_PER_PAIR


@pytest.mark.parametrize(
    ("limit", "blocks"),
    [
        pytest.param(needed_for(PAIRS, PAIR_BYTES), 1, id="all_fits"),
        pytest.param(needed_for(PAIRS, PAIR_BYTES) - 1, 2, id="not_quite"),
        pytest.param(needed_for(PAIRS, PAIR_BYTES, 8), 8, id="an_eighth_at_a_time"),
        pytest.param(KEPT + PAIR_BYTES, MOST_BLOCKS, id="hardly_anything"),
        pytest.param(KEPT - 1, MOST_BLOCKS, id="not_even_what_is_kept"),
    ],
)
def test_a_night_has_as_few_blocks_as_fit(limit, blocks):
    assert blocks_within(limit, PAIRS, PAIR_BYTES) == blocks
    if 1 < blocks < MOST_BLOCKS:
        assert needed_for(PAIRS, PAIR_BYTES, blocks) <= limit < needed_for(PAIRS, PAIR_BYTES, blocks - 1)


def test_a_night_has_no_more_blocks_than_skus():
    assert blocks_within(KEPT, PAIRS, PAIR_BYTES, most=5) == 5


def test_in_blocks_a_night_needs_the_days_of_one_at_a_time(monkeypatch):
    monkeypatch.setattr(memory_of_a_night, "available", lambda: needed_for(PAIRS, PAIR_BYTES, 4))
    Memory().foresee(PAIRS, PAIR_BYTES, blocks=4)
    with pytest.raises(InputError, match="store-SKUs need about"):
        Memory().foresee(PAIRS, PAIR_BYTES, blocks=3)


def test_a_container_has_what_its_own_limit_leaves(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(memory_of_a_night, "GROUP_LIMIT", limit)
    free = available()
    limit.write_text("max\n")
    assert available() == pytest.approx(free, rel=0.2)
    limit.write_text("1000000\n")
    assert available() == 1_000_000


def test_a_shell_that_limits_addresses_leaves_the_free_ones_and_what_is_held(monkeypatch):
    free, held = available(), psutil.Process().memory_info()
    monkeypatch.setattr(resource, "getrlimit", lambda _: (held.vms + GIB // 4, resource.RLIM_INFINITY))
    assert available() == pytest.approx(held.rss + GIB // 4, rel=0.2)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (held.vms // 2, resource.RLIM_INFINITY))
    assert available() == 0
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert available() == pytest.approx(free, rel=0.2)


@pytest.mark.parametrize("size", ["4", "GiB", "-1GiB", "4 TB", "many"])
def test_a_size_that_is_none_is_refused(tmp_path, capsys, size):
    answer = darkshelf(capsys, "run", tmp_path, "--out", tmp_path / "out", f"--max-memory={size}")
    assert answer.code == 2
    assert "is not a size such as 512MiB or 4GiB" in answer.err.replace("\n", " ")
