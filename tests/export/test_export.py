"""What an export leaves at a target is what was published, stamped with its run; twice is as once."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.decisions.store import open_decisions
from engine.errors import InputError, OutputError
from engine.export import files
from engine.export.export import export
from engine.export.tables import tables
from engine.places.place import Place, place_of
from engine.places.postgresql import connected
from engine.runs.registry import Registry
from tests.command import darkshelf
from tests.export.conftest import NUMBERS
from tests.places.servers import database
from tests.test_version_0_1_0 import KEPT

STAMP = ["run_id", "as_of", "schema_version"]


def exported(target: str, table: str) -> pl.DataFrame:
    """What lies in a table of a target, of every run."""
    place = place_of(target)
    if isinstance(place, Path):
        return pl.concat(map(pl.read_parquet, sorted(place.glob(f"{table}/*/*.parquet"))), how="diagonal")
    if place.kind == "s3":
        return pl.read_parquet(f"{target}/{table}/**/*.parquet", hive_partitioning=False)
    if place.kind == "delta":
        return pl.read_delta(str(Path(str(place.inner)) / table))
    with connected(place, "read") as connection, connection.cursor() as cursor:
        cursor.execute(f'select * from "{table}"')
        return pl.DataFrame(cursor.fetch_arrow_table())


def rows_of(found: pl.DataFrame, run_id: str) -> pl.DataFrame:
    return found.filter(pl.col("run_id") == run_id)


def test_every_desk_exports_what_it_published_to_every_target(made, target):
    run = made.runs[1]
    decisions = open_decisions(made.out) if made.desk == "shelf" else None
    wanted = tables(run, decisions)
    assert wanted
    assert export(run, place_of(target), decisions) == {name: rows.height for name, rows in wanted.items()}
    for name, rows in wanted.items():
        assert rows.columns[:3] == STAMP
        assert rows.select(STAMP).unique().rows() in ([(run.run_id, run.as_of, 1)], [])
        assert_frame_equal(exported(target, name), rows, check_row_order=False)


def test_a_run_that_is_exported_again_replaces_itself_and_no_other(made, target):
    first, second = made.runs
    for run in (first, second, first, second, second):
        export(run, place_of(target))
    for run in made.runs:
        for name, rows in tables(run, None).items():
            found = rows_of(exported(target, name), run.run_id)
            assert_frame_equal(found.select(rows.columns), rows, check_row_order=False)


def test_names_begin_with_the_desk_and_are_those_of_its_record(made):
    found = set(tables(made.runs[1], None))
    wanted = {
        "shelf": {"shelf_cases", "shelf_evidence", "shelf_stores"},
        "growth": {"growth_recommendations", "growth_audit", "growth_peers"},
        "whitespace": {"whitespace_ranking", "whitespace_holdout", "whitespace_metrics", "whitespace_checks"},
        "toy": {"toy_quiet_stores"},
    }
    assert found == wanted[made.desk]


@pytest.mark.parametrize("made", ["shelf"], indirect=True)
def test_decisions_and_what_came_of_them_are_exported_with_a_night(made, tmp_path, capsys):
    answer = darkshelf(capsys, "export", "latest", tmp_path / "to", "--out", made.out, "--json")
    assert (answer.code, answer.err) == (0, "")
    rows = answer.json()["rows"]
    assert (rows["shelf_decisions"], rows["shelf_answers"], rows["shelf_recovery"]) == (1, 1, 0)
    decided = exported(str(tmp_path / "to"), "shelf_decisions")
    assert decided.select("run_id", "act", "comment").rows() == [(made.runs[1].run_id, "accept", "go")]


def test_the_command_tells_what_it_wrote_and_the_bytes_are_the_same_twice(small, tmp_path, capsys):
    words = ("export", small.runs[0].run_id, tmp_path / "to", "--out", small.out)
    answers, contents = [], []
    for _ in range(2):
        answers.append(darkshelf(capsys, *words))
        contents.append({file: file.read_bytes() for file in (tmp_path / "to").rglob("*") if file.is_file()})
    assert answers[0] == answers[1]
    assert answers[0].out.startswith(f"{small.runs[0].run_id} → {tmp_path / 'to'}: {small.desk}_")
    assert contents[0] == contents[1]


def test_a_folder_keeps_what_it_had_where_a_table_cannot_be_written(small, tmp_path, monkeypatch):
    export(small.runs[0], tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}

    def full(rows, file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_parquet", full)
    with pytest.raises(OutputError, match=r"No space left on device\. What was exported before is as it was"):
        export(small.runs[1], tmp_path)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


@pytest.fixture
def empty_database(request) -> Place:
    place = place_of(database(request.getfixturevalue("server"), f"own_{next(NUMBERS)}"))
    assert isinstance(place, Place)
    return place


def test_a_database_gets_all_tables_of_a_run_or_none(small, empty_database):
    *_, last = tables(small.runs[0], None)
    export(small.runs[0], empty_database)
    with connected(empty_database, "changed") as connection, connection.cursor() as cursor:
        cursor.execute(f"alter table \"{last}\" add constraint of_one check (run_id = '{small.runs[0].run_id}')")
        connection.commit()
    with pytest.raises(OutputError, match=r'cannot be exported to: .*violates check constraint "of_one"'):
        export(small.runs[1], empty_database)
    for name in tables(small.runs[0], None):
        assert exported(str(empty_database), name)["run_id"].unique().to_list() == [small.runs[0].run_id]


def test_a_table_of_an_older_version_gets_the_columns_that_came_later(small, empty_database):
    name, rows = next(iter(tables(small.runs[0], None).items()))
    export(small.runs[0], empty_database)
    with connected(empty_database, "changed") as connection, connection.cursor() as cursor:
        cursor.execute(f'alter table "{name}" drop column "{rows.columns[-1]}"')
        connection.commit()
    export(small.runs[1], empty_database)
    found = exported(str(empty_database), name)
    assert set(found.columns) == set(rows.columns)
    assert rows_of(found, small.runs[0].run_id)[rows.columns[-1]].null_count() == rows.height


def test_tables_are_called_as_the_target_says(small, empty_database):
    with connected(empty_database, "changed") as connection, connection.cursor() as cursor:
        cursor.execute("create schema dark")
        connection.commit()
    place = place_of(f"{empty_database}?table=dark.t_{{table}}")
    export(small.runs[0], place)
    name = next(iter(tables(small.runs[0], None)))
    with connected(empty_database, "read") as connection, connection.cursor() as cursor:
        cursor.execute(f'select count(*) from dark."t_{name}"')
        assert cursor.fetchone()


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("duckdb:///data/shop.duckdb", "is read, and not exported to"),
        ("iceberg://main/retail", "is read, and not exported to"),
        ("postgresql://127.0.0.1:9/name?table=one", "names one table for all"),
    ],
)
def test_a_target_that_cannot_take_a_run_is_refused(small, target, what):
    with pytest.raises(InputError, match=what):
        export(small.runs[0], place_of(target))


@pytest.mark.parametrize(
    ("target", "module", "extra"),
    [
        ("s3://bucket/x", "obstore", "s3"),
        ("gs://bucket/x", "obstore", "gs"),
        ("az://container/x", "obstore", "az"),
        ("delta+file:///data/x", "deltalake", "delta"),
        ("postgresql://127.0.0.1:9/name", "adbc_driver_postgresql", "postgres"),
    ],
)
def test_what_is_not_installed_is_named_by_its_extra(small, target, module, extra, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf"needs {module}, which is not installed\n.*'darkshelf\[{extra}\]'"):
        export(small.runs[0], place_of(target))


def test_a_run_that_is_not_there_is_refused_before_the_target_is_touched(small, tmp_path, capsys):
    answer = darkshelf(capsys, "export", "nothing", tmp_path / "to", "--out", small.out)
    assert (answer.code, (tmp_path / "to").exists()) == (2, False)


@pytest.mark.parametrize("desk", ["shelf", "growth"])
def test_runs_of_version_0_1_0_are_exported_under_the_names_of_today(desk, tmp_path):
    registry = Registry(shutil.copytree(KEPT / desk, tmp_path / "out"))
    for run in registry.runs():
        export(run, tmp_path / "to")
    table = {"shelf": "shelf_evidence", "growth": "growth_audit"}[desk]
    found = exported(str(tmp_path / "to"), table)
    assert len(list((tmp_path / "to" / table).iterdir())) == len(registry.runs())
    assert "says" not in found.columns
