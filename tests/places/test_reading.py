"""The same tables are the same run, wherever they are."""

from __future__ import annotations

import datetime as dt
import gc
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine import run_shelf
from engine.contracts.shelf import contracts
from engine.delivery.elsewhere import Elsewhere
from engine.delivery.tables import open_tables
from engine.errors import InputError
from engine.outputs.desks import desk_named
from engine.places.place import Place, place_of
from engine.places.postgresql import connected
from engine.settings.whitespace.inputs import InputSettings
from engine.whitespace.check import check
from tests.command import darkshelf
from tests.every_desk import SMALL
from tests.places.conftest import fill, to_delta, to_duckdb
from tests.places.servers import SECRET, database
from tests.toy.desk import CONTRACTS
from tests.toy.desk import run as run_of_toy

if TYPE_CHECKING:
    from engine.runs.registry import Run

TOLD = {"manifest.json", "logs.jsonl", "config_resolved.toml", "data_quality.json"}
"""Files that tell how a run came about."""


def data(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file() and file.name not in TOLD)
    # Cards name the run they are of, and a run is named by where its tables are, too.
    named = folder.name.encode()
    return {file.relative_to(folder).as_posix(): file.read_bytes().replace(named, b"RUN") for file in sorted(files)}


def elsewhere(text: str) -> Elsewhere:
    place = place_of(text)
    assert isinstance(place, Place)
    return Elsewhere(place)


def test_every_desk_reads_the_same_bytes_from_every_place(here, empty, tmp_path, capsys):
    place = fill(empty, here.tables)
    out, settings, wanted = tmp_path / "out", SMALL.get(here.desk, []), here.run.folder
    if here.desk == "whitespace":
        assert_same_tables(here.folder, place)
        if not place.startswith("duckdb"):
            return
        # To train takes a quarter of a minute: the models that were trained on the tables here score both.
        shutil.copytree(here.out, out)
        settings = [*settings, "whitespace.rescoring.models=last"]
        wanted = ran(here.folder, out, here.desk, settings, capsys)["folder"]
    told = ran(place, out, here.desk, settings, capsys)
    folder = Path(told["folder"])
    assert data(folder) == data(Path(wanted))
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["input"] == place
    again = ran(place, out, here.desk, settings, capsys)
    assert (told["is_new"], again["run_id"], again["is_new"]) == (True, told["run_id"], False)
    written = b"".join(file.read_bytes() for file in out.rglob("*") if file.is_file())
    assert SECRET.encode() not in written


def ran(place: Path | str, out: Path, desk: str, settings: list[str], capsys: Any) -> dict[str, Any]:
    """What the command says of a run."""
    chosen = (word for each in settings for word in ("--set", each))
    answer = darkshelf(capsys, "run", place, "--out", out, "--desk", desk, "--json", *chosen)
    assert answer.code == 0, answer
    return answer.json()


def assert_same_tables(folder: Path, place: str) -> None:
    """What the whitespace desk works on is the same, from a folder and from elsewhere."""
    wanted, found = (check(one, InputSettings()).tables for one in (folder, elsewhere(place)))
    assert found.data_as_of == wanted.data_as_of
    for name in ("transactions", "customers", "products", "assets", "contacts"):
        assert_frame_equal(getattr(found, name), getattr(wanted, name), check_row_order=False)


def test_a_table_that_is_not_there_is_named_with_what_looks_like_it(small, empty):
    fill(empty, {"visitor": small.tables["visitors"], "receipts": small.tables["receipts"]})
    with pytest.raises(InputError) as refused:
        run_toy(empty)
    looks = "" if empty.startswith("delta") else "visitor(.parquet)? looks like visitors: rename it; or "
    assert refused.match(rf"visitors: the table is missing\n    do   : {looks}put .*visitors")


def test_a_column_that_is_not_there_is_named_with_the_table_as_the_place_calls_it(small, empty):
    fill(empty, {**small.tables, "visitors": small.tables["visitors"].rename({"visitors": "people"})})
    with pytest.raises(InputError) as refused:
        run_toy(empty)
    called = {"s3": "visitors.parquet", "postgresql": "retail.visitors", "iceberg": r"retail_\d+.visitors"}
    name = called.get(empty.partition(":")[0], "visitors")
    assert refused.match(rf"visitors: {name}.* has no column visitors\n.*mend its columns: store_id, people")


def test_a_row_that_cannot_be_used_is_shown_with_the_table_as_the_place_calls_it(small, empty):
    rows = small.tables["visitors"].with_columns(store_id=pl.Series([None, 2, 3], dtype=pl.Int64))
    fill(empty, {**small.tables, "visitors": rows})
    with pytest.raises(InputError, match=r"store_id is (missing|empty|null).*\n.*first: .*visitors.* row \d"):
        run_toy(empty)


def run_toy(text: str) -> Run:
    desk = desk_named("toy")
    return run_of_toy(elsewhere(text), Path("never"), desk.load(None, []))


def test_another_content_is_another_run_and_another_order_is_not(small, tmp_path):
    marks = []
    rows = small.tables["visitors"]
    for number, changed in enumerate((rows, rows.reverse(), rows.with_columns(visitors=pl.col("visitors") + 1))):
        text = f"duckdb://{tmp_path}/{number}.duckdb"
        place = place_of(text)
        assert isinstance(place, Place)
        to_duckdb({**small.tables, "visitors": changed}, place)
        tables, _ = open_tables(Elsewhere(place), CONTRACTS)
        marks.append(tables["visitors"].fingerprints)
    assert marks[0] == marks[1] != marks[2]


def test_what_was_copied_goes_with_the_delivery(small, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    place = place_of(f"delta+file://{tmp_path}/lake")
    assert isinstance(place, Place)
    to_delta(small.tables, place)
    delivery = Elsewhere(place)
    open_tables(delivery, CONTRACTS)
    assert len(list((tmp_path / "temporary").iterdir())) == 1
    del delivery
    gc.collect()
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.slow
def test_types_that_frames_lack_are_read_from_postgresql(server, tmp_path):
    place = place_of(database(server, "types"))
    assert isinstance(place, Place)
    with connected(place, "filled") as connection, connection.cursor() as cursor:
        cursor.execute(
            "create table stores as select 7::numeric(10, 0) as store_id, 'Ost'::char(5) as region, 48.5::numeric"
            " as latitude, gen_random_uuid() as mark, '1 day'::interval as lasts, '{\"a\": 1}'::jsonb as more"
        )
        connection.commit()
    tables, _ = open_tables(Elsewhere(place), {"stores": contracts(dt.date(2026, 1, 1))["stores"]})
    (row,) = tables["stores"].judged().select("store_id", "latitude").collect().rows()
    assert (str(row[0]), row[1]) == ("7", 48.5)


def test_one_table_is_no_delivery(capsys, tmp_path):
    answer = darkshelf(capsys, "check", "postgresql://host/name?table=sales")
    assert answer.code == 2
    assert "names one table, and a delivery has several" in answer.err


@pytest.mark.slow
@pytest.mark.parametrize("here", ["shelf"], indirect=True)
def test_a_place_is_checked_taken_into_a_lake_and_read_by_python(here, tmp_path, capsys):
    text = f"duckdb://{tmp_path}/shop.duckdb"
    place = place_of(text)
    assert isinstance(place, Place)
    to_duckdb(here.tables, place)
    assert darkshelf(capsys, "check", text).out.startswith(f"{text} can be run as of ")
    assert darkshelf(capsys, "ingest", text, "--lake", tmp_path / "lake").code == 0
    assert data(run_shelf(text, tmp_path / "out").folder) == data(here.run.folder)


@pytest.mark.parametrize(
    ("text", "module", "extra"),
    [
        ("s3://bucket/in", "obstore", "s3"),
        ("postgresql://127.0.0.1:9/name", "adbc_driver_postgresql", "postgres"),
        ("delta+file:///data/lake", "deltalake", "delta"),
        ("iceberg://tests/retail", "pyiceberg", "iceberg"),
    ],
)
def test_what_is_not_installed_is_named_by_its_extra(text, module, extra, monkeypatch, capsys):
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    answer = darkshelf(capsys, "check", text)
    assert answer.code == 2
    assert f"needs {module}, which is not installed" in answer.err
    assert f"'darkshelf[{extra}]'" in answer.err
