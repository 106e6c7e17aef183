"""Method: how a profile judges shelves, in the words that the desk uses for all of them.

A method is made anew for every night. `expect` is called first, `detect` next; the others look back at what they
found.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.arrays import Floats, Integers
from engine.errors import Problem
from engine.kernels.expectation import standard_errors
from engine.kernels.runs import dark_days
from engine.outputs.shelf import shapes
from engine.settings.shelf.night import Settings
from engine.shelf import calibrated
from engine.shelf.classic import detect, diagnose, expect, findings, measure, recommend
from engine.shelf.notices import feed_notices, record_notices, row_notices, unknown_days
from engine.shelf.panel import Panel
from engine.shelf.prices import PaidPrices, paid_prices, price_notices, refuse_swapped
from engine.shelf.totals import refuse_totals
from engine.vocabulary import shelf as v
from engine.vocabulary.common import TIE_TOLERANCE


class Method(Protocol):
    """What the desk asks of a profile."""

    def expect(self, panel: Panel) -> Panel:
        """The panel with `expected`."""

    def detect(self, panel: Panel) -> pl.DataFrame:
        """Dark runs: pair, first, last, and what the method adds."""

    def measure(self, panel: Panel, runs: pl.DataFrame) -> pl.DataFrame:
        """The runs as cases with their numbers."""

    def diagnose(self, panel: Panel, cases: pl.DataFrame) -> pl.DataFrame:
        """The cases with a score per cause, their evidence, and the cause that names them."""

    def recommend(self, panel: Panel, cases: pl.DataFrame) -> pl.DataFrame:
        """The cases with an action and what it is projected to bring."""

    def settle(self, panel: Panel, cases: pl.DataFrame) -> pl.DataFrame:
        """The cases of the whole night with what is decided for all of them at once."""

    def bands(self, panel: Panel, pair: Integers) -> tuple[Floats, NDArray[np.bool_]]:
        """Standard error of the expectation, and whether a day is dark, of some rows."""

    def tables(self, panel: Panel, cases: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """Further outputs of the method, by file name. cases: all of the night, as published."""

    def facts(self) -> dict[str, Any]:
        """What the summary of the night tells of the method."""

    def notices(self, panel: Panel) -> tuple[Problem, ...]:
        """What the method found odd in the data, beyond what the panel says."""


def method_of(settings: Settings, recalibration: calibrated.Recalibration | None = None) -> Method:
    """The method of the profile in the settings. recalibration: of the confidence, calibrated."""
    return Classic(settings) if settings.profile == "classic" else Calibrated(settings, recalibration)


def findings_of(settings: Settings) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """What makes the rows of `evidence.parquet` from diagnosed cases, by profile."""
    tell = findings.findings if settings.profile == "classic" else calibrated.findings
    return partial(tell, settings=settings.causes)


_UNKNOWN_TO_CLASSIC = (
    *(pl.lit(None, pl.Float64).alias(name) for name in ("recoverable_30d", *v.PRICE_RESPONSE_COLUMNS[:3])),
    *(pl.lit(None, pl.String).alias(name) for name in ("recovery_basis", v.PRICE_RESPONSE_COLUMNS[3])),
)
"""Columns that the calibrated profile alone fills."""


class Classic:
    """Trimmed mean of the days before, unbroken runs below a share of it (specification, sections 3 to 5)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def expect(self, panel: Panel) -> Panel:
        """As `Method`."""
        return expect.expect(panel, self._settings.expect)

    def detect(self, panel: Panel) -> pl.DataFrame:
        """As `Method`."""
        return detect.detect(panel, self._settings.detect)

    def measure(self, panel: Panel, runs: pl.DataFrame) -> pl.DataFrame:
        """As `Method`."""
        of = self._settings
        return measure.measure(panel, runs, of.expect, of.confidence, of.interval, of.recommend)

    def diagnose(self, panel: Panel, cases: pl.DataFrame) -> pl.DataFrame:
        """As `Method`."""
        unknown = {f"score_{cause}": pl.lit(None, pl.Float64) for cause in v.FURTHER_CAUSES}
        return diagnose.diagnose(panel, cases, self._settings.causes).with_columns(**unknown)

    def recommend(self, panel: Panel, cases: pl.DataFrame) -> pl.DataFrame:
        """As `Method`."""
        advised = recommend.recommend(with_cost(panel, cases), self._settings.recommend)
        return advised.with_columns(_UNKNOWN_TO_CLASSIC)

    def settle(self, panel: Panel, cases: pl.DataFrame) -> pl.DataFrame:
        """As `Method`: nothing is."""
        return cases

    def bands(self, panel: Panel, pair: Integers) -> tuple[Floats, NDArray[np.bool_]]:
        """As `Method`."""
        units, rule = panel.array("units")[pair], self._settings.expect
        errors, dark = np.empty(units.shape), np.empty(units.shape, np.bool_)
        standard_errors(units, rule.window_days, rule.trim_sigmas, rule.min_kept_days, TIE_TOLERANCE, errors)
        expected, in_stock = panel.array("expected")[pair], panel.array("in_stock")[pair]
        dark_days(units, expected, in_stock, self._settings.detect.dark_ratio, TIE_TOLERANCE, dark)
        return errors, dark

    def tables(self, panel: Panel, cases: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """As `Method`."""
        return {}

    def facts(self) -> dict[str, Any]:
        """As `Method`."""
        return {}

    def notices(self, panel: Panel) -> tuple[Problem, ...]:
        """As `Method`: feeds, and what was interpolated."""
        share = self._settings.delivery.told_share
        told = (*feed_notices(panel, share), *row_notices(panel, share))
        if not panel.interpolated:
            return told
        what = "days of store-SKUs were not delivered and were filled by interpolation, as the classic rule says"
        advice = "deliver these days, or set panel.gap_fill_days=0"
        total = panel.pairs.height * panel.n_days
        return (*told, Problem(v.SALES, what, advice, panel.interpolated, total))


class Calibrated:
    """Counts against a factored expectation, with the chance of every case (specification, section 9)."""

    def __init__(self, settings: Settings, recalibration: calibrated.Recalibration | None = None) -> None:
        self._settings = settings
        self._recalibration = recalibration or calibrated.Recalibration()
        self._null = calibrated.null_evidence(settings.demand, settings.episode)
        self._demand: calibrated.Demand
        self._paid: PaidPrices
        self._response: calibrated.Response
        self._plan: pl.DataFrame
        self._chances: calibrated.Chances
        self._course: calibrated.Course
        self._ended: Integers
        self._aside: calibrated.SetAside
        self._first: Integers
        self._last: Integers

    def expect(self, panel: Panel) -> Panel:
        """As `Method`."""
        of = self._settings
        self._paid = paid_prices(panel)
        refuse_swapped(panel, self._paid, of.price_check)
        refuse_totals(panel, of.price_check)
        panel, self._demand = calibrated.expect(panel, of.demand, of.episode, self._null, self._ended_on)
        self._response = calibrated.price_response(panel, self._demand, of.response, of.recommend, of.interval.level)
        self._course = calibrated.course(panel, self._demand, of.pattern)
        self._ended = calibrated.ended_on(panel, self._course, of.stories)
        return panel

    def _ended_on(self, panel: Panel, found: calibrated.Demand) -> Integers:
        course = calibrated.course(panel, found, self._settings.pattern)
        return calibrated.ended_on(panel, course, self._settings.stories)

    def detect(self, panel: Panel) -> pl.DataFrame:
        """As `Method`."""
        of = self._settings
        learnt = (panel, self._demand, self._null)
        runs, self._chances = calibrated.detect(*learnt, of.demand, of.episode, self._ended)
        known = (panel, self._demand, self._course)
        runs, self._aside = calibrated.set_aside(*known, runs, of.stories, of.pattern)
        latest = runs.group_by("pair").agg(pl.col("first", "last").sort_by("first").last())
        self._first, self._last = np.full((2, panel.pairs.height), panel.n_days)
        self._first[latest["pair"]] = latest["first"]
        self._last[latest["pair"]] = latest["last"]
        return runs

    def measure(self, panel: Panel, runs: pl.DataFrame) -> pl.DataFrame:
        """As `Method`."""
        of = self._settings
        believed = (self._paid, of.price_check)
        cases = calibrated.measure(panel, self._demand, runs, of.certainty, of.interval, of.recommend, *believed)
        return self._recalibration.corrected(cases)

    def diagnose(self, panel: Panel, cases: pl.DataFrame) -> pl.DataFrame:
        """As `Method`."""
        of = self._settings
        return calibrated.diagnose(panel, self._demand, self._course, cases, of.causes, of.pattern)

    def recommend(self, panel: Panel, cases: pl.DataFrame) -> pl.DataFrame:
        """As `Method`."""
        of_pair = self._demand.category[cases["pair"].to_numpy()]
        response = self._response.table.select(*v.PRICE_RESPONSE_COLUMNS, "promo_lift")[of_pair]
        priced = pl.concat([with_cost(panel, cases), response], how="horizontal")
        return calibrated.recommend(priced, self._settings.recommend)

    def settle(self, panel: Panel, cases: pl.DataFrame) -> pl.DataFrame:
        """As `Method`: transfers."""
        of = self._settings
        costed = with_cost(panel, cases)
        is_dark = np.nan_to_num(self._chances.q_values, nan=1.0) <= of.episode.max_fdr
        known = (panel, self._demand, costed, is_dark)
        self._plan = calibrated.transfers(*known, of.causes.misallocation, of.transfers, of.recommend)
        return calibrated.told(costed, self._plan, of.recommend).drop("cost")

    def bands(self, panel: Panel, pair: Integers) -> tuple[Floats, NDArray[np.bool_]]:
        """As `Method`; the dark days are those of the pair's latest episode on which it was in stock."""
        expected = panel.array("expected")[pair]
        learnt = np.maximum(self._demand.learnt_units[pair], 1.0)
        errors = expected / np.sqrt(learnt)[:, None]
        day = np.arange(panel.n_days)
        within = (day >= self._first[pair, None]) & (day <= self._last[pair, None])
        return errors, within & (self._demand.usable[pair] == 1)

    def tables(self, panel: Panel, cases: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """As `Method`: why so much was expected, the night's stories, its plan, and what sales can watch."""
        of, chances = self._settings, self._chances
        return {
            shapes.EXPECTATION: calibrated.expectations(panel, self._demand, cases),
            shapes.STORIES: calibrated.stories(panel, self._demand, self._aside, cases, of.stories),
            shapes.TRANSFERS: self._plan,
            shapes.DETECTABILITY: calibrated.detectability(
                panel, self._demand, chances, self._null, of.demand, of.episode, of.watch
            ),
            shapes.PRICE_RESPONSE: self._response.table,
            shapes.STOCK_CORRECTIONS: panel.stock_corrections,
            shapes.UNKNOWN_DAYS: unknown_days(panel),
            shapes.UNMATCHED_RETURNS: panel.unmatched_returns,
            shapes.UNUSUAL: self._demand.unusual,
        }

    def facts(self) -> dict[str, Any]:
        """As `Method`."""
        return calibrated.report(self._chances)

    def notices(self, panel: Panel) -> tuple[Problem, ...]:
        """As `Method`: feeds, prices that are not what was paid, wrong records, returns of nothing."""
        of = self._settings
        prices = price_notices(panel, self._paid, of.price_check)
        share = of.delivery.told_share
        return (
            *feed_notices(panel, share),
            *row_notices(panel, share),
            *calibrated.notices(self._demand.unusual),
            *prices,
            *record_notices(panel),
            *calibrated.end_notices(panel, self._ended),
        )


def with_cost(panel: Panel, cases: pl.DataFrame) -> pl.DataFrame:
    """The cases with the unit cost of their SKU, null where it is not known."""
    return cases.with_columns(cost=panel.skus["cost"].gather(panel.pairs["sku"].gather(cases["pair"])))
