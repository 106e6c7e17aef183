"""The public names: what they are, what they cost to import, and that every example of theirs holds."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import pytest

import engine as darkshelf
from docs.notebook import NOTEBOOK, SECTIONS, execute

ROOT = Path(__file__).parents[2]
NAMES = [name for name in darkshelf.__all__ if name != "__version__"]
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEAVY = ("polars", "numba", "numpy", "pyarrow", "pydantic")


def examples_of(name: str) -> list[doctest.DocTest]:
    """The examples of a public name and of what belongs to it."""
    public, finder = getattr(darkshelf, name), doctest.DocTestFinder()
    found = finder.find(public, name, globs={})
    for kind in getattr(public, "__mro__", ()):
        cached = (each.func for each in vars(kind).values() if isinstance(each, cached_property))
        found += [test for function in cached for test in finder.find(function, globs={})]
    return [test for test in found if test.examples]


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_an_example(name):
    assert examples_of(name)


OF_A_COMPANY = ("Ranked", "WhitespaceSettings", "run_whitespace")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OF_A_COMPANY])
def test_every_example_holds(name, workplace, night, scaling):
    hold(name, {"darkshelf": darkshelf, "night": night, "scaling": scaling})


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_A_COMPANY)
def test_every_example_of_a_company_holds(name, ranked, night, company_workplace):
    hold(name, {"darkshelf": darkshelf, "ranked": ranked, "night": night})


def hold(name: str, names: dict[str, object]) -> None:
    for test in examples_of(name):
        test.globs = dict(names)
        report: list[str] = []
        failed, _ = doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=report.append)
        assert not failed, "".join(report)


@pytest.mark.slow
def test_every_python_example_of_the_page_runs_from_top_to_bottom(company_workplace):
    blocks = PYTHON.findall((ROOT / "docs" / "python.md").read_text("utf-8"))
    assert len(blocks) > 5
    names: dict[str, object] = {}
    for number, block in enumerate(blocks, 1):
        exec(compile(block, f"docs/python.md, block {number}", "exec"), names)


def test_the_page_names_every_public_name():
    page = (ROOT / "docs" / "python.md").read_text("utf-8")
    assert [name for name in darkshelf.__all__ if f"`{name}" not in page] == []


@pytest.mark.slow
def test_the_notebook_shows_what_its_cells_show(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    executed = execute(SECTIONS)["cells"]
    message = "write it anew with  python -m docs.notebook"
    assert [cell["source"] for cell in kept] == [cell["source"] for cell in executed], message
    shown = [[output["output_type"] for output in cell.get("outputs", ())] for cell in executed]
    assert [[output["output_type"] for output in cell.get("outputs", ())] for cell in kept] == shown, message
    assert all(shown[1::2]), "every cell of code shows something"


def test_the_engine_is_imported_without_any_library():
    loaded = f"import sys, engine; engine.__version__; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_listed_and_leads_somewhere():
    assert len(NAMES) < 25
    assert set(darkshelf.__all__) <= set(dir(darkshelf))
    assert all(getattr(darkshelf, name).__name__ == name for name in NAMES)
    with pytest.raises(AttributeError, match="has no attribute 'nobody'"):
        _ = darkshelf.nobody
