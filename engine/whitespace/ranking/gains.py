"""Gains: how many buyers, and how much money, lists of several lengths would have caught, by group of customers.

In: scored rows of earlier cutoffs with outcomes. Out: a row per group and length, and one for everybody.
Grain: column, group, k_percent.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from engine.arrays import Marks
from engine.resampling import Clusters
from engine.settings.whitespace.ranking import RankingSettings
from engine.whitespace.ranking.outcomes import (
    CODE,
    GAINED,
    caught,
    comparable,
    draws,
    estimates,
    known,
    picked_of_eras,
)

EVERYBODY = "(everybody)"
UNKNOWN = "(unknown)"
SCHEMA = pl.Schema(
    {
        "column": pl.String(),
        "group": pl.String(),
        "k_percent": pl.Float64(),
        "rows": pl.Int64(),
        "selected": pl.Int64(),
        "positives": pl.Int64(),
        **{
            f"{figure}{ending}": pl.Float64()
            for figure in ("capture", "precision", "revenue_capture")
            for ending in ("", "_low", "_high")
        },
    }
)
"""capture, revenue_capture: of the group's buyers and money; precision: of the group's rows on the list."""


def gains(past: pl.DataFrame, priority: str, settings: RankingSettings) -> pl.DataFrame:
    """The table. past: rows with label, net_gp_window, `priority` and the columns of the fairness settings.

    A list of k percent is the best of every cutoff, whatever the group. Sorted; columns: `SCHEMA`.
    """
    rows = known(past).filter(comparable(priority))
    if rows.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    customers = draws(rows, settings)
    columns = [name for name in settings.fairness.columns if name in rows.columns]
    lists = {percent: picked_of_eras(rows, priority, percent / 100) for percent in settings.fairness.k_percents}
    found = [
        {"column": column, "group": group, "k_percent": percent, **_figures(part, picked[is_in], customers)}
        for column, group, is_in in _groups(rows, columns)
        for part in (rows.filter(pl.Series(is_in)),)
        for percent, picked in lists.items()
    ]
    return pl.DataFrame(found, schema=SCHEMA).sort("column", "group", "k_percent")


def _groups(rows: pl.DataFrame, columns: list[str]) -> Iterator[tuple[str, str, Marks]]:
    """Every group by column and name, with which rows are in it."""
    yield EVERYBODY, EVERYBODY, np.ones(rows.height, np.bool_)
    for column in columns:
        texts = rows[column].cast(pl.String).fill_null(UNKNOWN)
        for group in texts.unique().sort():
            yield column, group, (texts == group).to_numpy()


def _figures(rows: pl.DataFrame, picked: Marks, customers: Clusters) -> dict[str, Any]:
    chosen = rows.filter(pl.Series(picked))
    figures = {
        "capture": caught(rows, picked, customers),
        "precision": customers.share(chosen[CODE], chosen["label"]),
        "revenue_capture": caught(rows, picked, customers, GAINED),
    }
    counts = {"rows": rows.height, "selected": chosen.height, "positives": int(rows["label"].sum())}
    return {**counts, **estimates(figures)}
