"""Told: what became of every subscription on every run. In: a subscription and a run. Out: rows that only grow.

Who is about to send writes that it begins; two cannot begin the same step, so nobody is told twice by two processes.
One that was killed while it sent is taken to have sent nothing, after a while.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from engine.decisions.alerts.subscriptions import Subscription
from engine.decisions.database import insert_new, read_rows, reading, writing
from engine.decisions.schema import alert
from engine.decisions.store import Decisions
from engine.runs.registry import Run

BEGUN: Final = "begun"
SENT: Final = "sent"
QUIET: Final = "quiet"
FAILED: Final = "failed"
SETTLED: Final = (SENT, QUIET)
"""After these a subscription has nothing left to hear of a run."""


@dataclass(frozen=True)
class Step:
    """One step. as_of: the label of its run."""

    run_id: str
    as_of: str
    number: int
    outcome: str
    at: dt.datetime


def steps(decisions: Decisions, subscription: Subscription) -> list[Step]:
    """Every step of a subscription as it asks today, oldest first."""
    where = (
        alert.c.subscription == subscription.name,
        alert.c.fingerprint == subscription.fingerprint(),
    )
    names = ("run_id", "as_of", "number", "outcome", "at")
    with reading(decisions.engine) as connection:
        return [Step(*row) for row in read_rows(connection, alert, names, where, (alert.c.alert_id,))]


def write(
    decisions: Decisions, subscription: Subscription, run: Run, number: int, outcome: str, findings: int
) -> bool:
    """Write a step; False where somebody wrote the step of that number before."""
    row = {
        "subscription": subscription.name,
        "fingerprint": subscription.fingerprint(),
        "run_id": run.run_id,
        "as_of": run.as_of,
        "number": number,
        "outcome": outcome,
        "findings": findings,
        "at": decisions.now(),
    }
    with writing(decisions.engine) as connection:
        return bool(insert_new(connection, alert, [row], alert.c.alert_id))
