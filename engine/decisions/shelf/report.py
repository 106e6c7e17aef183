"""The report of a night with its value: what was decided on it, and what came of earlier decisions.

In: a published night, decisions, how much to show. Out: the page of `engine.outputs.shelf.report` with the sheet of
the night in it.
"""

from pathlib import Path

import polars as pl
from markupsafe import Markup

from engine.decisions import words as w
from engine.decisions.shelf import experiment, recovery
from engine.decisions.shelf.settings import LoopSettings
from engine.decisions.shelf.sheet import NIGHTS, sheet
from engine.decisions.shelf.value import value
from engine.decisions.shelf.words import CASE
from engine.decisions.state import ENTRY_SCHEMA, fold
from engine.decisions.store import Decisions
from engine.outputs import read
from engine.outputs.document import render
from engine.outputs.money import currency_of
from engine.outputs.shelf import figures, shapes
from engine.outputs.shelf.report import ReportSettings
from engine.outputs.shelf.report import report as report_of_night
from engine.runs.registry import Registry, Run
from engine.settings.frozen import RunSettings

TEMPLATE = Path(__file__).with_name("sheet.html")


def report(decisions: Decisions | None, registry: Registry, run: Run, settings: RunSettings) -> str:
    """The whole page. decisions: None where there are none. Raises DamagedRunError, and as the database does."""
    told = ReportSettings.model_validate(settings.model_dump())
    return report_of_night(run, figures.previous(registry, run), told, Markup(_sheet(decisions, registry, run)))


def _sheet(decisions: Decisions | None, registry: Registry, run: Run) -> str:
    """The part of the page that is about money, as HTML."""
    loop = LoopSettings()
    state = fold(pl.DataFrame(schema=ENTRY_SCHEMA)) if decisions is None else decisions.state(run.run_id)
    decided = state.filter(kind=CASE).select("decision", case_id="subject_id")
    with read.raising_damage(run):
        cases = figures.open_cases(run).join(decided.lazy(), on="case_id", how="left")
        found = value(
            cases.with_columns(pl.col("decision").fill_null(w.UNDECIDED)), read.table(run, shapes.STORES).collect()
        )
    currency = currency_of(run.manifest)
    recovered = recovery.NOTHING if decisions is None else recovery.measure(decisions, registry.out, loop.recovery)
    tried = experiment.NOTHING if decisions is None else experiment.measure(decisions, registry.out, loop.recovery)
    return render(
        TEMPLATE,
        sheet=sheet(found, recovered, tried, loop.recovery),
        currency=currency,
        course=figures.course(registry.runs(run.desk), run, NIGHTS).to_dicts(),
    )
