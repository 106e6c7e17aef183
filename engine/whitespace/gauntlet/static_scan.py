"""Static scan: no line that makes features, labels or ranks reads a clock, and no column is the label (G1).

In: the source text of the packages that a run is made of, the registry of features, and labelled rows. Out: findings.
"""

import ast
import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import polars as pl

from engine.settings.whitespace.modeling import ModelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.dataset import Dataset, outcomes
from engine.whitespace.gauntlet.files import named
from engine.whitespace.gauntlet.shapes import Finding, StaticScan
from engine.whitespace.gauntlet.verdict import ALL, CheckResult, findings, found
from engine.whitespace.screening import SUSPICIOUS, screen

NAME: Final = "static_scan"
ENGINE: Final = Path(__file__).parents[2]
"""The folder of the engine."""
PACKAGES: Final = ("whitespace", "delivery", "contracts")
"""Folders of the engine through which a delivery goes on its way to a rank."""
CLOCK_ENDINGS: Final = frozenset({"now", "utcnow", "today"})
CLOCK_MODULES: Final = frozenset({"datetime", "pandas", "numpy", "arrow", "pendulum"})
"""Where `now` and `today` are clocks; elsewhere they are anybody's names."""
CLOCKS: Final = frozenset(f"time.{name}" for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "strftime"))
SQL_CLOCKS: Final = re.compile(
    r"\b(current_date|current_time|current_timestamp|localtime|localtimestamp|sysdate)\b"
    r"|\b(now|today|getdate|sysdatetime)\s*\(\s*\)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Allowance:
    """What may stay, and why. file: below the engine's folder."""

    file: str
    what: str
    reason: str


ALLOWED: Final = (
    Allowance(
        "whitespace/gauntlet/static_scan.py",
        "SQL clock in a text",
        "the pattern that finds clocks is one of its finds",
    ),
)


def static_scan(dataset: Dataset, cutoff: dt.date, settings: ModelSettings) -> CheckResult:
    """Check that no clock is read and that no feature is the label by name or by value.

    dataset: rows whose labels are whole. cutoff: that of the run, for the names of files.
    """
    texts = ((str(file.relative_to(ENGINE)), file.read_text("utf-8")) for file in sources(ENGINE))
    rows = [
        *clocks_in(texts, ALLOWED),
        *label_columns(dataset, settings),
    ]
    table = findings(("", where, what, 1) for where, what in rows)
    status = v.FAIL if rows else v.PASS
    content = StaticScan(
        status=status,
        findings=tuple(Finding(where=where, what=what) for where, what in rows),
        allowed=tuple(Finding(where=one.file, what=f"{one.what}: {one.reason}") for one in ALLOWED),
    )
    file = Artifact(named(NAME, ALL, cutoff, ".json"), content.model_dump(mode="json"))
    return found(NAME, table, "no clock is read, no column is the label", artifacts=(file,))


def sources(root: Path) -> list[Path]:
    """The files that are scanned, in order of their names. root: the engine's folder."""
    return sorted(file for package in PACKAGES for file in (root / package).rglob("*.py"))


def clocks_in(texts: Iterable[tuple[str, str]], allowed: Iterable[Allowance]) -> list[tuple[str, str]]:
    """Where and which clock is read: in code, or in a text that a database would run.

    texts: file and source. An allowance that nothing needs any more is a finding too.
    """
    open_allowances = {(one.file, one.what) for one in allowed}
    unused = set(open_allowances)
    rows = []
    for file, source in texts:
        for line, what in _clocks(source):
            kind = what.partition(":")[0]
            unused.discard((file, kind))
            if (file, kind) not in open_allowances:
                rows.append((f"{file}:{line}", what))
    return rows + [(file, f"allowance without use: {what}") for file, what in sorted(unused)]


def label_columns(dataset: Dataset, settings: ModelSettings) -> list[tuple[str, str]]:
    """Features that are the label by name or by value, in the newest cutoff; whether a model used them or not."""
    if dataset.rows.is_empty():
        return []
    newest = dataset.rows.filter(pl.col(v.CUTOFF) == pl.col(v.CUTOFF).max())
    names = dataset.features.names()
    drops = screen(dataset.values(newest, names), outcomes(newest), names, settings).drops
    return [
        (drop.feature, f"the feature is the label: {drop.detail}") for drop in drops if drop.because == SUSPICIOUS
    ]


@cache
def _clocks(source: str) -> tuple[tuple[int, str], ...]:
    """Lines and clocks of one file, whose nodes are listed once: there are half a million in all files."""
    return tuple(_clocks_of(list(ast.walk(ast.parse(source)))))


def _clocks_of(nodes: list[ast.AST]) -> Iterator[tuple[int, str]]:
    names = _imported(nodes)
    prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Attribute | ast.Name):
            dotted = _dotted(node, names)
            module, _, ending = dotted.rpartition(".")
            if dotted in CLOCKS or (ending in CLOCK_ENDINGS and module.partition(".")[0] in CLOCK_MODULES):
                yield node.lineno, f"clock: {dotted}"
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            if node.args[0].value in CLOCK_ENDINGS:
                yield node.lineno, f"clock: {ast.unparse(node)}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            hit = SQL_CLOCKS.search(node.value)
            if hit:
                yield node.lineno, f"SQL clock in a text: {hit[0]}"


def _imported(nodes: list[ast.AST]) -> dict[str, str]:
    """What each imported name stands for: `dt` for datetime, `date` for datetime.date."""
    names: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for one in node.names:
                first = one.name.partition(".")[0]
                names[one.asname or first] = one.name if one.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    return names


def _dotted(node: ast.expr, names: dict[str, str]) -> str:
    """`dt.date.today` as `datetime.date.today`; what is no plain name is a question mark."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, names)}.{node.attr}"
    return "?"
