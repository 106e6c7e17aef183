"""Eras: how well lists of earlier cutoffs would have caught what was bought, each on labels that came later.

In: scored rows of earlier cutoffs with their outcomes. Out: per cutoff the share of buyers and of money that the best
share of the rows catches, at the cutoff's own threshold and at one for all, with intervals over customers.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from engine.arrays import Floats
from engine.resampling import Clusters
from engine.settings.whitespace.ranking import RankingSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.ranking.outcomes import (
    CODE,
    GAINED,
    best_of,
    calls_of,
    caught,
    comparable,
    draws,
    estimates,
    known,
)


@dataclass(frozen=True)
class Eras:
    """rows: a row a cutoff. threshold: of the priority, one for all cutoffs. largest_deviation: of the capture at it
    from the mean of the cutoffs; None without a cutoff.
    """

    rows: pl.DataFrame
    threshold: float | None
    largest_deviation: float | None


def eras(past: pl.DataFrame, priority: str, settings: RankingSettings) -> Eras:
    """The table of eras. past: customer_id, division, cutoff, label, net_gp_window, is_worth_known and `priority`.

    Columns: cutoff, rows, positives, selected, and capture, precision, revenue_capture, capture_at_threshold with
    `_low` and `_high`; null where nobody bought. Intervals hold the lists fixed and draw customers.
    """
    rows = known(past).filter(comparable(priority))
    if rows.is_empty():
        return Eras(pl.DataFrame(schema={v.CUTOFF: pl.Date()}), None, None)
    customers = draws(rows, settings)
    share = settings.capacity.capacity_percent / 100
    scores = rows[priority].to_numpy()
    threshold = float(np.sort(scores)[::-1][calls_of(rows.height, share) - 1])
    found = [
        _era(era, era[priority].to_numpy(), threshold, customers, share)
        for era in rows.partition_by(v.CUTOFF, maintain_order=True)
    ]
    table = pl.DataFrame(found, infer_schema_length=None)
    captures = table["capture_at_threshold"].drop_nulls().to_numpy()
    deviation = float(np.abs(captures - captures.mean()).max()) if captures.size else None
    return Eras(table, threshold, deviation)


def _era(era: pl.DataFrame, scores: Floats, threshold: float, customers: Clusters, share: float) -> dict[str, Any]:
    picked = best_of(scores, calls_of(era.height, share))
    figures = {
        "capture": caught(era, picked, customers),
        "precision": customers.share(era[CODE].filter(pl.Series(picked)), era["label"].filter(pl.Series(picked))),
        "revenue_capture": caught(era, picked, customers, GAINED),
        "capture_at_threshold": caught(era, scores >= threshold, customers),
    }
    return {
        v.CUTOFF: era[v.CUTOFF][0],
        "rows": era.height,
        "positives": int(era["label"].sum()),
        "selected": int(picked.sum()),
        "selected_at_threshold": int((scores >= threshold).sum()),
        **estimates(figures),
    }
