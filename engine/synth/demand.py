"""One store's days: what shoppers want, see and pay. Whether the shelf can serve them is for `stock`.

Every store draws from its own stream, seeded by the chain's seed and the store id, so it is the same store
whichever others are simulated beside it.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.synth.catalog import Catalog
from engine.synth.plan import ChainPlan
from engine.synth.scenarios import Effect, Episode, effect_of

WEEKDAY_PROFILE: Final = np.array([0.83, 0.80, 0.82, 0.85, 1.10, 1.42, 1.18])
"""Traffic from Monday to Sunday; a week sums to seven."""
HALF_TRAFFIC, HALF_TRAFFIC_DAYS = 0.5, 21
"""A store that loses shoppers keeps this share of them, on the last so many days of the chain."""
FADING_DAYS, DAILY_FADE, FADED_UNITS = 30, 0.06, 0.15
"""A fading SKU sells a share less every day, on the last so many days of the chain, down to the share that stays."""
STORE_DAY_SIGMA: Final = 0.05
"""Good and bad days of a whole store: standard deviation of the logarithm."""
PAIR_SIGMA: Final = 0.15
"""Local taste: how far a store's ordinary units of a SKU stray from the chain's, in logarithms."""

OVERNIGHT_LEAD_DAYS, LEAD_DAYS, LATE_LEAD_DAYS = 1, 3, 19

NO_PROMO, FLYER, PRICE_OFF = -1, 0, 1
PROMO_TYPES: Final = ("flyer", "price_off")


class StoreDays(NamedTuple):
    """The days of one store, or of several end to end. Grain: store-SKU in the rows, day in the columns.

    mean_units: (store-SKUs,), ordinary units of a mean day. regular_price: (store-SKUs,), outside promotions and
    episodes. opening_share: (store-SKUs,), how far the first morning's stock stands between reordering, 0, and
    full, 1. overstock_first, overstock_last: (store-SKUs,), day columns; first after last for none.
    ordinary_units: expected units were there no episode, 0 on closed days. wanted: units shoppers would buy.
    promo: index into PROMO_TYPES, -1 for none. lead_days: from an order on the evening of the day to the morning
    of its delivery. kept_*: the row survives, should there be one.
    """

    store_id: NDArray[np.int64]
    sku_id: NDArray[np.int64]
    mean_units: NDArray[np.float64]
    regular_price: NDArray[np.float64]
    opening_share: NDArray[np.float64]
    overstock_first: NDArray[np.int64]
    overstock_last: NDArray[np.int64]
    is_open: NDArray[np.bool_]
    ordinary_units: NDArray[np.float64]
    wanted: NDArray[np.int64]
    impressions: NDArray[np.int64]
    price: NDArray[np.float64]
    promo: NDArray[np.int8]
    lead_days: NDArray[np.int64]
    kept_zero_sale: NDArray[np.bool_]
    kept_snapshot: NDArray[np.bool_]
    kept_price: NDArray[np.bool_]
    kept_impressions: NDArray[np.bool_]


def draw_store(plan: ChainPlan, catalog: Catalog, store_id: int, episodes: Sequence[Episode]) -> StoreDays:
    """The days of one store, its episodes included."""
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([plan.seed, store_id])))
    sku_id = catalog.assortment[store_id - 1]
    sku = sku_id - 1
    shape = (sku.size, plan.days)
    effects = _Effects(sku_id, plan.days, episodes)

    mean_units = catalog.sku_daily_units[sku] * catalog.store_size[store_id - 1]
    mean_units = mean_units * np.exp(rng.normal(0.0, PAIR_SIGMA, sku.size))
    is_open = _open_days(plan, rng)
    traffic = _weekdays(plan) * np.exp(rng.normal(0.0, STORE_DAY_SIGMA, plan.days)) * is_open
    traffic = traffic * _lost_shoppers(plan, store_id)
    lift = np.where(effects.in_episode, 1.0, catalog.flyer_lift[sku])
    ordinary_units = mean_units[:, None] * traffic * lift * _fading(plan, sku_id)
    # Gamma noise in the rate of a Poisson count makes the count negative binomial.
    shape_of_noise = plan.demand_cv**-2
    noise = rng.standard_gamma(shape_of_noise, shape) / shape_of_noise
    # A flyer brings shoppers to the shelf and makes more of them buy, half of the lift each.
    seen = mean_units[:, None] * traffic * np.sqrt(lift) / catalog.sku_conversion[sku, None]

    regular_price = (catalog.sku_price[sku] * catalog.store_price_ratio[store_id - 1]).round(2)
    price_ratio = np.where(effects.in_episode, effects.price_ratio, catalog.flyer_price_ratio[sku])
    flyer = np.where(lift > 1.0, np.int8(FLYER), np.int8(NO_PROMO))
    late, zero_sale, snapshot, price_tag, glance = rng.random((5, *shape), dtype=np.float32)
    lead_days = np.where(late < plan.late_share, LATE_LEAD_DAYS, LEAD_DAYS)
    return StoreDays(
        store_id=np.full(sku.size, store_id),
        sku_id=sku_id,
        mean_units=mean_units,
        regular_price=regular_price,
        opening_share=rng.random(sku.size),
        overstock_first=effects.overstock_first,
        overstock_last=effects.overstock_last,
        is_open=np.broadcast_to(is_open, shape),
        ordinary_units=ordinary_units,
        wanted=rng.poisson(ordinary_units * effects.units_ratio * noise),
        impressions=rng.poisson(seen * effects.views_ratio),
        price=(regular_price[:, None] * price_ratio).round(2),
        promo=np.where(effects.on_promo, np.int8(PRICE_OFF), flyer),
        # A shelf with an episode is supplied overnight, so that it is never out of stock.
        lead_days=np.where(effects.in_episode.any(axis=1, keepdims=True), OVERNIGHT_LEAD_DAYS, lead_days),
        kept_zero_sale=zero_sale >= plan.zero_rows_omitted,
        kept_snapshot=snapshot >= plan.missing_rows,
        kept_price=price_tag >= plan.missing_rows,
        kept_impressions=glance >= plan.missing_rows,
    )


def end_to_end(stores: Sequence[StoreDays]) -> StoreDays:
    """Several stores as one block, in their order."""
    return StoreDays(*(np.concatenate(columns) for columns in zip(*stores, strict=True)))


class _Effects:
    """The episodes of one store laid over its store-SKUs and days."""

    def __init__(self, sku_id: NDArray[np.int64], days: int, episodes: Sequence[Episode]) -> None:
        shape = (sku_id.size, days)
        self.in_episode = np.zeros(shape, np.bool_)
        self.on_promo = np.zeros(shape, np.bool_)
        self.units_ratio = np.ones(shape)
        self.views_ratio = np.ones(shape)
        self.price_ratio = np.ones(shape)
        self.overstock_first = np.full(sku_id.size, days)
        self.overstock_last = np.full(sku_id.size, -1)
        for episode in episodes:
            row = int(np.searchsorted(sku_id, episode.sku_id))
            self._lay(row, slice(episode.first_day - 1, episode.last_day), effect_of(episode))

    def _lay(self, row: int, days: slice, effect: Effect) -> None:
        self.in_episode[row, days] = True
        self.on_promo[row, days] = effect.on_promo
        self.units_ratio[row, days] = effect.units_ratio
        self.views_ratio[row, days] = effect.views_ratio
        self.price_ratio[row, days] = effect.price_ratio
        if effect.overstocked:
            self.overstock_first[row] = days.start
            self.overstock_last[row] = days.stop - 1


def _weekdays(plan: ChainPlan) -> NDArray[np.float64]:
    if plan.weekend_peak == 1.0:
        profile = WEEKDAY_PROFILE
    else:
        peaked = WEEKDAY_PROFILE**plan.weekend_peak
        profile = peaked * (peaked.size / peaked.sum())
    return profile[(plan.first_date.weekday() + np.arange(plan.days)) % 7]


def _lost_shoppers(plan: ChainPlan, store_id: int) -> NDArray[np.float64]:
    """Share of the shoppers that a store has left on each day."""
    left = np.ones(plan.days)
    if store_id > plan.stores - plan.half_traffic_stores:
        left[-HALF_TRAFFIC_DAYS:] = HALF_TRAFFIC
    return left


def _fading(plan: ChainPlan, sku_id: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of its ordinary units that each SKU has left on each day, in all stores."""
    left = np.ones((sku_id.size, plan.days))
    days = min(FADING_DAYS, plan.days)
    fades = sku_id > plan.skus - plan.fading_skus
    left[fades, plan.days - days :] = np.maximum((1.0 - DAILY_FADE) ** np.arange(1, days + 1), FADED_UNITS)
    return left


def _open_days(plan: ChainPlan, rng: np.random.Generator) -> NDArray[np.bool_]:
    is_open = np.ones(plan.days, np.bool_)
    is_open[rng.permutation(plan.days)[: plan.closed_days]] = False
    return is_open
