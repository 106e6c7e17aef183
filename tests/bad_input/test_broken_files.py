"""Files that cannot be read to their end are named."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.command import darkshelf_process, published
from tests.planted.small import small_chain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


from tests.bad_input.night import INVENTORY, SALES, assert_one_message, packed_gz, packed_zst


def cut(n_bytes: int) -> Callable[[bytes], bytes]:
    return lambda content: content[:-n_bytes]


def scrambled(content: bytes) -> bytes:
    """The first pages overwritten, the footer whole."""
    return content[:4] + bytes(byte * 7 % 251 for byte in content[4:300]) + content[300:]


@pytest.mark.parametrize("table", [SALES, INVENTORY, "stores"])
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(cut(100), id="cut_short"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b"store_id,sku_id\n1,2\n" * 9, id="not_parquet"),
        pytest.param(scrambled, id="pages_overwritten"),
    ],
)
def test_a_broken_parquet_file_is_named(night, table, damage):
    night.parquet()
    night.edit(table, damage)
    message = night.refuses_input()
    assert f"cannot be used (1):\n  1. {table}: {table}.parquet cannot be read: " in message
    assert "check that the file is whole" in message


@pytest.mark.parametrize("damage", [cut(200), cut(8), cut(1)], ids=["cut_short", "no_trailer", "one_byte_missing"])
@pytest.mark.parametrize("table", [SALES, INVENTORY])
def test_a_cut_packed_file_is_named(night, table, damage):
    night.csv()
    file = night.folder / f"{table}.csv"
    packed_gz(file)
    file.unlink()
    night.edit(table, damage)
    assert f"cannot be used (1):\n  1. {table}: {table}.csv.gz cannot be read: " in night.refuses_input()


def test_a_cut_zst_file_is_named(night):
    night.csv()
    file = night.folder / f"{SALES}.csv"
    packed_zst(file)
    file.unlink()
    night.edit(SALES, cut(50))
    assert f"{SALES}.csv.zst cannot be read: " in night.refuses_input()


def test_a_csv_that_is_cut_within_a_row_is_refused(night):
    night.csv()
    night.edit(SALES, cut(30))
    assert f"{SALES}.csv cannot be read: it ends in the middle of a row, after " in night.refuses_input()


@pytest.mark.parametrize("table", [SALES, "stores"])
def test_text_that_is_not_utf8_is_named_by_its_line(night, table):
    night.csv()
    night.edit(table, lambda content: content + content.splitlines()[-1].replace(b"3", b"K\xf6ln", 1) + b"\n")
    message = night.refuses_input()
    n_lines = (night.folder / f"{table}.csv").read_bytes().count(b"\n")
    assert f"{table}.csv cannot be read: invalid utf-8 sequence (line {n_lines})" in message
    assert "save the file as UTF-8" in message


def test_text_in_utf16_is_refused(night):
    night.csv()
    night.edit(SALES, lambda content: content.decode().encode("utf-16"))
    assert "save the file as UTF-8" in night.refuses_input()


def test_bytes_that_are_no_text_are_refused(night):
    stores = small_chain()["stores"].with_columns(store_name=pl.lit(b"\xff"))
    night.parquet(stores=stores)
    assert "stores.parquet cannot be read: invalid utf8" in night.refuses_input()


def test_a_line_with_too_many_fields_is_named(night):
    night.csv()
    night.add_lines(SALES, "1,11,2025-06-03,1,5,5,0")
    message = night.refuses_input()
    assert f"{SALES}.csv cannot be read: " in message
    assert "(line 596 has 7 fields, the header 6)" in message


def test_a_quote_that_is_never_closed_is_refused(night):
    night.csv()
    night.add_lines("stores", '9,"Berlin,1,1,x')
    assert "stores.csv cannot be read: " in night.refuses_input()


def without_override() -> None:
    """Let file modes bind the superuser too, from the next program on."""
    drop_from_bounding_set = 24
    for capability in (1, 2):  # to override access rights, to read in spite of them
        assert ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0) == 0


@pytest.fixture
def closed() -> Iterator[Callable[[Path, int], None]]:
    """Take rights from a path until the test is over."""
    modes: dict[Path, int] = {}

    def close(path: Path, mode: int) -> None:
        modes[path] = path.stat().st_mode
        path.chmod(mode)

    yield close
    for path, mode in modes.items():
        path.chmod(mode)


AS_ANYONE: dict[str, Any] = {"preexec_fn": without_override} if os.geteuid() == 0 else {}


@pytest.mark.slow
def test_a_file_that_may_not_be_read_is_named(night, closed):
    night.parquet()
    closed(night.folder / "pricing.parquet", 0)
    before = published(night.out)
    answer = darkshelf_process("run", night.folder, "--out", night.out, **AS_ANYONE)
    assert answer.code == 2
    assert_one_message(answer)
    assert "1. pricing: pricing.parquet cannot be read: Permission denied" in answer.complaint
    assert published(night.out) == before


@pytest.mark.slow
def test_a_folder_that_may_not_be_listed_is_named(night, closed):
    night.parquet()
    closed(night.folder, 0)
    answer = darkshelf_process("check", night.folder, "--json", **AS_ANYONE)
    assert (answer.code, answer.err) == (2, "")
    assert f"{night.folder}: cannot be listed: Permission denied" in answer.json()["error"]


@pytest.mark.slow
def test_an_output_folder_that_may_not_be_written_is_named(night, closed):
    night.parquet()
    closed(night.out, 0o555)
    closed(night.out / "runs", 0o555)
    closed(night.out / ".lock", 0o444)
    answer = darkshelf_process("run", night.folder, "--out", night.out, **AS_ANYONE)
    assert answer.code == 1
    assert_one_message(answer)
    assert f"{night.out} cannot be written: Permission denied" in answer.complaint


@pytest.mark.parametrize("name", ["stores.csv", "pricing.csv", f"{SALES}.csv"])
def test_a_pipe_in_place_of_a_file_is_named_and_waited_for_by_nobody(night, name):
    night.csv()
    (night.folder / name).unlink()
    os.mkfifo(night.folder / name)
    table = name.partition(".")[0]
    message = night.refuses_input()
    assert (
        f"1. {table}: {name} cannot be read: it is a pipe, a socket, a device or a folder, and no regular" in message
    )


def test_a_pipe_or_a_link_to_nowhere_in_the_folder_of_a_table_is_named(night):
    night.csv()
    (night.folder / SALES).mkdir()
    (night.folder / f"{SALES}.csv").rename(night.folder / SALES / "a.csv")
    os.mkfifo(night.folder / SALES / "b.csv")
    (night.folder / SALES / "c.csv").symlink_to(night.folder / "gone.csv")
    message = night.refuses_input()
    assert f"{SALES}/b.csv cannot be read: it is a pipe" in message
    assert f"{SALES}/c.csv cannot be read: No such file or directory" in message


def test_a_pipe_of_feedback_is_named(night, tmp_path):
    night.csv()
    os.mkfifo(tmp_path / "feedback.csv")
    assert "feedback: feedback.csv cannot be read: it is a pipe" in night.refuses(
        "--feedback", tmp_path / "feedback.csv"
    )


def test_a_folder_in_place_of_a_file_holds_no_table(night):
    night.csv()
    (night.folder / f"{INVENTORY}.csv").unlink()
    (night.folder / f"{INVENTORY}.csv").mkdir()
    assert f"{INVENTORY}: the table is missing" in night.refuses_input()


def test_a_link_to_nowhere_is_named(night):
    night.csv()
    (night.folder / "stores.csv").unlink()
    (night.folder / "stores.csv").symlink_to(night.folder / "gone.csv")
    assert "stores: stores.csv cannot be read: No such file or directory" in night.refuses_input()
