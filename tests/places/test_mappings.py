"""A mapping and a schedule read their tables at places elsewhere, as they read files here."""

from __future__ import annotations

import gc
import gzip
import json
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest

from engine.delivery.tables import open_tables
from engine.outputs.desks import desk_named
from engine.places.objects import ObjectFolder
from engine.places.place import Place, place_of
from engine.places.postgresql import connected
from engine.settings.shelf.night import load
from engine.shelf import desk
from tests.command import darkshelf
from tests.places.servers import BUCKET, SECRET, database
from tests.planted.small import AS_OF, small_chain, write_csv

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import URL

SALES, STOCK, PRICES = "sales_transactions", "inventory_snapshot", "pricing"


def at(text: str) -> Place:
    place = place_of(text)
    assert isinstance(place, Place)
    return place


def put_csv(place: str, files: Mapping[str, pl.DataFrame]) -> None:
    folder = ObjectFolder(at(place))
    for name, rows in files.items():
        text = rows.write_csv().encode()
        folder.put(name, gzip.compress(text) if name.endswith(".gz") else text)


def mapping(folder: Path, sources: Mapping[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "darkshelf.toml"
    file.write_text("\n".join(f"[tables.{name}]\n{lines}" for name, lines in sources.items()), encoding="utf-8")
    return file


def files(out: Path) -> dict[str, bytes]:
    (folder,) = (out / "runs").iterdir()
    return {file.name: file.read_bytes() for file in sorted(folder.glob("*.parquet"))}


@pytest.fixture
def everywhere(store: str, server: URL, tmp_path: Path) -> dict[str, str]:
    """The small chain: sales by month in an object store, stock and prices in PostgreSQL, the others in DuckDB."""
    tables = small_chain()
    months = tables[SALES].partition_by("date", as_dict=False, maintain_order=True)
    parts = {f"day={part['date'][0]:%Y-%m-%d}/sold.csv.gz": part.drop("date") for part in months}
    put_csv(f"s3://{BUCKET}/mapped", {**parts, "day=2025-06-30/_SUCCESS": pl.DataFrame({"no": ["table"]})})
    place = database(server, "mapped")
    with connected(at(place), "filled") as connection, connection.cursor() as cursor:
        for name in (STOCK, PRICES):
            cursor.adbc_ingest(f"{name}_old", tables[name].reverse().to_arrow(), mode="create")
        connection.commit()
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        for name in ("impressions", "stores", "skus"):
            connection.register("rows_of_it", tables[name].to_arrow())
            connection.execute(f'create table "{name}" as select * from rows_of_it')
    sold = f'source = "s3://{BUCKET}/mapped/day=2025-*/*.csv.gz"\n[tables.{SALES}.columns]\ndate = "day"'
    return {
        SALES: sold,
        **{name: f'source = "{place}?table={name}_old"' for name in (STOCK, PRICES)},
        **dict.fromkeys(("impressions", "stores"), f'source = "duckdb://{tmp_path}/shop.duckdb"'),
        "skus": f'source = {{shop = "duckdb://{tmp_path}/shop.duckdb?table=skus"}}\nsql = "select * from shop"',
    }


@pytest.mark.slow
def test_a_mapping_reads_places_of_many_kinds_as_files_here(everywhere, tmp_path, capsys):
    desk.run(write_csv(tmp_path / "in", small_chain()), tmp_path / "here", load())
    place = mapping(tmp_path / "elsewhere", everywhere)
    answer = darkshelf(capsys, "run", place, "--out", tmp_path / "there", "--json")
    assert answer.code == 0, answer
    assert files(tmp_path / "there") == files(tmp_path / "here")
    again = darkshelf(capsys, "run", place, "--out", tmp_path / "there", "--json").json()
    assert (again["run_id"], again["is_new"]) == (answer.json()["run_id"], False)
    written = b"".join(file.read_bytes() for file in (tmp_path / "there").rglob("*") if file.is_file())
    assert SECRET.encode() not in written


@pytest.mark.slow
def test_a_schedule_takes_in_and_runs_what_lies_elsewhere(store, tmp_path, capsys):
    tables = {f"{name}.csv": rows for name, rows in small_chain().items()}
    here, empty = f"s3://{BUCKET}/nightly", f"s3://{BUCKET}/nothing"
    put_csv(here, tables)
    schedule = tmp_path / "schedule.toml"
    jobs = {
        "read": f'input = "{here}"',
        "taken": f'delivery = "{here}"\nlake = "lake"',
        "resting": f'delivery = "{empty}"\nlake = "lake"',
    }
    text = "".join(f'[[jobs]]\nname = "{name}"\n{lines}\nout = "{name}"\n' for name, lines in jobs.items())
    schedule.write_text(text, encoding="utf-8")
    answer = darkshelf(capsys, "nightly", schedule, "--until", AS_OF, "--json")
    assert answer.code == 0, answer
    told = [json.loads(line) for line in answer.out.splitlines()]
    assert [(one["job"], one["state"]) for one in told] == [
        ("read", "published"),
        *((job, state) for job in ("taken", "resting") for state in ("taken in", "published")),
    ]
    assert told[3]["summary"] == f"nothing: {empty} holds no delivery"
    assert files(tmp_path / "read") == files(tmp_path / "taken")


def test_what_is_not_there_is_told_as_it_was_typed(store, tmp_path):
    put_csv(f"s3://{BUCKET}/some", {"sales.csv": small_chain()[SALES]})
    source = f"s3://{BUCKET}/some/sold-*.csv"
    place = mapping(tmp_path, {SALES: f'source = "{source}"'})
    _, problems = open_tables(place, {SALES: desk_named("shelf").promised()[SALES]})
    (problem,) = problems
    assert problem.what == f"nothing is at {source}"


def test_a_night_sees_one_delivery_and_the_next_one_the_next(store, tmp_path):
    """Copies last as long as anybody reads them, and go then."""
    promised = {"skus": desk_named("shelf").promised()["skus"]}
    place = mapping(tmp_path, {"skus": f'source = "s3://{BUCKET}/changing/skus.csv"'})

    def names() -> list[str]:
        tables, _ = open_tables(place, promised)
        return tables["skus"].usable().collect()["sku_name"].to_list()

    first = small_chain()["skus"]
    put_csv(f"s3://{BUCKET}/changing", {"skus.csv": first})
    held = open_tables(place, promised)[0]
    put_csv(f"s3://{BUCKET}/changing", {"skus.csv": first.with_columns(sku_name=pl.lit("Other"))})
    assert names() == first["sku_name"].to_list()
    (copied,) = held["skus"].files
    marks = held["skus"].fingerprints
    del held
    gc.collect()
    assert names() == ["Other"] * first.height
    assert open_tables(place, promised)[0]["skus"].fingerprints != marks
    assert not copied.exists()
