"""Rank: whom to call, as of a day, with a frozen model.

In: the gaps of every customer as of the day with their chances, and what earlier cutoffs taught. Out: every candidate
ranked, held out at random, selected within the capacity and explained, and what is known about the list.
Grain: customer, division.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from engine.settings.whitespace.ranking import RankingSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.features.matrix import Features
from engine.whitespace.ranking import value
from engine.whitespace.ranking.before import Before
from engine.whitespace.ranking.components import components, grades
from engine.whitespace.ranking.diversify import bias_warnings, capacity_summary, diversification
from engine.whitespace.ranking.eligibility import NO_CANDIDATE, eligibility
from engine.whitespace.ranking.eras import Eras, eras
from engine.whitespace.ranking.explain import explain
from engine.whitespace.ranking.fairness import fairness
from engine.whitespace.ranking.gains import gains
from engine.whitespace.ranking.holdout import holdout
from engine.whitespace.ranking.learn import Learned
from engine.whitespace.ranking.limits import Limits, limits
from engine.whitespace.ranking.select import Selection, best, select
from engine.whitespace.ranking.signals import RECENCY, described, not_computed, signals
from engine.whitespace.ranking.stability import Stability, stability
from engine.whitespace.ranking.what_if import what_if
from engine.whitespace.tables import Tables
from engine.whitespace.trained import Trained

PRIORITY = "priority"
CHALLENGER = "challenger"


@dataclass(frozen=True)
class Market:
    """What is ranked.

    tables: as of the cutoff. rows: customer, division, cutoff, segment and in_population of everyone. features:
    with the cutoff's matrix. trained: gives the chances. verdicts: `decisions.whitespace.words.VERDICT_SCHEMA`.
    before: earlier lists. currency: of amounts in sentences.
    """

    cutoff: dt.date
    tables: Tables
    rows: pl.DataFrame
    features: Features
    trained: Trained
    verdicts: pl.DataFrame
    before: Before
    currency: str


@dataclass(frozen=True)
class Ranking:
    """A ranking and what is known about it.

    candidates: the gaps of the population, sorted by rank; those that may not be called come last, with a reason.
    others: who is no candidate, with the reason and without a score. rank_by: what priority is made of:
    the setting, or value where the challenger was asked for and not proved. selection: over those that could be
    called, in their order. limits: over the eligible, those held out among them.
    """

    cutoff: dt.date
    candidates: pl.DataFrame
    others: pl.DataFrame
    rank_by: str
    limits: Limits
    selection: Selection
    diversification: Mapping[str, Any]
    warnings: Mapping[str, Any]
    capacity: pl.DataFrame
    what_if: pl.DataFrame
    eras: Eras
    fairness: pl.DataFrame
    gains: pl.DataFrame
    stability: Stability
    learned: Learned
    not_computed: tuple[str, ...]

    @property
    def selected(self) -> pl.DataFrame:
        """The list: the candidates to call, by rank."""
        return self.candidates.filter("is_selected")


def rank(market: Market, learned: Learned, settings: RankingSettings) -> Ranking:
    """Rank and select. Who owns the division, or is not of the population, is no candidate."""
    marked = _marked(market, learned, settings)
    rank_by = _rank_by(learned, settings)
    is_candidate = ~pl.col("excluded_because").is_in(NO_CANDIDATE).fill_null(value=False)
    scored = _scored(_with_chances(market, marked.filter(is_candidate)), learned, settings)
    ordered = _ordered(scored, rank_by)
    candidates, selection, bounds = _selected(ordered, settings)
    chosen = candidates.filter("is_selected")
    explained = explain(chosen, market.trained, market.features, market.currency, settings.explanation)
    candidates = candidates.join(explained, on=list(v.PAIR), how="left", maintain_order="left")
    eligible = candidates.filter(pl.col("excluded_because").is_null())
    # A challenger's own table judges it on rows that it did not learn from; here it would be on those it did.
    by = value.VALUE if rank_by == CHALLENGER else rank_by
    return Ranking(
        market.cutoff,
        candidates,
        marked.filter(~is_candidate),
        rank_by,
        bounds,
        selection,
        diversification(eligible.filter(~pl.col("is_held_out")), selection, settings.capacity),
        bias_warnings(candidates.filter("is_selected"), selection, settings.capacity),
        capacity_summary(eligible, bounds.calls, settings.capacity),
        what_if(candidates, _column(rank_by), settings),
        eras(learned.past, by, settings),
        fairness(eligible, learned.past, by, settings),
        gains(learned.past, by, settings),
        stability(candidates, market.before.previous),
        learned,
        tuple(not_computed(market.features, settings)),
    )


def _marked(market: Market, learned: Learned, settings: RankingSettings) -> pl.DataFrame:
    """Everyone with signals and with the reason why they are not called."""
    customers = described(market.tables.customers, market.tables, learned.bins)
    rows = signals(market.rows.select(*v.ROW, "segment", "in_population"), market.features, customers, settings)
    return eligibility(rows, market.tables, market.verdicts, market.before.shown, market.cutoff, settings.eligibility)


def _with_chances(market: Market, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with p_raw and p_icp."""
    return rows.with_columns(market.trained.predict(market.features, rows).select("p_raw", "p_icp"))


def _scored(candidates: pl.DataFrame, learned: Learned, settings: RankingSettings) -> pl.DataFrame:
    """Components, both scores, value and grades."""
    valued = value.value(candidates, learned.value_model)
    blended = components(valued, settings.blend)
    challenged = blended.with_columns(score_challenger=learned.challenger.score(blended))
    return challenged.with_columns(score_pct=pl.col("score").rank("average") / pl.len()).with_columns(
        grades("score_grade", "score_pct", settings.blend), grades("p_icp_grade", "p_icp_pct", settings.blend)
    )


def _rank_by(learned: Learned, settings: RankingSettings) -> str:
    """A challenger that is not proved better does not rank, whatever the settings ask for."""
    if settings.rank_by == CHALLENGER and not learned.challenger.is_promoted:
        return value.VALUE
    return settings.rank_by


def _column(rank_by: str) -> str:
    return "score_challenger" if rank_by == CHALLENGER else rank_by


def _ordered(candidates: pl.DataFrame, rank_by: str) -> pl.DataFrame:
    """By priority, chance, worth, fresher activity and id, who may not be called last; with rank, from 1."""
    priority = candidates.with_columns((pl.col(_column(rank_by)) * pl.col("cooldown_factor")).alias(PRIORITY))
    keys = [pl.col("excluded_because").is_not_null(), PRIORITY, "p_icp", value.EXPECTED, RECENCY, *v.PAIR]
    downward = [False, True, True, True, False, False, False]
    ordered = priority.sort(keys, descending=downward, nulls_last=True, maintain_order=True)
    return ordered.with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))


def _selected(ordered: pl.DataFrame, settings: RankingSettings) -> tuple[pl.DataFrame, Selection, Limits]:
    """The candidates with what is held out, selected, and what would be selected were nobody held out."""
    is_eligible = ordered["excluded_because"].is_null()
    eligible = holdout(ordered.filter(is_eligible), settings.holdout)
    bounds = limits(eligible, settings.capacity)
    worth = eligible[PRIORITY].to_numpy()
    callable_places = np.flatnonzero(~eligible["is_held_out"].to_numpy())
    parts = tuple(part.of(callable_places) for part in bounds.parts)
    selection = select(worth[callable_places], replace(bounds, parts=parts))
    chosen, without_holdout = np.zeros(eligible.height, np.bool_), np.zeros(eligible.height, np.bool_)
    chosen[callable_places[selection.is_called]] = True
    without_holdout[best(worth, bounds)[0]] = True
    marked = eligible.with_columns(is_selected=pl.Series(chosen), would_be_selected=pl.Series(without_holdout))
    others = ordered.filter(~is_eligible).with_columns(
        is_held_out=pl.lit(False),
        holdout_chance=pl.lit(0.0),
        is_selected=pl.lit(False),
        would_be_selected=pl.lit(False),
    )
    return pl.concat([marked, others], how="vertical_relaxed"), selection, bounds
