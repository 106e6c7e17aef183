"""Context: everything that the checks look at, as one run of the desk made it."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from engine.blocks.executor import IN_PROCESS, Executor
from engine.settings.whitespace.features import FeatureSettings
from engine.settings.whitespace.run import Sections
from engine.vocabulary import whitespace as v
from engine.whitespace.dataset import Dataset
from engine.whitespace.features.build import build, fit
from engine.whitespace.features.matrix import Matrix
from engine.whitespace.features.state import State
from engine.whitespace.gauntlet.verdict import ALL
from engine.whitespace.models import HEURISTIC
from engine.whitespace.panel import Blocks
from engine.whitespace.splits import Fold, rolling_origins
from engine.whitespace.tables import Tables
from engine.whitespace.trained import USABLE, DivisionModel, Trained


@dataclass(frozen=True)
class Builders:
    """How state and features are made of tables: the desk's own, and in the canaries those that leak."""

    fit: Callable[[Tables, dt.date, FeatureSettings], State] = fit
    build: Callable[[Tables, dt.date, State, FeatureSettings], Matrix] = build


BUILDERS = Builders()


@dataclass(frozen=True)
class Context:
    """One trained run.

    dataset: the rows of the population with whole labels of the tuning and the calibration cutoffs; features of those
    and of the scoring cutoff. folds: of the rows of the dataset. state: what was fitted at the last tuning cutoff.
    who: does what can be cut into pieces.
    """

    tables: Tables
    blocks: Blocks
    dataset: Dataset
    folds: tuple[Fold, ...]
    state: State
    trained: Trained
    settings: Sections
    builders: Builders = BUILDERS
    who: Executor = IN_PROCESS

    @property
    def cutoff(self) -> dt.date:
        """The scoring cutoff."""
        return self.blocks.scoring

    @cached_property
    def divisions(self) -> tuple[str, ...]:
        """The names of the divisions that were trained."""
        return tuple(sorted(self.trained.divisions))

    @cached_property
    def measured_folds(self) -> tuple[Fold, ...]:
        """The folds that experiments use: those of the newest origin; all of them when deep."""
        newest = max((fold.cutoff for fold in self.folds), default=None)
        return tuple(fold for fold in self.folds if self.settings.gauntlet.deep or fold.cutoff == newest)

    def build(self, tables: Tables, cutoff: dt.date) -> Matrix:
        """The features as of a cutoff, with the state of the run."""
        return self.builders.build(tables, cutoff, self.state, self.settings.features)


def context(
    tables: Tables,
    blocks: Blocks,
    dataset: Dataset,
    state: State,
    trained: Trained,
    settings: Sections,
    builders: Builders = BUILDERS,
    who: Executor = IN_PROCESS,
) -> Context:
    """What the checks look at, of a run as the desk made it. dataset: the whole panel with its features."""
    ours = Dataset(usable(dataset.rows.filter(pl.col(v.CUTOFF).is_in(blocks.labelled))), dataset.features)
    folds = rolling_origins(ours.rows, settings.modeling, settings.waivers)
    return Context(tables, blocks, ours, folds, state, trained, settings, builders, who)


def usable(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of the population whose labels are whole."""
    return rows.filter(USABLE)


def cutoffs_of(rows: pl.DataFrame, folds: Sequence[Fold]) -> list[dt.date]:
    """The cutoffs that some folds train on or validate, in order."""
    used = np.logical_or.reduce([fold.train | fold.valid for fold in folds]) if folds else np.zeros(rows.height, bool)
    return rows.filter(pl.Series(used))[v.CUTOFF].unique().sort().to_list()


def by_folder(trained: Trained) -> Mapping[str, list[str]]:
    """The divisions that each model serves, by the folder of the model."""
    served: dict[str, list[str]] = {}
    for name in sorted(trained.divisions):
        served.setdefault(trained.divisions[name].folder, []).append(name)
    return served


def leading(context: Context, division: str) -> DivisionModel:
    """The model that scores a division; of all together the one that scores most of them."""
    models = context.trained.divisions
    if division != ALL:
        return models[division]
    folders = [model.folder for model in models.values() if model.champion != HEURISTIC]
    most = max(sorted(set(folders)), key=folders.count)
    return next(models[name] for name in sorted(models) if models[name].folder == most)
