"""What the pages ask of the loop back from the store: plans, accuracy, recovery. Shared by all sessions.

Each is computed once for a state of the decisions, and kept until somebody decides or a night is published.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from engine.decisions.shelf import accuracy as accuracies
from engine.decisions.shelf import recovery as recoveries
from engine.decisions.shelf import tasks
from engine.decisions.shelf.settings import LoopSettings
from engine.decisions.store import Decisions
from panel_app.stores.shelf import Nights

if TYPE_CHECKING:
    from panel_app.session import Session

KEPT: Final = 16
SETTINGS: Final = LoopSettings()


def accuracy(session: "Session", run_ids: Sequence[str] | None = None) -> accuracies.Accuracy:
    """How right nights were, all of them or those named."""
    decisions, nights = session.decisions, session.store(Nights)
    named = None if run_ids is None else tuple(run_ids)
    return _accuracy(decisions, nights, decisions.revision(), nights.latest_id(), named)


def recovery(session: "Session") -> recoveries.Recovery:
    """What accepted actions brought."""
    decisions, nights = session.decisions, session.store(Nights)
    return _recovery(decisions, nights, decisions.revision(), nights.latest_id())


def plan(session: "Session", run_id: str, minutes: float | None = None, store_id: str | None = None) -> tasks.Plan:
    """The checks of a night, of one store or of all. Raises NotFoundError for a store that was not judged."""
    return plan_of(session.decisions, session.store(Nights), run_id, minutes, store_id)


def plan_of(
    decisions: Decisions, nights: Nights, run_id: str, minutes: float | None = None, store_id: str | None = None
) -> tasks.Plan:
    """The same where there is no session."""
    return _plan(decisions, nights, decisions.revision(), run_id, minutes, store_id)


@lru_cache(KEPT)
def _accuracy(
    decisions: Decisions, nights: Nights, revision: int, latest: str | None, run_ids: tuple[str, ...] | None
) -> accuracies.Accuracy:
    return accuracies.measure(decisions, nights.out, SETTINGS.accuracy, run_ids)


@lru_cache(KEPT)
def _recovery(decisions: Decisions, nights: Nights, revision: int, latest: str | None) -> recoveries.Recovery:
    return recoveries.measure(decisions, nights.out, SETTINGS.recovery)


@lru_cache(KEPT)
def _plan(
    decisions: Decisions, nights: Nights, revision: int, run_id: str, minutes: float | None, store_id: str | None
) -> tasks.Plan:
    run = nights.night(run_id).run
    return tasks.plan(decisions, run, SETTINGS.tasks, store_id=store_id, minutes=minutes)
