"""Validation: what the lists were worth once it was known who bought, by scenario and by group; and what drifted."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import polars as pl

from engine.outputs.whitespace import charts, shapes
from panel_app.pages.whitespace.readings import readings
from panel_app.pages.whitespace.sheet import Asked, Plan, Told

FORWARD, METRICS = "forward", "metrics"
"""Folder and file of a division's figures, as `Whitespace.filed` finds them."""
FIGURES: Final = ("capture", "precision", "rev_capture")
"""Of scenarios that are drawn."""
NAMED_BY: Final = ("mode", "k_percent", "accounts_per_rep", "segment")
"""What tells one scenario from another, where it is known."""
DRIFT_SHOWN: Final = 40
"""Rows of drift on the page, those that are flagged first; the file has all."""


class Badge(NamedTuple):
    """A figure beside its bound. is_kept: None where it has none."""

    name: str
    value: float
    bound: float | None
    is_kept: bool | None


def tell(asked: Asked) -> Told:
    """Badges, scenarios, groups and drift of the chosen division."""
    run = asked.run
    scenarios, segments, drift = (_rows(asked, name) for name in (shapes.SCENARIOS, shapes.SEGMENTS, shapes.DRIFT))
    filed = run.filed(METRICS, asked.division, FORWARD)
    facts = filed[1] if filed else {}
    text = asked.render(
        "validation.html",
        facts=facts,
        readings=readings(asked, shapes.FORWARD_CHECKS),
        badges=[*_honest(asked, facts), *_drifted(drift)],
        scenarios=scenarios.to_dicts(),
        segments=segments.to_dicts(),
        drift=_shown(drift),
        drift_count=drift.height,
    )
    rows = scenarios.to_dicts()
    labels = [", ".join(str(row[name]) for name in NAMED_BY if row.get(name) is not None) for row in rows]
    drawn = {
        name: lambda name=name: charts.draw_estimates(labels, rows, name, f"{name}, by scenario")
        for name in FIGURES
        if any(row.get(name) is not None for row in rows)
    }
    folder = filed[0].rpartition("/")[0] if filed else FORWARD
    files = [name for name in run.files if name.startswith(f"{folder}/")]
    return Told(text, drawn, (shapes.SCENARIOS, shapes.SEGMENTS, shapes.DRIFT, shapes.FORWARD_CHECKS, *files))


def _rows(asked: Asked, name: str) -> pl.DataFrame:
    """The rows of a table that are of the chosen division; none where the run lacks it."""
    found = asked.run.of(name, asked.division)
    return pl.DataFrame() if found is None else found.drop("division")


def _honest(asked: Asked, facts: dict[str, Any]) -> Iterator[Badge]:
    value, bound = facts.get("cal_mae"), asked.run.setting("horizons", "forward", "max_cal_mae")
    if value is not None:
        yield Badge("cal_mae", value, bound, None if bound is None else value <= bound)


def _drifted(drift: pl.DataFrame) -> Iterator[Badge]:
    """What is measured of a division as a whole, not of one feature or tenth."""
    if drift.is_empty():
        return
    for row in drift.filter(pl.col("of") == "", pl.col("value").is_not_null()).iter_rows(named=True):
        bound = row["threshold"]
        yield Badge(row["measure"], row["value"], bound, None if bound is None else not row["is_flagged"])


def _shown(drift: pl.DataFrame) -> list[dict[str, Any]]:
    """Features and tenths, those that are flagged first, then the largest; intervals stand with their figure."""
    if drift.is_empty():
        return []
    single = drift.filter(pl.col("of") != "").rename(
        {"value": "figure", "low": "figure_low", "high": "figure_high", "threshold": "bound"}
    )
    ordered = single.sort("is_flagged", "figure", descending=[True, True], nulls_last=True, maintain_order=True)
    return ordered.head(DRIFT_SHOWN).to_dicts()


PLAN = Plan(
    "validation",
    "Validation",
    "Chances and lists held against what was bought later, on rows that nothing was fitted to. Intervals draw "
    "customers, the same for every scenario.",
    tell,
    needs=shapes.SCENARIOS,
    verb="forward",
)
