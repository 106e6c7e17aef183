"""Reporting: the page of a run of any desk, with what was decided on it where the desk tells of that."""

from engine.decisions.store import Decisions
from engine.outputs.desks import desk_of
from engine.runs.registry import Registry, Run
from engine.settings.frozen import RunSettings


def page_of(decisions: Decisions | None, registry: Registry, run: Run, settings: RunSettings | None = None) -> str:
    """The page of a run as HTML. decisions: None where nothing was decided yet. settings: of its desk's report.

    Raises DamagedRunError, and as the database does.
    """
    desk = desk_of(run)
    return desk.report(registry, run, settings or desk.report_settings())
