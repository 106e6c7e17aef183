"""Deploy: the champions fitted again on everything labelled, calibrated on customers that each fit did not see.

In: champions that were tuned, compared and measured on the calibration cutoff as that came after everything that
they had learned from. Out: the same champions with the newest half year in them too; they are never measured on it.
A shared model knows its divisions and has a shared calibration; a model of one division has one of its own. A half
year that is unlike the others is mostly passing: older rows have a say in the level of chances, the less the older.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
import polars as pl

from engine.arrays import Floats
from engine.blocks.executor import IN_PROCESS, Executor
from engine.settings.whitespace.modeling import ModelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.calibrate import POOLED, calibrate
from engine.whitespace.dataset import Dataset, outcomes
from engine.whitespace.models import HEURISTIC
from engine.whitespace.side_by_side import side_by_side
from engine.whitespace.splits import customer_groups
from engine.whitespace.trained import DivisionModel
from engine.whitespace.tune import refit

DAYS_PER_MONTH: Final = 365.25 / 12


def deploy(
    models: Sequence[DivisionModel],
    learning: Dataset,
    later: Dataset,
    settings: ModelSettings,
    who: Executor = IN_PROCESS,
) -> list[DivisionModel]:
    """The models of divisions as they score new days; heuristics, which learn nothing, as they are.

    learning, later: rows of the tuning and of the calibration cutoffs, of the population, with known labels. who:
    fits them.
    """
    folders = sorted({one.folder for one in models})
    served = [[one for one in models if one.folder == folder] for folder in folders]
    done = side_by_side(partial(_deployed, learning, later, settings), served, who, at_once=1)
    return [one for of_folder in done for one in of_folder]


def _deployed(
    learning: Dataset, later: Dataset, settings: ModelSettings, served: Sequence[DivisionModel]
) -> list[DivisionModel]:
    """The divisions of one model."""
    first = served[0]
    everything = Dataset(pl.concat([learning.rows, later.rows]), learning.features)
    rows = everything if first.pooled else everything.of_division(first.division)
    model = (
        None if first.champion == HEURISTIC else refit(rows, first.champion, first.params, first.features, settings)
    )
    if model is None:
        return list(served)
    names = [one.division for one in served]
    ours = Dataset(rows.rows.filter(pl.col(v.DIVISION).cast(pl.String).is_in(names)), rows.features)
    scores, labels = _unseen(first, rows, ours, settings), outcomes(ours.rows)
    known = np.isfinite(scores)
    both = labels[known].any() and not labels[known].all()
    scope, weights = POOLED if first.pooled else first.division, _weights(ours.rows, settings)[known]
    calibrator = calibrate(labels[known], scores[known], scope, settings, weights) if both else first.calibrator
    return [replace(one, model=model, calibrator=calibrator) for one in served]


def _weights(rows: pl.DataFrame, settings: ModelSettings) -> Floats:
    """How much each row counts: 1 at the newest cutoff, half at one that is a half-life older."""
    half_life_days = DAYS_PER_MONTH * settings.calibration_half_life_months
    age_days = (pl.col(v.CUTOFF).max() - pl.col(v.CUTOFF)).dt.total_days()
    return rows.select(pl.lit(0.5).pow(age_days / half_life_days)).to_series().to_numpy()


def _unseen(one: DivisionModel, rows: Dataset, ours: Dataset, settings: ModelSettings) -> Floats:
    """Scores of our rows, each by a fit without its customer's group; NaN where what is left has one class."""
    groups, of_rows = (customer_groups(each.rows[v.CUSTOMER], settings) for each in (ours, rows))
    scores = np.full(ours.rows.height, np.nan)
    for group in range(settings.folds):
        others = Dataset(rows.rows.filter(pl.Series(of_rows != group)), rows.features)
        model = refit(others, one.champion, one.params, one.features, settings)
        mine = np.flatnonzero(groups == group)
        if model is not None and mine.size:
            scores[mine] = model.predict(ours.values(ours.rows[mine], one.features))
    return scores
