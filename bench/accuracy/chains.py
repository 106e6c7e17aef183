"""Chains of which everything is known: negative binomial sales with weekdays and store-days, and no episode at all.

Written as the tables of the shelf desk. Every store draws from a stream of its own.
"""

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.vocabulary import shelf as v

SKUS = 200
"""Carried by every store."""
LAST_DAY = dt.date(2026, 3, 31)
WEEKDAYS = np.array([0.85, 0.8, 0.85, 0.9, 1.1, 1.4, 1.1])
STORE_DAY_SIGMA = 0.1
DISPERSIONS = (0.0, 0.1, 0.3, 0.6)
"""Relative variance beyond counts, a category each."""
MIXES = ("slow", "mixed", "fast", "even", "split")
"""Of velocities: most below 0.5 a day; most around 1; most around 10; 0.05 to 50 evenly; half 0.1 and half 10."""
SLOW = "watched"
"""0.1 to 2 units a day, evenly in logarithm: the mix of the slow movers with planted episodes."""
UNIT_PRICE = 5.0
WEEK = 7
"""Days from a snapshot of stock and price to the next; a night knows nothing of what was said before its panel."""


def write(folder: Path, mix: str, store_skus: int, days: int, seed: int) -> Path:
    """The tables of a chain; store_skus is rounded up to whole stores. Returns the folder."""
    folder.mkdir(parents=True)
    stores = -(-store_skus // SKUS)
    first = np.datetime64(LAST_DAY) - (days - 1)
    sales = [_sales(mix, store, days, seed, first) for store in range(stores)]
    pl.concat(sales).write_parquet(folder / f"{v.SALES}.parquet")
    weeks = pl.DataFrame({"date": first + np.arange(0, days, WEEK)})
    pairs = pl.DataFrame(
        {"store_id": np.repeat(np.arange(stores), SKUS), "sku_id": np.tile(np.arange(SKUS), stores)}
    ).join(weeks, how="cross")
    pairs.with_columns(quantity_on_hand=pl.lit(1e6)).write_parquet(folder / f"{v.INVENTORY}.parquet")
    pairs.with_columns(price=pl.lit(UNIT_PRICE), promo_flag=pl.lit(value=False)).write_parquet(
        folder / f"{v.PRICING}.parquet"
    )
    skus = pl.DataFrame({"sku_id": np.arange(SKUS)}).with_columns(
        category=pl.format("category {}", pl.col("sku_id") % len(DISPERSIONS))
    )
    skus.write_parquet(folder / f"{v.SKUS}.parquet")
    return folder


def levels(mix: str, random: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Units a day of n store-SKUs of a mix."""
    middle = {"slow": 0.2, "mixed": 1.2, "fast": 10.0}
    if mix in middle:
        return np.clip(middle[mix] * np.exp(random.normal(0.0, 0.8, n)), 0.02, 100.0)
    if mix == "split":
        return random.choice([0.1, 10.0], n)
    low, high = {"even": (0.05, 50.0), SLOW: (0.1, 2.0)}[mix]
    return np.asarray(np.exp(random.uniform(np.log(low), np.log(high), n)))


def _sales(mix: str, store: int, days: int, seed: int, first: np.datetime64) -> pl.DataFrame:
    """The days with a sale, and the first day of every SKU."""
    random = np.random.default_rng([seed, store])
    dates = first + np.arange(days)
    traffic = WEEKDAYS[(dates.astype("datetime64[D]").astype(np.int64) + 3) % 7]
    traffic = traffic * np.exp(random.normal(0.0, STORE_DAY_SIGMA, days))
    mean = levels(mix, random, SKUS)[:, None] * traffic
    spread = np.array(DISPERSIONS)[np.arange(SKUS) % len(DISPERSIONS)][:, None]
    gamma = random.standard_gamma(1 / np.maximum(spread, 1e-9), mean.shape) * spread
    units = random.poisson(np.where(spread > 0, mean * gamma, mean))
    sku, day = np.nonzero((units > 0) | (np.arange(days) == 0))
    sold = units[sku, day].astype(np.float64)
    return pl.DataFrame(
        {
            "store_id": np.full(sku.size, store),
            "sku_id": sku,
            "date": dates[day],
            "units_sold": sold,
            "revenue": sold * UNIT_PRICE,
            "promo_flag": np.zeros(sku.size, np.bool_),
        }
    )
