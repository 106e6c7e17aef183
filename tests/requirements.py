"""What tests prove, by the marks they carry, and the table that says so on a page."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]


def proofs(folder: Path, pattern: str = "test_*.py") -> dict[str, list[str]]:
    """Per requirement the tests, or classes of tests, below a folder that are marked with it, as `file::test`."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted(folder.rglob(pattern)):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                for name in _marked(node):
                    found[name].append(f"{file.relative_to(folder).with_suffix('').as_posix()}::{node.name}")
    return found


def _marked(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    return [
        argument.value
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.proves"
        for argument in decorator.args
        if isinstance(argument, ast.Constant)
    ]
