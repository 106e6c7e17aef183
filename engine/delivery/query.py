"""Query: one question in SQL over published Parquet files; the one room that talks to DuckDB.

In: files by the names of their views, and the question. Out: the answer as a frame.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from engine.errors import InputError, Problem

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

WRITING = frozenset({"COPY", "COPY_DATABASE", "EXPORT", "ATTACH"})
"""Kinds of SQL statements that may write files."""


def sql(
    query: str,
    views: Mapping[str, Path],
    macros: Mapping[str, str],
    renamed: Mapping[str, str],
    *,
    is_open: bool = False,
) -> pl.DataFrame:
    """One answer from DuckDB over Parquet files, each a view under its name.

    macros: further views by name, given as the query that makes them. renamed: what columns are called, by their
    names in the files. is_open: the query may read and write other files and load extensions, with the rights of
    whoever
    asks; else it sees the views and nothing else. Raises InputError on wrong SQL.
    """
    import duckdb

    advice = f"tables here: {', '.join((*views, *macros))}"
    if not query.strip():
        raise InputError([Problem("sql", "there is no question", advice)])
    # A path is a pattern to DuckDB: its own brackets and stars have to be told apart from wildcards.
    patterns = {name: re.sub(r"([\[*?])", r"[\1]", str(file)) for name, file in views.items()}
    with duckdb.connect() as connection:
        try:
            connection.execute("set autoinstall_known_extensions = false")
            for name, pattern in patterns.items():
                stored = connection.read_parquet(pattern)
                called = [f"{column} as {renamed[column]}" for column in stored.columns if column in renamed]
                (stored.project(f"* rename ({', '.join(called)})") if called else stored).create_view(name)
            for name, made_by in macros.items():
                connection.execute(f'create view "{name}" as {made_by}')
            if not is_open:
                shut(connection, (*map(str, views.values()), *patterns.values()))
                refuse_writing(connection, query)
            answer = connection.sql(query)
            return answer.pl() if answer is not None else pl.DataFrame()
        except duckdb.PermissionException as error:
            allowed = f"{advice}; a query that you trust may read files with  --open"
            raise InputError([Problem("sql", str(error).strip(), allowed)]) from error
        except duckdb.Error as error:
            raise InputError([Problem("sql", str(error).strip(), advice)]) from error


def shut(connection: "DuckDBPyConnection", paths: Iterable[str]) -> None:
    """Let the connection open these files and nothing else, for good."""
    named = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    connection.execute(f"set allowed_paths = [{named}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def refuse_writing(connection: "DuckDBPyConnection", query: str) -> None:
    """Raise InputError where a query copies something out: a file that may be read could be written, too."""
    if any(statement.type.name in WRITING for statement in connection.extract_statements(query)):
        raise InputError([Problem("sql", "writes a file", "print the answer, or allow it with  --open")])
