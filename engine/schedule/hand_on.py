"""Hand on: export a run of a job, and tell subscriptions what is new of it.

In: a job and its run. Out: an `Outcome` each. What is exported twice is as once, and a subscription is told once a
run: an alert that failed is made good by the next call, an export by the verb that the message names.
"""

import os
from collections.abc import Iterator, Mapping

from engine.decisions.alerts.alert import UNDELIVERED, alert
from engine.decisions.alerts.subscriptions import load_subscriptions
from engine.decisions.store import are_there, open_decisions
from engine.errors import EXIT_TRY_LATER, DarkshelfError
from engine.export.export import export
from engine.mirrors import told
from engine.places.place import place_of, shown
from engine.runs.registry import Registry, Run
from engine.schedule.outcome import Outcome
from engine.settings.schedule import JobSettings


def hand_on(job: JobSettings, run: Run) -> Iterator[Outcome]:
    """Export a run to every target of its job. One that fails is told and keeps no other from being served."""
    for target in job.exports:
        try:
            rows = _exported(job, run, target)
        except DarkshelfError as error:
            again = f"make it good by  darkshelf export {run.run_id} {shown(target)} --out {told(job.out)}"
            yield Outcome(job.name, "failed", f"{error}; {again}", run.as_of, exit_code=error.exit_code)
        else:
            summary = f"{sum(rows.values()):,} rows of {len(rows)} tables to {shown(target)}"
            yield Outcome(job.name, "exported", summary, run.as_of, run.run_id)


def _exported(job: JobSettings, run: Run, target: str) -> Mapping[str, int]:
    if not are_there(job.out):
        return export(run, place_of(target))
    decisions = open_decisions(job.out)
    try:
        return export(run, place_of(target), decisions)
    finally:
        decisions.close()


def alert_to(job: JobSettings, run: Run) -> Outcome:
    """Tell the subscriptions of a job what is new of a run, each once."""
    assert job.alerts is not None
    decisions = open_decisions(job.out)
    try:
        heard = alert(decisions, Registry(job.out), run, load_subscriptions(job.alerts), os.environ)
    finally:
        decisions.close()
    failed = [f"{each.name}: {each.reason}" for each in heard if each.outcome in UNDELIVERED]
    served = f"{len(heard) - len(failed):,} of {len(heard):,} subscriptions served"
    if failed:
        return Outcome(job.name, "failed", f"{served}; {'; '.join(failed)}", run.as_of, exit_code=EXIT_TRY_LATER)
    return Outcome(job.name, "alerted", served, run.as_of, run.run_id)
