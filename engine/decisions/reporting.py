"""Reporting: the page of a run of any desk, with what was decided on it where the desk tells of that."""

from engine.decisions.store import Decisions
from engine.outputs.desks import desk_of, entry
from engine.runs.registry import Registry, Run
from engine.settings.frozen import RunSettings


def page_of(decisions: Decisions | None, registry: Registry, run: Run, settings: RunSettings | None = None) -> str:
    """The page of a run as HTML. decisions: None where there are none. settings: of its desk's report.

    Raises DamagedRunError, and as the database does.
    """
    desk = desk_of(run)
    told = settings or desk.report_settings()
    if not desk.report_with_decisions:
        return desk.report(registry, run, told)
    return str(entry(desk.report_with_decisions)(decisions, registry, run, told))
