"""The tables of every desk at every place."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import duckdb
import polars as pl
import pytest

from engine.places.objects import ObjectFolder
from engine.places.place import Place, place_of
from engine.places.postgresql import connected
from tests.decisions.conftest import server
from tests.every_desk import EVERY, two_runs
from tests.places.servers import BUCKET, database, object_store
from tests.toy.installed import toy_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from engine.runs.registry import Run

__all__ = ["server"]
NUMBERS = count(1)
CATALOG = "tests"


@dataclass(frozen=True)
class Here:
    """What a desk reads, in a folder here. out: what it published of that. run: the last. tables: as frames."""

    desk: str
    folder: Path
    out: Path
    run: Run
    tables: Mapping[str, pl.DataFrame]


@pytest.fixture(scope="session")
def _toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with toy_installed(tmp_path_factory.mktemp("installed")):
        yield


@pytest.fixture(scope="session")
def store() -> Iterator[str]:
    """An object store of the tests' own; its address."""
    with object_store() as address:
        yield address


@pytest.fixture(scope="session", params=EVERY)
def here(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, _toy: None) -> Here:
    """The tables of a desk as Parquet, and a run over them."""
    return prepared(request.param, tmp_path_factory)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, _toy: None) -> Here:
    """The same of the desk that is done first."""
    return prepared("toy", tmp_path_factory)


def prepared(name: str, factory: pytest.TempPathFactory) -> Here:
    made = two_runs(factory, name)
    tables = {file.stem: pl.read_parquet(file) for file in sorted(made.place.glob("*.parquet"))}
    return Here(name, made.place, made.out, made.runs[1], tables)


def to_objects(tables: Mapping[str, pl.DataFrame], place: Place) -> None:
    """Two tables as one file each, the others as a folder of two files."""
    folder = ObjectFolder(place)
    for number, (name, rows) in enumerate(tables.items()):
        half = rows.height // 2
        parts = {f"{name}.parquet": rows} if number < 2 else {
            f"{name}/a.parquet": rows[:half], f"{name}/b.parquet": rows[half:]
        }  # fmt: skip
        for file, part in parts.items():
            folder.put(file, parquet(part))


def parquet(rows: pl.DataFrame) -> bytes:
    """Rows as the bytes of a Parquet file."""
    stream = BytesIO()
    rows.write_parquet(stream)
    return stream.getvalue()


def to_postgresql(tables: Mapping[str, pl.DataFrame], place: Place) -> None:
    with connected(place, "filled") as connection, connection.cursor() as cursor:
        cursor.execute("create schema retail")
        for name, rows in tables.items():
            # What was written last comes first: a database keeps no order.
            cursor.adbc_ingest(name, rows.reverse().to_arrow(), mode="create", db_schema_name="retail")
        connection.commit()


def to_duckdb(tables: Mapping[str, pl.DataFrame], place: Place) -> None:
    with duckdb.connect(place.path) as connection:
        for name, rows in tables.items():
            connection.register("rows_of_it", rows.reverse().to_arrow())
            connection.execute(f'create table "{name}" as select * from rows_of_it')


def to_delta(tables: Mapping[str, pl.DataFrame], place: Place) -> None:
    for name, rows in tables.items():
        rows.write_delta(f"{place.inner}/{name}")


def to_iceberg(tables: Mapping[str, pl.DataFrame], place: Place) -> None:
    from pyiceberg.catalog import load_catalog

    catalog = load_catalog(place.address)
    namespace = place.table.partition(".")[0]
    catalog.create_namespace(namespace)
    for name, rows in tables.items():
        arrow = rows.to_arrow()
        made = catalog.create_table(f"{namespace}.{name}", schema=arrow.schema)
        made.append(arrow.cast(made.schema().as_arrow()))


FILLED: Mapping[str, Callable[[Mapping[str, pl.DataFrame], Place], None]] = {
    "s3": to_objects,
    "postgresql": to_postgresql,
    "duckdb": to_duckdb,
    "delta": to_delta,
    "iceberg": to_iceberg,
}


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An Iceberg catalogue in a folder; the environment describes it. The library reads that once a process."""
    folder = tmp_path_factory.mktemp("iceberg")
    described = {"TYPE": "sql", "URI": f"sqlite:///{folder}/catalog.db", "WAREHOUSE": f"file://{folder}/data"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in described.items():
            patch.setenv(f"PYICEBERG_CATALOG__{CATALOG.upper()}__{name}", value)
        yield CATALOG


@pytest.fixture(params=FILLED)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh place of each kind, as it is typed."""
    number = next(NUMBERS)
    if request.param == "s3":
        assert urlsplit(request.getfixturevalue("store")).hostname == "127.0.0.1"
        return f"s3://{BUCKET}/in/{number}"
    if request.param == "postgresql":
        return f"{database(request.getfixturevalue('server'), f'in_{number}')}?table=retail.{{table}}"
    if request.param == "iceberg":
        return f"iceberg://{request.getfixturevalue('catalog')}/retail_{number}"
    return f"duckdb://{tmp_path}/shop.duckdb" if request.param == "duckdb" else f"delta+file://{tmp_path}/lake"


def fill(text: str, tables: Mapping[str, pl.DataFrame]) -> str:
    """Put tables to an empty place; the place."""
    place = place_of(text)
    assert isinstance(place, Place)
    FILLED[place.kind](tables, place)
    return text
