"""The report of a night: one HTML file to mail, to read on a phone and to print.

In: a published night, the one before it, and how much to show. Out: HTML text that needs neither script nor network.
"""

from pathlib import Path
from typing import Any

from markupsafe import Markup
from pydantic import Field

from engine.outputs.document import render
from engine.outputs.glossary import name_of, tip_of
from engine.outputs.money import currency_of
from engine.outputs.read import data_quality, has, raising_damage, summary, table
from engine.outputs.shelf import figures, shapes
from engine.outputs.shelf.charts import draw_case, draw_map, stores_at_risk, stores_by_severity
from engine.outputs.shelf.read import days_in_words, happened, one_case
from engine.outputs.shelf.severity import COLOURS, SEVERITIES, SHAPES, SeveritySettings, limits
from engine.runs.registry import Run

TEMPLATE = Path(__file__).with_suffix(".html")
GROUPS = ("primary_cause", "category", "region")
EXPLAINED = (
    "revenue_at_risk_open",
    "projected_30d_loss_open",
    "recoverable_30d_open",
    "projected_recovery_open",
    "confidence_score",
    "expected_true_share",
    "expected_daily_units",
)


class ReportSettings(SeveritySettings):
    """What the report of a night is told."""

    cases: int = Field(10, ge=0, le=100, description="Cases shown with their chart, by value, descending.")
    groups: int = Field(8, ge=1, le=100, description="Causes, categories and regions shown, by value, descending.")
    events: int = Field(5, ge=0, le=100, description="Events shown, by value, descending.")


def report(run: Run, before: Run | None, settings: ReportSettings, value: Markup | None = None) -> str:
    """The whole page. before: the previous night, to compare with. value: the part that tells what was decided.

    Raises DamagedRunError.
    """
    facts = summary(run)
    at_risk = stores_at_risk(run)
    parted = limits(at_risk["at_risk"], settings)
    stores = stores_by_severity(at_risk, parted)
    chart = draw_map(stores)
    return render(
        TEMPLATE,
        run=run,
        currency=currency_of(run.manifest),
        facts=facts,
        brought=figures.brought(facts, currency_of(run.manifest)),
        before=before,
        value=value,
        headline={figure.key: figure for figure in figures.headline(run, before)},
        groups=[(name, figures.by(run, name).to_dicts()) for name in GROUPS],
        most_groups=settings.groups,
        chart=None if chart is None else Markup(chart),
        severities=[(name, stores.filter(severity=name).height) for name in SEVERITIES],
        without_place=stores["latitude"].null_count(),
        parted=parted,
        cases=[_explained(run, case) for case in figures.largest(run, settings.cases)],
        events=_events(run, settings.events),
        warnings=data_quality(run)["warnings"],
        explained=EXPLAINED,
        name_of=name_of,
        tip_of=tip_of,
        colours=COLOURS,
        shapes=SHAPES,
    )


def _explained(run: Run, case: dict[str, Any]) -> dict[str, Any]:
    """A case with its chart, the evidence of its cause and what happened on its days."""
    _, evidence, daily = one_case(run, case["case_id"])
    explanations = [row["explanation"] for row in evidence.iter_rows(named=True) if row["is_primary"]]
    return {
        **case,
        "chart": Markup(draw_case(case, daily)),
        "why": explanations[0] if explanations else None,
        "occasions": days_in_words(happened(run, case["case_id"])),
    }


def _events(run: Run, most: int) -> list[dict[str, Any]]:
    if not has(run, shapes.EVENTS):
        return []
    with raising_damage(run):
        return table(run, shapes.EVENTS).head(most).collect().to_dicts()
