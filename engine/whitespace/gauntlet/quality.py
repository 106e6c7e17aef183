"""Quality: whether scores rank, and whether chances come true, out of time.

Both are read of all divisions together as the rule is written, and of each by its interval. A calibration error is
never 0 even of perfect chances: what chance alone makes of it, with as many buyers, is held against it.
"""

from collections.abc import Sequence
from typing import Final, cast

import numpy as np
import polars as pl

from engine.arrays import Floats
from engine.whitespace import fingerprint, metrics
from engine.whitespace.artifact import Artifact
from engine.whitespace.dataset import outcomes
from engine.whitespace.gauntlet.context import Context
from engine.whitespace.gauntlet.decide import Rule, decide, figure, figures
from engine.whitespace.gauntlet.files import named
from engine.whitespace.gauntlet.report import readings_of, statuses_of
from engine.whitespace.gauntlet.scores import AUC, Scores, clusters, score, spread
from engine.whitespace.gauntlet.shapes import QualityGates, Status
from engine.whitespace.gauntlet.verdict import ALL, CheckResult, overall
from engine.whitespace.trained import of_division

RANKING: Final = "ranking_power"
CALIBRATION: Final = "calibration"
GATES: Final = (RANKING, CALIBRATION)
FILE: Final = "quality_gates"
SIMULATIONS: Final = 200
"""Draws of buyers from the chances themselves, to see what calibration error chance alone makes."""


def quality(context: Context) -> tuple[CheckResult, CheckResult]:
    """The checks `ranking_power` and `calibration`, on the calibration cutoff, which no model was fitted on.

    Chances there are by calibrators that did not see the row's customer. No leak is looked for, so that these are
    gates beside the gauntlet, with the same readings.
    """
    later = score(context.trained.calibration_rows, clusters(context), context, "p_icp")
    return _ranking_power(context, later), _calibration(context, later)


def artifacts(results: Sequence[CheckResult], context: Context) -> list[Artifact]:
    """`quality_gates_<div>_<cut>.json` of every division and of all together."""
    files = []
    for division in (ALL, *context.divisions):
        statuses = statuses_of(results, division)
        content = QualityGates(
            division=division,
            cutoff=context.cutoff,
            overall=cast("Status", overall(GATES, statuses)),
            checks={name: cast("Status", status) for name, status in statuses.items()},
            readings=tuple(readings_of(results, division)),
        )
        files.append(Artifact(named(FILE, division, context.cutoff, ".json"), content.model_dump(mode="json")))
    return files


def _ranking_power(context: Context, later: Scores) -> CheckResult:
    settings = context.settings.gauntlet
    rows = figures(
        figure(division, later.value(division, AUC), spread(later.drawn(division, AUC)), later.positives[division])
        for division in (ALL, *context.divisions)
    )
    return CheckResult(RANKING, decide(rows, Rule("auc", least=settings.min_auc), settings))


def _calibration(context: Context, later: Scores) -> CheckResult:
    """Calibration error relative to the share of buyers, and Brier skill."""
    settings = context.settings.gauntlet
    asked = (ALL, *context.divisions)
    errors = decide(
        figures(_relative_error(context, later, division) for division in asked),
        Rule("relative_cal_error", most=settings.max_relative_error),
        settings,
    )
    skills = decide(figures(_skill(later, division) for division in asked), Rule("brier_skill", least=0.0), settings)
    return CheckResult(CALIBRATION, pl.concat([errors, skills]))


def _relative_error(context: Context, later: Scores, division: str) -> dict[str, object]:
    rows = context.trained.calibration_rows
    ours = rows if division == ALL else of_division(rows, division)
    chances, bins = ours["p_icp"].to_numpy(), context.settings.modeling.calibration_bins
    value = metrics.relative_cal_error(outcomes(ours), chances, bins)
    drawn = by_chance(chances, bins, fingerprint.number(context.settings.modeling.seed, CALIBRATION, division))
    known = drawn[np.isfinite(drawn)]
    noise = float(known.mean()) if known.size else 0.0
    return figure(division, value, spread(drawn), later.positives[division], noise)


def by_chance(chances: Floats, bins: int, seed: int) -> Floats:
    """Relative calibration errors of chances that are exactly right, (SIMULATIONS,); NaN without any buyer."""
    rng = np.random.default_rng(seed)
    drawn = (rng.random(chances.size) < chances for _ in range(SIMULATIONS))
    return np.array([metrics.relative_cal_error(bought.astype(np.uint8), chances, bins) for bought in drawn])


def _skill(later: Scores, division: str) -> dict[str, object]:
    """1 less the Brier score, of that of saying the share of buyers to everyone."""

    def skill(brier: Floats, share: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return 1 - brier / (share * (1 - share))

    names = ("brier", "prevalence")
    value = skill(*(np.array([later.value(division, name)]) for name in names))[0]
    error = spread(skill(*(later.drawn(division, name) for name in names)))
    return figure(division, float(value), error, later.positives[division])
