"""Warehouse: tables of a database, a folder of Delta tables or an Iceberg catalogue, as rows.

In: a place. Out: the names of its tables, and the rows of each, in frames, in no order of their own.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from engine.errors import InputError, Problem
from engine.places.delta import EXTRA as DELTA
from engine.places.delta import delta_table, told
from engine.places.extras import needed
from engine.places.place import VARIABLES, Place
from engine.places.postgresql import connected, quoted

Rows = Iterator[pl.DataFrame]
SNAPSHOT: Final = "set transaction isolation level repeatable read, read only"
"""All tables are read as they were at one moment."""
COLUMNS: Final = """
select attname, format_type(atttypid, null) from pg_attribute
where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum
"""
TABLES: Final = """
select table_name from information_schema.tables where table_schema = coalesce($1, current_schema())
"""
AS_THEY_ARE: Final = frozenset(
    {"boolean", "smallint", "integer", "bigint", "real", "double precision", "text", "character varying", "date"}
    | {"timestamp without time zone", "timestamp with time zone"}
)
"""Types of PostgreSQL that frames have, too. Amounts become fractional numbers, everything else is read as text."""
DUCKDB_BATCH_ROWS: Final = 100_000


@dataclass(frozen=True)
class Warehouse:
    """Tables at a place. has: whether there is one. rows: of one. names: of all in the schema that is asked for."""

    has: Callable[[str], bool]
    rows: Callable[[str], Rows]
    names: Callable[[], list[str]]


@contextmanager
def _postgresql(place: Place) -> Iterator[Warehouse]:
    with connected(place, "read") as connection, connection.cursor() as cursor:
        cursor.execute(SNAPSHOT)

        def asked(query: str, value: str | None) -> list[tuple[Any, ...]]:
            cursor.execute(query, (value,))
            return list(cursor.fetchall())

        def rows(name: str) -> Rows:
            columns = ", ".join(_selected(*column) for column in asked(COLUMNS, quoted(name)))
            cursor.execute(f"select {columns} from {quoted(name)}")
            reader = cursor.fetch_record_batch()
            yield _as_frame(reader.schema.empty_table())
            yield from map(_as_frame, reader)

        schema = place.table.rpartition(".")[0] or None
        yield Warehouse(
            has=lambda name: asked("select to_regclass($1)::text", quoted(name)) != [(None,)],
            rows=rows,
            names=lambda: [name for (name,) in asked(TABLES, schema)],
        )


def _selected(name: str, kind: str) -> str:
    """A column of PostgreSQL as it is read."""
    if kind in AS_THEY_ARE:
        return quoted(name)
    return f"{quoted(name)}::{'float8' if kind == 'numeric' else 'text'} as {quoted(name)}"


@contextmanager
def _duckdb(place: Place) -> Iterator[Warehouse]:
    import duckdb

    try:
        with duckdb.connect(place.path, read_only=True) as connection:
            connection.execute("set autoinstall_known_extensions = false")

            def rows(name: str) -> Rows:
                reader = connection.sql(f"select * from {quoted(name)}").to_arrow_reader(DUCKDB_BATCH_ROWS)
                yield _as_frame(reader.schema.empty_table())
                yield from map(_as_frame, reader)

            schema = place.table.rpartition(".")[0] or "main"
            query = "select table_name from information_schema.tables where table_schema = ?"
            names = [str(name) for (name,) in connection.execute(query, [schema]).fetchall()]
            yield Warehouse(has=lambda name: name.rpartition(".")[2] in names, rows=rows, names=lambda: names)
    except duckdb.Error as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError([Problem(str(place), f"cannot be read: {reason}", "name a file of DuckDB")]) from None


@contextmanager
def _delta(place: Place) -> Iterator[Warehouse]:
    library = needed("deltalake", DELTA, str(place))

    def rows(name: str) -> Rows:
        plan = pl.scan_delta(library.DeltaTable(delta_table(place, name)))
        yield pl.DataFrame(schema=plan.collect_schema())
        yield from plan.collect_batches()

    with told(place, "read"):
        yield Warehouse(
            has=lambda name: library.DeltaTable.is_deltatable(delta_table(place, name)), rows=rows, names=list
        )


@contextmanager
def _iceberg(place: Place) -> Iterator[Warehouse]:
    library = needed("pyiceberg.catalog", "iceberg", str(place))
    failures = needed("pyiceberg.exceptions", "iceberg", str(place))
    try:
        catalog = library.load_catalog(place.address)

        def rows(name: str) -> Rows:
            reader = catalog.load_table(name).scan().to_arrow_batch_reader()
            yield _as_frame(reader.schema.empty_table())
            yield from map(_as_frame, reader)

        namespace = place.table.rpartition(".")[0]
        yield Warehouse(
            has=catalog.table_exists,
            rows=rows,
            names=lambda: [name for *_, name in catalog.list_tables(namespace)],
        )
    except (ValueError, OSError, failures.NoSuchNamespaceError, failures.NoSuchTableError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        advice = f"describe the catalogue in ~/.pyiceberg.yaml, what is secret in {VARIABLES['iceberg']}"
        raise InputError([Problem(str(place), f"cannot be read: {reason}", advice)]) from None


def _as_frame(rows: Any) -> pl.DataFrame:
    """Rows of Arrow as a frame; amounts become fractional numbers, categories the texts they stand for."""
    frame = pl.from_arrow(rows)
    assert isinstance(frame, pl.DataFrame)
    return frame.with_columns(pl.col(pl.Decimal).cast(pl.Float64), pl.col(pl.Categorical, pl.Enum).cast(pl.String))


WAREHOUSES: Final[Mapping[str, Callable[[Place], AbstractContextManager[Warehouse]]]] = {
    "postgresql": _postgresql,
    "duckdb": _duckdb,
    "delta": _delta,
    "iceberg": _iceberg,
}


def warehouse(place: Place) -> AbstractContextManager[Warehouse]:
    """The tables of a place that is no object store, as long as the block lasts.

    Raises InputError where the place refuses, is none or lacks its library, TryLaterError where it does not answer.
    """
    return WAREHOUSES[place.kind](place)
