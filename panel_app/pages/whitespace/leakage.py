"""Leakage: whether the scores can be trusted, by every check of the gauntlet and division, and what is behind it."""

import base64
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from engine.outputs.whitespace import charts
from engine.outputs.whitespace.read import REPORT
from panel_app.language import say
from panel_app.pages.whitespace.readings import reading
from panel_app.pages.whitespace.sheet import Asked, Plan, Told
from panel_app.stores.whitespace import Whitespace

SUMMARY, GRID, SHIFT_14 = "diagnostics_summary", "shift_grid", "shift14_metrics"
PERMUTATION, STABILITY, ADJACENCY = "permutation_diag", "importance_stability", "adjacency_report"
"""What the checks file, as `Whitespace.filed` finds it."""
DELTAS = {"delta_auc": "eps_auc", "delta_lift10": "eps_lift10"}
"""What the shift grid compares, and the name of its bound."""
ADJACENT_SHOWN = 20


def tell(asked: Asked) -> Told:
    """The table of checks and divisions, and of the chosen one every reading."""
    run, division = asked.run, asked.division
    report = _content(run, REPORT, division)
    grid, stability = _content(run, GRID, division), _content(run, STABILITY, "")
    text = asked.render(
        "leakage.html",
        rows=[_row(asked, name) for name in ("", *run.divisions)],
        checks=list((_content(run, REPORT, "") or {}).get("checks", {})),
        division=division or say("All divisions together"),
        report=report,
        readings=[reading(row) for row in (report or {}).get("diagnostics", [])],
        shifts=[_shift(row) for row in (grid or {}).get("shifts", [])],
        moved=_content(run, SHIFT_14, division),
        permutation=_content(run, PERMUTATION, division),
        histogram=_histogram(run, division),
        stability=stability,
        adjacent=(_content(run, ADJACENCY, "") or {}).get("features", [])[:ADJACENT_SHOWN],
    )
    drawn = {}
    if grid:
        bounds = {name: float(grid[eps]) for name, eps in DELTAS.items()}
        drawn["Shift grid"] = lambda: charts.draw_shifts(grid["shifts"], bounds)
    if stability:
        drawn["Stability of importance"] = lambda: charts.draw_stability(stability["top_features"])
    summary = _content(run, SUMMARY, division)
    return Told(text, drawn, summary["files"] if summary else ())


def _content(run: Whitespace, stem: str, division: str) -> dict[str, Any] | None:
    found = run.filed(stem, division)
    return found[1] if found else None


def _row(asked: Asked, division: str) -> dict[str, Any]:
    """A division with its verdicts by check, and a link that chooses it."""
    report = _content(asked.run, REPORT, division) or {}
    return {
        "name": division or say("all together"),
        "href": asked.to(division=division),
        "overall": report.get("overall"),
        "checks": report.get("checks", {}),
    }


def _shift(row: Mapping[str, Any]) -> dict[str, Any]:
    """A shift with its scores, and its differences with their intervals."""
    figures = {
        "days": row["days"],
        "status": row["status"],
        "auc": row["shift"]["auc"],
        "lift10": row["shift"]["lift10"],
    }
    for name in DELTAS:
        figures |= {name: row[name]["value"], f"{name}_low": row[name]["low"], f"{name}_high": row[name]["high"]}
    return figures


def _histogram(run: Whitespace, division: str) -> str | None:
    """The picture of the permutation check as an address; None where there is none."""
    found = run.filed(PERMUTATION, division)
    if found is None:
        return None
    name = str(PurePosixPath(found[0]).with_name(found[1]["plot"]))
    return f"data:image/png;base64,{base64.b64encode(run.content(name)).decode()}" if run.has(name) else None


PLAN = Plan(
    "leakage",
    "Leakage",
    "Whether anything of the future reached the scores. Every rule is read for all divisions together, and for each "
    "by its interval; what is missing fails.",
    tell,
    needs=f"leakage/*/*/{REPORT}_*.json",
    verb="gauntlet",
)
