"""Ablation: the score must not rise when the most important features go, with all of their families (G8).

Dropping features one by one would leave their twins; a family goes as a whole. A rise is suspect, and
warns; it fails nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

import polars as pl

from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.gauntlet.context import Context, leading
from engine.whitespace.gauntlet.decide import Rule, decide
from engine.whitespace.gauntlet.files import named
from engine.whitespace.gauntlet.scores import AUC, LIFT, Scores, delta, deltas, measure, score
from engine.whitespace.gauntlet.shapes import ABLATION, AblationTopK, Drop, Status
from engine.whitespace.gauntlet.verdict import ALL, CheckResult
from engine.whitespace.side_by_side import side_by_side

NAME: Final = "ablation_topk"


@dataclass(frozen=True)
class _Without:
    """Scores without some families. k: how many of the most important features they were to hold."""

    k: int
    families: tuple[str, ...]
    features: int
    scores: Scores
    readings: pl.DataFrame

    def status(self, division: str) -> Status:
        ours = self.readings.filter(pl.col("division") == division)
        return cast("Status", CheckResult(NAME, ours).of_division(division))


def ablation(context: Context, base: Scores) -> CheckResult:
    """The check, of all divisions together and of each. base: the champions with all of their features."""
    dropped = side_by_side(partial(_without, context, base), _drops(context), context.who)
    table = pl.concat([one.readings for one in dropped])
    drops = tuple(_drop_of(base, one) for one in dropped)
    status = cast("Status", CheckResult(NAME, table).pooled)
    content = AblationTopK(cutoff=context.cutoff, status=status, drops=drops)
    rows = [_row(base, one, division) for one in dropped for division in (ALL, *context.divisions)]
    files = (
        Artifact(named(NAME, ALL, context.cutoff, ".json"), content.model_dump(mode="json")),
        Artifact(named(NAME, ALL, context.cutoff, ".csv"), pl.DataFrame(rows, ABLATION, orient="row")),
    )
    return CheckResult(NAME, table, artifacts=files)


def top_families(context: Context, at_least: int) -> tuple[str, ...]:
    """The families of the most important features of the leading model, until they hold so many of its features.

    The last family stays: without any feature there is nothing to compare.
    """
    family = {feature.name: feature.family for feature in context.dataset.features.registry}
    ordered = leading(context, ALL).model.importance()["feature"].to_list()
    members = [family[name] for name in ordered]
    every = dict.fromkeys(members)
    taken: list[str] = []
    for one in every:
        if sum(members.count(name) for name in taken) >= at_least or len(taken) == len(every) - 1:
            break
        taken.append(one)
    return tuple(taken)


def _drops(context: Context) -> list[tuple[int, tuple[str, ...]]]:
    """Each K with its families; a K that takes no family more than the one before is left out."""
    drops: dict[tuple[str, ...], int] = {}
    for k in sorted(context.settings.gauntlet.topk_list):
        drops.setdefault(top_families(context, k), k)
    return [(k, families) for families, k in drops.items()]


def _without(context: Context, base: Scores, dropped: tuple[int, tuple[str, ...]]) -> _Without:
    k, families = dropped
    family = {feature.name: feature.family for feature in context.dataset.features.registry}

    def kept(names: Sequence[str]) -> Sequence[str]:
        left = [name for name in names if family[name] not in families]
        return left or names

    predictions = measure(context, context.dataset, context.measured_folds, kept)
    scores, settings = score(predictions, base.customers, context), context.settings.gauntlet
    rules = (
        Rule(f"delta_auc_top{k}", most=settings.ablation_max_auc_gain, breach_is=v.WARN),
        Rule(f"delta_lift10_top{k}", most=settings.ablation_max_lift_gain, breach_is=v.WARN),
    )
    tables = [
        decide(deltas(base, scores, context.divisions, figure), rule, settings)
        for rule, figure in zip(rules, (AUC, LIFT), strict=True)
    ]
    gone = sum(family[name] in families for name in leading(context, ALL).features)
    return _Without(k, families, gone, scores, pl.concat(tables))


def _drop_of(base: Scores, one: _Without) -> Drop:
    return Drop(
        k=one.k,
        families=one.families,
        features_dropped=one.features,
        status=one.status(ALL),
        base=base.of_division(ALL),
        without=one.scores.of_division(ALL),
        delta_auc=delta(base, one.scores, ALL, AUC),
        delta_lift10=delta(base, one.scores, ALL, LIFT),
    )


def _row(base: Scores, one: _Without, division: str) -> dict[str, object]:
    auc, lift = (delta(base, one.scores, division, figure) for figure in (AUC, LIFT))
    before, after = base.of_division(division), one.scores.of_division(division)
    return {
        "division": division,
        "k": one.k,
        "families": ", ".join(one.families),
        "auc_base": before.auc,
        "auc_without": after.auc,
        "delta_auc": auc.value,
        "delta_auc_low": auc.low,
        "delta_auc_high": auc.high,
        "lift10_base": before.lift10,
        "lift10_without": after.lift10,
        "delta_lift10": lift.value,
        "delta_lift10_low": lift.low,
        "delta_lift10_high": lift.high,
        "status": one.status(division),
    }
