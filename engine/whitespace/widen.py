"""Widen: longer horizons for divisions in which hardly anybody begins to buy.

In: tables and tuning cutoffs. Out: the horizon of every division, in months.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl

from engine.settings.whitespace.labels import LabelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.panel import labels
from engine.whitespace.tables import Tables, as_of, divisions_of


def widen(tables: Tables, tuning: Sequence[dt.date], scoring: dt.date, settings: LabelSettings) -> Mapping[str, int]:
    """The months of the horizon of every division whose horizon is not `labels.horizon_months`.

    A division with fewer purchases than `sparse_min_positives` over the tuning cutoffs is tried a step wider, until
    it has enough or reaches `sparse_max_months`; one of `division_horizons` keeps its own. Purchases after the
    scoring cutoff are not seen: what is chosen by them would know the answer.
    """
    months = settings.own_horizons()
    if not settings.sparse_min_positives:
        return months
    known = as_of(tables, scoring)
    while sparse := _sparse(known, tuning, months, settings):
        months |= {
            division: min(months.get(division, settings.horizon_months) + settings.sparse_step_months, limit)
            for division, limit in sparse.items()
        }
    return months


def _sparse(
    tables: Tables, tuning: Sequence[dt.date], months: Mapping[str, int], settings: LabelSettings
) -> dict[str, int]:
    """Divisions with too few purchases that can still be widened, with the most months that each may have."""
    rows = labels(tables, tuning, settings, months).filter("in_population")
    counts = rows.group_by(v.DIVISION).agg(pl.col("label").fill_null(0).cast(pl.Int64).sum())
    positives = {str(division): int(count) for division, count in counts.iter_rows()}
    fixed = settings.own_horizons()
    return {
        division: settings.sparse_max_months
        for division in divisions_of(tables)
        if division not in fixed
        and positives.get(division, 0) < settings.sparse_min_positives
        and months.get(division, settings.horizon_months) < settings.sparse_max_months
    }
