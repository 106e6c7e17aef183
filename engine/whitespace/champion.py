"""Champion: which of several candidates is used, by a rule that was fixed before anybody looked.

In: out-of-time predictions of each candidate. Out: the champion and the rounds that led to it. The figure is average
precision, at each rolling origin and then averaged. Candidates stand in order of simplicity; one takes the place of a
simpler one when it is better by more than one standard error of their difference, over paired draws of customers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from engine.resampling import Clusters
from engine.settings.whitespace.modeling import ModelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.bootstrap import Difference, Replicated, difference, replicate
from engine.whitespace.metrics import average_precision

FIGURE = "average_precision"
LEVEL = 0.95
"""Of the intervals that are told beside the figures."""


@dataclass(frozen=True)
class Round:
    """One comparison: how much better the challenger was, and whether that was enough."""

    incumbent: str
    challenger: str
    difference: Difference
    won: bool


@dataclass(frozen=True)
class Verdict:
    """The champion, the mean average precision of every candidate, and the rounds."""

    champion: str
    figures: Mapping[str, float]
    rounds: tuple[Round, ...]


def champion(
    predictions: Mapping[str, pl.DataFrame], order: Sequence[str], customers: Clusters, settings: ModelSettings
) -> Verdict:
    """The simplest candidate that no other beats by more than one standard error.

    predictions: by candidate, as `experiment.out_of_time` returns them; compared on the rows that all of them have.
    order: every candidate, the simplest first. Raises ValueError when there is none. Where no row is shared or no
    origin has both classes, nobody can win: the simplest stays.
    """
    if not predictions:
        raise ValueError("no candidate has a prediction; one is needed to choose from")
    names = [name for name in order if name in predictions]
    shared = _shared([predictions[name] for name in names])
    periods = {name: _by_origin(predictions[name], shared, customers, settings) for name in names}
    best, rounds = names[0], []
    for name in names[1:]:
        gained = difference(periods[name], periods[best], FIGURE) if periods[best] else Difference(0.0, float("nan"))
        rounds.append(Round(best, name, gained, gained.exceeds_error()))
        best = name if gained.exceeds_error() else best
    return Verdict(best, {name: mean_figure(periods[name]) for name in names}, tuple(rounds))


def mean_average_precision(predictions: pl.DataFrame) -> float:
    """Average precision at each origin that has both classes, averaged; NaN where none has."""
    found = [
        average_precision(rows["label"].cast(pl.UInt8).to_numpy(), rows["p"].to_numpy())
        for rows in _origins(predictions)
    ]
    return sum(found) / len(found) if found else float("nan")


def mean_figure(periods: Sequence[Replicated]) -> float:
    """The figure averaged over periods; NaN where there is none."""
    return sum(one.values[FIGURE] for one in periods) / len(periods) if periods else float("nan")


def _shared(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    rows = frames[0].select(*v.ROW)
    for frame in frames[1:]:
        rows = rows.join(frame.select(*v.ROW), on=v.ROW, how="semi", maintain_order="left")
    return rows


def _by_origin(
    predictions: pl.DataFrame, shared: pl.DataFrame, customers: Clusters, settings: ModelSettings
) -> list[Replicated]:
    rows = predictions.join(shared, on=v.ROW, how="semi", maintain_order="left")
    return [
        replicate(one, "p", customers, settings.top_k_percents, settings.calibration_bins) for one in _origins(rows)
    ]


def _origins(predictions: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows of each cutoff that has both classes, by cutoff."""
    parts = [predictions.filter(pl.col(v.CUTOFF) == cutoff) for cutoff in predictions[v.CUTOFF].unique().sort()]
    return [rows for rows in parts if rows["label"].n_unique() == 2]
