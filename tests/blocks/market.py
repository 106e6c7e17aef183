"""A small chain with everything that expectations are learnt of: what is odd is odd in many stores or in few."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from engine.memory import Memory
from engine.settings.shelf.night import load
from engine.shelf.check import check
from engine.shelf.desk import panel_plan
from engine.shelf.panel import panel

if TYPE_CHECKING:
    from pathlib import Path

    from engine.settings.shelf.night import NightSettings
    from engine.shelf.panel import Panel

AS_OF = date(2026, 3, 31)
N_STORES, N_SKUS, N_DAYS = 14, 17, 90
CATEGORIES = ("drinks", "snacks", "fruit", None)
WEIGHED = "fruit"
MISCOUNTED = [store * N_SKUS + sku for store, sku in ((4, 4), (1, 12), (9, 1), (0, 16), (2, 3), (11, 0), (3, 9))]
SETTINGS = ("demand.occasions.learn_weather=true", "response.min_skus=2")


def market(folder: Path, tables: dict[str, pl.DataFrame] | None = None) -> tuple[Panel, NightSettings]:
    """The panel of the chain, or of tables that were made of its own, and the settings it is judged by."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in (tables or market_tables()).items():
        frame.write_parquet(folder / f"{name}.parquet")
    settings = load(assignments=SETTINGS)
    return panel(check(folder, AS_OF), panel_plan(settings), Memory()), settings


def market_tables() -> dict[str, pl.DataFrame]:
    """Stores of two regions and of none, pieces and weighed goods, late listings, offers, events and weather."""
    random = np.random.default_rng(5)
    store, sku, day = (axis.ravel() for axis in np.indices((N_STORES, N_SKUS, N_DAYS)))
    category = np.array([str(CATEGORIES[one % len(CATEGORIES)]) for one in range(N_SKUS)])
    price, promo = _offers(random, store, sku, day)
    rate = (0.4 + 2.5 * random.random(N_SKUS) ** 3 * 6)[sku] * (0.5 + random.random(N_STORES))[store]
    rate *= np.where(day % 7 >= 5, 1.5, 1.0) * np.where(promo, 1.4, 1.0) * (price / 2.0) ** -1.5
    rate *= np.where((day % 30 == 9) & (category[sku] == "drinks"), 2.5, 1.0)
    units = random.poisson(rate).astype(np.float64)
    units = np.where(category[sku] == WEIGHED, units * (1 + 0.013 * (day % 11)), units)
    units[_is_dark(store, sku, day)] = 0.0
    units[(store == 2) & (sku == 6) & (day == 44)] = 900.0
    units[(store == 7) & (sku == 8) & (day == 50)] = 70_000.0
    is_listed = (day >= 78) | ((store * 5 + sku) % 23 != 0)
    keys = pl.DataFrame({"store_id": store, "sku_id": sku + 100, "day": day})
    keys = keys.with_columns(date=pl.lit(_date(0)) + pl.duration(days="day")).drop("day")
    priced = keys.with_columns(price=pl.Series(price), promo_flag=pl.Series(promo))
    sold = keys.with_columns(
        units_sold=pl.Series(units), revenue=pl.Series(units * price), promo_flag=pl.Series(promo)
    )
    on_hand = np.where(np.isin(store * N_SKUS + sku, MISCOUNTED) & (day == 60), 1e7, 60.0)
    return {
        "sales_transactions": sold.filter(is_listed),
        "inventory_snapshot": keys.with_columns(quantity_on_hand=pl.Series(on_hand)).filter(is_listed),
        "pricing": priced.filter(is_listed),
        "stores": pl.DataFrame(
            {"store_id": range(N_STORES), "region": [("north", "south", None)[one % 3] for one in range(N_STORES)]}
        ),
        "skus": pl.DataFrame(
            {
                "sku_id": [100 + one for one in range(N_SKUS)],
                "category": [CATEGORIES[one % 4] for one in range(N_SKUS)],
            }
        ),
        "events": _events(),
        "weather": _weather(random),
    }


def _date(day: int) -> date:
    return AS_OF - timedelta(days=N_DAYS - 1 - day)


def _offers(
    random: np.random.Generator, store: np.ndarray, sku: np.ndarray, day: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Price and promotion of every cell: cuts of three days in some SKUs, dearer SKUs in some stores."""
    begins = random.integers(20, 80, N_SKUS)[sku]
    promo = (sku % 3 == 0) & (day >= begins) & (day < begins + 3 + store % 2)
    dearer = (sku % 5 == 1) & (store % 4 == 0) & (day >= 55)
    return np.round(2.0 * np.where(promo, 0.8, 1.0) * np.where(dearer, 1.2, 1.0), 2), promo


def _is_dark(store: np.ndarray, sku: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Shelves that were dark for some weeks, are so tonight, and a SKU that has ended everywhere."""
    was = ((store + 3 * sku) % 13 == 0) & (day >= 30) & (day < 45)
    is_open = ((store * 3 + sku) % 29 == 0) & (day >= 82)
    return was | is_open | ((sku == 13) & (day >= 75))


def _events() -> pl.DataFrame:
    """Of everywhere, of a region, of a store, of single SKUs, of a category; one kind is nearly every day."""
    rows = [(day, "fair", None, None, None, None) for day in (9, 39, 69)]
    rows += [(day, "market", None, "north", None, None) for day in (9, 20, 33, 60, 89)]
    rows += [(day, "strike", 3, None, None, None) for day in (25, 26, 61)]
    rows += [(day, "launch", None, None, sku, None) for sku, day in ((101, 39), (101, 40), (115, 70))]
    rows += [(day, "tasting", None, None, None, "drinks") for day in (12, 20, 39, 66)]
    rows += [(day, "on display", None, None, 108, None) for day in range(80)]
    schema = {"day": pl.Int64, "kind": pl.String, "store_id": pl.Int64}
    schema |= {"region": pl.String, "sku_id": pl.Int64, "category": pl.String}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(date=pl.lit(_date(0)) + pl.duration(days="day")).drop("day")


def _weather(random: np.random.Generator) -> pl.DataFrame:
    store, day = (axis.ravel() for axis in np.indices((N_STORES, N_DAYS)))
    rain = np.where(random.random((2, N_DAYS))[store % 2, day] < 0.2, 7.0, 0.0)
    warmth = 10 + 6 * np.sin(day / 5) + 0.1 * store
    frame = pl.DataFrame({"store_id": store, "day": day, "rain_millimetres": rain, "temperature_celsius": warmth})
    return frame.with_columns(date=pl.lit(_date(0)) + pl.duration(days="day")).drop("day")
