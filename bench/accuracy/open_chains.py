"""Chains whose planted episodes are all open: levels that hold or wander, six causes, every depth up to half dark.

Everything is known of them, so that they also say what could be found: by a night that knew every rate.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bench.accuracy.chains import LAST_DAY, STORE_DAY_SIGMA, WEEKDAYS
from engine.arrays import Floats, Integers
from engine.backtest.replay import by_desk
from engine.backtest.score import RIGHT_SHARE
from engine.blocks.together import ALONE
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf.calibrated.chance import q_values
from engine.vocabulary import shelf as v

DAYS = 90
SKUS = 40
STORES_PER_REGION = 10
CATEGORIES = 8
MEDIAN_UNITS, LEVEL_SIGMA, LEVEL_BOUNDS = 3.0, 1.0, (0.2, 60.0)
TASTE_SIGMA = 0.25
DISPERSIONS = (0.02, 0.1, 0.2, 0.4)
"""Relative variance beyond counts, by category."""
SEASON_SIGMA = 0.25
"""How far the season of a category rises or falls within the chain's days: of its logarithm."""
FLYER_LIFTS, FLYER_SHARE = (1.2, 2.0), 0.25
"""Every SKU answers in its own way to the weeks in which it is offered."""
CAUSES = (v.PRICE_TOO_HIGH, v.PROMO_INEFFECTIVE, v.OVERSTOCK, v.MISALLOCATION, v.NOT_ON_SHELF, v.TRAFFIC_DROP)
LEFT = (0.02, 0.1, 0.25, 0.4, 0.5)
"""Shares of the sales that an episode may leave."""
EPISODE_DAYS = (3, 35)
DARK_SHARE = 0.1
LATE_DAYS = (3, 13)
"""So many days ago the store-SKUs that are late were listed; what would have been dark before is so from then on."""
PRICE = 10.0
PRICE_RISE, PROMO_PRICE = 1.25, 0.85
NEIGHBOURS, OVERSOLD = 2, 1.8
"""Stores of the region that sell so much over where a shelf is misallocated."""
STOCK, OVERSTOCK = 1e4, 4e4
DRAWS = 20
"""Chains without an episode that tell by what chance a ratio is reached, by band of the level."""
BANDS = 12


@dataclass(frozen=True)
class OpenChain:
    """What is known of a chain. Rows are store-SKUs, in the order of store and SKU.

    rate: units due each day, were there no episode, (pairs, days). sold: units, (pairs, days). dispersion: (pairs,).
    first: day on which the episode began, `DAYS` without one. left: share of the sales that it leaves. cause: place
    in `CAUSES`. promo: on offer, (pairs, days). listed: first day on sale, (pairs,); nothing is due before.
    """

    rate: Floats
    sold: Floats
    dispersion: Floats
    first: Integers
    left: Floats
    cause: Integers
    promo: NDArray[np.bool_]
    listed: Integers

    @property
    def is_listed(self) -> NDArray[np.bool_]:
        """Whether each pair is on sale, (pairs, days)."""
        return np.arange(DAYS) >= self.listed[:, None]


def drawn(stores: int, daily_wander: float, seed: int) -> OpenChain:
    """A chain of stores with `SKUS` each. daily_wander: standard deviation of a day's step of a level's logarithm."""
    random = np.random.default_rng([seed, stores, round(1e6 * daily_wander)])
    n = stores * SKUS
    sku = np.tile(np.arange(SKUS), stores)
    of_sku = MEDIAN_UNITS * np.exp(random.normal(0.0, LEVEL_SIGMA, SKUS))
    level = np.clip(of_sku[sku] * np.exp(random.normal(0.0, TASTE_SIGMA, n)), *LEVEL_BOUNDS)
    steps = random.normal(0.0, daily_wander, (n, DAYS)) if daily_wander else np.zeros((n, DAYS))
    traffic = WEEKDAYS[_weekdays()] * np.exp(random.normal(0.0, STORE_DAY_SIGMA, (stores, DAYS)))
    in_flyer = np.repeat(random.random((SKUS, DAYS // 7 + 1)) < FLYER_SHARE, 7, axis=1)[:, :DAYS]
    lift = np.where(in_flyer, random.uniform(*FLYER_LIFTS, SKUS)[:, None], 1.0)
    season = random.normal(0.0, SEASON_SIGMA, (CATEGORIES, 1)) * np.linspace(-0.5, 0.5, DAYS)
    first, left, cause = _episodes(random, n)
    of_promo = (cause == CAUSES.index(v.PROMO_INEFFECTIVE))[:, None] & (np.arange(DAYS) >= first[:, None])
    course = np.exp(np.cumsum(steps, axis=1) + season[sku % CATEGORIES])
    ordinary = level[:, None] * course * np.repeat(traffic, SKUS, axis=0)
    rate = ordinary * np.where(np.arange(DAYS) >= first[:, None], 1.0, lift[sku])
    dispersion = np.array(DISPERSIONS)[sku % CATEGORIES % len(DISPERSIONS)]
    sold = _counts(random, rate * _left_of(first, left, cause) * _oversold(first, cause), dispersion)
    promo = np.where(np.arange(DAYS) >= first[:, None], of_promo, in_flyer[sku])
    return OpenChain(rate, sold, dispersion, first, left, cause, promo, np.zeros(n, np.int64))


def listed_late(chain: OpenChain, share: float, seed: int) -> OpenChain:
    """The same chain where a share of the store-SKUs came to their stores a few days ago."""
    random = np.random.default_rng([seed, *LATE_DAYS])
    n = chain.first.size
    days_ago = random.integers(*LATE_DAYS, n, endpoint=True)
    late = replace(chain, listed=np.where(random.random(n) < share, DAYS - days_ago, 0))
    first = np.where(late.first < DAYS, np.maximum(late.first, late.listed), DAYS)
    return replace(late, first=first, rate=late.rate * late.is_listed, sold=late.sold * late.is_listed)


def lifted(chain: OpenChain, times: Floats, seed: int) -> OpenChain:
    """The same chain where every shelf would sell so many times its units each day, (pairs, days); drawn anew."""
    random = np.random.default_rng([seed, DAYS])
    rate = chain.rate * times
    left = _left_of(chain.first, chain.left, chain.cause) * _oversold(chain.first, chain.cause)
    return replace(chain, rate=rate, sold=_counts(random, rate * left, chain.dispersion))


def late_alone(chain: OpenChain, named: pl.DataFrame) -> pl.DataFrame:
    """Those rows of alerts or episodes that are of a store-SKU listed late."""
    late = np.flatnonzero(chain.listed > 0)
    keys = pl.DataFrame({"store_id": late // SKUS, "sku_id": late % SKUS})
    return named.with_columns(pl.col(name).cast(pl.Int64) for name in v.PAIR).join(keys, on=v.PAIR, how="semi")


def _weekdays() -> Integers:
    dates = np.datetime64(LAST_DAY) - np.arange(DAYS)[::-1]
    return np.asarray((dates.astype("datetime64[D]").astype(np.int64) + 3) % 7)


def _episodes(random: np.random.Generator, n: int) -> tuple[Integers, Floats, Integers]:
    """First day, share left and cause of every pair; without an episode `DAYS`, 1 and -1."""
    dark = random.random(n) < DARK_SHARE
    length = random.integers(*EPISODE_DAYS, n, endpoint=True)
    first = np.where(dark, DAYS - length, DAYS)
    left = np.where(dark, random.choice(LEFT, n), 1.0)
    return first, left, np.where(dark, random.integers(len(CAUSES), size=n), -1)


def _left_of(first: Integers, left: Floats, cause: Integers) -> Floats:
    """Share of its sales that every shelf keeps each day: at once, or with overstock in a week."""
    age = np.arange(DAYS) - first[:, None] + 1
    gradual = (cause == CAUSES.index(v.OVERSTOCK))[:, None]
    fallen = np.where(gradual, np.minimum(np.maximum(age, 0) / 7.0, 1.0), age > 0)
    return np.asarray(1.0 - (1.0 - left[:, None]) * fallen)


def _oversold(first: Integers, cause: Integers) -> Floats:
    """How many times its sales every shelf sells each day: healthy stores next to a misallocated one sell over."""
    times = np.ones((first.size, DAYS))
    for pair in np.flatnonzero(cause == CAUSES.index(v.MISALLOCATION)):
        region = pair // SKUS // STORES_PER_REGION
        others = [
            other
            for other in range(pair % SKUS, first.size, SKUS)
            if other // SKUS // STORES_PER_REGION == region and cause[other] < 0
        ]
        for other in others[:NEIGHBOURS]:
            times[other, first[pair] :] = OVERSOLD
    return times


def _counts(random: np.random.Generator, rate: Floats, dispersion: Floats) -> Floats:
    spread = dispersion[:, None]
    return random.poisson(rate * random.standard_gamma(1 / spread, rate.shape) * spread).astype(np.float64)


def write(chain: OpenChain, folder: Path) -> Path:
    """The tables of a chain. Returns the folder."""
    folder.mkdir(parents=True)
    n = len(chain.rate)
    since = np.arange(DAYS) >= chain.first[:, None]
    dear = since & (chain.cause == CAUSES.index(v.PRICE_TOO_HIGH))[:, None]
    full = since & (chain.cause == CAUSES.index(v.OVERSTOCK))[:, None]
    price = np.round(PRICE * np.where(dear, PRICE_RISE, np.where(chain.promo, PROMO_PRICE, 1.0)), 2)
    dates = pl.Series(np.datetime64(LAST_DAY) - np.arange(DAYS)[::-1])
    days = pl.DataFrame(
        {
            "store_id": np.repeat(np.arange(n) // SKUS, DAYS),
            "sku_id": np.repeat(np.arange(n) % SKUS, DAYS),
            "date": pl.concat([dates] * n),
            "units_sold": chain.sold.ravel(),
            "price": price.ravel(),
            "promo_flag": chain.promo.ravel(),
            "quantity_on_hand": np.where(full, OVERSTOCK, STOCK).ravel(),
        }
    ).filter(pl.Series(chain.is_listed.ravel()))
    sales = days.filter((pl.col("units_sold") > 0) | (pl.col("date") == dates[0]))
    sales = sales.with_columns(revenue=(pl.col("units_sold") * pl.col("price")).round(2))
    sales.select(*v.PAIR, "date", "units_sold", "revenue", "promo_flag").write_parquet(folder / f"{v.SALES}.parquet")
    days.select(*v.PAIR, "date", "quantity_on_hand").write_parquet(folder / f"{v.INVENTORY}.parquet")
    days.select(*v.PAIR, "date", "price", "promo_flag").write_parquet(folder / f"{v.PRICING}.parquet")
    skus = pl.DataFrame({"sku_id": np.arange(SKUS)})
    skus.with_columns(category=pl.format("category {}", pl.col("sku_id") % CATEGORIES)).write_parquet(
        folder / f"{v.SKUS}.parquet"
    )
    stores = pl.DataFrame({"store_id": np.arange(n // SKUS)})
    stores.with_columns(region=pl.format("region {}", pl.col("store_id") // STORES_PER_REGION)).write_parquet(
        folder / f"{v.STORES}.parquet"
    )
    return folder


def truth(chain: OpenChain, rate: float) -> pl.DataFrame:
    """The planted episodes: store, SKU, first_date, left, cause, is_findable.

    is_findable: a night that knew every rate and dispersion finds it at a false discovery rate of `rate`.
    """
    dark = np.flatnonzero(chain.first < DAYS)
    found = findable(chain, rate)
    return pl.DataFrame(
        {
            "store_id": dark // SKUS,
            "sku_id": dark % SKUS,
            "first_date": [LAST_DAY - dt.timedelta(days=DAYS - 1 - int(first)) for first in chain.first[dark]],
            "left": chain.left[dark],
            "cause": [CAUSES[cause] for cause in chain.cause[dark]],
            "is_findable": found[dark],
        }
    )


def findable(chain: OpenChain, rate: float) -> NDArray[np.bool_]:
    """Store-SKUs that a night which knew every rate and dispersion would name at a false discovery rate, (pairs,)."""
    random = np.random.default_rng(1)
    ratio = largest_ratio(chain.sold, chain.rate, chain.dispersion)
    quiet = np.stack(
        [
            largest_ratio(_counts(random, chain.rate, chain.dispersion), chain.rate, chain.dispersion)
            for _ in range(DRAWS)
        ]
    )
    chances = np.ones(ratio.size)
    for members in np.array_split(np.argsort(chain.rate.mean(axis=1), kind="stable"), BANDS):
        by_chance = np.sort(quiet[:, members].ravel())
        above = by_chance.size - np.searchsorted(by_chance, ratio[members])
        chances[members] = (above + 1) / (by_chance.size + 1)
    return np.asarray(q_values(chances, rate, ALONE) <= rate)


def largest_ratio(sold: Floats, rate: Floats, dispersion: Floats) -> Floats:
    """Largest log likelihood ratio of days that last until the last one at any depth of `LEFT`, (pairs,).

    The days since a start are negative binomial together, of the known rates; every depth is believed equally.
    """
    back = slice(None, -EPISODE_DAYS[1] - 1, -1)
    units, due, squares = (np.cumsum(some[:, back], axis=1) for some in (sold, rate, rate**2))
    size = due**2 / (dispersion[:, None] * squares)
    left = np.array(LEFT)[:, None, None]
    shift = (size + units) * np.log((size + due) / (size + left * due)) + units * np.log(left)
    return np.asarray(np.logaddexp.reduce(shift, axis=0).max(axis=1) - np.log(len(LEFT)))


def scored(alerts: pl.DataFrame, episodes: pl.DataFrame) -> dict[str, Any]:
    """Counts of a night's alerts against the planted episodes, in all and by the share of the sales that is left.

    An alert is right when its episode fills at least `RIGHT_SHARE` of its days; a findable episode is found when an
    alert names its store-SKU.
    """
    named = alerts.select(*(pl.col(name).cast(pl.Int64) for name in v.PAIR), "detection_date")
    judged = named.join(episodes, on=v.PAIR, how="left")
    night = pl.lit(LAST_DAY)
    days = (night - pl.col("detection_date")).dt.total_days() + 1
    dark = (night - pl.max_horizontal("detection_date", "first_date")).dt.total_days() + 1
    right = judged.filter(pl.col("first_date").is_not_null() & (dark >= RIGHT_SHARE * days)).height
    known = episodes.filter("is_findable").join(named.with_columns(found=True), on=v.PAIR, how="left")
    found = known.with_columns(pl.col("found").fill_null(value=False))
    by_left = found.group_by("left").agg(findable=pl.len(), found=pl.col("found").sum()).sort("left")
    return {
        "planted": episodes.height,
        "findable": found.height,
        "found": int(found["found"].sum()),
        "alerts": judged.height,
        "right": right,
        "precision": right / judged.height if judged.height else float("nan"),
        "recall": float(found["found"].sum() / found.height) if found.height else float("nan"),
        "by_left": by_left.to_dicts(),
    }


def alerts_over(
    chain: OpenChain, settings: CalibratedSettings, further: Mapping[str, pl.DataFrame] | None = None
) -> pl.DataFrame:
    """The alerts of a night of the desk over a chain. further: tables beside those of the chain, by name."""
    with TemporaryDirectory() as scratch:
        folder = write(chain, Path(scratch) / "chain")
        for name, table in (further or {}).items():
            table.write_parquet(folder / f"{name}.parquet")
        return by_desk(settings, Path(scratch) / "runs")(folder, LAST_DAY).alerts
