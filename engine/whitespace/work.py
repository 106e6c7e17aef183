"""Work: what the stages of one run share, each piece made once, when the first stage asks for it.

In: a checked delivery, the day that is scored as of, settings, and a frozen run where models are not trained anew.
"""

import datetime as dt
from collections.abc import Mapping
from functools import cached_property
from typing import Final

import polars as pl

from engine.blocks.executor import IN_PROCESS
from engine.errors import InputError, Problem
from engine.runs.journal import Journal
from engine.runs.registry import Run
from engine.settings.whitespace.run import Sections
from engine.vocabulary import whitespace as v
from engine.whitespace.check import Delivery
from engine.whitespace.dataset import Dataset
from engine.whitespace.features.build import features, fit
from engine.whitespace.features.matrix import Features
from engine.whitespace.features.state import State
from engine.whitespace.gauntlet.context import Context, context
from engine.whitespace.panel import Blocks, cutoffs_for, labels, newest_cutoff
from engine.whitespace.ranking import learn
from engine.whitespace.ranking.learn import Learned
from engine.whitespace.tables import Tables
from engine.whitespace.train import train
from engine.whitespace.trained import Trained, load
from engine.whitespace.widen import widen

DIVISIONS_NAMED: Final = 12
"""In a message that says which there are."""


class Work:
    """One delivery as of one cutoff. frozen: the run whose models are used; None where they are trained here.

    who: does what can be cut into pieces, from when it is set on.
    """

    def __init__(
        self,
        delivery: Delivery,
        cutoff: dt.date | None,
        settings: Sections,
        journal: Journal,
        frozen: Run | None = None,
    ) -> None:
        self.delivery, self.settings, self.frozen = delivery, settings, frozen
        self._journal, self.who = journal, IN_PROCESS
        self.cutoff = cutoff or newest_cutoff(delivery.tables)

    @property
    def tables(self) -> Tables:
        """Everything that was delivered."""
        return self.delivery.tables

    @cached_property
    def blocks(self) -> Blocks:
        """The cutoffs of the run."""
        return cutoffs_for(self.cutoff, self.settings.labels)

    @cached_property
    def horizons(self) -> Mapping[str, int]:
        """Months of the divisions whose horizon is their own."""
        return widen(self.tables, self.blocks.tuning, self.cutoff, self.settings.labels)

    @cached_property
    def labels(self) -> pl.DataFrame:
        """The panel of every cutoff, that of the scoring cutoff included; its labels may be unknown."""
        with self._journal.stage("label"):
            days = (*self.blocks.labelled, self.blocks.scoring)
            rows = labels(self.tables, days, self.settings.labels, self.horizons)
            return self._of_chosen_divisions(rows)

    @cached_property
    def state(self) -> State:
        """What features learned from the training rows, or what they had learned in the frozen run."""
        if self.frozen is not None:
            return State.load(self.frozen.folder)
        with self._journal.stage("features"):
            return fit(self.tables, self.blocks.tuning[-1], self.settings.features)

    @cached_property
    def features(self) -> Features:
        """The features of every cutoff."""
        state = self.state
        with self._journal.stage("features"):
            days = (*self.blocks.labelled, self.blocks.scoring)
            return features(self.tables, days, state, self.settings.features)

    @cached_property
    def dataset(self) -> Dataset:
        """Rows with labels that may be read, and their features."""
        return Dataset(self.labels.filter(pl.col(v.CUTOFF).is_in(self.blocks.labelled)), self.features)

    @cached_property
    def trained(self) -> Trained:
        """The champion of every division."""
        if self.frozen is not None:
            return load(self.frozen.folder)
        dataset = self.dataset
        with self._journal.stage("train"):
            settings = self.settings
            return train(dataset, self.blocks, settings.modeling, settings.waivers, settings.features, self.who)

    @cached_property
    def learned(self) -> Learned:
        """What earlier cutoffs teach a ranking."""
        if self.frozen is not None and (self.frozen.folder / learn.MODEL).is_file():
            return learn.load(self.frozen.folder)
        trained, rows = self.trained, self.dataset.rows
        return learn.learn(rows, trained, self.features, self.tables, self.cutoff, self.settings.ranking)

    @cached_property
    def context(self) -> Context:
        """What the checks of the gauntlet look at."""
        dataset = Dataset(self.labels, self.features)
        return context(self.tables, self.blocks, dataset, self.state, self.trained, self.settings, who=self.who)

    def _of_chosen_divisions(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of the divisions that are asked for. Raises InputError for one that nothing was ever sold of."""
        chosen, names = self.settings.labels.divisions, rows[v.DIVISION].cast(pl.String)
        unknown = sorted(set(chosen) - set(names.unique()))
        if unknown:
            known = names.unique().sort().to_list()
            what = f"{', '.join(map(repr, unknown))} is no division of the delivery"
            raise InputError([Problem("labels.divisions", what, f"there are {', '.join(known[:DIVISIONS_NAMED])}")])
        return rows.filter(names.is_in(chosen)) if chosen else rows

    @property
    def divisions(self) -> list[str]:
        """The names of the divisions that are worked on, sorted."""
        return self.labels[v.DIVISION].cast(pl.String).unique().sort().to_list()

    @property
    def scored_rows(self) -> pl.DataFrame:
        """Everyone as of the scoring cutoff. Grain: customer, division."""
        return self.labels.filter(pl.col(v.CUTOFF) == self.cutoff)
