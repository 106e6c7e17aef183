"""Diversify: how the calls are spread, what the division cap moved, and where they crowd all the same.

In: the eligible candidates with what is selected, and the best list without the division cap. Out: shares before and
after, every swap, warnings, and the capacity by division.
"""

from itertools import zip_longest
from typing import Any

import numpy as np
import polars as pl

from engine.arrays import Integers
from engine.settings.whitespace.ranking import CapacitySettings
from engine.vocabulary import whitespace as v
from engine.whitespace.ranking.limits import DIVISION, NOBODY
from engine.whitespace.ranking.select import Selection
from engine.whitespace.ranking.value import VALUE

BALANCED = (v.DIVISION, "rep", "region", "segment")
"""What shares are told of."""


def diversification(callable_rows: pl.DataFrame, selection: Selection, settings: CapacitySettings) -> dict[str, Any]:
    """The content of the diversification report.

    callable_rows: the candidates that the selection chose from, in its order; customer_id, division, rep, region,
    segment, value. A swap is a call that the division cap costs, with the one in its place, the dearest first; `in`
    is null where nothing could take it.
    """
    chosen = np.flatnonzero(selection.is_called)
    free = selection.freed.get(DIVISION, chosen)
    dropped, added = np.setdiff1d(free, chosen), np.setdiff1d(chosen, free)
    swaps = [
        {"out": before, "in": after}
        for before, after in zip_longest(_named(callable_rows, dropped), _named(callable_rows, added))
    ]
    return {
        "capacity_mode": settings.mode,
        "division_share_cap": settings.division_share_cap,
        "calls": selection.calls,
        "selected_rows": int(chosen.size),
        "status": selection.status,
        "minimum_missed_by": dict(selection.missed),
        "expected_value": round(selection.worth, 2),
        "price_of_limits": dict(selection.prices),
        "swaps": swaps,
        "shares": {
            column: {"before": shares(callable_rows[free], column), "after": shares(callable_rows[chosen], column)}
            for column in BALANCED
        },
    }


def bias_warnings(selected: pl.DataFrame, selection: Selection, settings: CapacitySettings) -> dict[str, Any]:
    """Shares of divisions in the list, and whether one exceeds the cap of what was selected.

    Where limits leave calls unused a division may hold more of the list than of the calls there are.
    """
    of_divisions = shares(selected, v.DIVISION)
    above = {name: share for name, share in of_divisions.items() if share > settings.division_share_cap}
    return {
        "capacity_mode": settings.mode,
        "selected_rows": selected.height,
        "division_shares": of_divisions,
        "threshold": settings.division_share_cap,
        "above_threshold": above,
        "status": selection.status,
        "warn": bool(above),
    }


def shares(rows: pl.DataFrame, column: str) -> dict[str, float]:
    """The share of the rows in each group, the largest first."""
    counted = rows.select(pl.col(column).cast(pl.String).fill_null(NOBODY)).group_by(column).len()
    ordered = counted.sort("len", column, descending=[True, False])
    return {name: round(count / rows.height, 6) for name, count in ordered.iter_rows()}


def capacity_summary(eligible: pl.DataFrame, calls: int, settings: CapacitySettings) -> pl.DataFrame:
    """Per division: eligible and selected rows, the share of the list, the cap in calls, expected money and buyers.

    Grain: division_name, sorted. Columns: division_name, eligible_rows, held_out_rows, selected_count, share, cap,
    expected_value (money), expected_buyers, lowest_priority (of the selected; null for none).
    """
    selected = pl.col("is_selected")
    total = max(int(eligible["is_selected"].sum()), 1)
    return (
        eligible.group_by(division_name=pl.col(v.DIVISION).cast(pl.String))
        .agg(
            eligible_rows=pl.len(),
            held_out_rows=pl.col("is_held_out").sum(),
            selected_count=selected.sum(),
            cap=pl.lit(int(settings.division_share_cap * calls + 1e-9)),
            expected_value=_ordered_sum(VALUE, selected).round(2),
            expected_buyers=_ordered_sum("p_icp", selected).round(4),
            lowest_priority=pl.col("priority").filter(selected).min(),
        )
        .with_columns(share=(pl.col("selected_count") / total).round(6))
        .sort("division_name")
    )


def _named(rows: pl.DataFrame, places: Integers) -> list[dict[str, Any]]:
    """Candidates by what names them and what they are worth, the dearest first."""
    listed = rows[places].select(pl.col(v.PAIR).cast(pl.String), pl.col(VALUE).round(2))
    return listed.sort(VALUE, v.CUSTOMER, v.DIVISION, descending=[True, False, False]).to_dicts()


def _ordered_sum(column: str, where: pl.Expr) -> pl.Expr:
    """A sum whose digits do not depend on the order of rows or on threads."""
    return pl.col(column).filter(where).sort().implode().list.sum() + 0.0
