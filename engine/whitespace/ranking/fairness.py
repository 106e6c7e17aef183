"""Fairness: whether groups of customers are selected, and served, alike.

In: the list, and scored rows of earlier cutoffs with outcomes. Out: a row per group: how often it is selected now,
and how many of its buyers, and how precisely, earlier lists would have caught, with intervals over customers.
"""

from collections.abc import Iterator
from typing import Any

import polars as pl

from engine.arrays import Marks
from engine.resampling import Clusters
from engine.settings.whitespace.ranking import RankingSettings
from engine.whitespace.ranking.outcomes import CODE, comparable, draws, estimates, known, picked_of_eras

OTHERS = "(small groups)"
UNKNOWN = "(unknown)"
SCHEMA = pl.Schema(
    {
        "column": pl.String(),
        "group": pl.String(),
        "rows": pl.Int64(),
        "selected": pl.Int64(),
        "selection_rate": pl.Float64(),
        "past_rows": pl.Int64(),
        "positives": pl.Int64(),
        **{
            f"{figure}{ending}": pl.Float64()
            for figure in ("capture", "precision", "capture_gap")
            for ending in ("", "_low", "_high")
        },
        "is_flagged": pl.Boolean(),
    }
)
"""capture_gap: the group's capture less that of all. is_flagged: beyond the bound, with an interval without 0."""


def fairness(eligible: pl.DataFrame, past: pl.DataFrame, priority: str, settings: RankingSettings) -> pl.DataFrame:
    """The table. eligible: candidates with is_selected; past: rows with label and `priority`; both with the columns.

    Grain: column, group, sorted. Groups with fewer rows than the bound are one. Columns: `SCHEMA`.
    """
    rows = known(past).filter(comparable(priority))
    picked = picked_of_eras(rows, priority, settings.capacity.capacity_percent / 100)
    customers = draws(rows, settings) if rows.height else None
    found = [
        line
        for column in settings.fairness.columns
        if column in eligible.columns and column in rows.columns
        for line in _groups(column, eligible, rows, picked, customers, settings)
    ]
    return pl.DataFrame(found, schema=SCHEMA).sort("column", "group")


def _groups(
    column: str,
    eligible: pl.DataFrame,
    rows: pl.DataFrame,
    picked: Marks,
    customers: Clusters | None,
    settings: RankingSettings,
) -> Iterator[dict[str, Any]]:
    now = eligible[column].cast(pl.String).fill_null(UNKNOWN)
    sizes = now.value_counts(name="rows")
    small = sizes.filter(pl.col("rows") < settings.fairness.min_rows)[column].to_list()
    now = pl.Series(pl.select(pl.when(now.is_in(small)).then(pl.lit(OTHERS)).otherwise(now)).to_series())
    before = rows[column].cast(pl.String).fill_null(UNKNOWN)
    before = pl.select(
        pl.when(before.is_in(now.unique().implode())).then(before).otherwise(pl.lit(OTHERS))
    ).to_series()
    for group in now.unique().sort():
        chosen = eligible.filter(now == group)
        selected = int(chosen["is_selected"].sum())
        yield {
            "column": column,
            "group": group,
            "rows": chosen.height,
            "selected": selected,
            "selection_rate": round(selected / chosen.height, 6),
            **_past(rows, (before == group).to_numpy(), picked, customers, settings.fairness.gap),
        }


def _past(
    rows: pl.DataFrame, is_in: Marks, picked: Marks, customers: Clusters | None, bound: float
) -> dict[str, Any]:
    if customers is None or not is_in.any():
        return {"past_rows": 0, "positives": 0, "is_flagged": False}
    codes, bought = rows[CODE], rows["label"].cast(pl.Float64).to_numpy()
    of_group, of_all = (bought * is_in * picked, bought * is_in), (bought * picked, bought)
    gap = customers.difference(codes, of_group, of_all)
    figures = {
        "capture": customers.quotient(codes, *map(pl.Series, of_group)),
        "precision": customers.quotient(codes, pl.Series(of_group[0]), pl.Series((is_in & picked).astype(float))),
        "capture_gap": gap,
    }
    return {
        "past_rows": int(is_in.sum()),
        "positives": int(of_group[1].sum()),
        **estimates(figures),
        "is_flagged": bool(abs(gap.value) > bound and (gap.low > 0 or gap.high < 0)),
    }
