"""The duties of the whitespace desk, line by line of the roadmap, which tests prove them, and the table of both.

python -m tests.whitespace.requirements    writes the table of docs/whitespace-duties.md anew
"""

from __future__ import annotations

import csv
from pathlib import Path

from bench.page import between_marks
from tests.requirements import ROOT, proofs

FOLDER = Path(__file__).parent
PAGE = ROOT / "docs" / "whitespace-duties.md"

with (FOLDER / "duties.csv").open(encoding="utf-8", newline="") as _file:
    DUTIES = {row["line"]: (row["asks"], row["duty"]) for row in csv.DictReader(_file)}
"""Every line of the roadmap: what it asks and what this desk owes for it, in the specification's order."""


def proved() -> dict[str, list[str]]:
    """Per line the tests of the desk and of its pages that are marked with it."""
    pages = proofs(ROOT / "tests" / "panel_app", "test_whitespace_*.py")
    own = proofs(FOLDER)
    return {name: [*own.get(name, []), *pages.get(name, [])] for name in DUTIES}


def table() -> str:
    """One row a line: what it asks, the duty, and the tests that prove it."""
    found = proved()
    lines = ["| line | asks | duty | proved by |", "|---|---|---|---|"]
    for name, (asks, duty) in DUTIES.items():
        tests = "<br>".join(f"`{test}`" for test in found.get(name, []))
        lines.append(f"| {name} | {asks} | {duty} | {tests} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page as it should be: its own prose, and the table between the two marks."""
    return between_marks(PAGE, "duties", table())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
