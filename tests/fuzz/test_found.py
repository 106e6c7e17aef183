"""Inputs that once broke something, each kept as it was."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import polars as pl
import pytest

from engine.decisions.database import FILE
from tests.command import darkshelf
from tests.fuzz.conftest import copied

FOUND = Path(__file__).parent / "found"


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["classic", "calibrated"])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("impressions.parquet", id="a_page_with_too_few_values_lets_the_reader_panic"),
        pytest.param("skus.parquet", id="a_name_is_longer_than_its_page_in_a_column_no_rule_judges"),
    ],
)
def test_a_file_that_broke_the_reader_is_named(plain_parquet, tmp_path, watch, name, profile):
    folder = copied(plain_parquet.folder, tmp_path / "in")
    shutil.copy(FOUND / name, folder / name)
    answer = watch.call("run", folder, "--out", tmp_path / "out", "--profile", profile, "--json")
    assert answer.code == 2
    assert f"{name.partition('.')[0]}: {name} cannot be read: " in answer.json()["error"]
    assert watch.call("check", folder, "--json").code == 2
    refused = watch.call("ingest", folder, "--lake", tmp_path / "lake", "--json")
    assert refused.code == 2
    assert not (tmp_path / "lake" / "lake.json").exists()


def the_first_page_is_zero(content: bytes) -> bytes:
    """The tables are gone, the header is whole: it looks like a database nobody wrote into yet."""
    return content[:100] + bytes(3996) + content[4096:]


def a_name_of_a_table_is_no_text(content: bytes) -> bytes:
    damaged = content.replace(b'CREATE TABLE "entry"', b'CREATE TABLE "entr\x8d"')
    assert damaged != content
    return damaged


@pytest.mark.parametrize(
    "damage",
    [
        the_first_page_is_zero,
        a_name_of_a_table_is_no_text,
        pytest.param(lambda content: content[:300], id="less_than_a_page"),
        pytest.param(lambda content: content[:16] + b"\x00\x01" + content[18:], id="pages_of_another_size"),
    ],
)
def test_a_database_that_looked_new_or_could_not_even_complain_is_damaged(plain_out, tmp_path, capsys, damage):
    out = copied(plain_out, tmp_path / "out")
    file = out / FILE
    connection = sqlite3.connect(file)
    connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()
    file.write_bytes(damage(file.read_bytes()))
    for words in (["decisions", "list"], ["accuracy"], ["tasks"], ["feedback", "--file", tmp_path / "f.csv"]):
        answer = darkshelf(capsys, *words, "--out", out)
        assert (answer.code, answer.out) == (2, ""), words
        assert f"{FILE} are damaged: " in answer.err


def test_a_manifest_that_nests_without_end_is_damage_of_its_run(plain_out, tmp_path, watch):
    out = copied(plain_out, tmp_path / "out")
    latest = (out / "LATEST").read_text().strip()
    (out / "runs" / latest / "manifest.json").write_text("[" * 100_000)
    answer = watch.call("runs", "list", "--out", out, "--json")
    assert answer.code == 0
    assert [run["as_of"] for run in answer.json()["runs"]] == ["2025-06-29"]


@pytest.mark.slow
def test_a_date_that_no_calendar_of_python_names_is_set_aside_everywhere(plain_parquet, tmp_path, watch):
    folder = copied(plain_parquet.folder, tmp_path / "in")
    sales = pl.read_parquet(folder / "sales_transactions.parquet")
    far = sales.head(1).with_columns(date=pl.lit(5_000_000).cast(pl.Date))
    pl.concat([sales, far]).write_parquet(folder / "sales_transactions.parquet")
    for words in (
        ["run", folder, "--out", tmp_path / "out"],
        ["check", folder],
        ["ingest", folder, "--lake", tmp_path / "l"],
    ):
        watch.call(*words, "--json")
