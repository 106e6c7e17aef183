"""Chains to do harm to: their tables as frames, and the shelves that are dark on their last day."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.synth.chain import ChainPlan, write_chain
from engine.synth.tables import TRUTH
from engine.vocabulary import shelf as v

Pair = tuple[str, str]
KEY: Final = (*v.PAIR, "date")
DAILY: Final = (v.SALES, v.INVENTORY, v.PRICING, v.IMPRESSIONS)

SMALL_STORES, SMALL_SKUS, SMALL_DAYS = 8, 8, 84
LAST_DAY: Final = dt.date(2026, 3, 31)
DARK_DAYS: Final = 12
DARK_SHELF: Final = ("S02", "5003")
BUSY_SHELF: Final = ("S04", "5003")
BUSY_DAYS, BUSY_TIMES = 21, 3.0
"""Sells the dark SKU so much better than before in the last weeks, too far away to be sent any."""
RESTOCK_BELOW, RESTOCK_UNITS = 25, 60


@dataclass(frozen=True)
class Chain:
    """A chain without a fault. tables: ids are text, rows in the order of store, SKU and date.

    dark: the store-SKUs that may be dark on the last day. case: one of them, which the plain night finds.
    """

    tables: Mapping[str, pl.DataFrame]
    dark: frozenset[Pair]
    case: Pair

    @cached_property
    def last_day(self) -> dt.date:
        """The last day of sales."""
        days: list[dt.date] = self.tables[v.SALES]["date"].unique().to_list()
        return max(days)

    def day(self, back: int) -> dt.date:
        """The day so many days before the last."""
        return self.last_day - dt.timedelta(days=back)

    @cached_property
    def pair(self) -> Pair:
        """The store-SKU that sells most, dark ones and those of the store or the SKU of the case apart."""
        sold = self.tables[v.SALES].group_by(v.PAIR).agg(pl.col("units_sold").sum())
        ordered = sold.sort("units_sold", *v.PAIR, descending=[True, False, False])
        others = [(store, sku) for store, sku, _ in ordered.iter_rows() if (store, sku) not in self.dark]
        return next((store, sku) for store, sku in others if store != self.case[0] and sku != self.case[1])

    @cached_property
    def sku(self) -> str:
        """The SKU that sells most among those that are dark in the fewest stores."""
        sold = self.tables[v.SALES].group_by("sku_id").agg(pl.col("units_sold").sum())
        _, _, sku = min((self._dark_with(sku), -units, str(sku)) for sku, units in sold.iter_rows())
        return sku

    @cached_property
    def store(self) -> str:
        """The first of the stores that hold the fewest dark shelves."""
        _, store = min((self._dark_with(store), str(store)) for store in self.tables[v.STORES]["store_id"])
        return store

    def _dark_with(self, code: str) -> int:
        return sum(code in pair for pair in self.dark)


def simulated(plan: ChainPlan) -> Chain:
    """The chain of a plan with ids as text: stores S001 …, SKUs 5001 …; its case is the first planted shelf."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_chain(folder, plan)
        tables = {name: _with_text_ids(pl.read_parquet(folder / f"{name}.parquet")) for name in _names()}
        truth = _with_text_ids(pl.read_parquet(folder / f"{TRUTH}.parquet"))
    dark = truth.filter(pl.col("last_date") == plan.last_date).sort(v.PAIR).select(v.PAIR).rows()
    return Chain(tables, frozenset(dark), dark[0])


def _names() -> tuple[str, ...]:
    return (*DAILY, v.STORES, v.SKUS)


def _with_text_ids(frame: pl.DataFrame) -> pl.DataFrame:
    forms = {
        "store_id": pl.format("S{}", pl.col("store_id").cast(pl.String).str.zfill(3)),
        "sku_id": (pl.col("sku_id") + 5000).cast(pl.String),
    }
    return frame.with_columns(**{name: form for name, form in forms.items() if name in frame.columns})


def small(
    seed: int = 5, n_stores: int = SMALL_STORES, n_skus: int = SMALL_SKUS, dark: tuple[Pair, ...] = (DARK_SHELF,)
) -> Chain:
    """Stores S01 … with SKUs 5001 … on 84 days that are alike; dark shelves sell nothing on the last twelve."""
    rng = np.random.Generator(np.random.Philox(seed))
    stores = [f"S{n:02}" for n in range(1, n_stores + 1)]
    skus = [f"50{n:02}" for n in range(1, n_skus + 1)]
    pairs = [(store, sku) for store in stores for sku in skus]
    level = np.array([4.0 + 2 * (sku == DARK_SHELF[1]) for _, sku in pairs])
    units = rng.poisson(level[:, None], (len(pairs), SMALL_DAYS))
    busy = pairs.index(BUSY_SHELF)
    units[busy, -BUSY_DAYS:] = rng.poisson(level[busy] * BUSY_TIMES, BUSY_DAYS)
    for pair in dark:
        units[pairs.index(pair), -DARK_DAYS:] = 0
    first = LAST_DAY - dt.timedelta(days=SMALL_DAYS - 1)
    days = pl.date_range(first, LAST_DAY, eager=True)
    grid = pl.DataFrame(
        {
            "store_id": np.repeat([store for store, _ in pairs], SMALL_DAYS),
            "sku_id": np.repeat([sku for _, sku in pairs], SMALL_DAYS),
            "date": pl.concat([days] * len(pairs)),
            "units_sold": units.ravel().astype(float),
            "quantity_on_hand": _stock(units).ravel().astype(float),
        }
    ).with_columns(price=2.0 + 1.25 * (pl.col("sku_id").cast(pl.Int64) - 5000))
    tables = {
        v.SALES: grid.filter(pl.col("units_sold") > 0).select(
            *KEY,
            "units_sold",
            (pl.col("units_sold") * pl.col("price")).alias("revenue"),
            promo_flag=pl.lit(value=False),
        ),
        v.INVENTORY: grid.select(*KEY, "quantity_on_hand"),
        v.IMPRESSIONS: grid.select(*KEY, impression_count=rng.poisson(40, grid.height)),
        v.PRICING: grid.select(*KEY, "price", promo_flag=pl.lit(value=False), promo_type=pl.lit(None, pl.String)),
        **_attributes(stores, skus),
    }
    return Chain(tables, frozenset(dark), next(iter(dark), DARK_SHELF))


def _stock(units: NDArray[np.int64]) -> NDArray[np.int64]:
    """What is on hand at the end of each day, filled up whenever it gets low. units: (pairs, days)."""
    on_hand = np.empty_like(units)
    left = np.full(len(units), RESTOCK_UNITS)
    for day in range(units.shape[1]):
        left = left - units[:, day]
        left = left + RESTOCK_UNITS * (left < RESTOCK_BELOW)
        on_hand[:, day] = left
    return on_hand


def _attributes(stores: list[str], skus: list[str]) -> dict[str, pl.DataFrame]:
    """Stores a hundred kilometres apart in two regions; SKUs of four categories."""
    return {
        v.STORES: pl.DataFrame(
            {
                "store_id": stores,
                "store_name": [f"Store {store}" for store in stores],
                "latitude": [46.0 + n for n in range(len(stores))],
                "longitude": [9.0 + n / 2 for n in range(len(stores))],
                "region": ["North" if n % 2 else "South" for n in range(len(stores))],
            }
        ),
        v.SKUS: pl.DataFrame(
            {
                "sku_id": skus,
                "sku_name": [f"Item {sku}" for sku in skus],
                "category": [("bread", "dairy", "drinks", "fruit")[n % 4] for n in range(len(skus))],
                "brand": ["house"] * len(skus),
                "cost": [1.0 + n / 2 for n in range(len(skus))],
            }
        ),
    }
