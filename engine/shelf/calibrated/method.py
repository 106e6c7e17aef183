"""Calibrated: counts against a factored expectation (specification, section 9), in the words of `Method`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import Problem
from engine.kernels.causes import Course
from engine.outputs.shelf import shapes
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf.calibrated import events, transfer, unusual
from engine.shelf.calibrated.causes import diagnose
from engine.shelf.calibrated.chance import Chances, Tonight, tonight
from engine.shelf.calibrated.course import course
from engine.shelf.calibrated.detect import detect
from engine.shelf.calibrated.detectability import detectability
from engine.shelf.calibrated.event_rows import table_of_events
from engine.shelf.calibrated.expect import Demand, expect
from engine.shelf.calibrated.feedback import Recalibration
from engine.shelf.calibrated.findings import expectations, occasions_of
from engine.shelf.calibrated.measure import Bounds, measure
from engine.shelf.calibrated.null import NullDistribution, null_distribution
from engine.shelf.calibrated.own_response import own_response
from engine.shelf.calibrated.recommend import recommend
from engine.shelf.calibrated.response import Response, price_response
from engine.shelf.calibrated.supply import with_supply
from engine.shelf.calibrated.value import value
from engine.shelf.cases import with_cost
from engine.shelf.notices import feed_notices, record_notices, row_notices, unknown_days
from engine.shelf.panel import Panel
from engine.shelf.parts import CaseParts, Table
from engine.shelf.prices import PaidPrices, paid_prices, price_notices, refuse_swapped
from engine.shelf.totals import refuse_totals
from engine.vocabulary import shelf as v

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Learnt:
    """What the chain's own past says. ended: day from which each pair is not judged any more, (pairs,), `n_days`
    where it is to the end; the others as their own pages say.
    """

    null: NullDistribution
    paid: PaidPrices
    demand: Demand
    response: Response
    course: Course
    ended: Integers


@dataclass(frozen=True)
class Found:
    """What the night found. chances: of every store-SKU. tonight: what those of the chain say together. excluded:
    episodes that are no dark shelves. first, last: days of each pair's latest episode, (pairs,), `n_days` without
    one.
    """

    learnt: Learnt
    chances: Chances
    tonight: Tonight
    excluded: events.Excluded
    first: Integers
    last: Integers


class Calibrated:
    """Counts against a factored expectation, with the chance of every case."""

    def __init__(self, settings: CalibratedSettings, recalibration: Recalibration) -> None:
        self._settings = settings
        self._recalibration = recalibration

    def expect(self, panel: Panel) -> tuple[Panel, Learnt]:
        """As `Method`. Raises InputError where prices and sales cannot belong together."""
        of = self._settings
        null = null_distribution(of.demand, of.episode)
        paid = paid_prices(panel)
        refuse_swapped(panel, paid, of.price_check)
        refuse_totals(panel, of.price_check)
        panel, demand = expect(panel, of.demand, of.episode, null, partial(_ended_on, of=of))
        response = price_response(panel, demand, of.response, of.recommend, of.interval.level)
        fared = course(panel, demand, of.pattern)
        ended = events.ended_on(panel, fared, of.events)
        return panel, Learnt(null, paid, demand, response, fared, ended)

    def detect(self, panel: Panel, learnt: Learnt) -> tuple[pl.DataFrame, Found]:
        """As `Method`."""
        of = self._settings
        runs, chances = detect(panel, learnt.demand, learnt.null, of.demand, of.episode, learnt.ended)
        together = tonight(chances, of.episode.max_fdr, panel.together)
        known = (panel, learnt.demand, learnt.course)
        runs, excluded = events.exclude(*known, runs, of.events, of.pattern, of.episode.max_ratio)
        latest = runs.group_by("pair").agg(pl.col("first", "last").sort_by("first").last())
        first, last = np.full((2, panel.pairs.height), panel.n_days)
        first[latest["pair"]] = latest["first"]
        last[latest["pair"]] = latest["last"]
        return runs, Found(learnt, chances, together, excluded, first, last)

    def measure(self, panel: Panel, found: Found, runs: pl.DataFrame) -> pl.DataFrame:
        """As `Method`."""
        of, learnt = self._settings, found.learnt
        believed = (learnt.paid, of.price_check)
        bounds = Bounds(found.tonight.bound, of.episode.closed_log_likelihood_ratio)
        cases = measure(panel, learnt.demand, runs, of.certainty, of.interval, of.recommend, *believed, bounds)
        return self._recalibration.corrected(cases)

    def diagnose(self, panel: Panel, found: Found, cases: pl.DataFrame) -> pl.DataFrame:
        """As `Method`."""
        of, learnt = self._settings, found.learnt
        named = diagnose(panel, learnt.demand, learnt.course, cases, of.causes, of.pattern)
        return value(panel, learnt.demand, named, of.pattern, of.recommend)

    def recommend(self, panel: Panel, found: Found, cases: pl.DataFrame) -> pl.DataFrame:
        """As `Method`."""
        of, learnt = self._settings, found.learnt
        pair = cases["pair"].to_numpy()
        response = learnt.response.table.select(*v.PRICE_RESPONSE_COLUMNS, "promo_lift")[learnt.demand.category[pair]]
        answered = pl.concat([with_cost(panel, cases), response], how="horizontal")
        answered = answered.with_columns(borrowed_weight=learnt.demand.borrowed_weight[pair])
        known = with_supply(panel, own_response(answered, of.response, of.interval.level), of.recommend)
        return recommend(known, of.recommend, of.currency)

    def allocate(self, panel: Panel, found: Found, cases: CaseParts) -> Mapping[str, Table]:
        """As `Method`: stock of other stores, as transfers."""
        of = self._settings
        costed = with_cost(panel, cases.whole())
        is_dark = np.nan_to_num(found.chances.q_values, nan=1.0) <= of.episode.max_fdr
        known = (panel, found.learnt.demand, costed, is_dark)
        plan = transfer.transfers(*known, of.causes.misallocation, of.transfers, of.recommend)
        moved, done = transfer.with_transfers(costed, plan, of.recommend)
        cases.replace(moved.drop("cost"))
        return {shapes.TRANSFERS: Table(done, by=("sku_id", "from_store_id", "to_store_id"))}

    def bands(self, panel: Panel, found: Found, pair: Integers) -> tuple[Floats, NDArray[np.bool_]]:
        """As `Method`; the dark days are those of the pair's latest episode on which it was in stock."""
        demand, expected = found.learnt.demand, panel.array("expected", pair)
        errors = expected / np.sqrt(np.maximum(demand.learnt_units[pair], 1.0))[:, None]
        day = np.arange(panel.n_days)
        within = (day >= found.first[pair, None]) & (day <= found.last[pair, None])
        return errors, within & (demand.usable[pair] == 1)

    def tables(self, panel: Panel, found: Found, cases: CaseParts) -> Mapping[str, Table]:
        """As `Method`: why so much was expected, the night's events, and what sales can watch."""
        of, learnt = self._settings, found.learnt
        known, whole = (panel, learnt.demand), cases.whole()
        happened = occasions_of(*known, whole)
        seen = detectability(*known, found.tonight.threshold, learnt.null, of.demand, of.episode, of.watch)
        by_cell = (*v.PAIR, "date")
        told = {shapes.OCCASIONS: Table(happened, by=("case_id", "date", "kind", "name"))}
        return {
            shapes.EXPECTATION: Table(expectations(*known, whole, happened), by=("case_id",)),
            **(told if panel.outside.delivered else {}),
            shapes.EVENTS: Table(table_of_events(*known, found.excluded, whole, of.events)),
            shapes.DETECTABILITY: Table(seen, by=v.PAIR),
            shapes.PRICE_RESPONSE: Table(learnt.response.table),
            shapes.STOCK_CORRECTIONS: Table(panel.stock_corrections, by=by_cell),
            shapes.UNKNOWN_DAYS: Table(unknown_days(panel)),
            shapes.UNMATCHED_RETURNS: Table(panel.unmatched_returns, by=by_cell),
            shapes.UNUSUAL: Table(learnt.demand.unusual, by=(*by_cell, "measure")),
        }

    def facts(self, found: Found) -> Mapping[str, Any]:
        """As `Method`."""
        return found.tonight.report

    def notices(self, panel: Panel, learnt: Learnt) -> tuple[Problem, ...]:
        """As `Method`: feeds, prices that are not what was paid, wrong records, returns of nothing."""
        of = self._settings
        share = of.delivery.notice_share
        return (
            *feed_notices(panel, share),
            *row_notices(panel, share),
            *unusual.notices(learnt.demand.unusual, panel.together),
            *learnt.demand.occasions.notices,
            *price_notices(panel, learnt.paid, of.price_check),
            *record_notices(panel),
            *events.end_notices(panel, learnt.ended),
        )


def _ended_on(panel: Panel, demand: Demand, of: CalibratedSettings) -> Integers:
    """The day from which each pair has ended, told from the first estimate of demand."""
    return events.ended_on(panel, course(panel, demand, of.pattern), of.events)
