"""Expect, calibrated: level × weekday × occasion × offer × store-day × SKU-day (specification, section 9).

In: `Panel`. Out: the panel with `expected`, and the factors behind it. Every factor is a ratio of sums over clean
days, shrunk toward its parent by its sample size; clean days are in stock, open and outside every dark stretch, so
the expectation never learns from the dark.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.arrays import Flags, Floats, Integers, Rows
from engine.blocks.together import Together
from engine.kernels import demand, rows
from engine.kernels.compiling import given
from engine.kernels.likelihood_ratio import mark_fallen, open_log_likelihood_ratio
from engine.kernels.records import Borrowed, Factors
from engine.kernels.sales import Cells, Sales
from engine.settings.shelf.calibrated import DemandSettings, EpisodeSettings
from engine.shelf.calibrated.borrow import borrowed, nothing_borrowed
from engine.shelf.calibrated.dark import darkest, mark
from engine.shelf.calibrated.drift import level_drift
from engine.shelf.calibrated.lots import Rises, rises_of
from engine.shelf.calibrated.null import NullDistribution, rule_of, weighing_of
from engine.shelf.calibrated.occasions import Occasions, learn, occasions
from engine.shelf.calibrated.unusual import set_unusual_aside
from engine.shelf.measures import EVERY, packed
from engine.shelf.panel import Panel

N_WEEKDAYS = 7
TINY = 1e-12
"""Keeps a quotient of sums finite where there are none."""


@dataclass(frozen=True)
class Demand:
    """What the chain usually sells, by factor; a factor of 1 changes nothing.

    level: units a day of late (pairs,), NaN where nothing tells it. exposure: own days behind each level (pairs,).
    borrowed: what other stores say of the level of those listed late (pairs,). weekday: (categories, days).
    occasions: what happened outside on which days. occasion: (categories, kinds of it). offer: (categories, offers).
    store_day: (stores, days). sku_day: (skus, days). category: row of each pair in `weekday`, `occasion` and `offer`
    (pairs,). offers: what each cell was offered at (pairs, days). usual_price: (pairs,), NaN unknown. usable: cells
    in stock and known (pairs, days). clean: the usable ones outside dark stretches. is_weighed: whose SKU sells in
    fractions (pairs,). unit: of sale (pairs,), 1 for whole numbers, else the variance of slow weighed sellers over
    their mean. dispersion: of each pair (pairs,), relative variance beyond it. in_lots: whose own rises prove lots
    (pairs,). level_drift: relative variance that a level gains a day. unusual: cells set aside, see
    `set_unusual_aside`.
    """

    level: Floats
    exposure: Floats
    borrowed: Borrowed
    weekday: Floats
    occasions: Occasions
    occasion: Floats
    offer: Floats
    store_day: Floats
    sku_day: Floats
    category: Integers
    offers: Flags
    usual_price: Floats
    usable: Flags
    clean: Flags
    is_weighed: NDArray[np.bool_]
    unit: Floats
    dispersion: Floats
    in_lots: NDArray[np.bool_]
    level_drift: float
    unusual: pl.DataFrame

    @property
    def factors(self) -> Factors:
        """What multiplies each level: weekday, occasion and offer by the groups of `occasions`."""
        of = self.occasions
        weekday = self.weekday[of.category] * of.product(self.occasion)
        return Factors(weekday, self.offer[of.category], self.store_day, self.sku_day)

    def cells(self, panel: Panel) -> Cells:
        """What all pairs sold, and what it is expected with."""
        group, store, sku = self.occasions.group, panel.codes("store"), panel.codes("sku")
        return given(Cells(packed(panel.measures["units"]), self.clean, self.offers, group, store, sku, self.unit))

    def sales(self, panel: Panel) -> Sales:
        """What all pairs sold, and what was expected of it."""
        known = (self.cells(panel), given(self.factors), self.level, self.usable)
        return given(Sales(*known, self.dispersion, self.borrowed_share, self.borrowed.relative_variance))

    def expecting(self, panel: Panel) -> Panel:
        """The panel with what these factors let expect."""
        return panel.having(expected=Expected(self, panel))

    @property
    def borrowed_share(self) -> Floats:
        """Share of its level that other stores let expect of each pair, (pairs,); 0 where it has borrowed nothing."""
        lent = self.borrowed.level
        return np.divide(lent, self.level, out=np.zeros(lent.size), where=lent > 0.0)

    @property
    def learnt_units(self) -> Floats:
        """Units of sale that would tell each level as well, (pairs,): one over its relative variance."""
        counted = np.nan_to_num(self.level) * self.exposure / self.unit
        own = counted / (1 + self.dispersion * counted / np.maximum(self.exposure, TINY))
        return own + self._borrowed_units

    @property
    def borrowed_weight(self) -> Floats:
        """Share of what tells each level that other stores told, (pairs,): 0 where its own days do alone."""
        learnt = self.learnt_units
        return np.divide(self._borrowed_units, learnt, out=np.zeros(learnt.size), where=learnt > 0.0)

    @property
    def _borrowed_units(self) -> Floats:
        variance = self.borrowed.relative_variance
        return np.divide(1.0, variance, out=np.zeros(variance.size), where=self.borrowed.level > 0.0)


class Expected:
    """A measure that is worked out anew, from level and factors, whenever it is asked for: that takes no memory."""

    def __init__(self, found: Demand, panel: Panel) -> None:
        self.shape = (panel.pairs.height, panel.n_days)
        self._cells, self._factors, self._level = found.cells(panel), given(found.factors), found.level

    def rows(self, of: Rows, days: slice = EVERY) -> Floats:
        """As `Measure`, units a day."""
        places = rows.places(of, self.shape[0])
        expected = np.empty((places.size, self.shape[1]))
        demand.expectations(self._cells, places, self._factors, self._level, expected)
        return expected[:, days]


def expect(
    panel: Panel,
    settings: DemandSettings,
    episode: EpisodeSettings,
    null: NullDistribution,
    ended_on: Callable[[Panel, Demand], Integers] | None = None,
) -> tuple[Panel, Demand]:
    """Estimate the factors in turn, mark the dark stretches they reveal, and estimate again without those.

    ended_on: tells from the first estimate the day from which each pair's SKU has ended in the whole chain, (pairs,),
    n_days where it has not. Nothing is learnt from then on: the loss of one best seller would look like one of every
    store.
    """
    panel, unlearnt, unusual = set_unusual_aside(panel, settings)
    guess = _first_guess(panel, settings, unlearnt, unusual)
    rises = rises_of(panel, guess.usable, settings)
    found = _estimate(panel, guess, rises, settings)
    ended = np.full(panel.pairs.height, panel.n_days)
    if ended_on is not None:
        ended = ended_on(found.expecting(panel), found)
    over = np.flatnonzero(ended < panel.n_days)
    usable = guess.usable[over]
    if panel.together.count(over.size):
        guess.usable[over] *= np.arange(panel.n_days) < ended[over, None]
        guess.clean[over] = guess.usable[over]
        rises = rises_of(panel, guess.usable, settings)
        found = _estimate(panel, guess, rises, settings)
    for _ in range(settings.rounds - 1):
        found = _clean(panel, found, settings, null)
        found = _estimate(panel, found, rises, settings)
    found = _clean(panel, found, settings, null)
    _leave_out_open(panel, found, settings, episode)
    found = _estimate(panel, found, rises, settings)
    found.usable[over] = usable
    return found.expecting(panel), found


def _first_guess(panel: Panel, settings: DemandSettings, unlearnt: Flags, unusual: pl.DataFrame) -> Demand:
    """All factors 1, every usable day clean. unlearnt: cells that are neither learnt from nor judged."""
    shape = (panel.pairs.height, panel.n_days)
    n_categories = len(panel.categories) + 1
    usable, clean, offers = (panel.memory.empty(shape, np.uint8) for _ in range(3))
    usual_price = np.empty(shape[0])
    bounds = np.asarray(settings.price_bounds)
    sales = np.empty((shape[0], 2), np.int64)

    def look(block: slice) -> None:
        units = panel.array("units", block)
        is_known = ~np.isnan(units)
        sold = is_known & (units > 0)
        is_fraction = sold & (units != np.rint(units))
        sales[block] = np.stack([is_fraction.sum(axis=1), sold.sum(axis=1)], axis=1)
        usable[block] = is_known & (panel.array("in_stock", block) == 1) & (unlearnt[block] == 0)
        clean[block] = usable[block]
        price, promo = panel.array("price", block), panel.array("promo", block)
        usual = (settings.usual_price_quantile, settings.price_warm_up_days, bounds)
        demand.offers(price, promo, *usual, usual_price[block], offers[block])

    rows.in_blocks(look, shape[0])
    category = panel.codes("category")
    category = np.where(category < 0, n_categories - 1, category)
    happened = occasions(panel, category, n_categories, settings.occasions)
    return Demand(
        level=np.empty(shape[0]),
        exposure=np.empty(shape[0]),
        borrowed=nothing_borrowed(shape[0]),
        weekday=np.ones((n_categories, panel.n_days)),
        occasions=happened,
        occasion=np.ones((n_categories, len(happened.kinds))),
        offer=np.ones((n_categories, 2 * (bounds.size + 1))),
        store_day=panel.together.once(lambda: np.ones((panel.stores.height, panel.n_days))),
        sku_day=np.ones((panel.skus.height, panel.n_days)),
        category=category,
        offers=offers,
        usual_price=usual_price,
        usable=usable,
        clean=clean,
        is_weighed=_are_weighed(panel, sales, settings.weighed_share),
        unit=np.ones(shape[0]),
        dispersion=np.zeros(shape[0]),
        in_lots=np.zeros(shape[0], np.bool_),
        level_drift=0.0,
        unusual=unusual,
    )


def _are_weighed(panel: Panel, sales: Integers, share: float) -> NDArray[np.bool_]:
    """Whose SKU sells in fractions: enough of its days with sales show one, in all stores together.

    sales: (pairs, 2), days with a fraction and days with sales.
    """
    sku = panel.codes("sku")
    fractions, sold = (np.bincount(sku, column, panel.skus.height) for column in sales.T)
    return np.asarray(((fractions > 0) & (fractions >= share * sold))[sku])


def _estimate(panel: Panel, found: Demand, rises: Rises, settings: DemandSettings) -> Demand:
    """Every factor in turn, given the others; then dispersion."""
    found, together = _levels(panel, found, settings), panel.together
    of_offer = [table.reshape(len(found.offer), -1, panel.n_days) for table in _offer_sums(panel, found)]
    found = replace(found, offer=_shrunk(_times(of_offer, found.weekday[:, None], 2), settings.offer_prior_units))
    of_category = _times(of_offer, found.offer[:, :, None], 1)
    weekday = _shrunk([_over_weekdays(panel, table) for table in of_category], settings.weekday_prior_units)
    found = replace(found, weekday=np.take(weekday, _weekdays(panel), axis=1))
    if found.occasions.kinds:
        found = replace(found, occasion=learn(found.occasions, together.added(_occasion_sums(panel, found))))
    prior_rows = settings.prior_rows
    of_store = together.added(_sums(panel, found, "store_day"))
    store_day = together.once(lambda: _toward_one(_totals(of_store), settings.store_prior_units, prior_rows))
    found = replace(found, store_day=store_day)
    of_sku = _totals(_sums(panel, found, "sku_day"))
    found = replace(found, sku_day=_toward_one(of_sku, settings.sku_prior_units, prior_rows))
    found = _levels(panel, found, settings)
    return _dispersion(panel, found, rises, settings)


def _offer_sums(panel: Panel, found: Demand) -> list[Floats]:
    """Units, expected units with neither weekday nor offer, and number of clean cells of the whole chain.

    (categories · offers, days) each. Factors of weekdays and of offers, whichever is known, multiply such sums as
    they do cells: one look at these serves both.
    """
    n_categories, n_offers = found.offer.shape
    sums = np.zeros((len(demand.GroupSums._fields), n_categories * n_offers, panel.n_days))
    cells, others = found.cells(panel), given(replace(found, weekday=np.ones_like(found.weekday)).factors)
    level = np.nan_to_num(found.level)

    def add(some: Integers) -> None:
        demand.offer_sums(cells, some, others, level, found.category, n_offers, demand.GroupSums(*sums))

    rows.in_parts(add, found.category)
    return _totals(panel.together.added(sums))


def _times(sums: Sequence[Floats], factor: Floats, axis: int) -> list[Floats]:
    """Sums over an axis of (categories, offers, days), expected units times a factor that was left out of them."""
    sold, expected, cells = sums
    return [table.sum(axis=axis) for table in (sold, expected * factor, cells)]


def _sums(panel: Panel, found: Demand, factor: str) -> Floats:
    """Units and expected units without the factor, each in two parts, and number of clean cells of the block.

    (5, groups, days): by group of the factor and day, in the order of `demand.GroupSums`. Threads share the groups.
    """
    groups = {
        "occasion": (found.occasions.group, found.occasions.category.size),
        "store_day": (panel.codes("store"), panel.stores.height),
        "sku_day": (panel.codes("sku"), panel.skus.height),
    }
    group, n_groups = groups[factor]
    sums = np.zeros((len(demand.GroupSums._fields), n_groups, panel.n_days))
    others = replace(found, **{factor: np.ones_like(getattr(found, factor))}).factors
    cells, others, level = found.cells(panel), given(others), np.nan_to_num(found.level)

    def add(some: Integers) -> None:
        demand.group_sums(cells, some, others, level, group, demand.GroupSums(*sums))

    rows.in_parts(add, group)
    return sums


def _totals(sums: Floats) -> list[Floats]:
    """Units, expected units and number of cells, (groups, days) each, of what `_sums` tells of the whole chain."""
    sold, sold_rest, expected, expected_rest, cells = sums
    return [sold + sold_rest, expected + expected_rest, cells]


def _occasion_sums(panel: Panel, found: Demand) -> Floats:
    """What `learn` asks for, of the block.

    What stores and SKUs share on such a day belongs to it: their own days are asked for what is left.
    """
    alone = replace(found, store_day=np.ones_like(found.store_day), sku_day=np.ones_like(found.sku_day))
    return found.occasions.sums(_sums(panel, alone, "occasion")[:-1], len(found.weekday))


def _levels(panel: Panel, found: Demand, settings: DemandSettings) -> Demand:
    """Levels by the days and by what was borrowed of the levels before; then what these would lend."""
    level, exposure = _learn_levels(panel, found, settings)
    lent = borrowed(panel, level, exposure, found.unit, found.dispersion, settings)
    return replace(found, level=level, exposure=exposure, borrowed=lent)


def _learn_levels(panel: Panel, found: Demand, settings: DemandSettings) -> tuple[Floats, Floats]:
    """Level and exposure of every pair."""
    level, exposure = np.empty(panel.pairs.height), np.empty(panel.pairs.height)
    cells, factors, lent = found.cells(panel), given(found.factors), given(found.borrowed)
    memory = (settings.day_decay_factor, settings.long_day_decay_factor, settings.level_prior_units)

    def learn(block: slice) -> None:
        demand.levels(cells, rows.places(block, level.size), factors, *memory, lent, level, exposure)

    rows.in_blocks(learn, level.size, rows.ROWS_ONE_BY_ONE)
    return level, exposure


def _clean(panel: Panel, found: Demand, settings: DemandSettings, null: NullDistribution) -> Demand:
    """The usable days outside dark stretches; a pair that was dark too long has found a new level."""
    sales = found.sales(panel)
    peaks = darkest(sales, settings.dark_depth, np.zeros(found.level.size))
    judged = (peaks, found.level / found.unit, found.dispersion)
    bounds = null.dark_bounds(*judged, settings.dark_false_share, panel.together)
    # Between lots a shelf looks dark: were its pauses left out, its level would rise to a multiple of the truth.
    bounds[found.in_lots] = np.inf
    dark = mark(sales, settings.dark_depth, peaks, bounds, panel.memory)
    first_day = int(np.argmax(panel.is_open.any(axis=0)))
    drift = level_drift(sales, dark, panel.regional_sku, first_day, settings, panel.together)
    found = replace(found, level_drift=drift)

    def leave_out(block: slice) -> None:
        days = dark.rows(block)
        mark_fallen(
            sales,
            rows.places(block, peaks.size),
            found.level_drift,
            settings.fallen_before_days,
            settings.fallen_depth,
            settings.fallen_log_likelihood_ratio,
            settings.rounds,
            days,
        )
        days[days.sum(axis=1) > settings.new_normal_days] = 0
        found.clean[block] = found.usable[block] & (days ^ 1)

    rows.in_blocks(leave_out, peaks.size, rows.ROWS_ONE_BY_ONE)
    return found


def open_episodes(
    panel: Panel, found: Demand, settings: DemandSettings, episode: EpisodeSettings
) -> tuple[Floats, Integers]:
    """Log likelihood ratio and first day of the best episode of every pair that lasts until tonight."""
    log_likelihood_ratio, first = np.empty(panel.pairs.height), np.empty(panel.pairs.height, np.int64)
    sales, weighing = found.sales(panel), weighing_of(episode, found.level_drift)
    how = (settings.before_decay_factor, settings.left_out_variance, weighing, rule_of(episode))

    def weigh(block: slice) -> None:
        some = rows.places(block, first.size)
        open_log_likelihood_ratio(sales, some, *how, log_likelihood_ratio[block], first[block])

    rows.in_blocks(weigh, log_likelihood_ratio.size, rows.ROWS_ONE_BY_ONE)
    return log_likelihood_ratio, first


def _leave_out_open(panel: Panel, found: Demand, settings: DemandSettings, episode: EpisodeSettings) -> None:
    """Take what may be an open episode out of the clean days, so that the level stays that of the days before."""
    log_likelihood_ratio, first = open_episodes(panel, found, settings, episode)
    for row in np.flatnonzero(log_likelihood_ratio >= settings.open_log_likelihood_ratio):
        found.clean[row, first[row] :] = 0


def _dispersion(panel: Panel, found: Demand, rises: Rises, settings: DemandSettings) -> Demand:
    """The unit of sale, and relative variance beyond counts of it by category and band of velocity.

    A band's variance is shrunk toward the chain's; a store-SKU that sells in lots has its own.
    """
    sums = np.zeros((panel.pairs.height, 3))
    cells, factors = found.cells(panel), given(found.factors)

    def add(block: slice) -> None:
        demand.spreads(cells, rows.places(block, len(sums)), factors, found.level, sums)

    rows.in_blocks(add, len(sums), rows.ROWS_ONE_BY_ONE)
    errors, expected_units, squares = sums.T
    together, of_weighed = panel.together, found.is_weighed
    weighed = _unit_of_sale(errors[of_weighed], expected_units[of_weighed], settings, together)
    unit = np.where(found.is_weighed, weighed, 1.0)
    band = np.digitize(np.nan_to_num(found.level) / unit, settings.velocity_bands)
    group = found.category * (len(settings.velocity_bands) + 1) + band
    errors, expected_units, squares = errors / unit**2, expected_units / unit, squares / unit**2
    n_groups = int(together.largest(int(group.max(initial=0)))) + 1
    of_group = together.sums_by_group(group, errors - expected_units, n_groups)
    weight = together.sums_by_group(group, squares, n_groups)
    chain = max(of_group.sum(), 0.0) / max(weight.sum(), TINY)
    prior = settings.dispersion_prior_share * weight.sum() / n_groups
    dispersion = np.maximum((of_group + prior * chain) / (weight + prior + TINY), 0.0)
    of_lots = rises.relative_variance(unit)
    return replace(found, unit=unit, dispersion=np.maximum(dispersion[group], of_lots), in_lots=of_lots > 0.0)


def _unit_of_sale(errors: Floats, expected_units: Floats, settings: DemandSettings, together: Together) -> float:
    """Variance over mean of the chain's slow sellers, where nothing else adds to it."""
    sold = together.joined(expected_units[expected_units > 0])
    if not sold.size:
        return 1.0
    place = max(int(sold.size * settings.slow_share), 1) - 1
    slowest = together.once(lambda: np.partition(sold, place)[place])
    is_slow = (expected_units > 0) & (expected_units <= slowest)
    return together.sum(errors[is_slow]) / together.sum(expected_units[is_slow])


def _shrunk(sums: Sequence[Floats], prior_units: float) -> Floats:
    """Factors of (category, kind) toward those of the chain, and those toward 1."""
    chain = _toward_one([table.sum(axis=0, keepdims=True) for table in sums], prior_units, 0.0)
    sold, expected, _ = sums
    return (sold + prior_units * chain) / (expected + prior_units)


def _toward_one(sums: Sequence[Floats], prior_units: float, prior_rows: float) -> Floats:
    """Units over expected units, as if the prior's units and some more average rows had sold as expected.

    The rows keep a factor from learning what a single store-SKU does.
    """
    sold, expected, cells = sums
    prior = prior_units + prior_rows * expected / np.maximum(cells, 1.0)
    return (sold + prior) / (expected + prior)


def _weekdays(panel: Panel) -> Integers:
    return (panel.first_day.weekday() + np.arange(panel.n_days)) % N_WEEKDAYS


def _over_weekdays(panel: Panel, table: Floats) -> Floats:
    of_day = _weekdays(panel)
    return np.stack([table[:, of_day == weekday].sum(axis=1) for weekday in range(N_WEEKDAYS)], axis=1)
