"""Curves: what was sold and expected of the last days, small enough to stand in a row of a table.

In: a night and the store-SKUs of some items. Out: a row per item, its store-SKUs added up day by day.
"""

from typing import Final

import polars as pl

from engine.outputs.read import raising_damage, table
from engine.outputs.shelf import shapes
from engine.runs.registry import Run
from engine.vocabulary import shelf as v

MEASURES: Final = ("actual", "expected")
HUNDREDTHS: Final = 100


def last_days(run: Run, days: int) -> pl.DataFrame:
    """Sold and expected of the last days, a row per store-SKU with cases: `v.PAIR`, `MEASURES` as lists, Float32.

    It is small enough to be kept: reading the rows of one page costs as much as reading those of all.
    """
    with raising_damage(run):
        tails = (pl.col(name).arr.tail(days) for name in MEASURES)
        return table(run, shapes.DAILY).select(*v.PAIR, *tails).collect()


def curves(series: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """The last days of the items, sorted by item: item_id, actual and expected, each a list of units a day.

    series: `last_days`. members: item_id, store_id, sku_id. A day that is unknown of every store-SKU of an item is
    null. Units are added up in hundredths, so that the order of rows changes none.
    """
    daily = members.join(series, on=list(v.PAIR)).with_columns(day=pl.int_ranges(pl.col("actual").list.len()))
    summed = daily.explode("day", *MEASURES).group_by("item_id", "day").agg(_total(name) for name in MEASURES)
    return summed.sort("item_id", "day").group_by("item_id", maintain_order=True).agg(*MEASURES)


def _total(name: str) -> pl.Expr:
    units = pl.col(name).cast(pl.Float64).fill_nan(None)
    total = (units * HUNDREDTHS).round().cast(pl.Int64).sum() / HUNDREDTHS
    return pl.when(units.count() > 0).then(total).alias(name)
