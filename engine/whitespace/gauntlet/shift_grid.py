"""Shift grid: staler features must not score better (G5, G6).

The same rows with the same labels are predicted from features as of some days before; whoever knows less should not
know better. Moving cutoffs and labels together is the other reading: told with its interval, since season and base
rate move with it.
"""

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, cast

import polars as pl

from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.dataset import Dataset
from engine.whitespace.features.matrix import Features, Matrix
from engine.whitespace.gauntlet.context import Context, cutoffs_of, usable
from engine.whitespace.gauntlet.decide import Rule, decide
from engine.whitespace.gauntlet.files import named
from engine.whitespace.gauntlet.scores import AUC, LIFT, Scores, delta, deltas, measure, score
from engine.whitespace.gauntlet.shapes import Shift, Shift14, ShiftGrid, ShiftGridSummary, Status
from engine.whitespace.gauntlet.verdict import ALL, CheckResult, reading, readings, waived
from engine.whitespace.panel import labels
from engine.whitespace.side_by_side import side_by_side
from engine.whitespace.splits import rolling_origins

GRID: Final = "shift_grid"
SHIFT_14: Final = "shift14"
SHIFT_14_FILE: Final = "shift14_metrics"
SUMMARY_FILE: Final = "shift_grid_summary"


@dataclass(frozen=True)
class _Step:
    """Scores of features some days staler, and what they are compared with."""

    days: int
    base: Scores
    shift: Scores
    readings: pl.DataFrame

    def of_division(self, division: str) -> Shift:
        ours = self.readings.filter(pl.col("division") == division)
        return Shift(
            days=self.days,
            status=cast("Status", CheckResult(GRID, ours).of_division(division)),
            base=self.base.of_division(division),
            shift=self.shift.of_division(division),
            delta_auc=delta(self.base, self.shift, division, AUC),
            delta_lift10=delta(self.base, self.shift, division, LIFT),
            low_power=bool(ours["low_power"].any()),
        )


def shift_grid(context: Context, base: Scores) -> tuple[CheckResult, CheckResult]:
    """The checks `shift14` and `shift_grid`. base: the champions on features as of the cutoffs themselves."""
    if context.settings.waivers.shift_grid:
        return waived(SHIFT_14, "waivers.shift_grid"), waived(GRID, "waivers.shift_grid")
    days = sorted({*context.settings.gauntlet.shift_grid_days, context.settings.gauntlet.moved_days})
    cutoffs = cutoffs_of(context.dataset.rows, context.measured_folds)
    measured = side_by_side(partial(_shifted, context, base, cutoffs), days, context.who)
    scores = {0: base, **{one: staler for one, (staler, _) in zip(days, measured, strict=True) if staler}}
    moved = next(other for _, other in measured if other)
    against_base = [_step(context, one, base, scores[one], f"{one}d") for one in scores if one]
    steps = [
        _step(context, later, scores[first], scores[later], f"{first}to{later}d")
        for first, later in itertools.pairwise(scores)
        if first
    ]
    return _shift_14(context, base, moved, against_base), _grid(context, against_base, steps)


def _shifted(
    context: Context, base: Scores, cutoffs: Sequence[dt.date], days: int
) -> tuple[Scores | None, Scores | None]:
    """Scores of features so many days staler, and of cutoffs moved as far; None for what is not asked for."""
    settings = context.settings.gauntlet
    earlier = {cutoff: context.build(context.tables, cutoff - dt.timedelta(days)) for cutoff in cutoffs}
    staler = _staler(context, earlier, base) if days in settings.shift_grid_days else None
    return staler, _moved(context, earlier, base) if days == settings.moved_days else None


def relabelled(features: Features, earlier: Mapping[dt.date, Matrix]) -> Features:
    """Features in which the matrix of a cutoff is that of a day before it."""
    matrices = {cutoff: replace(matrix, cutoff=cutoff) for cutoff, matrix in earlier.items()}
    return replace(features, matrices={**features.matrices, **matrices})


def _staler(context: Context, earlier: Mapping[dt.date, Matrix], base: Scores) -> Scores:
    """The same rows and labels, from features as of some days before."""
    dataset = Dataset(context.dataset.rows, relabelled(context.dataset.features, earlier))
    return score(measure(context, dataset, context.measured_folds), base.customers, context)


def _moved(context: Context, earlier: Mapping[dt.date, Matrix], base: Scores) -> Scores:
    """Cutoffs and labels as of some days before: other labels, but the same customers are drawn."""
    cutoffs = [matrix.cutoff for matrix in earlier.values()]
    features = replace(context.dataset.features, matrices={matrix.cutoff: matrix for matrix in earlier.values()})
    known = context.dataset.rows.select(v.CUSTOMER).unique()
    panel = usable(labels(context.tables, cutoffs, context.settings.labels))
    rows = panel.join(known, on=v.CUSTOMER, how="semi", maintain_order="left")
    folds = rolling_origins(rows, context.settings.modeling, context.settings.waivers)
    newest = max((fold.cutoff for fold in folds), default=None)
    measured = [fold for fold in folds if fold.cutoff == newest or context.settings.gauntlet.deep]
    return score(measure(context, Dataset(rows, features), measured), base.customers, context)


def _step(context: Context, days: int, base: Scores, shift: Scores, name: str) -> _Step:
    settings = context.settings.gauntlet
    rules = (
        Rule(f"delta_auc_{name}", most=settings.shift_max_auc_gain, warns_above=0.0),
        Rule(f"delta_lift10_{name}", most=settings.shift_max_lift_gain, warns_above=0.0),
    )
    tables = [
        decide(deltas(base, shift, context.divisions, figure), rule, settings)
        for rule, figure in zip(rules, (AUC, LIFT), strict=True)
    ]
    return _Step(days, base, shift, pl.concat(tables))


def _shift_14(context: Context, base: Scores, moved: Scores, steps: Sequence[_Step]) -> CheckResult:
    """The gate on the features moved by the days that the other reading moves by."""
    settings = context.settings.gauntlet
    gate = next((step for step in steps if step.days == settings.moved_days), None)
    if gate is None:
        note = f"features were not made staler by {settings.moved_days} days: add them to gauntlet.shift_grid_days"
        return CheckResult(SHIFT_14, readings([reading(v.FAIL, note)]), shared=True)
    files = []
    for division in (ALL, *context.divisions):
        content = Shift14(
            division=division,
            cutoff=context.cutoff,
            status=gate.of_division(division).status,
            staleness=gate.of_division(division),
            moved_days=settings.moved_days,
            moved=moved.of_division(division),
            moved_delta_auc=delta(base, moved, division, AUC),
            moved_delta_lift10=delta(base, moved, division, LIFT),
            eps_auc=settings.shift_max_auc_gain,
            eps_lift10=settings.shift_max_lift_gain,
        )
        path = named(SHIFT_14_FILE, division, context.cutoff, ".json")
        files.append(Artifact(path, content.model_dump(mode="json")))
    return CheckResult(SHIFT_14, gate.readings, artifacts=tuple(files))


def _grid(context: Context, steps: Sequence[_Step], between: Sequence[_Step]) -> CheckResult:
    result = CheckResult(GRID, pl.concat([step.readings for step in (*steps, *between)]))
    files = [_grid_file(context, division, result, steps, between) for division in (ALL, *context.divisions)]
    statuses = {division: cast("Status", result.of_division(division)) for division in context.divisions}
    summary = ShiftGridSummary(cutoff=context.cutoff, divisions=statuses)
    file = Artifact(named(SUMMARY_FILE, ALL, context.cutoff, ".json"), summary.model_dump(mode="json"))
    return replace(result, artifacts=(*files, file))


def _grid_file(
    context: Context, division: str, result: CheckResult, steps: Sequence[_Step], between: Sequence[_Step]
) -> Artifact:
    settings = context.settings.gauntlet
    content = ShiftGrid(
        division=division,
        cutoff=context.cutoff,
        overall=cast("Status", result.of_division(division)),
        eps_auc=settings.shift_max_auc_gain,
        eps_lift10=settings.shift_max_lift_gain,
        shifts=tuple(_each(steps, division)),
        steps=tuple(_each(between, division)),
    )
    return Artifact(named(GRID, division, context.cutoff, ".json"), content.model_dump(mode="json"))


def _each(steps: Sequence[_Step], division: str) -> Iterator[Shift]:
    return (step.of_division(division) for step in steps)
