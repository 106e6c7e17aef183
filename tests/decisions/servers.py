"""A real PostgreSQL for the tests: made in a folder of its own, started, and gone when they are done."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, create_engine, text

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = Path("/usr/lib/postgresql")
OWNER = "postgres"
"""Runs the server where the tests run as root, whom PostgreSQL refuses."""


def programs() -> Path | None:
    """The folder of the newest PostgreSQL, None where there is none."""
    found = sorted(PROGRAMS.glob("*/bin/initdb"), key=lambda program: int(program.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def postgresql(programs: Path) -> Iterator[URL]:
    """A server that listens on a socket in a folder of its own and nowhere else."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    is_root = os.geteuid() == 0
    if is_root:
        shutil.chown(folder, OWNER)

    def run(program: str, *words: str) -> None:
        as_owner = ["runuser", "-u", OWNER, "--"] if is_root else []
        command = [*as_owner, str(programs / program), *words]
        # Into a file: a server keeps what it was given open, and a pipe would never end.
        with (folder / "log").open("ab") as log:
            done = subprocess.run(command, stdout=log, stderr=log, check=False, timeout=60, cwd=folder)
        assert done.returncode == 0, (folder / "log").read_text()

    try:
        (folder / "log").touch()
        data = str(folder / "data")
        run("initdb", "-D", data, "-U", "darkshelf", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=150"
        run("pg_ctl", "-D", data, "-o", options, "-w", "start")
        try:
            yield URL.create("postgresql", "darkshelf", database="postgres", query={"host": str(folder)})
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server: URL, name: str, template: str = "template1") -> str:
    """The URL of a fresh database on the server, empty or a copy of another."""
    engine = create_engine(server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'create database "{name}" template "{template}"'))
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)
