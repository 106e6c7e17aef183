"""Every desk publishes the same bytes, with however many threads, and whether workers share its work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.runs.registry import Registry
from tests.every_desk import SMALL, two_runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.runs.registry import Run

Published = dict[str, bytes]
TOLD = {"manifest.json", "logs.jsonl"}
"""What says when and for how long a run worked."""

IN_A_PROCESS = """
import sys
from pathlib import Path
import polars as pl
from engine.outputs.desks import desk_named, entry

name, folder, out, n_threads, cluster, *assignments = sys.argv[1:]
assert pl.thread_pool_size() == int(n_threads)
desk = desk_named(name)
options = {"cluster": cluster} if cluster else {}
if __name__ == "__main__":
    entry(desk.run)(Path(folder), Path(out), desk.load(None, assignments), None, **options)
"""


def published(name: str, folder: Path, out: Path, n_threads: int, cluster: str = "") -> Published:
    """The bytes of a run of a desk in a process of its own."""
    program = out.with_suffix(".py")
    program.write_text(IN_A_PROCESS, encoding="utf-8")
    words = [sys.executable, program, name, folder, out, str(n_threads), cluster, *SMALL.get(name, ())]
    environment = os.environ | {"POLARS_MAX_THREADS": str(n_threads), "PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run(words, check=True, timeout=600, env=environment)
    return files(Registry(out).find())


def files(run: Run) -> Published:
    folder = run.folder
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.*") if file.name not in TOLD}


def assert_same_bytes(found: Published, expected: Published) -> None:
    assert sorted(found) == sorted(expected)
    assert [name for name in expected if found[name] != expected[name]] == []


@pytest.fixture
def alone(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Published]]:
    """By desk its tables, and what is published of them in the process of the tests, which has one thread."""

    def of(name: str) -> tuple[Path, Published]:
        made = two_runs(tmp_path_factory, name)
        return made.place, files(made.runs[1])

    return of


@pytest.mark.slow
@pytest.mark.parametrize(("name", "n_threads"), [("growth", 2), ("growth", 5), ("whitespace", 5)])
def test_threads_change_no_byte(alone, tmp_path, name, n_threads):
    folder, expected = alone(name)
    assert expected
    assert_same_bytes(published(name, folder, tmp_path / "out", n_threads), expected)


@pytest.mark.slow
def test_two_threads_and_workers_that_share_divisions_parameters_and_checks_change_no_byte(alone, tmp_path):
    folder, expected = alone("whitespace")
    assert_same_bytes(published("whitespace", folder, tmp_path / "out", 2, "local:2"), expected)
