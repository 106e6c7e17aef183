"""Answered: a table made by a question in SQL over its sources. In: files by name, the question. Out: Parquet.

DuckDB answers on one thread and the rows are sorted, so that the same files give the same bytes.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.delivery.mapped.files import without_secrets
from engine.delivery.mapped.workshop import Workshop
from engine.delivery.query import refuse_writing, shut
from engine.delivery.source import PARQUET, DataFile
from engine.disk import fingerprint
from engine.errors import InputError, Problem
from engine.settings.mapping import SourceMapping

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation


def answered(
    table: str, how: SourceMapping, files: Mapping[str, tuple[DataFile, ...]], workshop: Workshop
) -> DataFile:
    """The answer as a file. files: of each source by its name. Raises InputError on wrong SQL, OSError."""
    prints = " ".join(f"{file.name} {fingerprint(file.path)}" for each in files.values() for file in each)
    name = f"{table} {how.model_dump_json()} {prints}"
    place = workshop.made(name, ".parquet", lambda place: _ask(table, how, files, workshop, place))
    return DataFile(place, f"sql of [tables.{table}]", {})


def _ask(
    table: str, how: SourceMapping, files: Mapping[str, tuple[DataFile, ...]], workshop: Workshop, place: Path
) -> None:
    import duckdb

    question = str(how.sql).strip().rstrip(";")
    with duckdb.connect() as connection:
        try:
            connection.execute("set autoinstall_known_extensions = false; set threads = 1")
            for name, each in files.items():
                paths = [_literal(_readable(file, how, workshop)) for file in each]
                _relation(connection, [str(path) for path in paths], each, how).create_view(name)
            opened = [str(_readable(file, how, workshop)) for each in files.values() for file in each]
            shut(connection, [*opened, str(place)])
            refuse_writing(connection, question)
            connection.sql(f"select * from ({question}) order by all").write_parquet(str(place))
        except duckdb.Error as error:
            advice = f"correct the question; it sees {', '.join(files)}, and cells of CSV as text"
            what = without_secrets(f"its sql cannot be answered: {str(error).strip()}")
            raise InputError([Problem(table, what, advice)]) from None


def _relation(
    connection: "DuckDBPyConnection", paths: list[str], files: tuple[DataFile, ...], how: SourceMapping
) -> "DuckDBPyRelation":
    if all(file.path.name.lower().endswith(PARQUET) for file in files):
        return connection.read_parquet(paths, hive_partitioning=True, union_by_name=True)
    given: dict[str, Any] = {"delimiter": how.separator} if how.separator else {}
    given |= {"names": list(how.names)} if how.names else {}
    return connection.read_csv(
        paths,  # type: ignore[arg-type]
        all_varchar=True,
        header=how.header,
        quotechar=how.quote,
        skiprows=how.skip_start,
        na_values=["", *how.nulls],
        hive_partitioning=True,
        hive_types_autocast=False,
        union_by_name=True,
        **given,
    )


def _readable(file: DataFile, how: SourceMapping, workshop: Workshop) -> Path:
    return file.path if file.path.name.lower().endswith(PARQUET) else workshop.text(file, how)


def _literal(path: Path) -> str:
    """A path is a pattern to DuckDB: its own brackets and stars have to be told apart from wildcards."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))
