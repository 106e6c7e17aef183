"""Contest: which model every division gets, the shared one or one of its own.

In: learning rows of all divisions. Out: for each division what was chosen, and why. The pooled candidates stand
against each other over all divisions; a division with buyers enough then lets candidates of its own stand against the
winner.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import polars as pl

from engine.blocks.executor import IN_PROCESS, Executor
from engine.resampling import Clusters
from engine.settings.whitespace.gauntlet import WaiverSettings
from engine.settings.whitespace.modeling import ModelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.champion import Verdict, champion
from engine.whitespace.dataset import Dataset, outcomes
from engine.whitespace.models import CANDIDATES, HEURISTIC, Fitted, Params
from engine.whitespace.screening import Drop, screen
from engine.whitespace.slug import slug
from engine.whitespace.splits import Fold, rolling_origins
from engine.whitespace.trained import DEGENERATE, OWN, POOLED
from engine.whitespace.tune import Tuned, heuristic, leading, tune

OWN_PREFIX: Final = "own "
"""Before the name of a candidate that is fitted to one division."""


@dataclass(frozen=True)
class Pool:
    """What divisions share: a model over all their rows.

    folder: where it is published. names: the features that are used; drops: those that screening left out. folds: of
    the learning rows. tuned: the candidates. verdict: None where there is nothing to learn from.
    """

    folder: str
    names: tuple[str, ...]
    drops: tuple[Drop, ...]
    folds: tuple[Fold, ...]
    tuned: Mapping[str, Tuned]
    verdict: Verdict | None


@dataclass(frozen=True)
class Chosen:
    """What one division is scored with. predictions: of rows that were not seen. diagnostics: how it came about."""

    division: str
    status: str
    reason: str
    backing: str
    candidate: str
    folder: str
    params: Params
    model: Fitted
    predictions: pl.DataFrame
    diagnostics: Mapping[str, Any]


def pool(
    learning: Dataset,
    names: tuple[str, ...],
    folder: str,
    customers: Clusters,
    settings: ModelSettings,
    waivers: WaiverSettings,
    who: Executor = IN_PROCESS,
) -> Pool:
    """The shared model of some features, tuned and chosen over the rows of all divisions. who: tries parameters."""
    labels = outcomes(learning.rows)
    screened = screen(learning.values(learning.rows, names), labels, names, settings)
    folds = rolling_origins(learning.rows, settings, waivers)
    both = bool(labels.any() and not labels.all())
    used = leading(learning, screened.names, settings) if both else screened.names
    tuned = tune(learning, folds, used, settings, pooled=True, who=who) if both else {}
    by_candidate = {name: one.predictions for name, one in tuned.items()}
    verdict = champion(by_candidate, CANDIDATES, customers, settings) if by_candidate else None
    return Pool(folder, used, screened.drops, folds, tuned, verdict)


def contest(learning: Dataset, shared: Pool, customers: Clusters, settings: ModelSettings, division: str) -> Chosen:
    """What a division gets: a heuristic where nothing can be learned, else the simplest model that none outdoes."""
    ours = learning.of_division(division)
    positives, rows = int(outcomes(ours.rows).sum()), ours.rows.height
    if shared.verdict is None or positives in {0, rows}:
        return _heuristic(division, ours, positives, settings)
    best = shared.tuned[shared.verdict.champion]
    of_division = best.predictions.filter(pl.col(v.DIVISION).cast(pl.String) == division)
    diagnostics = {
        "pooled": _described(shared.tuned, shared.verdict),
        "dropped": [asdict(one) for one in shared.drops],
    }
    few = positives < settings.pooled_below_positives
    own = {} if few else _own(learning, ours, shared, division, settings)
    by_candidate = {POOLED: of_division} | {OWN_PREFIX + name: one.predictions for name, one in own.items()}
    verdict = champion(by_candidate, (POOLED, *(OWN_PREFIX + name for name in CANDIDATES)), customers, settings)
    diagnostics |= {"own": _described(own, verdict)}
    if verdict.champion == POOLED:
        reason = (
            f"{positives} buyers to learn from, {settings.pooled_below_positives} are needed for a model of its own"
        )
        outdone = "no model of its own was better than the shared one by more than one standard error"
        return Chosen(
            division,
            POOLED,
            reason if few else outdone,
            v.MODEL,
            best.candidate,
            shared.folder,
            best.params,
            best.model,
            of_division,
            diagnostics,
        )
    winner = own[verdict.champion.removeprefix(OWN_PREFIX)]
    return Chosen(
        division,
        OWN,
        "its own model was better than the shared one by more than one standard error",
        v.MODEL,
        winner.candidate,
        slug(division),
        winner.params,
        winner.model,
        winner.predictions,
        diagnostics,
    )


def _own(learning: Dataset, ours: Dataset, shared: Pool, division: str, settings: ModelSettings) -> dict[str, Tuned]:
    keep = (learning.rows[v.DIVISION].cast(pl.String) == division).to_numpy()
    folds = [fold.within(keep) for fold in shared.folds]
    labels, names = outcomes(ours.rows), shared.names
    names = screen(ours.values(ours.rows, names), labels, names, settings).names
    return tune(ours, folds, names, settings, pooled=False)


def _heuristic(division: str, ours: Dataset, positives: int, settings: ModelSettings) -> Chosen:
    model = heuristic(ours, settings)
    reason = f"{positives} buyers among {ours.rows.height} rows to learn from: a model needs buyers and others"
    predictions = ours.rows.clear().select(*v.ROW, pl.lit("").alias("fold"), "label", "net_gp_window", p=pl.lit(0.0))
    return Chosen(
        division, DEGENERATE, reason, v.HEURISTIC, HEURISTIC, slug(division), {}, model, predictions, {"dropped": []}
    )


def _described(tuned: Mapping[str, Tuned], verdict: Verdict) -> dict[str, Any]:
    """What was tried, and the rounds of the contest, as JSON takes it."""
    return {
        "champion": verdict.champion,
        "mean_average_precision": dict(verdict.figures),
        "rounds": [
            {
                "incumbent": one.incumbent,
                "challenger": one.challenger,
                "difference": one.difference.value,
                "standard_error": one.difference.standard_error,
                "won": one.won,
            }
            for one in verdict.rounds
        ],
        "tried": [dict(point) for one in tuned.values() for point in one.tried],
        "overfit": {name: dict(one.overfit) for name, one in tuned.items() if one.overfit},
    }
