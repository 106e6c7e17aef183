"""Outcome: what became of one step of the schedule, in words and in figures."""

from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal[
    "taken in",
    "published",
    "published already",
    "not complete",
    "nothing due",
    "exported",
    "alerted",
    "let go",
    "failed",
]


@dataclass(frozen=True)
class Outcome:
    """What became of a night of a job, of its delivery, or of what was handed on.

    summary: in words. day: as ISO text, None where the input decides. run_id: of what was published. seconds: it
    took. exit_code: what a call that did nothing else would end with. facts: key figures of the run.
    """

    job: str
    state: State
    summary: str
    day: str | None = None
    run_id: str | None = None
    seconds: float = 0.0
    exit_code: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
