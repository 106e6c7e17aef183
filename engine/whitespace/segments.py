"""Segments: whether groups of customers are caught as well as all are, by what was bought later.

In: scored rows with their outcomes and what customers are grouped by. Out: a row a group: how many of its buyers the
best share of the list holds, and how far that is from all, with an interval. The list is held fixed; customers are
drawn.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl
from scipy.stats import binom

from engine.arrays import Marks
from engine.resampling import Clusters
from engine.settings.whitespace.horizons import ForwardSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.gauntlet.scores import known
from engine.whitespace.ranking.outcomes import best_of, calls_of

UNKNOWN: Final = "(unknown)"
FIGURES: Final = ("capture", "precision", "rev_capture", "capture_gap")
SCHEMA: Final = pl.Schema(
    {
        "division": pl.String,
        "segment_col": pl.String,
        "segment": pl.String,
        "k_percent": pl.Int64,
        "n": pl.Int64,
        "positives": pl.Int64,
        "selected": pl.Int64,
        **{f"{name}{end}": pl.Float64 for name in FIGURES for end in ("", "_low", "_high")},
        "is_flagged": pl.Boolean,
    }
)
"""Grain: division (empty: all together), segment_col, segment. selected: of the list. capture, rev_capture: share of
the group's buyers and money on the list. precision: share of those selected that bought. capture_gap: the capture of
the group less that of all. is_flagged: caught less by more than the bound, with an interval below 0, and so few that
the capture of all would hardly ever leave as few of them (a binomial tail: where none was caught, no draw catches
any). Figures are null where nothing was bought."""
TAIL: Final = 0.025
"""Chance of so few or fewer from which a group is flagged."""


def segments(
    rows: pl.DataFrame, order: Sequence[str], customers: Clusters, division: str, settings: ForwardSettings
) -> pl.DataFrame:
    """The table of one division, or of all together. Columns: `SCHEMA`.

    rows: customer_id, label, net_gp_window, the columns of `order` and the segment columns. order: what the list is
    ordered by, the largest first. Groups below the least rows, and columns that part nobody, are left out.
    """
    ordered = rows.sort([*order, *v.PAIR], descending=[*[True] * len(order), False, False])
    chances = -np.arange(ordered.height, dtype=np.float64)
    picked = best_of(chances, calls_of(ordered.height, settings.segment_percent / 100))
    found = [
        line
        for column in settings.segment_columns
        if column in rows.columns and rows[column].n_unique() > 1
        for line in _groups(ordered, column, picked, customers, settings)
    ]
    return pl.DataFrame([{"division": division, **line} for line in found], SCHEMA, orient="row")


def _groups(
    rows: pl.DataFrame, column: str, picked: Marks, customers: Clusters, settings: ForwardSettings
) -> Iterator[dict[str, object]]:
    groups = rows[column].cast(pl.String).fill_null(UNKNOWN)
    sizes = groups.value_counts().filter(pl.col("count") >= settings.segment_min_rows)
    for group in sizes[groups.name].sort():
        is_in = (groups == group).to_numpy()
        yield {"segment_col": column, "segment": group, **_group(rows, is_in, picked, customers, settings)}


def _group(
    rows: pl.DataFrame, is_in: Marks, picked: Marks, customers: Clusters, settings: ForwardSettings
) -> dict[str, object]:
    ids = rows[v.CUSTOMER].cast(pl.String)
    bought = rows["label"].cast(pl.Float64).to_numpy()
    money = rows["net_gp_window"].fill_null(0.0).to_numpy() * bought
    caught = bought * is_in * picked
    gap = customers.difference(ids, (caught, bought * is_in), (bought * picked, bought))
    figures = {
        "capture": customers.quotient(ids, pl.Series(caught), pl.Series(bought * is_in)),
        "precision": customers.quotient(ids, pl.Series(caught), pl.Series((is_in & picked).astype(np.float64))),
        "rev_capture": customers.quotient(ids, pl.Series(money * is_in * picked), pl.Series(money * is_in)),
        "capture_gap": gap,
    }
    ends = ("", "_low", "_high")
    of_all = float((bought * picked).sum() / max(bought.sum(), 1.0))
    by_chance = float(binom.cdf(caught.sum(), (bought * is_in).sum(), of_all))
    return {
        "k_percent": settings.segment_percent,
        "n": int(is_in.sum()),
        "positives": int(bought[is_in].sum()),
        "selected": int((is_in & picked).sum()),
        **{
            f"{name}{end}": known(number)
            for name, one in figures.items()
            for end, number in zip(ends, (one.value, one.low, one.high), strict=True)
        },
        "is_flagged": bool(gap.value < -settings.segment_max_gap and gap.high < 0 and by_chance <= TAIL),
    }
