"""What is written into a run folder: a disk that takes no more says so with its number, whatever the format."""

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


def in_groups(rows, file):
    with appended_parquet(file) as add:
        add(rows)


@pytest.mark.parametrize("write", [write_parquet, in_groups, lambda rows, file: write_arrow(rows, file, 10_000)])
def test_a_full_disk_is_told_with_its_number(tmp_path, write):
    with disk_of(tmp_path / "small", KIB) as disk, pytest.raises(OSError, match="No space left on device") as told:
        write(ROWS, disk / "rows")
    assert told.value.errno == errno.ENOSPC
    assert is_of_full_disk(told.value)
