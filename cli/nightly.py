"""`darkshelf nightly`: what a scheduler calls."""

import datetime as dt
import logging
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import answer, err, logged_as_json, out, progress
from cli.options import path

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.outputs.desks import Desk
    from engine.schedule.outcome import Outcome
    from engine.settings.schedule import ScheduleSettings

DAY = ["%Y-%m-%d"]


def nightly(
    schedule: Annotated[Path, typer.Argument(parser=path, help="The schedule, a TOML file.")],
    until: Annotated[
        dt.datetime | None, typer.Option(formats=DAY, help="The last day that may be run; by default yesterday.")
    ] = None,
    backfill: Annotated[
        dt.datetime | None,
        typer.Option("--since", formats=DAY, help="Make up for every day from this one on, however long ago."),
    ] = None,
    jobs: Annotated[list[str] | None, typer.Option("--job", help="Only this job. Repeatable.")] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a night; stages go to stderr as JSON too.")
    ] = False,
) -> None:
    """Take in what was delivered, make every run that is missing, let old ones go: all jobs of a schedule.

    Example:  darkshelf nightly /etc/darkshelf/schedule.toml --json

    Days in a row:  darkshelf nightly schedule.toml --since 2026-03-01 --until 2026-03-31
    """
    from engine.schedule.nightly import exit_code
    from engine.schedule.nightly import nightly as all_jobs
    from engine.schedule.plan import load_schedule

    plan = load_schedule(schedule, jobs or ())
    last = until.date() if until is not None else dt.date.today() - dt.timedelta(days=1)
    first = backfill.date() if backfill is not None else None
    if first is not None and first > last:
        raise typer.BadParameter(f"{first} lies after {last}, the last day that may be run", param_hint="--since")
    outcomes: list[Outcome] = []
    with _faults_on_stderr():
        for outcome in all_jobs(plan, last, _watched(as_json=as_json), first):
            outcomes.append(outcome)
            _tell(outcome, as_json=as_json)
    _write_metrics(plan)
    raise typer.Exit(exit_code(outcomes))


def _watched(*, as_json: bool) -> "Callable[[Desk], AbstractContextManager[Callable[[str], None]]]":
    def watched(desk: "Desk") -> "AbstractContextManager[Callable[[str], None]]":
        return logged_as_json() if as_json else progress(desk.stages, quiet=False)

    return watched


def _tell(outcome: "Outcome", *, as_json: bool) -> None:
    if as_json:
        answer(asdict(outcome))
        sys.stdout.flush()
        return
    day = f" {outcome.day}" if outcome.day else ""
    took = f" in {outcome.seconds:.1f} s" if outcome.seconds else ""
    line = f"{outcome.job}{day}: {outcome.state}{took}: {outcome.summary}"
    (err if outcome.exit_code else out).print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _faults_on_stderr() -> Iterator[None]:
    """A fault of the program leaves its traceback on stderr, though the other jobs go on."""
    logger, handler = logging.getLogger("darkshelf"), logging.StreamHandler()
    handler.setLevel(logging.ERROR)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _write_metrics(plan: "ScheduleSettings") -> None:
    if plan.metrics is None:
        return
    from prometheus_client import write_to_textfile

    from engine.disk import raised_as_output_error
    from engine.outputs.metrics import metrics
    from engine.schedule.plan import newest_runs

    with raised_as_output_error(plan.metrics, "The runs are published; their figures are not"):
        write_to_textfile(str(plan.metrics), metrics(newest_runs(plan), figures=True))
