"""Prequential evaluation: how a model that was frozen earlier does, month end after month end.

In: a trained run. Out: the figures of its champions, fitted and calibrated on blocks that end at an earlier cutoff,
at every month end from there on whose labels are whole; and beside them those of models fitted anew every few
months, which tell the age of a model from months that are hard for any.

A horizon is counted from the day on which the last training label ends, so that no window that is looked at reaches
into one that was learned from. Of divisions under the SAFE policy the month ends before that day are told, too: their
windows overlap with those that were learned from, they are marked as not out of time, and no check reads them.
"""

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import polars as pl

from engine.arrays import Floats
from engine.errors import InputError, Problem
from engine.outputs.whitespace import shapes
from engine.resampling import Clusters, Estimate
from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.bootstrap import figure_names
from engine.whitespace.dataset import Dataset
from engine.whitespace.features.build import features, fit
from engine.whitespace.features.matrix import Features
from engine.whitespace.gauntlet.context import Context, usable
from engine.whitespace.gauntlet.decide import Rule, decide, figure, figures
from engine.whitespace.gauntlet.files import part
from engine.whitespace.gauntlet.pictures import Line, Zone, curves
from engine.whitespace.gauntlet.report import checks_table
from engine.whitespace.gauntlet.scores import AUC, Scores, known, score, spread
from engine.whitespace.gauntlet.verdict import ALL, CheckResult, reading, readings
from engine.whitespace.months import add_months, month_end
from engine.whitespace.panel import HORIZON, Blocks, cutoffs_for, labels, newest_cutoff
from engine.whitespace.refit import refit
from engine.whitespace.side_by_side import side_by_side
from engine.whitespace.trained import Trained

NAME: Final = "prequential"
FROZEN: Final = "frozen"
RETRAINED: Final = "retrained"
MONTH_DAYS: Final = 30
"""A slope is told for so many days."""
QUARTER_MONTHS: Final = 3
EARLY: Final = (0, 31)
LATER: Final = (58, 92)
"""Days of horizon whose Brier scores are compared: month ends at +0 and +30 days with those at +60 and +90."""


@dataclass(frozen=True)
class Prequential:
    """A model followed.

    train_cutoff: the day on which its last training label ends. parameters_until: the day up to which labels had a
    say in the parameters, which are those of the run. curve: grain division (empty: all together), curve, cutoff; see
    `curve_schema`. check: readings by division.
    """

    train_cutoff: dt.date
    parameters_until: dt.date
    divisions: tuple[str, ...]
    curve: pl.DataFrame
    check: CheckResult


@dataclass(frozen=True)
class _Point:
    """What is known at one month end."""

    cutoff: dt.date
    frozen_at: dt.date
    scores: Scores
    rows: Mapping[str, int]

    @property
    def horizon_days(self) -> int:
        """Days since the last training label of the frozen model ended."""
        return (self.cutoff - self.frozen_at).days


def prequential(context: Context) -> Prequential:
    """The curves, and whether they rise where they should fall.

    Raises InputError where the data are too short for the months that the settings ask for.
    """
    train_cutoff, followed = months(context)
    careful, overlapping = _overlapping(context, train_cutoff)
    blocks = _blocks(context, train_cutoff)
    later = [_blocks(context, day) for day in followed[:: _retrain_steps(context)]][1:]
    looked_at = [*overlapping, *followed]
    dataset = _dataset(context, blocks, [*looked_at, *(day for one in later for day in one.labelled)])
    settings = context.settings.modeling
    fitted = side_by_side(
        partial(refit, context.trained, dataset, settings), (blocks, *later), context.who, at_once=1
    )
    models = {one.cutoff: one for one in fitted}
    rows = dataset.rows.filter(pl.col(v.CUTOFF).is_in(looked_at))
    customers = Clusters(rows[v.CUSTOMER].cast(pl.String), context.settings.horizons.bootstrap_replicates, 0.95)
    newest = {day: max(one for one in models if one <= day) for day in followed}
    pairs = dict.fromkeys([*((day, train_cutoff) for day in looked_at), *newest.items()])
    measure = partial(_point, context, dataset, models, train_cutoff, customers)
    points = dict(zip(pairs, side_by_side(measure, pairs, context.who), strict=True))
    frozen, retrained = (
        [points[day, of[day]] for day in followed] for of in (dict.fromkeys(followed, train_cutoff), newest)
    )
    percents = context.settings.horizons.prequential.percents
    curve = [
        _row(point, newer, name, division, percents)
        for name, points in ((FROZEN, frozen), (RETRAINED, retrained))
        for point, newer in zip(points, retrained, strict=True)
        for division in (ALL, *context.divisions)
    ]
    for day in overlapping:
        point = points[day, train_cutoff]
        curve += [_row(point, point, FROZEN, division, percents) for division in careful]
    return Prequential(
        train_cutoff,
        add_months(context.trained.tuning[-1], context.settings.labels.horizon_months),
        context.divisions,
        pl.DataFrame(curve, curve_schema(percents), orient="row").sort("division", "curve", v.CUTOFF),
        CheckResult(NAME, _readings(context, frozen)),
    )


def curve_schema(percents: Sequence[int]) -> pl.Schema:
    """The columns of the curve, figures with their intervals `_low` and `_high`; null where there is no buyer.

    n, positives: rows and buyers. horizon_days: since the last training label of the frozen model ended.
    is_out_of_time: whether no label window of the training reaches into this one.
    auc_lost_to_age: by how much the AUC of the model fitted anew is higher.
    """
    ends = ("", "_low", "_high")
    names = [f"{name}{end}" for name in _figures(percents) for end in ends]
    names += ["relative_average_precision", "brier_skill", *(f"auc_lost_to_age{end}" for end in ends)]
    keys = {"division": pl.String(), "curve": pl.String(), v.CUTOFF: pl.Date(), "horizon_days": pl.Int64()}
    keys |= {"is_out_of_time": pl.Boolean(), "n": pl.Int64(), "positives": pl.Int64()}
    return pl.Schema({**keys, **dict.fromkeys(names, pl.Float64())})


def artifacts(found: Prequential) -> list[Artifact]:
    """The curves and readings, and of every division `prequential_<div>_<train>.{json,csv}` with a picture."""
    checks = checks_table([found.check])
    files = [Artifact(shapes.HORIZON, found.curve), Artifact(shapes.PREQUENTIAL_CHECKS, checks)]
    for division in (ALL, *found.divisions):
        rows = found.curve.filter(pl.col("division") == division)
        name = f"{part(division)}_{found.train_cutoff}"
        folder = f"prequential/{part(division)}/{found.train_cutoff}"
        content = {
            "division": division,
            "train_cutoff": str(found.train_cutoff),
            "parameters_chosen_until": str(found.parameters_until),
            "status": found.check.of_division(division),
            "rows": rows.drop("division").with_columns(pl.col(v.CUTOFF).cast(pl.String)).to_dicts(),
            "readings": found.check.readings.filter(pl.col("division") == division).drop("division").to_dicts(),
        }
        files += [
            Artifact(f"{folder}/prequential_{name}.json", content),
            Artifact(f"{folder}/prequential_{name}.csv", rows),
            Artifact(f"{folder}/prequential_curves_{name}.png", _picture(rows)),
        ]
    return files


def _picture(rows: pl.DataFrame) -> bytes:
    """The curves of a division, shaded where they are not out of time."""
    days = rows.filter(~pl.col("is_out_of_time"))["horizon_days"].to_numpy()
    zone = Zone("labels overlap: not out of time", float(days.min()), 0.0) if days.size else None
    return curves(_lines(rows), "days since training labels", zone)


def _lines(rows: pl.DataFrame) -> dict[str, list[Line]]:
    """What is drawn, by figure."""
    entries = {}
    for name in (AUC, "average_precision", "brier"):
        parts = [(curve, rows.filter(pl.col("curve") == curve).drop_nulls(name)) for curve in (FROZEN, RETRAINED)]
        entries[name.replace("_", " ")] = [
            Line(
                curve, *(some[column].to_numpy() for column in ("horizon_days", name, f"{name}_low", f"{name}_high"))
            )
            for curve, some in parts
            if some.height
        ]
    return entries


def months(context: Context) -> tuple[dt.date, list[dt.date]]:
    """The cutoff at which a model is frozen, and the month ends that are looked at, that cutoff the first of them.

    The last is the newest, not after the scoring cutoff, whose labels are whole. Quarterly, the cutoff is the first
    for which the data reach back far enough and every third month end is looked at: with every quarter that is
    delivered one more is.
    """
    settings, horizon = context.settings.horizons.prequential, context.settings.labels.horizon_months
    last = min(add_months(newest_cutoff(context.tables), -horizon), context.cutoff)
    if settings.quarterly:
        train_cutoff = settings.train_cutoff or _first_trained(context)
        days = [train_cutoff]
        while (day := add_months(days[-1], QUARTER_MONTHS)) <= last:
            days.append(day)
    else:
        train_cutoff = settings.train_cutoff or add_months(last, -settings.months)
        days = [add_months(train_cutoff, step) for step in range(settings.months + 1)]
    followed = [day for day in days if day <= last]
    if not followed:
        what = f"the labels of {train_cutoff} are not whole, the newest month end with whole ones is {last}"
        advice = "set whitespace.horizons.prequential.train_cutoff to an earlier month end"
        raise InputError([Problem("prequential", what, advice)])
    return train_cutoff, followed


def _first_trained(context: Context) -> dt.date:
    """The first month end for which a model has all of its tuning cutoffs within the data."""
    first = month_end(context.tables.first_day)
    settings = context.settings.labels
    return add_months(first, 2 * settings.horizon_months + (settings.cutoffs - 1) * settings.spacing_months)


def _retrain_steps(context: Context) -> int:
    """After how many of the days that are looked at the model beside is fitted again."""
    settings = context.settings.horizons.prequential
    return max(settings.retrain_months // QUARTER_MONTHS, 1) if settings.quarterly else settings.retrain_months


def _overlapping(context: Context, train_cutoff: dt.date) -> tuple[list[str], list[dt.date]]:
    """The divisions under the SAFE policy, and the month ends whose windows overlap the last one learned from."""
    settings = context.settings
    listed = () if settings.waivers.safe else settings.modeling.safe_divisions
    careful = [name for name in context.divisions if name in listed]
    days = [add_months(train_cutoff, -step) for step in range(settings.labels.horizon_months - 1, 0, -1)]
    return careful, [day for day in days if careful and day >= context.tables.first_day]


def _blocks(context: Context, train_cutoff: dt.date) -> Blocks:
    """The blocks of a cutoff, without tuning cutoffs before the data begin."""
    blocks = cutoffs_for(train_cutoff, context.settings.labels)
    covered = tuple(day for day in blocks.tuning if day >= context.tables.first_day)
    if not covered:
        what = f"data begin on {context.tables.first_day}, too late to train a model for {train_cutoff}"
        advice = "follow fewer months: whitespace.horizons.prequential.months, or deliver a longer history"
        raise InputError([Problem("prequential", what, advice)])
    return replace(blocks, tuning=covered)


def _dataset(context: Context, blocks: Blocks, others: Sequence[dt.date]) -> Dataset:
    """The population of every cutoff that is trained on or looked at, with its features."""
    days = sorted({*blocks.labelled, *others})
    known_horizons = context.dataset.rows.select(pl.col(v.DIVISION).cast(pl.String), HORIZON).unique()
    rows = usable(labels(context.tables, days, context.settings.labels, dict(known_horizons.sort(v.DIVISION).rows())))
    rows = rows.filter(pl.col(v.DIVISION).cast(pl.String).is_in(context.divisions))
    return Dataset(rows, _features(context, blocks, days))


def _features(context: Context, blocks: Blocks, days: Sequence[dt.date]) -> Features:
    """The features of some cutoffs. Those of the run serve where they were fitted before the model is frozen."""
    settings, of_run = context.settings.features, context.dataset.features
    if context.blocks.tuning[-1] > blocks.scoring:
        return features(context.tables, days, fit(context.tables, blocks.tuning[-1], settings), settings)
    missing = [day for day in days if day not in of_run.matrices]
    more = features(context.tables, missing, context.state, settings)
    return replace(of_run, matrices={**of_run.matrices, **more.matrices})


def _point(
    context: Context,
    dataset: Dataset,
    models: Mapping[dt.date, Trained],
    frozen_at: dt.date,
    customers: Clusters,
    pair: tuple[dt.date, dt.date],
) -> _Point:
    """What is known at a month end by the model of a cutoff. pair: both."""
    day, trained_at = pair
    rows = dataset.rows.filter(pl.col(v.CUTOFF) == day)
    chances = models[trained_at].predict(dataset.features, rows).select("p_icp")
    scored = rows.select(*v.ROW, "label", "net_gp_window").with_columns(chances)
    percents = context.settings.horizons.prequential.percents
    counts = dict(scored.group_by(pl.col(v.DIVISION).cast(pl.String)).len().rows())
    scores = score(scored, customers, context, "p_icp", percents)
    return _Point(day, frozen_at, scores, {ALL: scored.height, **counts})


def _row(point: _Point, newer: _Point, curve: str, division: str, percents: Sequence[int]) -> dict[str, object]:
    scores, customers = point.scores, point.scores.customers
    entries: dict[str, object] = {
        "division": division,
        "curve": curve,
        v.CUTOFF: point.cutoff,
        "horizon_days": point.horizon_days,
        "is_out_of_time": point.horizon_days >= 0,
        "n": point.rows.get(division, 0),
        "positives": scores.positives.get(division, 0),
    }
    for name in _figures(percents):
        entries |= _with_interval(name, scores.estimate(division, name))
    share, brier = scores.value(division, "prevalence"), scores.value(division, "brier")
    lost = newer.scores.drawn(division, AUC) - scores.drawn(division, AUC)
    by_age = customers.estimate(newer.scores.value(division, AUC) - scores.value(division, AUC), lost)
    return entries | {
        "relative_average_precision": known(scores.value(division, "average_precision") / share),
        "brier_skill": known(1 - brier / (share * (1 - share)) if share < 1 else np.nan),
        **_with_interval("auc_lost_to_age", by_age),
    }


def _with_interval(name: str, estimate: Estimate) -> dict[str, float | None]:
    return {name: known(estimate.value), f"{name}_low": known(estimate.low), f"{name}_high": known(estimate.high)}


def _figures(percents: Sequence[int]) -> list[str]:
    return [name for name in figure_names(percents) if "@" not in name or name.startswith("lift@")]


def _readings(context: Context, points: Sequence[_Point]) -> pl.DataFrame:
    """Every step from one month end to the next, the rise of the Brier score, and the slope."""
    tables = [_steps(context, points), _brier(context, points)]
    if len(points) > 1:
        tables.append(readings(_slopes(context, points)))
    return pl.concat([table for table in tables if table.height])


def _steps(context: Context, points: Sequence[_Point]) -> pl.DataFrame:
    """AUC should not rise as a model ages: near the cutoff a rise warns, further on it fails.

    Months differ by more than a model ages in one: of all divisions together, too, a rise fails only where it is
    beyond chance, unless checks are strict.
    """
    gauntlet, settings = context.settings.gauntlet, context.settings.horizons.prequential
    tables = [readings(())]
    for before, after in itertools.pairwise(points):
        breach_is = v.FAIL if after.horizon_days >= settings.far_days else v.WARN
        rule = Rule(f"auc_step_{after.horizon_days}d", most=gauntlet.shift_max_auc_gain, breach_is=breach_is)
        table = decide(_changes(context, [before], [after], AUC), rule, gauntlet)
        tables.append(table if gauntlet.strict else table.pipe(_sure))
    return pl.concat(tables)


def _sure(table: pl.DataFrame) -> pl.DataFrame:
    """The readings, with a warning of low power where a failure is within chance."""
    is_chance = (pl.col("status") == v.FAIL) & pl.col("value").is_not_null() & (pl.col("low") <= pl.col("bound"))
    return table.with_columns(
        status=pl.when(is_chance).then(pl.lit(v.WARN)).otherwise("status"),
        low_power=pl.col("low_power") | is_chance,
        note=pl.when(is_chance).then(pl.lit("low_power: ") + pl.col("note")).otherwise("note"),
    )


def _brier(context: Context, points: Sequence[_Point]) -> pl.DataFrame:
    """Chances should stay honest: the Brier score of the next month ends against that of the first."""
    early, later = ([one for one in points if low <= one.horizon_days <= high] for low, high in (EARLY, LATER))
    if not later:
        return readings(())
    rule = Rule("brier_rise", most=context.settings.horizons.prequential.max_brier_rise)
    table = decide(_changes(context, early, later, "brier"), rule, context.settings.gauntlet)
    return table if context.settings.gauntlet.strict else table.pipe(_sure)


def _changes(context: Context, before: Sequence[_Point], after: Sequence[_Point], name: str) -> pl.DataFrame:
    """How much higher the mean of a figure is afterwards, as `decide` takes it."""
    rows = []
    for division in (ALL, *context.divisions):
        values = [float(np.mean([one.scores.value(division, name) for one in part])) for part in (before, after)]
        drawn = [np.mean([one.scores.drawn(division, name) for one in part], axis=0) for part in (before, after)]
        positives = min(one.scores.positives.get(division, 0) for one in (*before, *after))
        rows.append(figure(division, values[1] - values[0], spread(drawn[1] - drawn[0]), positives))
    return figures(rows)


def _slopes(context: Context, points: Sequence[_Point]) -> Iterator[dict[str, object]]:
    """The change of AUC in a month, with its interval: told, since a model need not decay.

    Month ends share most of their windows. Customers are drawn with all of their month ends, so that the interval
    knows what these have in common; what hits all customers of a month alike it does not know.
    """
    days = np.array([point.horizon_days for point in points], np.float64)
    weights = (days - days.mean()) / ((days - days.mean()) ** 2).sum() * MONTH_DAYS
    for division in (ALL, *context.divisions):
        value, drawn = _weighted(points, weights, division)
        estimate = points[0].scores.customers.estimate(value, drawn)
        if np.isnan(value):
            note = "too few buyers for a slope"
        else:
            note = f"AUC changes by {value:+.4f} in {MONTH_DAYS} days; told, not gated"
        numbers = {"value": known(value), "low": known(estimate.low), "high": known(estimate.high)}
        yield reading(v.PASS, note, division, "auc_slope", **numbers)


def _weighted(points: Sequence[_Point], weights: Floats, division: str) -> tuple[float, Floats]:
    value = float(weights @ np.array([point.scores.value(division, AUC) for point in points]))
    return value, np.asarray(weights @ np.array([point.scores.drawn(division, AUC) for point in points]))
