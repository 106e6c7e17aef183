"""Calls: the ranked gaps of a list as work to be done, with what became of each.

In: a published ranking, what was decided on it, and what was said in every run. Out: `CALL_SCHEMA`. Who was held out
at random is no work, or calls and the control group could not be compared; nor is a customer who said in any run that
nobody is to call, until that is taken back.
"""

from datetime import date
from typing import Final

import polars as pl

from engine.decisions import words as w
from engine.decisions.waiting import waiting_state
from engine.decisions.whitespace.gaps import gap_id
from engine.decisions.whitespace.words import BOUGHT, CALLED, DO_NOT_CALL
from engine.vocabulary import whitespace as v

TEXTS: Final = ("customer_name", "segment", "rep", "nba_reason")
"""Columns that a ranking may lack."""
CALL_SCHEMA: Final = pl.Schema(
    {
        "item_id": pl.String(),
        "subject_ids": pl.List(pl.String()),
        "versions": pl.List(pl.Int64()),
        "undecided": pl.List(pl.String()),
        v.CUSTOMER: pl.String(),
        v.DIVISION: pl.String(),
        **dict.fromkeys(TEXTS, pl.String()),
        "p_icp": pl.Float64(),
        "gain": pl.Float64(),
        "verdict": pl.String(),
        "assigned_to": pl.String(),
        "snoozed_until": pl.Date(),
        "state": pl.String(),
    }
)
"""A row a call, in the order of the ranking.

item_id: as `gaps.gap_id`; subject_ids: the same alone. versions: of what was decided. undecided: the id where there
is no verdict. p_icp: the chance that it buys. gain: what the call is expected to bring. verdict: called, bought, or
the reason of a rejection; null before. state: see `waiting`.
"""


def calls(ranking: pl.LazyFrame, state: pl.DataFrame, said: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The calls of a list. Columns: `CALL_SCHEMA`.

    ranking: every candidate by rank. state: what stands on the gaps of this run, `state.STATE_SCHEMA`. said: verdicts
    of all runs, `words.VERDICT_SCHEMA`. as_of: the day of the run: what is snoozed until then is back. A customer who
    refused to be called about one thing of this list stands in it with that row alone, where it can be taken back.
    """
    names = ranking.collect_schema().names()
    is_work = pl.col("is_selected") & ~pl.col("is_held_out") & pl.col("excluded_because").is_null()
    listed = (
        ranking.filter(is_work.fill_null(value=False))
        .sort("rank")
        .select(
            pl.col(*v.PAIR).cast(pl.String),
            *(
                pl.col(name).cast(pl.String) if name in names else pl.lit(None, pl.String).alias(name)
                for name in TEXTS
            ),
            "p_icp",
            gain="value",
        )
        .collect()
    )
    ids = [gap_id(*pair) for pair in listed.select(v.PAIR).iter_rows()]
    refusing = said.filter(verdict=DO_NOT_CALL)[v.CUSTOMER].unique()
    told = state.select(
        item_id="subject_id",
        version="version",
        verdict=_verdict(),
        assigned_to="assigned_to",
        snoozed_until="snoozed_until",
    )
    known = listed.with_columns(item_id=pl.Series(ids, dtype=pl.String)).join(
        told, on="item_id", how="left", maintain_order="left"
    )
    may_be_called = ~pl.col(v.CUSTOMER).is_in(refusing.implode())
    rows = known.filter(may_be_called | (pl.col("verdict") == DO_NOT_CALL).fill_null(value=False)).with_columns(
        subject_ids=pl.concat_list("item_id"),
        versions=pl.concat_list(pl.col("version").fill_null(0)),
        undecided=pl.when(pl.col("verdict").is_null())
        .then(pl.concat_list("item_id"))
        .otherwise(pl.lit([], pl.List(pl.String()))),
    )
    return rows.with_columns(state=waiting_state(as_of)).select(*CALL_SCHEMA).cast(CALL_SCHEMA)


def next_step(verdict: str | None, division: str) -> str:
    """What is to be done about a call, in words; nothing where it is over."""
    if verdict is None:
        return f"Call about {division}"
    return "Ask whether it was bought" if verdict == CALLED else ""


def _verdict() -> pl.Expr:
    """What stands, as the words of calls have it."""
    decision = pl.col("decision")
    return (
        pl.when(decision == w.DECISIONS[w.ACCEPT])
        .then(pl.lit(CALLED))
        .when(decision == w.DECISIONS[w.MODIFY])
        .then(pl.lit(BOUGHT))
        .when(decision == w.DECISIONS[w.REJECT])
        .then(pl.col("reason"))
    )
