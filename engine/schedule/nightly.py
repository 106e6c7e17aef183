"""Nightly: take deliveries in, make every missing run, hand it on, let old ones go; job by job.

In: a schedule and the last day that may be run. Out: an `Outcome` a night, as soon as it is known. A job that fails
keeps no other from running, and what was published before stays.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

from engine.delivery.tables import delivered, holds_anything
from engine.errors import EXIT_BUG, EXIT_INPUT, EXIT_TRY_LATER, DarkshelfError, InputError, Problem, TryLaterError
from engine.lake.ingest import ingest
from engine.lake.manifest import open_lake
from engine.outputs.desks import Desk, desk_named, entry
from engine.runs.registry import Registry
from engine.schedule.due import DECIDES_NOW, due
from engine.schedule.hand_on import alert_to, hand_on
from engine.schedule.outcome import Outcome
from engine.schedule.retain import retain
from engine.settings.frozen import DeskSettings
from engine.settings.schedule import JobSettings, ScheduleSettings

if TYPE_CHECKING:
    from engine.outputs.result import Result

LOGGER = logging.getLogger("darkshelf")
WORST_FIRST: Final = (EXIT_BUG, EXIT_INPUT, EXIT_TRY_LATER)
Watched = Callable[[Desk], AbstractContextManager[Callable[[str], None]]]
"""What tells of the stages of a desk's run while it lasts."""


def nightly(
    schedule: ScheduleSettings, until: dt.date, watched: Watched, since: dt.date | None = None
) -> Iterator[Outcome]:
    """Do all jobs in their order; every night is told when it is done.

    until: the last day that may be run. since: make up for every day from this one on, in place of the days that
    each job looks back.
    """
    for job in schedule.jobs:
        try:
            yield from _of_job(job, until, watched, since)
        except DarkshelfError as error:
            yield Outcome(job.name, "failed", str(error), exit_code=error.exit_code)
        except Exception as error:
            # A fault of ours in one desk is no reason to leave the others without their night.
            LOGGER.exception("the job %s ended with a fault of the program", job.name)
            yield Outcome(job.name, "failed", f"{type(error).__name__}: {error}", exit_code=EXIT_BUG)


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """What the call ends with: a fault before wrong input before a day that is not complete, else 0.

    A day that is not complete counts only where its job has no later one: a chain that was closed on a holiday is
    not waited for.
    """
    newest: dict[str, str] = {}
    for one in outcomes:
        if one.run_id is not None and one.day is not None:
            newest[one.job] = max(one.day, newest.get(one.job, ""))
    counted = {
        one.exit_code for one in outcomes if one.state != "not complete" or (one.day or "") > newest.get(one.job, "")
    }
    return next((code for code in WORST_FIRST if code in counted), 0)


def _of_job(job: JobSettings, until: dt.date, watched: Watched, since: dt.date | None) -> Iterator[Outcome]:
    desk = desk_named(job.desk)
    settings = desk.load(job.config, job.settings)
    _refuse_what_the_desk_cannot(job, desk)
    if job.delivery is not None:
        yield _taken_in(job, job.delivery, settings)
    days: Sequence[dt.date | None] = (None,)
    later: list[str] = []
    if job.rhythm != DECIDES_NOW:
        published = _published(job, desk, until)
        days = due(job, published, until, since)
        later = [day.isoformat() for day in published]
    if not days:
        yield Outcome(job.name, "nothing due", f"every night up to {until} is published")
    is_new = False
    for day in days:
        outcome = _night(job, desk, settings, day, watched)
        if outcome.state == "not complete" and any(other > (outcome.day or "") for other in later):
            # It was made up for neither then nor now; nights after it are there.
            outcome = Outcome(job.name, outcome.state, outcome.summary, outcome.day, seconds=outcome.seconds)
        yield outcome
        if outcome.state == "published" and outcome.run_id is not None:
            is_new = True
            yield from hand_on(job, Registry(job.out).find(outcome.run_id))
    if job.alerts is not None and (run_id := Registry(job.out).latest_id(desk.name)) is not None:
        yield alert_to(job, Registry(job.out).find(run_id))
    if is_new and (gone := retain(job, until)):
        yield Outcome(job.name, "let go", f"{len(gone)} kept no longer: {', '.join(gone)}")


def _published(job: JobSettings, desk: Desk, until: dt.date) -> set[dt.date]:
    """The days that have a whole run, no later than the last that may be run.

    A part of a run is no night, and a day that a slip of the pen put into the future is no later night.
    """
    days = (dt.date.fromisoformat(run.as_of) for run in Registry(job.out).runs(desk.name) if run.part_of is None)
    return {day for day in days if day <= until}


def _night(job: JobSettings, desk: Desk, settings: DeskSettings, day: dt.date | None, watched: Watched) -> Outcome:
    """One run. Raises every failure but that of a day that is not complete."""
    began = time.monotonic()
    label = None if day is None else day.isoformat()
    place = open_lake(job.lake) if job.lake is not None else None if job.input is None else delivered(job.input)
    try:
        with watched(desk) as watch:
            result: Result = entry(desk.run)(place, job.out, settings, day, watch=watch)
    except TryLaterError as error:
        return Outcome(
            job.name,
            "not complete",
            str(error),
            label,
            seconds=time.monotonic() - began,
            exit_code=EXIT_TRY_LATER,
        )
    return Outcome(
        job.name,
        "published" if result.is_new else "published already",
        desk.headline(result.run.manifest),
        result.run.as_of if day is None else label,
        result.run_id,
        time.monotonic() - began,
        facts=result.summary,
    )


def _taken_in(job: JobSettings, delivery: str, settings: Any) -> Outcome:
    """The delivery in the lake; what is not there or empty has nothing new."""
    place = delivered(delivery)
    if not holds_anything(place):
        return Outcome(job.name, "taken in", f"nothing: {delivery} holds no delivery")
    began = time.monotonic()
    assert job.lake is not None
    done = ingest(place, job.lake, settings.ingest, settings.inputs)
    rows = sum(table.rows for table in done.tables.values())
    days = sorted({day for table in done.tables.values() for day in (*table.new, *table.replaced)})
    summary = f"{rows:,} rows of {len(done.tables)} tables, {len(days)} days new or replaced"
    return Outcome(job.name, "taken in", summary, seconds=time.monotonic() - began)


def _refuse_what_the_desk_cannot(job: JobSettings, desk: Desk) -> None:
    """Raise InputError where the desk reads no lake, or its runs are not named by days."""
    problems = []
    if job.lake is not None and "lake" not in desk.options:
        problems.append(Problem(f"job {job.name}", f"the {desk.name} desk reads no lake", "give its input"))
    if job.rhythm != DECIDES_NOW and not isinstance(desk.moment("2000-01-02"), dt.date):
        advice = f'give it the rhythm "{DECIDES_NOW}"'
        problems.append(Problem(f"job {job.name}", f"runs of the {desk.name} desk are not named by days", advice))
    if job.keep_run_days and not isinstance(desk.moment("2000-01-02"), dt.date):
        what = f"keeps runs by days, and runs of the {desk.name} desk are not named by days"
        problems.append(Problem(f"job {job.name}", what, "keep so many of them by keep_runs"))
    if problems:
        raise InputError(problems)
