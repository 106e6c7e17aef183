from __future__ import annotations

import ast
import csv
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from engine.vocabulary import shelf as v
from tests.planted.small import AS_OF, small_chain, write_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
MOST_LINES = 500
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".txt", ".cfg", ".sh", ".json", ".lock", ""}
PATH_OF_A_MACHINE = re.compile(
    "|".join(("/" + "work/", "/" + "home/", "/" + "Users/", "/" + "root/", r"[A-Z]:\\\\?Users"))
)


def python_files(*rooms: str) -> list[Path]:
    """Every Python file of these rooms of the repository."""
    return sorted(file for room in rooms for file in (ROOT / room).rglob("*.py"))


def own_files() -> Iterator[Path]:
    """Every text file of the project; hidden folders, caches and data are none of it."""
    for file in sorted(ROOT.rglob("*")):
        parts = file.relative_to(ROOT).parts
        hidden = any(part.startswith(".") or part in {"data", "build", "dist", "__pycache__"} for part in parts)
        if file.is_file() and not hidden and file.suffix in TEXT:
            yield file


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def imported(file: Path) -> Iterator[str]:
    """The names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole module"
            yield node.module or ""


def test_kernels_know_arrays_and_nothing_else():
    """The contracts of the linter name what is forbidden; this names what is allowed."""
    allowed = {"numpy", "numba", "llvmlite", "engine.arrays", *sys.stdlib_module_names}
    foreign = [
        f"{name_of(file)}: {module}"
        for file in python_files("engine/kernels")
        for module in imported(file)
        if not {module, module.partition(".")[0]} & allowed and not f"{module}.".startswith("engine.kernels.")
    ]
    assert foreign == []


@pytest.mark.slow
def test_the_engine_never_prints():
    printing = [
        name_of(file)
        for file in python_files("engine")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"print", "input"}
    ]
    assert printing == []


def test_no_file_is_longer_than_five_hundred_lines():
    files = python_files("engine", "cli", "tests", "bench")
    lengths = {name_of(file): len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


@pytest.mark.slow
def test_nothing_names_a_path_of_the_machine_it_was_made_on():
    named = [
        f"{name_of(file)}:{number}"
        for file in own_files()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if PATH_OF_A_MACHINE.search(line)
    ]
    assert named == []


@pytest.mark.parametrize(
    ("line", "is_path"),
    [
        pytest.param("see /" + "home/ann/data", True, id="a_home"),
        pytest.param("C:\\" + r"Users\ann", True, id="a_windows_home"),
        pytest.param("data/runs/LATEST", False, id="a_path_of_the_project"),
    ],
)
def test_paths_of_machines_are_recognised(line, is_path):
    assert bool(PATH_OF_A_MACHINE.search(line)) == is_path


SPECIFIED_COLUMNS = (
    "case_id",
    "store_id",
    "sku_id",
    "detection_date",
    "duration_days",
    "expected_daily_units",
    "actual_daily_units",
    "underperformance_pct",
    "revenue_at_risk",
    "confidence_score",
    "primary_cause",
    "secondary_causes",
    "recommended_action",
    "projected_recovery",
)


def test_the_published_columns_are_the_fourteen_of_the_specification(tmp_path):
    night = desk.run(write_parquet(tmp_path / "in", small_chain()), tmp_path / "out", CalibratedSettings(), AS_OF)
    with (night.folder / "dark_shelf_cases.csv").open(encoding="utf-8", newline="") as lines:
        assert tuple(next(csv.reader(lines))) == SPECIFIED_COLUMNS == v.CASE_COLUMNS


def test_no_column_is_published_twice():
    columns = (*v.CASE_COLUMNS, *v.FURTHER_CASE_COLUMNS)
    assert len(set(columns)) == len(columns)
