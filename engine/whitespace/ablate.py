"""Ablate: whether scores lean on the last days before a cutoff.

In: a trained run. Out: its champions with all of their features (full), without recency and short windows
(no_recency_short), with SAFE ones and with safe_lite ones, on the same rows under the one splitter: rolling origins
with customers and label intervals apart, and far months, whose labels begin long after the training labels ended.
SAFE ones that do better are a sign that the last days tell more than they should.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import polars as pl

from engine.arrays import Floats
from engine.outputs.whitespace import shapes
from engine.resampling import Clusters, Estimate
from engine.settings.whitespace.features import FeatureSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.safe import SafePolicy, no_recency_short, safe, safe_lite
from engine.whitespace.gauntlet.context import Context, leading
from engine.whitespace.gauntlet.decide import Rule, decide, figure, figures
from engine.whitespace.gauntlet.files import part
from engine.whitespace.gauntlet.report import checks_table
from engine.whitespace.gauntlet.scores import AUC, Scores, clusters, known, measure, score, spread
from engine.whitespace.gauntlet.verdict import ALL, CheckResult, reading, readings
from engine.whitespace.side_by_side import side_by_side
from engine.whitespace.splits import Fold, far_months

NAME: Final = "adjacency_ablation"
FULL: Final = "full"
SAFE: Final = "safe"
POLICIES: Final[Mapping[str, Callable[[tuple[Feature, ...], FeatureSettings], SafePolicy]]] = {
    "no_recency_short": no_recency_short,
    SAFE: safe,
    "safe_lite": safe_lite,
}
VARIANTS: Final = (FULL, *POLICIES)
ORIGINS: Final = "rolling_origins"
FAR: Final = "far_months"
"""The mean of all far months."""
NORMAL_95: Final = 1.959964
"""Standard errors to each side of a mean that hold 95% of a normal distribution."""

SCHEMA: Final = pl.Schema(
    {
        "division": pl.String,
        "holdout": pl.String,
        "train": pl.Date,
        "variant": pl.String,
        "model": pl.String,
        "features": pl.Int64,
        "n": pl.Int64,
        "positives": pl.Int64,
        "auc": pl.Float64,
        "lift@10": pl.Float64,
        "brier": pl.Float64,
        "months": pl.Int64,
        "full_minus_auc": pl.Float64,
        "full_minus_auc_error": pl.Float64,
        "full_minus_auc_low": pl.Float64,
        "full_minus_auc_high": pl.Float64,
    }
)
"""Grain: division (empty: all together), holdout, variant. holdout: `rolling_origins`, the day of a far month, or
`far_months`, the mean over them. train: the newest cutoff trained on. months: that a mean is over. full_minus_auc: by
how much the full champion's AUC is higher, with standard error and interval."""


@dataclass(frozen=True)
class Ablation:
    """What every variant reached. table: see `SCHEMA`. check: readings by division."""

    divisions: tuple[str, ...]
    table: pl.DataFrame
    check: CheckResult


@dataclass(frozen=True)
class _Holdout:
    """Scores of every variant on the rows of one holdout."""

    name: str
    train: dt.date
    rows: Mapping[str, int]
    scores: Mapping[str, Scores]

    def gap(self, division: str, variant: str) -> tuple[float, Floats]:
        """By how much the AUC of the full champion is higher, and its replicates."""
        full, other = self.scores[FULL], self.scores[variant]
        value = full.value(division, AUC) - other.value(division, AUC)
        return value, full.drawn(division, AUC) - other.drawn(division, AUC)


def ablate(context: Context) -> Ablation:
    """All variants, and whether SAFE ones do too well or all too poorly."""
    settings, rows = context.settings.horizons.ablation, context.dataset.rows
    far = far_months(rows, settings.far_days, settings.far_months)
    parts = [(ORIGINS, context.measured_folds), *((str(fold.cutoff), (fold,)) for fold in far)]
    draws, holdouts = clusters(context), list[_Holdout]()
    for name, folds in parts:
        found = side_by_side(partial(_measured, context, folds), VARIANTS, context.who)
        scores = {variant: score(table, draws, context) for variant, table in zip(VARIANTS, found, strict=True)}
        holdouts.append(_Holdout(name, _newest(rows, folds), _counts(found[0]), scores))
    table = pl.DataFrame(list(_rows(context, holdouts, draws)), SCHEMA, orient="row")
    return Ablation(context.divisions, table, CheckResult(NAME, _readings(context, holdouts)))


def artifacts(found: Ablation) -> list[Artifact]:
    """The table and readings, and `adjacency_ablation_<div>_<train>_<holdout>.{json,csv}` of every holdout."""
    checks = checks_table([found.check])
    files = [Artifact(shapes.ABLATION, found.table), Artifact(shapes.ABLATION_CHECKS, checks)]
    for (division, holdout, train), rows in found.table.group_by("division", "holdout", "train", maintain_order=True):
        name = f"ablation/{part(str(division))}/{NAME}_{part(str(division))}_{train}_{holdout}"
        safe_row = rows.row(by_predicate=pl.col("variant") == SAFE, named=True)
        content = {
            "division": division,
            "train": str(train),
            "holdout": holdout,
            "status": found.check.of_division(str(division)),
            "rows": rows.drop("division", "holdout", "train").to_dicts(),
            "delta_auc_full_minus_safe": {
                end or "value": safe_row[f"full_minus_auc{'_' * bool(end)}{end}"] for end in ("", "low", "high")
            },
        }
        files += [Artifact(f"{name}.json", content), Artifact(f"{name}.csv", rows)]
    return files


def arm(registry: tuple[Feature, ...], policy: SafePolicy, features: Sequence[str]) -> tuple[str, ...]:
    """What a policy leaves of a champion's features, and what it puts in their place, in the order of the registry.

    All that the policy keeps where it leaves none of them.
    """
    stand_ins = {policy.swapped[name] for name in features if name in policy.swapped}
    wanted = set(features) | stand_ins
    left = tuple(one.name for one in registry if one.name in wanted and one.name in set(policy.kept))
    return left or policy.kept


def pooled_over(values: Sequence[float], drawn: Sequence[Floats]) -> tuple[float, float]:
    """The mean of a difference over several months, and its standard error for a month to come like them.

    The draws of customers say how sure each month is; what the months differ by beyond that is added (random effects,
    by moments). Months in which it could not be computed are left out; NaN where there is none.
    """
    some = [place for place, value in enumerate(values) if np.isfinite(value)]
    if not some:
        return float("nan"), float("nan")
    mean = np.mean([drawn[place] for place in some], axis=0)
    errors = np.array([spread(drawn[place]) for place in some])
    found = np.array([values[place] for place in some])
    between = max(0.0, float(found.var(ddof=1)) - float((errors**2).mean())) if found.size > 1 else 0.0
    return float(found.mean()), float(np.sqrt(spread(mean) ** 2 + between / found.size))


def _measured(context: Context, folds: Sequence[Fold], variant: str) -> pl.DataFrame:
    """Predictions of the champions with the features of a variant."""
    return measure(context, context.dataset, folds, lambda features: _names(context, features, variant))


def _names(context: Context, features: Sequence[str], variant: str) -> Sequence[str]:
    """The features that a champion has in a variant."""
    if variant == FULL:
        return features
    registry = context.dataset.features.registry
    return arm(registry, POLICIES[variant](registry, context.settings.features), features)


def _newest(rows: pl.DataFrame, folds: Sequence[Fold]) -> dt.date:
    """The newest cutoff that some folds train on."""
    trained = np.logical_or.reduce([fold.train for fold in folds])
    newest: dt.date = rows.filter(pl.Series(trained))[v.CUTOFF].max()  # type: ignore[assignment]
    return newest


def _counts(predictions: pl.DataFrame) -> dict[str, int]:
    return {ALL: predictions.height, **dict(predictions.group_by(pl.col(v.DIVISION).cast(pl.String)).len().rows())}


def _rows(context: Context, holdouts: Sequence[_Holdout], draws: Clusters) -> Iterator[dict[str, object]]:
    for division in (ALL, *context.divisions):
        for variant in VARIANTS:
            for one in holdouts:
                value, drawn = one.gap(division, variant)
                found = _interval(draws.estimate(value, drawn), spread(drawn))
                yield _row(context, [one], division, variant, one.name) | found
            far = [one for one in holdouts if one.name != ORIGINS]
            if not far:
                continue
            value, error = pooled_over(*zip(*(one.gap(division, variant) for one in far), strict=True))
            width = NORMAL_95 * error
            found = _interval(Estimate(value, value - width, value + width), error)
            yield _row(context, far, division, variant, FAR) | found


def _row(context: Context, holdouts: Sequence[_Holdout], division: str, variant: str, name: str) -> dict[str, object]:
    """Figures of a variant, the mean over some holdouts."""
    champion = leading(context, division)
    scored = [one.scores[variant].of_division(division) for one in holdouts]
    return {
        "division": division,
        "holdout": name,
        "train": max(one.train for one in holdouts),
        "variant": variant,
        "model": champion.champion,
        "features": len(_names(context, champion.features, variant)),
        "n": sum(one.rows.get(division, 0) for one in holdouts),
        "positives": sum(one.positives for one in scored),
        "auc": _mean([one.auc for one in scored]),
        "lift@10": _mean([one.lift10 for one in scored]),
        "brier": _mean([one.brier for one in scored]),
        "months": len(holdouts),
    }


def _interval(gap: Estimate, error: float) -> dict[str, float | None]:
    name = "full_minus_auc"
    return {
        name: known(gap.value),
        f"{name}_error": known(error),
        f"{name}_low": known(gap.low),
        f"{name}_high": known(gap.high),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    some = [value for value in values if value is not None]
    return float(np.mean(some)) if some else None


def _readings(context: Context, holdouts: Sequence[_Holdout]) -> pl.DataFrame:
    """Full less SAFE on rolling origins and on the mean of far months.

    A division that is listed as safe is trained on SAFE features, so that both are alike; where that is waived, what
    would fail is waived, too.
    """
    settings, far = context.settings.horizons.ablation, [one for one in holdouts if one.name != ORIGINS]
    if len(far) < settings.far_months:
        missing = f"{len(far)} far months, {settings.far_months} are needed: more cutoffs, or a shorter far_days"
        short = [reading(v.FAIL, missing, measure="full_minus_safe_far_months", value=float(len(far)))]
    else:
        short = []
    tables = [readings(short)]
    for name, some in ((ORIGINS, holdouts[:1]), (FAR, far)):
        rows = []
        for division in (ALL, *context.divisions) if some else ():
            value, error = pooled_over(*zip(*(one.gap(division, SAFE) for one in some), strict=True))
            positives = sum(one.scores[FULL].positives.get(division, 0) for one in some)
            rows.append(figure(division, value, error, positives))
        rule = Rule(f"full_minus_safe_{name}", least=-settings.max_loss, warns_above=settings.reliance)
        tables.append(decide(figures(rows), rule, context.settings.gauntlet))
    found = pl.concat(tables)
    if not context.settings.waivers.safe:
        return found
    listed = pl.col("division").is_in(context.settings.modeling.safe_divisions) & (pl.col("status") == v.FAIL)
    return found.with_columns(
        status=pl.when(listed).then(pl.lit(v.WAIVED)).otherwise("status"),
        note=pl.when(listed)
        .then(pl.lit("waived: forensics (waivers.safe is on); ") + pl.col("note"))
        .otherwise("note"),
    )
