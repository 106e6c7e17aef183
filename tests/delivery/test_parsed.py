"""A large table of CSV is taken apart once, and whoever looks at it afterwards sees what the files hold."""

from __future__ import annotations

import gzip
import pickle
import shutil
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal, assert_series_equal

from engine.contracts.shelf import contracts
from engine.delivery import parsed as room
from engine.delivery.id_range import IdRange
from engine.delivery.keys import keys
from engine.delivery.numbering import Numbering
from engine.delivery.parsed import ParsedPart, parsed
from engine.delivery.source import Part, Source
from engine.delivery.tables import open_tables
from engine.errors import OutputError
from engine.settings.shelf.night import load
from engine.shelf import desk
from tests.command import latest_data
from tests.planted.small import AS_OF, small_chain, write_csv

if TYPE_CHECKING:
    from collections.abc import Callable

SALES = "sales_transactions"
HEADER = "store_id,sku_id,date,units_sold,revenue,promo_flag\n"
PLAIN = "1,11,2025-06-01,1,2.5,0\n2,12,2025-06-02,3,4,1\n2,11,2025-06-02,3,4,1\n"
AWKWARD = {
    "plain": PLAIN,
    "ids_in_other_forms": ' 1,11.0,2025-06-01,1,2,0\n007,"1,1",2025-06-01,1,2,0\n1 ,Ä,2025-06-01,1,2,0\n',
    "nothing_in_a_key": '1,,2025-06-01,1,2,0\n"",11,2025-06-01,1,2,0\n" ",11,,1,2,0\n1,11,"",1,2,0\n',
    "days_that_are_none": "1,11,2025-02-30,1,2,0\n1,11,2025-6-1,1,2,0\n1,1,01.06.2025,1,2,0\n1,1,2099-01-01,1,2,0\n",
    "empty_lines": "1,11,2025-06-01,1,2,0\n\n,,,,,\n2,11,2025-06-01,1,2,0\n",
    "cells_left_out": "1,11,2025-06-01,,2,0\n1,12,2025-06-01,1,,\n",
    "numbers_out_of_bounds": "1,11,2025-06-01,-1,2,0\n1,12,2025-06-01,inf,nan,0\n",
}


@pytest.fixture(autouse=True)
def _every_table_is_large(monkeypatch, tmp_path):
    monkeypatch.setattr(room, "LARGE_BYTES", 0)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))


@pytest.fixture
def sales(tmp_path) -> Callable[..., Source]:
    """The table of these files, by name."""

    def opened(**files: bytes) -> Source:
        for name, content in files.items():
            file = tmp_path / name.replace("__", "/").replace("_csv", ".csv").replace("_gz", ".gz")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        source = open_tables(tmp_path, contracts(AS_OF))[0][SALES]
        assert source.parts
        return source

    return opened


def of(source: Source) -> Source:
    """The table taken apart."""
    found = parsed({SALES: source})[SALES]
    assert all(isinstance(part, ParsedPart) for part in found.parts)
    return found


def assert_alike(source: Source, again: Source) -> None:
    """Both tell the same of their rows, whatever they are asked."""
    assert_frame_equal(again.judged().collect(), source.judged().collect())
    assert_frame_equal(again.quarantined().collect(), source.quarantined().collect())
    assert again.complaints() == source.complaints()
    assert again.rows_by_date() == source.rows_by_date()
    mine, theirs = keys(again), keys(source)
    for name in theirs.ids:
        assert_frame_equal(mine.forms[name], theirs.forms[name], check_row_order=False)
    numbering = Numbering({name: theirs.of(name).sort() for name in theirs.ids})
    assert_series_equal(mine.numbers(numbering), theirs.numbers(numbering))
    for rule in source.rules():
        assert_frame_equal(again.examples(rule, 5), source.examples(rule, 5))


@pytest.mark.parametrize("rows", AWKWARD.values(), ids=AWKWARD.keys())
def test_all_that_is_told_of_rows_is_told_as_the_files_have_them(sales, rows):
    source = sales(sales_transactions_csv=(HEADER + rows).encode())
    assert_alike(source, of(source))


@pytest.mark.parametrize("skus", [IdRange(None, "12"), IdRange("12", None), IdRange("2", "2")], ids=str)
def test_a_block_gets_its_own_rows(sales, skus):
    source = sales(sales_transactions_csv=(HEADER + PLAIN + AWKWARD["nothing_in_a_key"]).encode())
    wanted, found = (Source(each.contract, each.parts, each.ids_as_text, skus) for each in (source, of(source)))
    assert_frame_equal(found.judged().collect(), wanted.judged().collect())


def test_files_that_are_packed_or_have_other_columns_are_kept_one_by_one(sales):
    other = b"date;sku_id;units_sold;store_id;revenue;note\n2025-06-03;11;1;3;9;x\n"
    source = sales(
        sales_transactions__a_csv_gz=gzip.compress((HEADER + PLAIN).encode()),
        sales_transactions__b_csv=other,
        **{"sales_transactions__store_id=7__c_csv": b"sku_id,date,units_sold,revenue\n11,2025-06-03,1,2\n"},
    )
    again = of(source)
    assert_alike(source, again)
    assert again.judged().collect()["store_id"].to_list() == ["1", "2", "2", "3", "7"]


def test_what_cannot_be_read_is_left_for_its_reader(sales):
    source = sales(sales_transactions_csv=(HEADER + PLAIN + "1,11,2025-06-01,one,2,0\n").encode())
    assert parsed({SALES: source})[SALES] is source


def test_a_small_table_is_not_kept(sales, monkeypatch, tmp_path):
    monkeypatch.setattr(room, "LARGE_BYTES", 1 << 20)
    source = sales(sales_transactions_csv=(HEADER + PLAIN).encode())
    assert parsed({SALES: source})[SALES] is source
    assert not list((tmp_path / "temporary").iterdir())


class Made(Part):
    """Files of which a mapping makes other rows than they have."""

    is_row_by_row = False


@pytest.mark.parametrize("changes", [{"separator": None}, {}], ids=["of_another_format", "of_other_rows"])
def test_what_is_no_csv_row_by_row_is_not_kept(sales, changes):
    source = sales(sales_transactions_csv=(HEADER + PLAIN).encode())
    (part,) = source.parts
    known = {field.name: getattr(part, field.name) for field in fields(part)} | changes
    other = Source(source.contract, (Part(**known) if changes else Made(**known),), source.ids_as_text)
    assert parsed({SALES: other})[SALES] is other


def test_what_was_kept_goes_when_nobody_reads_it(sales, tmp_path):
    again = of(sales(sales_transactions_csv=(HEADER + PLAIN).encode()))
    assert list((tmp_path / "temporary").rglob("*.parquet"))
    del again
    assert not list((tmp_path / "temporary").iterdir())


def test_a_further_look_reads_what_was_kept_and_no_file(sales, tmp_path):
    source = sales(sales_transactions_csv=(HEADER + PLAIN).encode())
    wanted, again = source.judged().collect(), of(source)
    (tmp_path / "sales_transactions.csv").unlink()
    assert_frame_equal(again.judged().collect(), wanted)


def test_what_files_call_their_columns_and_their_moments_are_asked_of_the_files(sales):
    (part,) = of(sales(sales_transactions_csv=(HEADER + PLAIN).encode())).parts
    moments = pl.LazyFrame({"date": [0]})
    mapped = replace(part, origin=SimpleNamespace(spoken={"units_sold": "qty"}, moments=lambda: moments))
    assert mapped.spoken == {"units_sold": "qty"}
    assert mapped.moments() is moments


def test_a_worker_elsewhere_reads_the_files_themselves(sales, tmp_path):
    later = PLAIN.replace("2025-06", "2025-07")
    files = {"a": HEADER + PLAIN, "b": HEADER + later}
    source = sales(**{f"sales_transactions__{name}_csv": text.encode() for name, text in files.items()})
    again = of(source)
    sent = pickle.loads(pickle.dumps(again))
    assert_alike(source, sent)
    shutil.rmtree(tmp_path / "temporary")
    assert_alike(source, sent)


def test_a_full_disk_is_told_in_one_line(sales, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise pl.exceptions.ComputeError("parquet: underlying IO error: No space left on device (os error 28)")

    monkeypatch.setattr(pl.LazyFrame, "sink_parquet", full)
    source = sales(sales_transactions_csv=(HEADER + PLAIN).encode())
    with pytest.raises(
        OutputError, match="cannot be written: No space left on device: name a larger temporary folder"
    ):
        parsed({SALES: source})


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [1, 3])
def test_a_night_publishes_the_same_bytes(tmp_path, monkeypatch, blocks):
    folder = tmp_path / "in"
    folder.mkdir()
    write_csv(folder, small_chain())
    monkeypatch.setattr(room, "LARGE_BYTES", 1 << 30)
    desk.run(folder, tmp_path / "read", load())
    monkeypatch.setattr(room, "LARGE_BYTES", 0)
    desk.run(folder, tmp_path / "kept", load(), blocks=blocks)
    assert latest_data(tmp_path / "kept") == latest_data(tmp_path / "read")
    assert not list((tmp_path / "temporary").iterdir())
