"""Where a night cannot be written, and what it is told to do."""

from __future__ import annotations

import re
import resource
import shutil
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from filelock import FileLock

from engine.errors import OutputError
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from tests.command import darkshelf, darkshelf_process, data_files, published
from tests.disks import disk_of
from tests.planted.small import AS_OF, KEY, N_DAYS, small_chain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


from tests.bad_input.night import SALES, assert_one_message, latest

UNTOUCHED = "The runs published before are untouched."


def test_an_output_folder_that_is_a_file_is_refused(night):
    night.parquet()
    shutil.rmtree(night.out)
    night.out.write_text("not a folder")
    for out in (night.out, night.out / "below"):
        answer = darkshelf(night.capsys, "run", night.folder, "--out", out)
        assert answer.code == 2
        assert_one_message(answer)
        assert f"1. {out}: " in answer.complaint
        assert "is a file" in answer.complaint
    assert night.out.read_text() == "not a folder"


@pytest.mark.parametrize(
    "words", [("runs", "list"), ("runs", "show"), ("explain", "1_1_2025-06-01"), ("sql", "select 1")]
)
def test_a_reader_pointed_at_a_file_finds_no_runs(night, words):
    night.parquet()
    file = night.folder / "pricing.parquet"
    answer = darkshelf(night.capsys, *words, "--out", file)
    assert answer.code == (0 if words[-1] == "list" else 2)
    assert "no run" in answer.out + answer.err
    assert "Traceback" not in answer.err


def test_a_held_lock_means_try_later(night):
    night.parquet()
    with FileLock(night.out / ".lock"):
        assert f"another run is writing to {night.out}" in night.refuses(code=75)


@contextmanager
def no_file_longer_than(n_bytes: int) -> Iterator[None]:
    """Let the system refuse to write beyond that, as a full disk would."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.slow
def test_whichever_file_the_disk_refuses_last_night_is_left_alone(night, tmp_path):
    night.parquet()
    whole = desk.run(night.folder, tmp_path / "undisturbed", CalibratedSettings()).folder
    before = published(night.out)
    for n_bytes in sorted({len(content) - 1 for content in published(whole).values()}):
        refused = re.escape(f"{night.out} cannot be written: ") + ".*File too large.*" + re.escape(UNTOUCHED)
        with no_file_longer_than(n_bytes), pytest.raises(OutputError, match=f"{refused}$"):
            desk.run(night.folder, night.out, CalibratedSettings())
        assert published(night.out) == before
        assert [folder.name for folder in (night.out / "runs").iterdir()] == [latest(night.out)]
    assert night.passes() == data_files(whole)


def test_a_disk_that_refuses_every_file_is_told_by_the_command(night):
    night.parquet()
    with no_file_longer_than(1):
        message = night.refuses(code=1)
    assert message.startswith(f"darkshelf: {night.out} cannot be written: ")
    assert "File too large" in message
    assert message.endswith(UNTOUCHED)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 160 KiB, which one night fits on."""
    with disk_of(tmp_path / "disk", kib=160) as place:
        yield place


@pytest.mark.slow
def test_a_disk_that_fills_up_while_writing_leaves_last_night_alone(night, small_disk, last_night):
    night.parquet()
    out = shutil.copytree(last_night, small_disk / "out")
    before = published(out)
    answer = darkshelf_process("run", night.folder, "--out", out)
    assert answer.code == 1
    assert_one_message(answer)
    assert f"No space left on device. {UNTOUCHED}" in answer.complaint
    assert published(out) == before
    assert darkshelf(night.capsys, "explain", "2_12_2025-06-25", "--out", out).code == 0


def test_an_as_of_day_before_all_data_is_refused(night):
    night.csv()
    first = AS_OF - timedelta(days=N_DAYS - 1)
    message = night.refuses_input("--as-of", first - timedelta(days=1))
    assert f"is before all sales ({first} … {AS_OF})" in message


def test_an_as_of_day_after_the_last_sales_means_try_later(night):
    night.csv()
    message = night.refuses("--as-of", AS_OF + timedelta(days=1), code=75)
    assert message == (
        f"darkshelf: the day {AS_OF + timedelta(days=1)} is not complete yet: sales end on {AS_OF}. "
        f"Try later, or run --as-of {AS_OF}"
    )


def test_settings_that_are_unknown_or_out_of_bounds_are_told_at_once(night):
    night.csv()
    file = night.folder / "darkshelf.toml"
    file.write_text("[panel]\nlookback_days = 5\n[detect]\nmin_dark_day = 3\n", encoding="utf-8")
    message = night.refuses(
        "--config", file, "--set", "detect.dark_ration=0.5", "--set", "interval.level=high", "--set", "x"
    )
    assert "the settings cannot be used (5)" in message
    assert "did you mean detect.min_dark_days?" in message
    assert "did you mean detect.dark_ratio?" in message
    assert "panel.lookback_days: Input should be greater than or equal to 35 (given: 5)" in message
    assert "interval.level: Input should be a valid number" in message
    assert "--set x: is not key=value" in message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"[detect\n", "is not TOML: Expected ']'", id="not_toml"),
        pytest.param(b"\xff\xfe", "is not TOML: 'utf-8' codec", id="not_utf8"),
        pytest.param(None, "cannot be read: No such file", id="not_there"),
    ],
)
def test_a_settings_file_that_cannot_be_read_is_refused(night, content, reason):
    night.csv()
    file = night.folder / "darkshelf.toml"
    if content is not None:
        file.write_bytes(content)
    assert f"{file}: {reason}" in night.refuses("--config", file)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--as-of", "30.06.2025"], "Invalid value for --as-of"),
        (["--backfill", "2025-06-30"], "is not FROM:TO"),
        (["--backfill", "2025-06-30:2025-06-01"], "ends before it begins"),
        (["--backfill", "2025-06-01:2025-06-02", "--as-of", "2025-06-01"], "give either --as-of or --backfill"),
        (["--sett", "a=1"], "No such option"),
    ],
)
def test_a_wrong_command_line_is_told_in_json_too(night, words, reason):
    night.csv()
    before = published(night.out)
    plain, as_json = night.run(*words), night.run(*words, "--json")
    assert (plain.code, plain.out) == (2, "")
    assert reason in plain.err
    assert (as_json.code, as_json.err) == (2, "")
    assert reason in as_json.json()["error"]
    assert published(night.out) == before


@pytest.mark.slow
def test_a_process_of_its_own_ends_like_this_one(night):
    night.csv()
    night.add_lines(SALES, "1,11,03/04/2024,5,5,0")
    words = ("run", night.folder, "--out", night.out)
    plain, as_json = darkshelf_process(*words), darkshelf_process(*words, "--json")
    assert plain.code == as_json.code == 2
    assert_one_message(plain)
    assert as_json.err == ""
    assert "03/04/2024" in as_json.json()["problems"][0]


def test_a_bug_is_one_object_in_json_beside_its_traceback(night, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("no such shelf")

    monkeypatch.setattr(desk, "run", broken)
    night.csv()
    with pytest.raises(ZeroDivisionError, match="no such shelf"):
        night.run("--json")
    assert '"exit_code": 1' in night.capsys.readouterr().out


def test_today_is_nothing_the_night_looks_at(night, plain_csv):
    """A chain dated far in the future runs like any other: only the data say what day it is."""
    years = 365 * 400 // 7 * 7
    tables = {
        name: frame.with_columns(pl.col("date") + pl.duration(days=years)) if "date" in frame.columns else frame
        for name, frame in small_chain().items()
    }
    night.csv(**tables)
    quality = night.quality()
    assert quality["as_of"] == (AS_OF + timedelta(days=years)).isoformat()
    assert date.fromisoformat(quality["as_of"]).year > 2400
    assert {account["quarantined"] for account in quality["rows"].values()} == {0}
    assert set(KEY) < set(tables[SALES].columns)
