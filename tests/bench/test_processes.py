"""What a command took counts whatever it started, also what ends after it."""

from __future__ import annotations

import sys

import polars as pl
import pytest

from bench.speed.floor import COLUMNS, floor
from bench.speed.process import measure
from engine.synth.chain import write_chain
from engine.synth.plan import ChainPlan

WORKS = "import time; began = time.process_time()\nwhile time.process_time() < began + 0.5: pass"
LEAVES = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {WORKS!r}], start_new_session=True)"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives orphans to another process")
def test_the_processor_time_of_a_process_that_outlives_its_command_counts():
    usage, printed = measure([sys.executable, "-c", f"print('done')\n{LEAVES}"])
    assert printed.strip() == "done"
    assert usage.cpu_seconds > 0.5
    assert usage.others_share <= 1


def test_a_command_that_fails_is_told_with_what_it_said():
    with pytest.raises(RuntimeError, match="no such shelf"):
        measure([sys.executable, "-c", "raise SystemExit('no such shelf')"])


def test_the_floor_reads_a_table_of_one_file_and_of_several_alike(tmp_path):
    write_chain(tmp_path / "one", ChainPlan(stores=3, skus=4, days=30, file_format="parquet"))
    for table in COLUMNS:
        rows = pl.read_parquet(tmp_path / "one" / f"{table}.parquet")
        (tmp_path / "several" / table).mkdir(parents=True)
        for number, part in enumerate((rows[:50], rows[50:])):
            part.write_parquet(tmp_path / "several" / table / f"{number}.parquet")
    assert floor(tmp_path / "several") == pytest.approx(floor(tmp_path / "one"))
