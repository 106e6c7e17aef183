"""Classic: the rule of the specification, sections 3 to 8, stage by stage, in the words of `Method`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import Problem
from engine.kernels.expectation import standard_errors
from engine.kernels.runs import dark_days
from engine.settings.shelf.classic import ClassicSettings
from engine.shelf.cases import with_cost
from engine.shelf.classic.detect import detect
from engine.shelf.classic.diagnose import diagnose
from engine.shelf.classic.expect import expect
from engine.shelf.classic.measure import measure
from engine.shelf.classic.recommend import recommend
from engine.shelf.notices import feed_notices, row_notices
from engine.shelf.panel import Panel
from engine.shelf.parts import CaseParts, Table
from engine.vocabulary import shelf as v
from engine.vocabulary.common import TIE_TOLERANCE

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_TEXTS = ("recovery_basis", "action", "price_response_basis")
_NUMBERS = ("recoverable_30d", *v.ADVICE_NUMBERS, *v.PRICE_RESPONSE_COLUMNS[:3])
_UNKNOWN = (
    *(pl.lit(None, pl.Float64).alias(name) for name in _NUMBERS),
    *(pl.lit(None, pl.String).alias(name) for name in _TEXTS),
    pl.lit(None, pl.Int64).alias("action_units"),
)
"""Published columns that this rule cannot fill."""


class Classic:
    """Trimmed mean of the days before, unbroken runs below a share of it.

    All that is learnt stands in the panel as `expected`, and all that is found in the runs.
    """

    def __init__(self, settings: ClassicSettings) -> None:
        self._settings = settings

    def expect(self, panel: Panel) -> tuple[Panel, None]:
        """As `Method`."""
        return expect(panel, self._settings.expect), None

    def detect(self, panel: Panel, learnt: None) -> tuple[pl.DataFrame, None]:
        """As `Method`."""
        return detect(panel, self._settings.detect), None

    def measure(self, panel: Panel, found: None, runs: pl.DataFrame) -> pl.DataFrame:
        """As `Method`."""
        of = self._settings
        return measure(panel, runs, of.expect, of.confidence, of.interval, of.recommend)

    def diagnose(self, panel: Panel, found: None, cases: pl.DataFrame) -> pl.DataFrame:
        """As `Method`."""
        unknown = {f"score_{cause}": pl.lit(None, pl.Float64) for cause in v.FURTHER_CAUSES}
        return diagnose(panel, cases, self._settings.causes).with_columns(**unknown)

    def recommend(self, panel: Panel, found: None, cases: pl.DataFrame) -> pl.DataFrame:
        """As `Method`."""
        return recommend(with_cost(panel, cases), self._settings.recommend, self._settings.currency).with_columns(
            _UNKNOWN
        )

    def allocate(self, panel: Panel, found: None, cases: CaseParts) -> Mapping[str, Table]:
        """As `Method`: nothing is allocated."""
        return {}

    def bands(self, panel: Panel, found: None, pair: Integers) -> tuple[Floats, NDArray[np.bool_]]:
        """As `Method`."""
        units, rule = panel.array("units", pair), self._settings.expect
        errors, dark = np.empty(units.shape), np.empty(units.shape, np.bool_)
        standard_errors(units, rule.window_days, rule.trim_sigmas, rule.min_kept_days, TIE_TOLERANCE, errors)
        expected, in_stock = panel.array("expected", pair), panel.array("in_stock", pair)
        dark_days(units, expected, in_stock, self._settings.detect.dark_ratio, TIE_TOLERANCE, dark)
        return errors, dark

    def tables(self, panel: Panel, found: None, cases: CaseParts) -> Mapping[str, Table]:
        """As `Method`: none."""
        return {}

    def facts(self, found: None) -> Mapping[str, Any]:
        """As `Method`: none."""
        return {}

    def notices(self, panel: Panel, learnt: None) -> tuple[Problem, ...]:
        """As `Method`: feeds, and what was interpolated."""
        share, pairs = self._settings.delivery.notice_share, panel.together.count(panel.pairs.height)
        remarks = (*feed_notices(panel, share), *row_notices(panel, share))
        if not panel.interpolated:
            return remarks
        what = "days of store-SKUs were not delivered and were filled by interpolation, as the classic rule says"
        advice = "deliver these days, or set panel.gap_fill_days=0"
        return (*remarks, Problem(v.SALES, what, advice, panel.interpolated, pairs * panel.n_days))
