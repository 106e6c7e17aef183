"""What is written into a run folder: a full disk says so with its number, and what repeats takes little room."""

from __future__ import annotations

import errno

import numpy as np
import polars as pl
import pytest

from engine.disk import is_of_full_disk
from engine.outputs.write import appended_parquet, write_arrow, write_parquet
from tests.disks import disk_of

KIB = 256
ROWS = pl.DataFrame({"sold": np.random.default_rng(5).random(2**18)})
WORDS = pl.DataFrame({"why": ["nobody bought what lay on the shelf"] * 2**14})
ZEROS = pl.DataFrame({"sold": np.zeros(2**14)})
COURSES = pl.DataFrame({"course": [[7.5] * 9] * 2**14})


def in_groups(rows, file):
    with appended_parquet(file) as add:
        add(rows)


@pytest.mark.parametrize("write", [write_parquet, in_groups, lambda rows, file: write_arrow(rows, file, 10_000)])
def test_a_full_disk_is_told_with_its_number(tmp_path, write):
    with disk_of(tmp_path / "small", KIB) as disk, pytest.raises(OSError, match="No space left on device") as told:
        write(ROWS, disk / "rows")
    assert told.value.errno == errno.ENOSPC
    assert is_of_full_disk(told.value)


@pytest.mark.parametrize("rows", [WORDS, COURSES], ids=["texts", "lists"])
def test_what_a_run_keeps_for_itself_is_compressed_where_it_repeats_itself(tmp_path, rows):
    write_arrow(rows, tmp_path / "rows", 1_000)
    assert pl.read_ipc(tmp_path / "rows").equals(rows)
    assert (tmp_path / "rows").stat().st_size < rows.estimated_size() / 5


def test_numbers_that_a_run_keeps_for_itself_need_no_decoding(tmp_path):
    write_arrow(ZEROS, tmp_path / "rows", 1_000)
    assert pl.read_ipc(tmp_path / "rows").equals(ZEROS)
    assert (tmp_path / "rows").stat().st_size >= ZEROS.estimated_size()
