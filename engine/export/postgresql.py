"""PostgreSQL: exported tables in a database, all of a run in one transaction.

In: frames by table. Out: tables that are made when they are not there, and get columns that came later.
"""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from engine.export.tables import RUN_ID
from engine.places.place import Place
from engine.places.postgresql import connected, quoted

INCOMING: Final = "darkshelf_incoming"
"""The temporary table that rows are in before they are anybody's."""
COLUMNS: Final = """
select attname, format_type(atttypid, atttypmod) from pg_attribute
where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum
"""
EXPORTING: Final = "select pg_advisory_xact_lock(hashtext('darkshelf export ' || $1))"
"""Two exports of one run wait for each other."""


def to_postgresql(tables: Mapping[str, pl.DataFrame], run_id: str, place: Place) -> None:
    """Write the rows of a run in place of those that were exported of it before; those of other runs stay.

    Readers see all tables of before or all of after. Raises InputError and TryLaterError as `connected` does.
    """
    with connected(place, "exported to") as connection, connection.cursor() as cursor:
        cursor.execute(EXPORTING, (run_id,))
        for name, rows in tables.items():
            _replace(cursor, quoted(place.name_of(name)), rows, run_id)
        connection.commit()


def _replace(cursor: Any, table: str, rows: pl.DataFrame, run_id: str) -> None:
    cursor.execute(f"drop table if exists pg_temp.{INCOMING}")
    cursor.adbc_ingest(INCOMING, rows.to_arrow(), mode="create", temporary=True)
    cursor.execute(f"create table if not exists {table} (like pg_temp.{INCOMING})")
    known, incoming = _columns(cursor, table), _columns(cursor, f"pg_temp.{INCOMING}")
    for name, kind in incoming.items():
        if name not in known:
            cursor.execute(f"alter table {table} add column {quoted(name)} {kind}")
    names = ", ".join(map(quoted, incoming))
    cursor.execute(f"delete from {table} where {RUN_ID} = $1", (run_id,))
    cursor.execute(f"insert into {table} ({names}) select {names} from pg_temp.{INCOMING}")


def _columns(cursor: Any, table: str) -> dict[str, str]:
    """The columns of a table with their types."""
    cursor.execute(COLUMNS, (table,))
    return dict(cursor.fetchall())
