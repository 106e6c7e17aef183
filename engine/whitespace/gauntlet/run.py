"""Gauntlet: every check of a trained run, one after the other, and what they come to.

In: a trained run. Out: `Gauntlet`: results by check, the verdict on all divisions together and on each, and files.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from engine.whitespace.artifact import Artifact
from engine.whitespace.gauntlet import ablation as g8
from engine.whitespace.gauntlet import adjacency as g11
from engine.whitespace.gauntlet import date_audit as g2
from engine.whitespace.gauntlet import overlap as g4
from engine.whitespace.gauntlet import permutation as g7
from engine.whitespace.gauntlet import reproducibility as g9
from engine.whitespace.gauntlet import shift_grid as g6
from engine.whitespace.gauntlet import stability as g10
from engine.whitespace.gauntlet import static_scan as g1
from engine.whitespace.gauntlet import timing as g12
from engine.whitespace.gauntlet import truncation as g3
from engine.whitespace.gauntlet.context import Context
from engine.whitespace.gauntlet.report import report, statuses_of
from engine.whitespace.gauntlet.scores import Scores, clusters, measure, score
from engine.whitespace.gauntlet.verdict import ALL, CheckResult, failed, overall

EXPECTED: Final = (
    g1.NAME,
    g2.NAME,
    g3.NAME,
    g4.NAME,
    g6.SHIFT_14,
    g6.GRID,
    g7.NAME,
    g8.NAME,
    g9.NAME,
    g10.NAME,
    g11.NAME,
    g12.NAME,
)
"""Every check, in the order of the report; one that is missing fails."""

Check = Callable[["_Work"], Sequence[CheckResult]]


@dataclass(frozen=True)
class Gauntlet:
    """What the checks of one run found. divisions: names of those that were judged."""

    results: tuple[CheckResult, ...]
    divisions: tuple[str, ...]
    files: tuple[Artifact, ...]

    @property
    def overall(self) -> str:
        """The verdict on the run: the worst of all divisions together and of each."""
        return overall(EXPECTED, {result.name: result.status for result in self.results})

    @property
    def pooled(self) -> str:
        """The verdict on all divisions together."""
        return overall(EXPECTED, statuses_of(self.results, ALL))

    def of_division(self, division: str) -> str:
        """The verdict on one division."""
        return overall(EXPECTED, statuses_of(self.results, division))

    def check(self, name: str) -> CheckResult:
        """One check. Raises KeyError where it did not run."""
        return {result.name: result for result in self.results}[name]


@dataclass(frozen=True)
class _Work:
    """A context, and what several checks need of it, computed when the first one asks."""

    context: Context

    @cached_property
    def base(self) -> Scores:
        """The champions on features as of the cutoffs, measured out of time."""
        predictions = measure(self.context, self.context.dataset, self.context.measured_folds)
        return score(predictions, clusters(self.context), self.context)


def gauntlet(
    context: Context, watch: Callable[[str], None] | None = None, only: Sequence[str] = EXPECTED
) -> Gauntlet:
    """Run the checks. watch: called with the name of each as it begins. only: the checks that run; the others are
    missing, and fail. A check that breaks off is ERROR, and the others still run.
    """
    work, results = _Work(context), list[CheckResult]()
    for names, check in _CHECKS:
        if set(names) & set(only):
            if watch:
                watch(names[0])
            results += _guarded(names, check, work)
    settings = context.settings
    files = [file for result in results for file in result.artifacts]
    files += report(results, EXPECTED, context.divisions, context.cutoff, settings.gauntlet, settings.waivers)
    return Gauntlet(tuple(results), context.divisions, tuple(files))


def artifacts(found: Gauntlet) -> list[Artifact]:
    """The files of the gauntlet."""
    return list(found.files)


def _guarded(names: Sequence[str], check: Check, work: _Work) -> Sequence[CheckResult]:
    try:
        return check(work)
    except Exception as error:
        return [failed(name, error) for name in names]


def _overlap(work: _Work) -> list[CheckResult]:
    context, settings = work.context, work.context.settings
    purge_days = 0 if settings.waivers.purge else settings.modeling.purge_days
    folds, rows = context.folds, context.dataset.rows
    found = g4.overlap(rows, folds, context.tables, purge_days, settings.gauntlet, context.cutoff)
    return [found]


def _date_audit(work: _Work) -> list[CheckResult]:
    context = work.context
    fitted_at = max(context.blocks.tuning)
    return [g2.date_audit(context.dataset.features, context.state, fitted_at, context.cutoff)]


def _static_scan(work: _Work) -> list[CheckResult]:
    context = work.context
    return [g1.static_scan(context.dataset, context.cutoff, context.settings.modeling)]


_CHECKS: Final[tuple[tuple[tuple[str, ...], Check], ...]] = (
    ((g1.NAME,), _static_scan),
    ((g2.NAME,), _date_audit),
    ((g3.NAME,), lambda work: [g3.truncation(work.context)]),
    ((g4.NAME,), _overlap),
    ((g6.SHIFT_14, g6.GRID), lambda work: g6.shift_grid(work.context, work.base)),
    ((g7.NAME,), lambda work: [g7.permutation(work.context, work.base)]),
    ((g8.NAME,), lambda work: [g8.ablation(work.context, work.base)]),
    ((g9.NAME,), lambda work: [g9.reproducibility(work.context)]),
    ((g10.NAME,), lambda work: [g10.stability(work.context)]),
    ((g11.NAME,), lambda work: [g11.adjacency(work.context)]),
    (
        (g12.NAME,),
        lambda work: [g12.timing(work.context.dataset.rows, work.context.cutoff, work.context.settings.gauntlet)],
    ),
)
