"""The report of a whitespace run: one HTML file to mail and to print, for all divisions and then for each.

In: a published run. Out: HTML text that needs no network.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import Markup
from pydantic import Field

from engine.outputs.document import render
from engine.outputs.money import currency_of
from engine.outputs.read import raising_damage, summary, table
from engine.outputs.whitespace import shapes
from engine.outputs.whitespace.charts import draw_coverage, draw_gains, draw_reliability
from engine.outputs.whitespace.read import facts
from engine.runs.registry import Run
from engine.settings.frozen import RunSettings

TEMPLATE = Path(__file__).with_suffix(".html")


class ReportSettings(RunSettings):
    """What the report shows. Grain: one report."""

    division: str = Field("", max_length=200, description="Of this division alone; empty for every one.")
    rows: int = Field(50, ge=1, le=10_000, description="Gaps of a division that are listed, the best first.")


def report(run: Run, settings: ReportSettings) -> str:
    """The whole page. Raises DamagedRunError."""
    with raising_damage(run):
        return render(
            TEMPLATE,
            run=run,
            facts=summary(run),
            what_if=_what_if(run),
            divisions=list(_divisions(run, settings)),
            currency=currency_of(run.manifest),
        )


def _what_if(run: Run) -> Mapping[str, Any]:
    """The steps of the division cap and the best alternative to the list; empty where the run does not say."""
    published = facts(run, shapes.metrics_file(dt.date.fromisoformat(run.as_of))) or {}
    return dict(published.get("what_if", {}))


def _divisions(run: Run, settings: ReportSettings) -> list[Mapping[str, Any]]:
    """What is told of all divisions together and of each: figures, checks, curves and the list."""
    metrics = _rows(run, shapes.METRICS)
    names = metrics["division"].to_list() if metrics.height else [shapes.ALL_DIVISIONS]
    wanted = [name for name in names if settings.division in ("", name)]
    tables = {name: _rows(run, name) for name in (shapes.CHECKS, shapes.RELIABILITY, shapes.GAINS, shapes.YIELDS)}
    ranking = _rows(run, shapes.ranking_file(dt.date.fromisoformat(run.as_of)))
    return [
        {
            "name": name,
            "metrics": next(iter(_of(metrics, name)), None),
            **{file.removesuffix(".parquet"): _of(rows, name) for file, rows in tables.items()},
            # Of what comes first alone: charts of many divisions would be megabytes that nobody prints.
            "charts": _charts(tables, name) if name == wanted[0] else [],
            "gaps": _listed(ranking, name, settings.rows),
        }
        for name in wanted
    ]


def _charts(tables: Mapping[str, pl.DataFrame], division: str) -> list[Markup]:
    """Calibration, gains and coverage as SVG, those whose numbers there are."""
    drawings: Mapping[str, Callable[[pl.DataFrame], str]] = {
        shapes.RELIABILITY: draw_reliability,
        shapes.GAINS: draw_gains,
        shapes.YIELDS: draw_coverage,
    }
    ours = {name: pl.DataFrame(_of(tables[name], division)) for name in drawings}
    return [Markup(draw(ours[name])) for name, draw in drawings.items() if ours[name].height]


def _rows(run: Run, name: str) -> pl.DataFrame:
    """A table of the run, empty where the run did not make it."""
    return table(run, name).collect() if run.holds(name) else pl.DataFrame()


def _of(rows: pl.DataFrame, division: str) -> list[dict[str, Any]]:
    return rows.filter(pl.col("division") == division).to_dicts() if rows.height else []


def _listed(ranking: pl.DataFrame, division: str, most: int) -> list[dict[str, Any]]:
    if ranking.is_empty():
        return []
    chosen = ranking.filter("is_selected")
    ours = chosen if not division else chosen.filter(pl.col("division").cast(pl.String) == division)
    return ours.head(most).to_dicts()
