"""Verdicts: what a sales person says of a gap, as acts on it, and from what stands of the acts.

Accepting is calling. What was called about is then changed to bought, or rejected with a reason.
"""

from collections.abc import Sequence

import polars as pl

from engine.decisions import words as w
from engine.decisions.acts import Accept, Act, Modify, Reject
from engine.decisions.store import Decisions
from engine.decisions.whitespace.words import BOUGHT, CALLED, DO_NOT_CALL, GAP, REFUSED, VERDICT_SCHEMA, VERDICTS
from engine.errors import InputError, Problem
from engine.outputs.names import parted
from engine.vocabulary import whitespace as v


def act_of(verdict: str) -> Act:
    """The act that says a verdict. Raises InputError for another word."""
    if verdict == CALLED:
        return Accept()
    if verdict == BOUGHT:
        return Modify(action=BOUGHT)
    if verdict in {REFUSED, DO_NOT_CALL}:
        return Reject(reason=verdict)
    raise InputError([Problem("verdict", f"{verdict!r} is no verdict", f"it is one of {', '.join(VERDICTS)}")])


def verdicts(decisions: Decisions, run_ids: Sequence[str] | None = None) -> pl.DataFrame:
    """What stands on the gaps of some runs, or of all there ever were. Columns: `VERDICT_SCHEMA`.

    Sorted by customer, division and day.

    A rejection for another reason is no verdict: nobody was called.
    """
    state = decisions.state_of_kind(GAP) if run_ids is None else decisions.state_of_runs(run_ids, kind=GAP)
    verdict = (
        pl.when(pl.col("decision") == w.DECISIONS[w.ACCEPT])
        .then(pl.lit(CALLED))
        .when(pl.col("decision") == w.DECISIONS[w.MODIFY])
        .then("action")
        .when((pl.col("decision") == w.DECISIONS[w.REJECT]) & pl.col("reason").is_in([REFUSED, DO_NOT_CALL]))
        .then("reason")
    )
    last_verdicts = state.select("subject_id", verdict=verdict, decided_on=pl.col("decided_at").dt.date())
    known = last_verdicts.filter(pl.col("verdict").is_not_null())
    pairs = [parted(name) for name in known["subject_id"]]
    ids = pl.DataFrame(pairs, schema=dict.fromkeys(v.PAIR, pl.String), orient="row")
    return ids.hstack(known.select("verdict", "decided_on")).sort(*v.PAIR, "decided_on").cast(VERDICT_SCHEMA)
