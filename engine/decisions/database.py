"""Database: opens it, SQLite beside the runs or PostgreSQL by URL, and brings its schema up to date.

Several processes may open at once: one migrates, the others wait for it. A schema that a newer darkshelf made is
refused.
"""

import datetime as dt
import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import polars as pl
from sqlalchemy import (
    URL,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Float,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from engine.decisions.schema import REVISION, metadata
from engine.disk import refuse_a_file
from engine.errors import EXIT_INPUT, DarkshelfError, InputError, OutputError, Problem, TryLaterError
from engine.runs.manifest import RUNS
from engine.runs.registry import LOGGER

FILE: Final = "decisions.sqlite"
"""Under the output folder, beside the runs."""
BUSY_SECONDS: Final = 30
"""So long a writer waits for the others before it gives up."""
EMPTY_LOOKS: Final = 20
EMPTY_SECONDS: Final = 0.05
"""So often, and so long apart, a file without a byte is looked at before it is taken for damaged."""
POOL_SIZE: Final = 10
MIGRATING: Final = 0xDA2C5E1F
SAMPLING: Final = MIGRATING + 1
ANSWERING: Final = MIGRATING + 2
"""Numbers of the advisory locks on PostgreSQL."""
UNAVAILABLE: Final = (OperationalError, PoolTimeoutError)
"""The database does not answer, or everybody waits for a connection to it."""
LATER_COLUMNS: Final = frozenset(
    {"attributes", "snoozed_until", "answer_key", "takes_back", "counted_units", "photo"}
)
"""Columns that came after rows had been sealed without them."""
MIGRATIONS: Final = Path(__file__).with_name("migrations")
ADVICE: Final = "write it as  postgresql://USER@HOST/NAME  or leave it out for SQLite beside the runs"


class NewerSchemaError(DarkshelfError):
    """The database was made by a newer darkshelf."""

    exit_code = EXIT_INPUT


class DamagedDecisionsError(DarkshelfError):
    """The database holds what cannot have been written into it."""

    exit_code = EXIT_INPUT

    def __init__(self, engine: Engine, reason: str) -> None:
        where = engine.url.render_as_string(hide_password=True)
        super().__init__(
            f"the decisions at {where} are damaged: {reason}. Restore them from a backup, or move them away and "
            "begin anew; no decision is made or read until then"
        )


def open_database(out: Path, url: str | None = None) -> Engine:
    """An engine whose schema is up to date. url: `postgresql://…` or `sqlite:///…`; by default SQLite under `out`.

    Raises InputError for a URL that names no database we know, OutputError where SQLite cannot be written,
    DamagedDecisionsError where its file is not whole, TryLaterError when the server cannot be reached,
    NewerSchemaError.
    """
    place = _place(out, url)
    is_new = url is None and not (out / FILE).exists()
    engine = _sqlite(place) if place.get_backend_name() == "sqlite" else _postgresql(place)
    try:
        with _raised_as_failure(engine, "opened"):
            if engine.dialect.name == "sqlite":
                _refuse_damage(engine)
            _migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    if is_new and (out / RUNS).is_dir():
        LOGGER.warning("no decisions lay beside the runs of %s: %s is made, and begins empty", out, FILE)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that reads. Raises TryLaterError when the database cannot be reached, DamagedDecisionsError when
    what is read cannot have been written.
    """
    with _raised_as_failure(engine, "read"), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes, committed at the end of the block.

    On SQLite it takes the lock of the writer at once: a reader that becomes a writer could only fail. Raises
    TryLaterError when the other writers take too long, OutputError when the disk does not take it, and
    DamagedDecisionsError.
    """
    with (
        _raised_as_failure(engine, "written"),
        engine.connect().execution_options(is_writer=True) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def _raised_as_failure(engine: Engine, done: str) -> Iterator[None]:
    """Raise what the database meets as a failure with its reason. done: what cannot be done with the decisions."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError) as error:
        raise _failure(engine, error, done) from error
    except (ValueError, TypeError, OverflowError, pl.exceptions.PolarsError) as error:
        raise DamagedDecisionsError(engine, f"{type(error).__name__}: {_reason(error)}") from error


def _failure(engine: Engine, error: DBAPIError | PoolTimeoutError, done: str) -> Exception:
    """What a failure of the database is to the person who meets it."""
    reason, where = _reason(error), engine.url.render_as_string(hide_password=True)
    if engine.dialect.name != "sqlite":
        message = f"the decisions at {where} cannot be {'reached' if done == 'opened' else done}: {reason}"
        return TryLaterError(message) if isinstance(error, UNAVAILABLE) or done == "opened" else error
    kind = getattr(getattr(error, "orig", None), "sqlite_errorname", "")
    if isinstance(error, PoolTimeoutError) or kind.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return TryLaterError(f"the decisions at {where} cannot be {done}: {reason}")
    if kind.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_IOERR", "SQLITE_FULL")):
        return OutputError(f"the decisions at {where} cannot be {done}: {reason}")
    return DamagedDecisionsError(engine, reason)


def _reason(error: Exception) -> str:
    """What went wrong, in the words of the database."""
    return next(iter(str(getattr(error, "orig", error)).splitlines()), type(error).__name__)


def _refuse_damage(engine: Engine) -> None:
    """Raise DamagedDecisionsError when the file of SQLite is not whole; one that is not there is made later."""
    file = Path(engine.url.database or "")
    if file.exists() and not (file.is_file() or file.is_dir()):
        raise DamagedDecisionsError(engine, "it is a pipe, a socket or a device")
    for _ in range(EMPTY_LOOKS):
        if not file.exists() or file.stat().st_size:
            break
        time.sleep(EMPTY_SECONDS)  # Whoever makes the file is about to write its first page.
    else:
        raise DamagedDecisionsError(engine, "the file is empty")
    n_bytes = file.stat().st_size if file.is_file() else 0
    with engine.connect() as connection:
        found = connection.exec_driver_sql("pragma integrity_check(1)").scalar()
        if found != "ok":
            raise DamagedDecisionsError(engine, str(found))
        revision = _revision(connection)
        first_page = connection.exec_driver_sql("pragma page_size").scalar_one()
        if revision is None and n_bytes not in {0, first_page}:
            raise DamagedDecisionsError(engine, "the file holds no table of theirs")
        if revision == REVISION:
            for table in metadata.tables.values():
                connection.execute(select(table).limit(0))


def insert_new(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], key: Column[Any]
) -> list[Any]:
    """Write the rows, sealed, that break no uniqueness of the table, and leave those that are there; returns their
    keys.
    """
    if not rows:
        return []
    names = _written_columns(table)
    sealed = [{**row, "seal": _seal_of(table, [row.get(name) for name in names])} for row in rows]
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(table).on_conflict_do_nothing().returning(key)
    return list(connection.execute(statement, sealed).scalars())


def read_rows(
    connection: Connection,
    table: Table,
    names: Iterable[str],
    where: Iterable[ColumnElement[bool]] = (),
    order: Iterable[ColumnElement[Any]] = (),
) -> list[tuple[Any, ...]]:
    """Columns of the rows of a table under conditions, in an order.

    Raises DamagedDecisionsError when a row is not what was written.
    """
    written = _written_columns(table)
    places = [written.index(name) for name in names]
    statement = select(*(table.c[name] for name in written), table.c.seal).where(*where).order_by(*order)
    found = []
    for *values, seal in connection.execute(statement):
        if seal is not None and seal != _seal_of(table, values):
            raise DamagedDecisionsError(connection.engine, f"a row of {table.name} is not what was written")
        found.append(tuple(values[place] for place in places))
    return found


@cache
def _written_columns(table: Table) -> tuple[str, ...]:
    """The columns of a table that a row is written with, without its seal."""
    return tuple(
        column.name for column in table.columns if column.name != "seal" and column.autoincrement is not True
    )


def _seal_of(table: Table, values: Sequence[Any]) -> str:
    """The seal of a row, from its values in the order of `_written_columns`: as written, the same as when read."""
    alike = list(values)
    for place in _numbers(table):
        if alike[place] is not None:
            alike[place] = float(alike[place])
    # A column that came after the first seals is part of one only where it says something.
    written = zip(_written_columns(table), alike, strict=True)
    alike = [value for name, value in written if name not in LATER_COLUMNS or value is not None]
    return hashlib.sha256(json.dumps(alike, default=_as_text).encode()).hexdigest()[:16]


@cache
def _numbers(table: Table) -> tuple[int, ...]:
    """The places of the fractional numbers among the columns: one may be written as a whole number."""
    return tuple(place for place, name in enumerate(_written_columns(table)) if isinstance(table.c[name].type, Float))


def _as_text(moment: object) -> str:
    """A day, or a moment in UTC. Raises TypeError for what no column holds."""
    if not isinstance(moment, dt.date):
        raise TypeError(f"{moment!r} is no value of theirs")
    return moment.astimezone(dt.UTC).isoformat() if isinstance(moment, dt.datetime) else moment.isoformat()


def lock(connection: Connection, number: int) -> None:
    """Be the only one in this part of the program until the transaction ends; on SQLite every writer is."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(:number)"), {"number": number})


def _place(out: Path, url: str | None) -> URL:
    if url is None:
        refuse_a_file(out, "name a folder to keep the decisions in")
        out.mkdir(parents=True, exist_ok=True)
        return URL.create("sqlite", database=str(out / FILE))
    try:
        place = make_url(url)
    except ArgumentError:
        raise InputError([Problem("--decisions", "is no database URL", ADVICE)]) from None
    if place.get_backend_name() not in {"sqlite", "postgresql"}:
        raise InputError([Problem("--decisions", f"names {place.drivername}, which is not supported", ADVICE)])
    return place


def _postgresql(place: URL) -> Engine:
    try:
        return create_engine(
            place.set(drivername="postgresql+psycopg"),
            pool_size=POOL_SIZE,
            max_overflow=POOL_SIZE,
            pool_pre_ping=True,
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        advice = "install it with  pip install 'darkshelf[postgres]'"
        raise InputError([Problem("--decisions", "needs psycopg, which is not installed", advice)]) from None


def _sqlite(place: URL) -> Engine:
    engine = create_engine(place, connect_args={"timeout": BUSY_SECONDS}, pool_size=POOL_SIZE)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # The driver would begin transactions late and by itself: `begin` below does it.
        connection.isolation_level = None
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma foreign_keys = on")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        is_writer = connection.get_execution_options().get("is_writer", False)
        connection.exec_driver_sql("begin immediate" if is_writer else "begin")

    return engine


def _migrate(engine: Engine) -> None:
    """Bring the schema up to date, or do nothing when it is."""
    with engine.connect() as connection:
        if _revision(connection) == REVISION:
            return
    with writing(engine) as connection:
        lock(connection, MIGRATING)
        _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    """The revision of the schema, None before there is one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("select version_num from alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = _revision(connection)
    if found is not None and found not in known:
        raise NewerSchemaError(
            f"the decisions have schema {found}, and this darkshelf knows up to {REVISION}: "
            "a newer darkshelf made them. Upgrade darkshelf, or name another database"
        )
    command.upgrade(config, "head")
