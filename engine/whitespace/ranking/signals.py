"""Signals: what a score is made of, one column each, for rows at any cutoff.

In: rows of grain customer, division, cutoff with their chances, features, and customers. Out: the same rows with
basket lift, similarity to owners by purchases and by assets, its stand-in, size, recency, and what customers are
grouped by. A signal that is not known is null: what is absent is never mistaken for what is small.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from engine.settings.whitespace.ranking import RankingSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.features.matrix import Features
from engine.whitespace.tables import Tables

LIFT, SIMILARITY, BY_ASSETS, BACKFILL = "lift", "similarity", "similarity_by_assets", "backfill"
SIZE, RECENCY = "size_gp_12m", "recency_days"
SIZES = ("small", "mid", "large")
CUSTOMER_COLUMNS = ("name", "industry", "region", "rep")


@dataclass(frozen=True)
class SizeBins:
    """Terciles of what customers brought in their whole life, frozen when the model was.

    measure: what is measured, `gross_profit_cents`, or `lines` where money does not tell customers apart.
    edges: the upper ends of small and of mid, None where nothing tells customers apart.
    """

    measure: str
    edges: tuple[float, float] | None


def size_bins(tables: Tables) -> SizeBins:
    """The terciles of the customers as of the day that `tables` are of."""
    totals = _totals(tables)
    for measure in ("gross_profit_cents", "lines"):
        low, high = (totals[measure].quantile(share, "lower") for share in (1 / 3, 2 / 3))
        if low is not None and high is not None and low < high:
            return SizeBins(measure, (float(low), float(high)))
    return SizeBins("lines", None)


def described(customers: pl.DataFrame, tables: Tables, bins: SizeBins) -> pl.DataFrame:
    """The customers with `customer_name` and `size_bin`; someone without a sale is small.

    Grain: customer. size_bin is null where nothing tells customers apart.
    """
    edges = bins.edges
    rows = customers.join(_totals(tables), on=v.CUSTOMER, how="left", maintain_order="left")
    size = pl.lit(None, pl.String)
    if edges is not None:
        total = pl.col(bins.measure).fill_null(0)
        size = pl.when(total <= edges[0]).then(pl.lit(SIZES[0])).when(total <= edges[1]).then(pl.lit(SIZES[1]))
        size = size.otherwise(pl.lit(SIZES[2]))
    known = [name for name in CUSTOMER_COLUMNS if name in customers.columns]
    flags = [name for name in ("open_deal", "do_not_call") if name in customers.columns]
    return rows.select(v.CUSTOMER, *known, *flags, size_bin=size).rename({"name": "customer_name"}, strict=False)


def signals(
    rows: pl.DataFrame, features: Features, customers: pl.DataFrame, settings: RankingSettings
) -> pl.DataFrame:
    """The rows with their signals, in their order. customers: as `described` makes them.

    Columns added: lift, similarity, similarity_by_assets, backfill, size_gp_12m, recency_days (null where unknown or
    where the feature is not computed), and those of the customers.
    """
    names, computed = _features(settings), set(features.names())
    found = {column: name for column, name in names.items() if name in computed}
    values = features.of(rows, list(found.values())).astype("float64")
    as_columns = [pl.Series(column, values[:, place], nan_to_null=True) for place, column in enumerate(found)]
    absent = [pl.lit(None, pl.Float64).alias(column) for column in names if column not in found]
    return rows.with_columns(*as_columns, *absent).join(customers, on=v.CUSTOMER, how="left", maintain_order="left")


def not_computed(features: Features, settings: RankingSettings) -> Sequence[str]:
    """Features that the settings name and that were not computed."""
    return sorted(set(_features(settings).values()) - set(features.names()))


def _features(settings: RankingSettings) -> dict[str, str]:
    """The feature that is each signal."""
    return {
        LIFT: settings.blend.lift_feature,
        SIMILARITY: settings.blend.similarity_feature,
        BY_ASSETS: settings.blend.assets_similarity_feature,
        BACKFILL: settings.blend.backfill_feature,
        SIZE: settings.value.size_feature,
        RECENCY: settings.recency_feature,
    }


def _totals(tables: Tables) -> pl.DataFrame:
    """Gross profit and lines of every customer with a sale; whole cents add up to the same in any order."""
    return tables.transactions.group_by(v.CUSTOMER).agg(pl.col("gross_profit_cents").sum(), lines=pl.len())
