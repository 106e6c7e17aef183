"""Method: how a profile judges shelves, in the words that the desk uses for all of them.

A method holds its settings and nothing of a night. What `expect` learns is handed to `detect`, and what `detect`
finds to the stages after it.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.arrays import Floats, Integers
from engine.errors import Problem
from engine.settings.shelf.night import Settings
from engine.shelf import calibrated
from engine.shelf.panel import Panel
from engine.shelf.parts import CaseParts, Table

Learnt = TypeVar("Learnt")
"""What a method knows of the chain once it expects something of every day: frozen."""
Found = TypeVar("Found")
"""What a method knows once it has found the dark runs, what was learnt included: frozen."""


class Method(Protocol[Learnt, Found]):
    """What the desk asks of a profile."""

    def expect(self, panel: Panel) -> tuple[Panel, Learnt]:
        """The panel with `expected`, and what was learnt."""

    def detect(self, panel: Panel, learnt: Learnt) -> tuple[pl.DataFrame, Found]:
        """Dark runs (pair, first, last, and what the method adds), and what was found."""

    def measure(self, panel: Panel, found: Found, runs: pl.DataFrame) -> pl.DataFrame:
        """The runs as cases with their numbers."""

    def diagnose(self, panel: Panel, found: Found, cases: pl.DataFrame) -> pl.DataFrame:
        """The cases with a score per cause, their evidence, and the cause that names them."""

    def recommend(self, panel: Panel, found: Found, cases: pl.DataFrame) -> pl.DataFrame:
        """The cases with an action and what it is projected to bring."""

    def allocate(self, panel: Panel, found: Found, cases: CaseParts) -> Mapping[str, Table]:
        """Allocate stock to the cases of the whole night, in their place; the outputs of that by file name."""

    def bands(self, panel: Panel, found: Found, pair: Integers) -> tuple[Floats, NDArray[np.bool_]]:
        """Standard error of the expectation, and whether a day is dark, of some rows: (rows, days) each."""

    def tables(self, panel: Panel, found: Found, cases: CaseParts) -> Mapping[str, Table]:
        """Further outputs of the method, by file name. cases: all of the night, as published."""

    def facts(self, found: Found) -> Mapping[str, Any]:
        """What the summary of the night tells of the method."""

    def notices(self, panel: Panel, learnt: Learnt) -> tuple[Problem, ...]:
        """What the method found odd in the data, beyond what the panel says."""


def method_of(settings: Settings, recalibration: calibrated.Recalibration | None = None) -> Method[Any, Any]:
    """The method of the profile in the settings. recalibration: of the confidence, calibrated."""
    if settings.profile == "classic":
        # A night of the other profile need not load its kernels.
        from engine.shelf.classic import Classic

        return Classic(settings)
    return calibrated.Calibrated(settings, recalibration or calibrated.Recalibration())


def findings_of(settings: Settings) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """What makes the rows of `evidence.parquet` from diagnosed cases, by profile."""
    if settings.profile == "classic":
        from engine.shelf.classic import findings

        return partial(findings, settings=settings.causes, currency=settings.currency)
    return partial(calibrated.findings, settings=settings.causes, currency=settings.currency)
