"""Refit: the champions of a run, with their parameters, fitted and calibrated on the blocks of another day.

In: a trained run, and rows of other blocks with their features. Out: the same divisions with other models.
"""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from engine.settings.whitespace.modeling import ModelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.calibrate import calibrators
from engine.whitespace.dataset import Dataset
from engine.whitespace.gauntlet.context import by_folder
from engine.whitespace.models import HEURISTIC, Fitted
from engine.whitespace.panel import Blocks
from engine.whitespace.trained import USABLE, Trained
from engine.whitespace.tune import heuristic
from engine.whitespace.tune import refit as fitted_again


def refit(trained: Trained, dataset: Dataset, settings: ModelSettings, blocks: Blocks) -> Trained:
    """The champions fitted on the tuning cutoffs and calibrated on the calibration cutoff of some blocks.

    dataset: rows of those cutoffs, as `panel.labels` returns them; only rows of the population whose label ends by
    the scoring cutoff are used. A feature that the dataset does not have is left out. Where the rows of a model are
    of one class, a heuristic stands in. The predictions that came with the run are dropped: they are of its models.
    """
    usable = dataset.where(USABLE & (pl.col("window_end") <= blocks.scoring))
    learning = usable.where(pl.col(v.CUTOFF).is_in(blocks.tuning))
    later = usable.rows.filter(pl.col(v.CUTOFF) == blocks.calibration)
    divisions = {
        name: replace(trained.divisions[name], model=model, calibrator=None)
        for served in by_folder(trained).values()
        for model in (_model(trained, served, learning, settings),)
        for name in served
    }
    raw = replace(
        trained,
        cutoff=blocks.scoring,
        tuning=blocks.tuning,
        calibration=blocks.calibration,
        divisions=divisions,
        out_of_time=trained.out_of_time.clear(),
        calibration_rows=trained.calibration_rows.clear(),
    )
    return _calibrated(raw, Dataset(later, dataset.features), settings)


def _model(trained: Trained, served: Sequence[str], learning: Dataset, settings: ModelSettings) -> Fitted:
    """The model that some divisions share, or that one has of its own."""
    champion, known = trained.divisions[served[0]], set(learning.features.names())
    ours = learning if champion.pooled else learning.of_division(champion.division)
    model = None
    if champion.champion != HEURISTIC:
        names = tuple(name for name in champion.features if name in known)
        model = fitted_again(ours, champion.champion, champion.params, names, settings)
    if model is not None:
        return model
    return heuristic(ours, settings)


def _calibrated(raw: Trained, later: Dataset, settings: ModelSettings) -> Trained:
    """With the calibrators of the later rows; heuristics apart, since a share is no chance."""
    rows = later.rows.select(*v.ROW, "label").with_columns(raw.predict(later.features, later.rows)["p_raw"])
    divisions, before = dict(raw.divisions), pl.col(v.CUTOFF) < rows[v.CUTOFF].min()
    earlier = raw.out_of_time.filter(before).select(v.CUSTOMER, v.DIVISION, v.CUTOFF, "label", p_raw="p")
    for backing in v.BACKINGS:
        names = [name for name, one in divisions.items() if one.backing == backing]
        part, past = (each.filter(pl.col(v.DIVISION).cast(pl.String).is_in(names)) for each in (rows, earlier))
        for name, calibrator in calibrators(part, past, names, settings).items() if names else ():
            divisions[name] = replace(divisions[name], calibrator=calibrator)
    return replace(raw, divisions=divisions)
