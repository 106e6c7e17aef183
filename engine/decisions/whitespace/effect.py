"""Effect: what calls added, told by those that would have been called and were held out at random.

In: the holdout that a ranking published, verdicts, and what was bought after. Out: `CallEffect`. A gap counts as it
was drawn and not as it was treated, so that whom the sales force chose to call changes nothing (intention to treat,
Fisher 1935; weights by the chance of being drawn, Hájek 1971); whole customers are drawn again for the intervals.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.arrays import Floats
from engine.decisions.store import Decisions
from engine.decisions.whitespace.settings import CallEffectSettings
from engine.decisions.whitespace.verdicts import verdicts
from engine.outputs.read import raising_damage, table
from engine.outputs.whitespace.shapes import holdout_file
from engine.resampling import Clusters, Estimate
from engine.runs.registry import Run
from engine.vocabulary import whitespace as v


@dataclass(frozen=True)
class CallEffect:
    """What calls added, for gaps of one list.

    to_call, held_out: gaps of each kind that are compared. left_out: gaps of strata in which nobody, or everybody,
    was held out. called_share, called_share_held_out: how many of each got a verdict. bought_share,
    bought_share_held_out: how many bought. added_share, added_money: differences, per gap meant to be called.
    added_share_of_called: per gap that was called, the shares called taken as known. None: too few were held out.
    """

    to_call: int
    held_out: int
    left_out: int
    called_share: float | None
    called_share_held_out: float | None
    bought_share: float | None
    bought_share_held_out: float | None
    added_share: Estimate | None
    added_money: Estimate | None
    added_share_of_called: Estimate | None


def measure(decisions: Decisions, run: Run, outcomes: pl.DataFrame, settings: CallEffectSettings) -> CallEffect:
    """What the calls of a published list added, by the verdicts that stand; outcomes as in `effect_of_calls`.

    Raises DamagedRunError where the run's holdout cannot be read.
    """
    with raising_damage(run):
        assigned = table(run, holdout_file(dt.date.fromisoformat(run.as_of))).collect()
    return effect_of_calls(assigned, verdicts(decisions, [run.run_id]), outcomes, settings)


def effect_of_calls(
    assigned: pl.DataFrame, said: pl.DataFrame, outcomes: pl.DataFrame, settings: CallEffectSettings
) -> CallEffect:
    """Compare gaps that were meant to be called with those held out.

    assigned: as `whitespace_holdout` is published: customer_id, division, is_held_out, holdout_chance,
    would_be_selected. said: `words.VERDICT_SCHEMA`. outcomes: customer_id, division, label (1 bought) and
    net_gp_window (money) of the window after the list; a gap without a row bought nothing.
    """
    meant = assigned.filter("would_be_selected")
    chance = pl.col("holdout_chance")
    rows = _with_outcomes(meant.filter((chance > 0) & (chance < 1)), said, outcomes)
    held = rows["is_held_out"].to_numpy()
    counts = (int((~held).sum()), int(held.sum()), meant.height - rows.height)
    if counts[1] < settings.min_held_out or not counts[0]:
        return CallEffect(*counts, *[None] * 7)
    chances = rows["holdout_chance"].to_numpy()
    weight = np.where(held, 1 / chances, 1 / (1 - chances))
    compared = _Compared(rows, held, weight, Clusters(rows[v.CUSTOMER], settings.replicates, settings.level))
    called, called_held_out = compared.means("was_called")
    added = compared.added("label")
    return CallEffect(
        *counts,
        called,
        called_held_out,
        *compared.means("label"),
        added,
        compared.added("net_gp_window"),
        _per_call(added, called - called_held_out),
    )


@dataclass(frozen=True)
class _Compared:
    """Gaps with what became of them. held, weight: (n_rows,)."""

    rows: pl.DataFrame
    held: np.ndarray[tuple[int], np.dtype[np.bool_]]
    weight: Floats
    clusters: Clusters

    def means(self, column: str) -> tuple[float, float]:
        """Weighted means of those to call and of those held out."""
        values = self.rows[column].to_numpy()
        to_call, held = (
            float(np.average(values[side], weights=self.weight[side])) for side in (~self.held, self.held)
        )
        return to_call, held

    def added(self, column: str) -> Estimate:
        """The mean of those to call less that of those held out."""
        weighted = self.weight * self.rows[column].to_numpy()
        sides = [(weighted * side, self.weight * side) for side in (~self.held, self.held)]
        return self.clusters.difference(self.rows[v.CUSTOMER], *sides)


def _with_outcomes(meant: pl.DataFrame, said: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """Gaps sorted by key with was_called, label and net_gp_window, 0 where nothing is known."""
    called = said.select(v.PAIR).unique().with_columns(was_called=1.0)
    bought = outcomes.select(pl.col(v.PAIR).cast(pl.String), pl.col("label", "net_gp_window").cast(pl.Float64))
    return (
        meant.with_columns(pl.col(v.PAIR).cast(pl.String))
        .join(called, on=v.PAIR, how="left")
        .join(bought, on=v.PAIR, how="left", validate="m:1")
        .with_columns(pl.col("was_called", "label", "net_gp_window").fill_null(0.0))
        .sort(v.PAIR)
    )


def _per_call(added: Estimate, called_more: float) -> Estimate | None:
    """What a call adds, when so many more of those to call were called; None where no more were."""
    if not called_more > 0:
        return None
    return Estimate(added.value / called_more, added.low / called_more, added.high / called_more)
