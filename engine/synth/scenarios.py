"""Planted dark shelves: which store-SKUs go dark, why, when, and what that does to their days.

Days are numbered from 1, the chain's first day. An episode's days are first to last, both included.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.synth.plan import ChainPlan
from engine.vocabulary.shelf import (
    CAUSES,
    CONVERSION_DROP,
    MISALLOCATION,
    NOT_ON_SHELF,
    OVERSTOCK,
    PRICE_TOO_HIGH,
    PROMO_INEFFECTIVE,
    TRAFFIC_DROP,
)


class Scenario(NamedTuple):
    """A fixed scenario: one SKU in a row of neighbouring stores.

    last_day: None runs to the end of the chain. daily_units: what the SKU sells on an ordinary day in an
    ordinary store. price_position: where its regular price stands in its category, 0 the lowest, 1 the
    highest. oversold_stores: neighbours that sell the SKU well over, and are not dark.
    """

    cause: str
    sku_id: int
    stores: range
    first_day: int
    last_day: int | None
    daily_units: float
    price_position: float = 0.5
    oversold_stores: range = range(0)


SCENARIOS: Final = (
    Scenario(PRICE_TOO_HIGH, 1, range(1, 11), 30, None, 24.0, price_position=0.9),
    Scenario(CONVERSION_DROP, 2, range(11, 16), 35, None, 40.0),
    Scenario(OVERSTOCK, 3, range(16, 24), 30, None, 24.0),
    Scenario(PROMO_INEFFECTIVE, 4, range(24, 31), 38, 58, 24.0),
    Scenario(MISALLOCATION, 5, range(31, 36), 38, None, 24.0, oversold_stores=range(36, 41)),
)
"""In the order of their SKUs: scenario n plants SKU n + 1."""

OVERSOLD_DAYS_AHEAD: Final = 10
"""The neighbours draw the shoppers so many days before the misallocated stores are seen to be dark."""
OVERSOLD_NEIGHBOURS: Final = 3
"""Neighbours that sell over in an extra episode."""

DARK_UNITS: Final = {
    PRICE_TOO_HIGH: 0.40,
    CONVERSION_DROP: 0.50,
    PROMO_INEFFECTIVE: 0.45,
    MISALLOCATION: 0.45,
    NOT_ON_SHELF: 0.02,
    TRAFFIC_DROP: 0.40,
}
"""Share of its ordinary units that a dark shelf still sells, every day of its episode."""
DAILY_FALL: Final = 0.05
FALLEN_UNITS: Final = 0.30
"""An overstocked shelf loses a share of its sales day by day, down to the share that stays."""
OVERSOLD_UNITS: Final = 1.80
VIEWS_RATIO: Final = {TRAFFIC_DROP: 0.40}
PRICE_RATIO: Final = {PRICE_TOO_HIGH: 1.25, PROMO_INEFFECTIVE: 0.85}

SHORTEST_DAYS: Final = 7
"""A fixed scenario that the chain's end leaves fewer days is not planted."""
EXTRA_FIRST_DAY: Final = 30
"""Four weeks of ordinary days come before any extra episode."""
EXTRA_DAYS: Final = (14, 35)
"""Shortest and longest extra episode; the end of the chain cuts it to no less than the shortest."""
_EXTRA_STREAM: Final = (0, 1)
"""Beside the streams (seed, 0) of the catalog and (seed, store id) of the stores."""


class Episode(NamedTuple):
    """One store-SKU on the days on which it is not itself. Grain: store, SKU, episode.

    oversold: the neighbour that sells over beside a misallocated shelf. It is not dark and not planted truth.
    """

    store_id: int
    sku_id: int
    cause: str
    first_day: int
    last_day: int
    oversold: bool = False


class Effect(NamedTuple):
    """What an episode does. units_ratio: (days of the episode,), of ordinary units; views_ratio: of ordinary
    impressions; price_ratio: of regular.
    """

    units_ratio: NDArray[np.float64]
    views_ratio: float = 1.0
    price_ratio: float = 1.0
    on_promo: bool = False
    overstocked: bool = False


def effect_of(episode: Episode) -> Effect:
    """The days of an episode, relative to the same days without it."""
    days = np.arange(1, episode.last_day - episode.first_day + 2)
    if episode.oversold:
        return Effect(np.full(days.size, OVERSOLD_UNITS))
    if episode.cause == OVERSTOCK:
        return Effect(np.maximum((1.0 - DAILY_FALL) ** days, FALLEN_UNITS), overstocked=True)
    return Effect(
        np.full(days.size, DARK_UNITS[episode.cause]),
        views_ratio=VIEWS_RATIO.get(episode.cause, 1.0),
        price_ratio=PRICE_RATIO.get(episode.cause, 1.0),
        on_promo=episode.cause == PROMO_INEFFECTIVE,
    )


def plan_episodes(
    plan: ChainPlan, store_city: NDArray[np.int64], assortment: NDArray[np.int64], daily_units: NDArray[np.float64]
) -> dict[int, list[Episode]]:
    """Every episode of the chain by store id: the fixed scenarios as far as they fit, then the extra ones.

    store_city: (stores,), equal for stores of one city. assortment: (stores, SKUs per store), SKU ids ascending.
    daily_units: (SKUs,), ordinary units a day. Stores at half traffic and fading SKUs have no extra episode.
    """
    by_store: defaultdict[int, list[Episode]] = defaultdict(list)
    for episode in (*_fixed_episodes(plan), *_extra_episodes(plan, store_city, assortment, daily_units)):
        if episode.store_id <= plan.stores:
            by_store[episode.store_id].append(episode)
    return dict(by_store)


def _fixed_episodes(plan: ChainPlan) -> Iterator[Episode]:
    """The five scenarios of `SCENARIOS`, as far as the chain holds their stores, SKUs and days."""
    for scenario in SCENARIOS:
        last_day = min(scenario.last_day or plan.days, plan.days)
        if scenario.sku_id > plan.skus or scenario.first_day + SHORTEST_DAYS - 1 > last_day:
            continue
        for store_id in scenario.stores:
            yield Episode(store_id, scenario.sku_id, scenario.cause, scenario.first_day, last_day)
        for store_id in scenario.oversold_stores:
            first_day = scenario.first_day - OVERSOLD_DAYS_AHEAD
            yield Episode(store_id, scenario.sku_id, scenario.cause, first_day, last_day, oversold=True)


def _extra_episodes(
    plan: ChainPlan, store_city: NDArray[np.int64], assortment: NDArray[np.int64], daily_units: NDArray[np.float64]
) -> Iterator[Episode]:
    """Random store-SKUs, causes, starts and lengths; the SKUs of the fixed scenarios are left alone."""
    shortest, longest = EXTRA_DAYS
    last_start = plan.days - shortest + 1
    if last_start < EXTRA_FIRST_DAY:
        return
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([plan.seed, *_EXTRA_STREAM])))
    count = round(plan.extra_episodes * plan.store_skus)
    pairs = rng.choice(plan.store_skus, count, replace=False)
    names = (*CAUSES, NOT_ON_SHELF, TRAFFIC_DROP) if plan.further_causes else CAUSES
    causes = rng.integers(len(names), size=count)
    starts = rng.integers(EXTRA_FIRST_DAY, last_start, size=count, endpoint=True)
    lengths = rng.integers(shortest, longest, size=count, endpoint=True)
    stores, columns = np.divmod(pairs, plan.skus_per_store)
    taken = {(int(store), int(assortment[store, column])) for store, column in zip(stores, columns, strict=True)}
    for store, column, cause, start, length in zip(stores, columns, causes, starts, lengths, strict=True):
        sku_id = int(assortment[store, column])
        if sku_id <= len(SCENARIOS) or not _may_go_dark(plan, int(store) + 1, sku_id, daily_units):
            continue
        last_day = min(int(start + length) - 1, plan.days)
        episode = Episode(int(store) + 1, sku_id, names[cause], int(start), last_day)
        if episode.cause != MISALLOCATION:
            yield episode
        elif neighbours := _free_neighbours(int(store), sku_id, store_city, assortment, taken):
            yield episode
            for neighbour in neighbours:
                taken.add((neighbour, sku_id))
                yield episode._replace(
                    store_id=neighbour + 1, first_day=episode.first_day - OVERSOLD_DAYS_AHEAD, oversold=True
                )


def _may_go_dark(plan: ChainPlan, store_id: int, sku_id: int, daily_units: NDArray[np.float64]) -> bool:
    """Whether an extra episode would be the only thing that happens there, to a SKU that sells enough."""
    sells_enough = bool(daily_units[sku_id - 1] >= plan.extra_min_daily_units)
    return (
        sells_enough and store_id <= plan.stores - plan.half_traffic_stores and sku_id <= plan.skus - plan.fading_skus
    )


def _free_neighbours(
    store: int,
    sku_id: int,
    store_city: NDArray[np.int64],
    assortment: NDArray[np.int64],
    taken: set[tuple[int, int]],
) -> list[int]:
    """Up to three other stores of the city that carry the SKU and are in no episode with it."""
    free: list[int] = []
    for neighbour in np.flatnonzero(store_city == store_city[store]).tolist():
        if len(free) == OVERSOLD_NEIGHBOURS:
            break
        if neighbour != store and (neighbour, sku_id) not in taken and sku_id in assortment[neighbour]:
            free.append(neighbour)
    return free
