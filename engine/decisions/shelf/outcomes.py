"""Outcomes: what became of the cases of a night: what stores answered, and what accepted actions brought.

In: decisions and a night. Out: tables by name.
"""

from collections.abc import Mapping

import polars as pl

from engine.decisions.shelf.answers import every
from engine.decisions.shelf.recovery import measure
from engine.decisions.shelf.settings import LoopSettings
from engine.decisions.store import Decisions
from engine.runs.registry import Run


def outcomes(decisions: Decisions, run: Run) -> Mapping[str, pl.DataFrame]:
    """The answers on a night, a row each, and its acted cases with what they brought, as `recovery.MATCH_SCHEMA`.

    What actions brought is known from nights a week later that lie beside this one. Raises DamagedRunError.
    """
    brought = measure(decisions, run.out, LoopSettings().recovery, [run.run_id])
    return {"answers": every(decisions, [run.run_id]), "recovery": brought.cases}
