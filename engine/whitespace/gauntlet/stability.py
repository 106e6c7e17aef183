"""Stability: models of other eras and other customers should lean on the same features (G10).

Told, and fails nothing.
"""

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl
from scipy.stats import spearmanr

from engine.arrays import Floats
from engine.vocabulary import whitespace as v
from engine.whitespace import metrics
from engine.whitespace.artifact import Artifact
from engine.whitespace.dataset import outcomes
from engine.whitespace.experiment import chosen
from engine.whitespace.gauntlet.context import Context, leading
from engine.whitespace.gauntlet.files import place
from engine.whitespace.gauntlet.pictures import bars
from engine.whitespace.gauntlet.scores import known
from engine.whitespace.gauntlet.shapes import FeatureStability, ImportanceStability
from engine.whitespace.gauntlet.verdict import ALL, CheckResult, reading, readings
from engine.whitespace.models import Fitted, fit
from engine.whitespace.trained import DivisionModel

NAME: Final = "importance_stability"
SHOWN: Final = 15
"""Features of the picture, and those that are shuffled to see what AUC the next era loses."""


def stability(context: Context) -> CheckResult:
    """The leading champion fitted to each tuning cutoff, and to draws of customers at the last one.

    Says how alike the shares of gain are: Spearman's correlation over all features, Jaccard's index over the top; and
    what AUC the next era loses when a top feature is shuffled in it.
    """
    leader = leading(context, ALL)
    eras = [era for era in context.blocks.tuning if _learnable(_rows(context, era))]
    models = {era: _fitted(context, leader, _sampled(context, _rows(context, era), 0)) for era in eras}
    shares = np.array([_shares(model) for model in models.values()])
    last = _rows(context, eras[-1])
    draws = [
        _shares(_fitted(context, leader, _sampled(context, last, 1 + draw)))
        for draw in range(context.settings.gauntlet.stability_subsets)
    ]
    top = context.settings.gauntlet.stability_top
    content = ImportanceStability(
        cutoff=context.cutoff,
        mean_spearman=known(_mean_spearman(draws)),
        mean_jaccard_topk=known(_mean_jaccard(draws, top)),
        mean_spearman_eras=known(_mean_spearman(shares)),
        mean_jaccard_topk_eras=known(_mean_jaccard(shares, top)),
        n_subsets=len(draws),
        eras=tuple(eras),
        topk=top,
        top_features=_features(context, leader, models, shares),
    )
    shown = content.top_features[:SHOWN]
    picture = bars(
        [one.feature for one in shown],
        [one.mean_gain_share for one in shown],
        [one.std_gain_share for one in shown],
    )
    folder = place(ALL, context.cutoff)
    files = (
        Artifact(f"{folder}/{NAME}.json", content.model_dump(mode="json")),
        Artifact(f"{folder}/{NAME}.png", picture),
    )
    note = f"shares of gain over {len(eras)} cutoffs; told, not gated"
    found = [
        reading(v.PASS, note, measure="mean_spearman_eras", value=content.mean_spearman_eras),
        reading(v.PASS, note, measure="mean_jaccard_topk_eras", value=content.mean_jaccard_topk_eras),
    ]
    return CheckResult(NAME, readings(found), artifacts=files, shared=True)


def _rows(context: Context, era: dt.date) -> pl.DataFrame:
    return context.dataset.rows.filter(pl.col(v.CUTOFF) == era)


def _learnable(rows: pl.DataFrame) -> bool:
    labels = outcomes(rows)
    return bool(labels.any() and not labels.all())


def _sampled(context: Context, rows: pl.DataFrame, draw: int) -> pl.DataFrame:
    """Rows of half the customers, others in every draw, and no more than an era's model is given."""
    rng = np.random.default_rng([context.settings.modeling.seed, draw])
    customers = rows[v.CUSTOMER].unique().sort()
    half = customers.gather(np.sort(rng.permutation(len(customers))[: -(-len(customers) // 2)])).to_frame()
    some = rows if draw == 0 else rows.join(half, on=v.CUSTOMER, how="semi", maintain_order="left")
    most = context.settings.gauntlet.stability_rows
    if some.height > most:
        some = some[np.sort(rng.permutation(some.height)[:most])]
    return some if _learnable(some) else rows


def _fitted(context: Context, leader: DivisionModel, rows: pl.DataFrame) -> Fitted:
    features = chosen(context.dataset.features.registry, leader.features)
    values = context.dataset.values(rows, leader.features)
    return fit(leader.champion, values, outcomes(rows), features, leader.params, context.settings.modeling.seed)


def _shares(model: Fitted) -> Floats:
    """Shares of gain in the order of the model's features."""
    shares = dict(model.importance().select("feature", "share").iter_rows())
    return np.array([shares[name] for name in model.names])


def _mean_spearman(shares: Sequence[Floats] | Floats) -> float:
    pairs = [_spearman(one, other) for one, other in itertools.combinations(shares, 2)]
    return float(np.mean(pairs)) if pairs else float("nan")


def _spearman(one: Floats, other: Floats) -> float:
    if one.size < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(spearmanr(one, other).statistic)


def _mean_jaccard(shares: Sequence[Floats] | Floats, top: int) -> float:
    tops = [set(np.argsort(-one, kind="stable")[:top].tolist()) for one in shares]
    pairs = [len(one & other) / len(one | other) for one, other in itertools.combinations(tops, 2)]
    return float(np.mean(pairs)) if pairs else float("nan")


def _features(
    context: Context, leader: DivisionModel, models: Mapping[dt.date, Fitted], shares: Floats
) -> tuple[FeatureStability, ...]:
    means, spreads = shares.mean(axis=0), shares.std(axis=0)
    order = np.argsort(-means, kind="stable")[: context.settings.gauntlet.stability_top]
    lost = _auc_lost(context, models, order[:SHOWN].tolist())
    return tuple(
        FeatureStability(
            feature=leader.features[one],
            mean_gain_share=float(means[one]),
            std_gain_share=float(spreads[one]),
            cv=float(spreads[one] / means[one]) if means[one] > 0 else None,
            mean_auc_lost=lost.get(one),
        )
        for one in order.tolist()
    )


def _auc_lost(context: Context, models: Mapping[dt.date, Fitted], places: Sequence[int]) -> dict[int, float]:
    """Mean over eras of the AUC that the next era loses when a feature is shuffled in it."""
    lost: dict[int, list[float]] = {one: [] for one in places}
    for era, following in itertools.pairwise(models):
        model, rows = models[era], _sampled(context, _rows(context, following), 0)
        labels, values = outcomes(rows), context.dataset.values(rows, models[era].names)
        whole = metrics.auc(labels, model.predict(values))
        for one in places:
            rng = np.random.default_rng([context.settings.modeling.seed, one])
            changed = values.copy()
            changed[:, one] = rng.permutation(changed[:, one])
            lost[one].append(whole - metrics.auc(labels, model.predict(changed)))
    return {one: float(np.mean(values)) for one, values in lost.items() if values}
