"""Outside: what a calendar and the weather say of the days of the panel.

In: `Sources`, the stores and SKUs of the panel. Out: `Outside`, as far as it was known on the as-of day; every row of
both tables is accounted for.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from engine.arrays import Floats
from engine.contracts.contract import UNUSABLE
from engine.delivery.tables import EXAMPLES
from engine.errors import Problem
from engine.shelf.accounts import RowAccount
from engine.shelf.check import Sources
from engine.vocabulary import shelf as v

SCOPES = ("store_id", "region", "sku_id", "category")
"""What a row of the calendar may be limited to; empty is everywhere."""
PLACES = ("store", "sku", "category")
"""The same as positions, regions resolved to their stores."""
ROWS: Final = pl.Schema({"kind": pl.String, "name": pl.String, "day": pl.Int64, **dict.fromkeys(PLACES, pl.Int64)})


@dataclass(frozen=True)
class Outside:
    """What happened outside the stores.

    calendar: kind, name (the kind where none is given), day (of the panel), store, sku and category (positions, null
    where it holds for all); sorted. temperature_celsius, rain_millimetres: (stores, days), NaN unknown. notices: what
    is odd about the tables. delivered: which of them are there.
    """

    calendar: pl.DataFrame
    temperature_celsius: Floats
    rain_millimetres: Floats
    notices: tuple[Problem, ...]
    delivered: frozenset[str]


def outside(
    sources: Sources,
    n_days: int,
    stores: pl.DataFrame,
    skus: pl.DataFrame,
    categories: Sequence[str],
    accounts: Mapping[str, RowAccount],
) -> Outside:
    """Read both tables, where they were delivered; their accounts are filled.

    stores, skus: in the order of the panel. What became known only after the as-of day is not used.
    """
    first_day = sources.as_of - dt.timedelta(days=n_days - 1)
    calendar, notices = pl.DataFrame(schema=ROWS), list[Problem]()
    if v.CALENDAR in accounts:
        read = _read(sources, v.CALENDAR, first_day, accounts[v.CALENDAR])
        calendar, notices = _calendar(read, sources.as_of, n_days, stores, skus, categories, accounts[v.CALENDAR])
    temperature, rain = np.full((2, stores.height, n_days), np.nan)
    if v.WEATHER in accounts:
        read = _read(sources, v.WEATHER, first_day, accounts[v.WEATHER])
        _place_weather(read, stores, temperature, rain, accounts[v.WEATHER])
    delivered = frozenset(accounts) & {v.CALENDAR, v.WEATHER}
    return Outside(calendar, temperature, rain, tuple(notices), delivered)


def of_skus(happened: Outside, own: slice) -> Outside:
    """The same for a block of the SKUs, whose positions are counted from its first. own: its SKUs in the chain."""
    sku = pl.col("sku")
    is_own = sku.is_null() | sku.is_between(own.start, own.stop, closed="left")
    return replace(happened, calendar=happened.calendar.filter(is_own).with_columns(sku - own.start))


def _read(sources: Sources, name: str, first_day: dt.date, account: RowAccount) -> pl.DataFrame:
    """The usable rows in file order with their `day`; the account knows all others."""
    rows = sources.tables[name].judged().collect()
    usable = rows.filter(~pl.col(UNUSABLE)).drop(UNUSABLE)
    account.read += rows.height
    account.quarantined = rows.height - usable.height
    return usable.with_columns(day=(pl.col("date") - first_day).dt.total_days())


def _settle(account: RowAccount, usable: int, placed: int, kept: int) -> None:
    """Account for rows of which some have no place in the panel and some repeat the key of a later one."""
    account.outside_panel += usable - placed
    account.used = placed
    account.replaced = placed - kept


def _calendar(
    usable: pl.DataFrame,
    as_of: dt.date,
    n_days: int,
    stores: pl.DataFrame,
    skus: pl.DataFrame,
    categories: Sequence[str],
    account: RowAccount,
) -> tuple[pl.DataFrame, list[Problem]]:
    """The rows that hold in the panel, and the problem of those that are limited to what nobody knows."""
    is_strange = pl.any_horizontal(
        pl.col(scope).is_not_null() & ~pl.col(scope).is_in(known.drop_nulls().unique().implode())
        for scope, known in (
            ("store_id", stores["store_id"]),
            ("region", stores["region"]),
            ("sku_id", skus["sku_id"]),
            ("category", pl.Series(categories, dtype=pl.String)),
        )
    )
    strange = usable.filter(is_strange)
    is_known = pl.col("known_since").is_null() | (pl.col("known_since") <= as_of)
    placed = usable.filter(~is_strange & is_known & pl.col("day").is_between(0, n_days - 1))
    kept = placed.unique(["date", "kind", *SCOPES], keep="last", maintain_order=True)
    _settle(account, usable.height, placed.height, kept.height)
    problems = [_of_strange(strange, usable.height)] if strange.height else []
    return _in_places(kept, stores, skus, categories), problems


def _of_strange(strange: pl.DataFrame, n_rows: int) -> Problem:
    shown = strange.select("date", "kind", *SCOPES).head(EXAMPLES).iter_rows(named=True)
    examples = tuple(
        ", ".join(f"{name} {value}" for name, value in row.items() if value is not None) for row in shown
    )
    what = "rows are limited to a store, region, SKU or category that the night does not hold, and are not used"
    advice = "write them as sales, stores and skus have them, or leave the cell empty where it holds for all"
    return Problem(v.CALENDAR, what, advice, strange.height, n_rows, examples)


def _in_places(
    kept: pl.DataFrame, stores: pl.DataFrame, skus: pl.DataFrame, categories: Sequence[str]
) -> pl.DataFrame:
    """The rows by positions, a row per store where they are limited to a region."""
    of_store = (
        stores.select("store_id", "region").with_row_index("store").with_columns(pl.col("store").cast(pl.Int64))
    )
    of_sku = skus.select("sku_id").with_row_index("sku").with_columns(pl.col("sku").cast(pl.Int64))
    by_category = pl.DataFrame({"category": categories}, schema={"category": pl.String})
    of_category = by_category.with_row_index("code").with_columns(pl.col("code").cast(pl.Int64))
    some = pl.col("store_id").is_not_null() | pl.col("region").is_not_null()
    of_some = kept.filter(some).join(of_store, how="cross", suffix="_here")
    is_there = [pl.col(name).is_null() | (pl.col(name) == pl.col(f"{name}_here")) for name in ("store_id", "region")]
    everywhere = kept.filter(~some).with_columns(store=pl.lit(None, pl.Int64))
    return (
        pl.concat([everywhere, of_some.filter(*is_there).select(everywhere.columns)])
        .join(of_sku, on="sku_id", how="left")
        .join(of_category, on="category", how="left")
        .select(
            "kind",
            pl.coalesce("name", "kind").alias("name"),
            "day",
            "store",
            "sku",
            pl.col("code").alias("category"),
        )
        .unique()
        .sort(ROWS.keys(), nulls_last=True)
    )


def _place_weather(
    usable: pl.DataFrame, stores: pl.DataFrame, temperature: Floats, rain: Floats, account: RowAccount
) -> None:
    """Temperature and rain of every store's day in their cells. Both (stores, days), written."""
    of_store = stores.select("store_id").with_row_index("store")
    placed = usable.join(of_store, on="store_id", how="inner", maintain_order="left")
    placed = placed.filter(pl.col("day").is_between(0, rain.shape[1] - 1))
    kept = placed.unique(["store", "day"], keep="last", maintain_order=True)
    _settle(account, usable.height, placed.height, kept.height)
    for array, name in ((temperature, "temperature_celsius"), (rain, "rain_millimetres")):
        account.unknown[name] = placed[name].null_count()
        array[kept["store"].to_numpy(), kept["day"].to_numpy()] = kept[name].fill_null(np.nan).to_numpy()
