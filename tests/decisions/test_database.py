"""The database: opened anywhere, brought up to date, and refused where it is newer or cannot be used."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from engine.decisions import database
from engine.decisions.acts import Accept
from engine.decisions.database import FILE, MIGRATIONS, DamagedDecisionsError, NewerSchemaError, open_database
from engine.decisions.schema import REVISION, metadata
from engine.decisions.shelf import answers, samples
from engine.decisions.store import open_decisions
from engine.errors import InputError, OutputError, TryLaterError
from tests.decisions.servers import new_database
from tests.decisions.test_store import CASE


def test_the_migrations_make_the_tables_of_the_schema(tmp_path, url):
    engine = open_database(tmp_path, url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_revision_of_the_schema_is_that_of_the_last_migration():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_the_migrations_are_files_of_the_package():
    """The wheel takes every file of the package; Alembic needs them as files."""
    assert Path(database.__file__).parent / "migrations" == MIGRATIONS
    assert {file.name for file in MIGRATIONS.rglob("*.py")} >= {"env.py", "0001_decisions_answers_samples.py"}


def test_a_database_that_is_opened_again_keeps_what_was_decided(tmp_path, url):
    first = open_decisions(tmp_path, url)
    first.decide(CASE, Accept(), by="Ann", version=0)
    first.close()
    second = open_decisions(tmp_path, url)
    assert second.state("night")["decision"].to_list() == ["accepted"]
    second.close()


def test_the_schema_of_a_newer_darkshelf_is_refused_and_left_as_it_is(tmp_path, url):
    open_decisions(tmp_path, url).close()
    place = f"sqlite:///{tmp_path / FILE}" if url is None else url.replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(place)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(NewerSchemaError, match=f"have schema 9999, and this darkshelf knows up to {REVISION}"):
        open_decisions(tmp_path, url)
    with engine.connect() as connection:
        assert connection.execute(text("select version_num from alembic_version")).scalar() == "9999"
    engine.dispose()


def test_a_migration_that_was_cut_off_leaves_nothing_and_is_done_by_the_next(tmp_path, url, monkeypatch):
    monkeypatch.setattr(database, "_upgrade", lambda connection: _half_a_migration(connection))
    with pytest.raises(KeyboardInterrupt):
        open_database(tmp_path, url)
    monkeypatch.undo()
    open_decisions(tmp_path, url).close()


def _half_a_migration(connection) -> None:
    connection.execute(text("create table entry (entry_id integer)"))
    raise KeyboardInterrupt


def test_sqlite_lies_beside_the_runs_and_writes_ahead(tmp_path):
    decisions = open_decisions(tmp_path / "out")
    with sqlite3.connect(tmp_path / "out" / FILE) as connection:
        assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
    connection.close()
    with decisions.engine.connect() as connection:
        assert connection.exec_driver_sql("pragma foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("pragma busy_timeout").scalar() == 1000 * database.BUSY_SECONDS
    decisions.close()


def test_a_reader_is_not_kept_waiting_by_a_writer(tmp_path):
    decisions = open_decisions(tmp_path)
    decisions.decide(CASE, Accept(), by="Ann", version=0)
    with database.writing(decisions.engine) as connection:
        connection.execute(text("delete from entry"))
        assert decisions.state("night").height == 1
        connection.rollback()
    decisions.close()


def test_a_sqlite_file_elsewhere_is_named_by_url(tmp_path):
    decisions = open_decisions(tmp_path / "out", f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    decisions.close()
    assert (tmp_path / "elsewhere.sqlite").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        pytest.param("nonsense", "is no database URL", id="no URL"),
        pytest.param("mysql://ann@host/name", "names mysql, which is not supported", id="a database we do not know"),
    ],
)
def test_a_url_that_names_no_database_we_know_is_refused(tmp_path, url, complaint):
    with pytest.raises(InputError, match=complaint):
        open_decisions(tmp_path, url)


def test_a_server_that_cannot_be_reached_is_told_without_its_password(tmp_path):
    with pytest.raises(TryLaterError, match="cannot be reached") as caught:
        open_decisions(tmp_path, "postgresql://ann:secret@127.0.0.1:9/name")
    assert "secret" not in str(caught.value)


def test_a_server_that_went_away_is_told_and_found_again(tmp_path, server, monkeypatch):
    decisions = open_decisions(tmp_path, new_database(server, "goes_away"))
    connect = decisions.engine.dialect.connect
    engine = create_engine(server.set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(text("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'goes_away'"))
    engine.dispose()
    monkeypatch.setattr(decisions.engine.dialect, "connect", _refuse)
    with pytest.raises(TryLaterError, match="cannot be read: nobody answers"):
        decisions.revision()
    with pytest.raises(TryLaterError, match="cannot be written: nobody answers"):
        decisions.decide(CASE, Accept(), by="Ann", version=0)
    monkeypatch.setattr(decisions.engine.dialect, "connect", connect)
    assert decisions.decide(CASE, Accept(), by="Ann", version=0) == 1
    decisions.close()


def _refuse(*_, **__):
    raise psycopg.OperationalError("nobody answers")


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / FILE).write_text("this is a letter, not a database " * 100)
    with pytest.raises(DamagedDecisionsError, match=r"are damaged: file is not a database\. Restore them"):
        open_decisions(tmp_path)


def test_a_file_that_was_cut_to_nothing_is_no_new_database(tmp_path):
    """Decisions were in it: that there are none is no news to be taken silently."""
    open_decisions(tmp_path).close()
    (tmp_path / FILE).write_bytes(b"")
    with pytest.raises(DamagedDecisionsError, match="are damaged: the file is empty"):
        open_decisions(tmp_path)


def test_a_database_that_was_cut_is_told(tmp_path):
    decisions = open_decisions(tmp_path)
    decisions.decide(CASE, Accept(), by="Ann", version=0)
    decisions.close()
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:-4096])
    with pytest.raises(DamagedDecisionsError, match="are damaged: "):
        open_decisions(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("update entry set decided_at = 'noon'", id="no_moment"),
        pytest.param("update entry set version = 'first'", id="no_number"),
        pytest.param("update entry set reason = x'ff'", id="no_text"),
        pytest.param("alter table entry rename column reason to raison", id="no_column"),
        pytest.param("drop table entry", id="no_table"),
    ],
)
def test_rows_that_cannot_have_been_written_are_told_as_damage(tmp_path, change):
    decisions = open_decisions(tmp_path)
    decisions.decide(CASE, Accept(), by="Ann", version=0)
    with decisions.engine.connect() as connection:
        connection.execute(text(change))
        connection.commit()
    with pytest.raises(DamagedDecisionsError, match="no decision is made or read until then"):
        decisions.state("night")
    decisions.close()


@pytest.mark.parametrize(
    ("table", "change"),
    [
        pytest.param("entry", "comment = 'never mind'", id="a_text"),
        pytest.param("entry", "price = 1.5", id="a_number"),
        pytest.param("entry", "act = 'reject'", id="a_verdict"),
        pytest.param("entry", "decided_at = '2020-01-01 00:00:00.000000'", id="a_moment"),
        pytest.param("entry", "seal = '0000000000000000'", id="the_seal"),
        pytest.param("answer", "answer = 'on_shelf_fine'", id="an_answer"),
        pytest.param("sample", "probability = 0.5", id="a_probability"),
    ],
)
def test_a_value_that_changed_by_itself_is_damage(tmp_path, url, table, change):
    decisions = open_decisions(tmp_path, url)
    decisions.decide(CASE, Accept(comment="at once"), by="Ann", version=0)
    moment = {"answered_at": decisions.now(), "answered_by": "Eve"}
    row = {"run_id": "night", "store_id": "1", "sku_id": "2"}
    answers.keep(decisions, [row | moment | {"answer": "damaged", "note": None}])
    with database.writing(decisions.engine) as connection:
        lots = [row | {"has_case": True, "probability": 1}]
        database.insert_new(connection, metadata.tables["sample"], lots, metadata.tables["sample"].c.sku_id)

    def read() -> list[int]:
        return [
            decisions.state("night").height,
            answers.every(decisions).height,
            samples.every(decisions).height,
        ]

    assert read() == [1, 1, 1]
    with database.writing(decisions.engine) as connection:
        connection.execute(text(f"update {table} set {change}"))
    with pytest.raises(DamagedDecisionsError, match=f"a row of {table} is not what was written"):
        read()
    with database.writing(decisions.engine) as connection:
        connection.execute(text(f"update {table} set seal = null"))
    assert read() == [1, 1, 1], "rows that older versions wrote have no seal"
    decisions.close()


def test_a_database_that_waits_for_another_is_no_damage(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)
    decisions = open_decisions(tmp_path)
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(TryLaterError, match="cannot be written: database is locked"):
        decisions.decide(CASE, Accept(), by="Ann", version=0)
    other.close()
    decisions.close()


def test_a_place_that_cannot_hold_a_file_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file"):
        open_decisions(tmp_path / "file")
    (tmp_path / FILE).mkdir()
    with pytest.raises(OutputError, match="cannot be opened: unable to open database file"):
        open_decisions(tmp_path)


@pytest.mark.slow
def test_the_room_loads_no_kernel_and_no_desk():
    """The dashboard imports it: it has to start fast."""
    rooms = sorted(file.stem for file in Path(database.__file__).parent.glob("[a-z]*.py"))
    program = (
        f"import sys, importlib\nfor room in {rooms}: importlib.import_module(f'engine.decisions.{{room}}')\n"
        "print([name for name in sys.modules if name.startswith(('numba', 'engine.kernels', 'engine.shelf'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
