"""Backtest: what became of scaled rows in the next half month, beside matched rows that were not scaled.

In: a published run and the sales of the half month after it. Out: one comparison. Nothing was moved because of the
run, so the difference is what would have happened anyway: regression toward the mean, seen on real volumes.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from engine import vocabulary as v
from engine.growth.settings import BacktestSettings
from engine.outputs import growth_shapes as shapes
from engine.outputs.read import table
from engine.registry import Run

WHOLE = "all"


@dataclass(frozen=True)
class Comparison:
    """Scaled rows beside matched ones. Changes are mean units from the run's half month to the next.

    difference_low, difference_high: the interval of the difference, by store. reached_share: scaled rows that sold at
    least their recommended quantity more. recommended_units: mean quantity of the matched scaled rows.
    """

    group: str
    scaled: int
    matched: int
    stores: int
    change_scaled: float | None
    change_matched: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    recommended_units: float | None
    reached_share: float | None

    def as_facts(self) -> dict[str, Any]:
        """The same as a JSON object, rounded for people."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


def backtest(run: Run, following: pl.LazyFrame, settings: BacktestSettings) -> list[Comparison]:
    """Compare the scaled rows of a run with rows alike, in all and by tier.

    following: store, SPU, `store_sales` of the next half month; a store and SPU without a row sold none. A match is
    the store of the same cluster and SPU that was not scaled and sold nearest in the run's half month; without one
    near enough a row is left out, and counted.
    """
    pairs = matched(run, following, settings)
    scaled = table(run, shapes.RECOMMENDATIONS).select("scaling_tier").collect()
    tiers = scaled["scaling_tier"].cast(pl.String)
    groups = [(WHOLE, pairs, scaled.height)]
    groups += [
        (tier, pairs.filter(pl.col("scaling_tier").cast(pl.String) == tier), int((tiers == tier).sum()))
        for tier in v.SCALING_TIERS
    ]
    return [_compared(name, rows, count, settings) for name, rows, count in groups]


def matched(run: Run, following: pl.LazyFrame, settings: BacktestSettings) -> pl.DataFrame:
    """Scaled rows with their match: sales of both before and after, in units. Grain: scaled store, SPU."""
    scaled = table(run, shapes.RECOMMENDATIONS).select(
        *v.STORE_SPU, "cluster_id", "store_sales", "cluster_p75", "scaling_tier", "recommended_adjustment_quantity"
    )
    others = (
        table(run, shapes.PEERS)
        .join(scaled, on=v.STORE_SPU, how="anti")
        .select("cluster_id", "spu_code", match_store="str_code", match_sales="store_sales")
        .sort("match_sales", "match_store")
    )
    distance = (pl.col("match_sales") - pl.col("store_sales")).abs()
    pairs = (
        scaled.sort("store_sales", *v.STORE_SPU)
        .join_asof(
            others,
            left_on="store_sales",
            right_on="match_sales",
            by=list(v.PEER_GROUP),
            strategy="nearest",
            check_sortedness=False,
        )
        .filter(distance <= settings.max_distance_share * pl.col("cluster_p75"))
    )
    later = following.select(*v.STORE_SPU, after="store_sales")
    of_match = later.rename({"str_code": "match_store", "after": "match_after"})
    return (
        pairs.join(later, on=v.STORE_SPU, how="left")
        .join(of_match, on=["match_store", "spu_code"], how="left")
        .with_columns(pl.col("after", "match_after").fill_null(0.0))
        .sort(v.STORE_SPU)
        .collect()
    )


def _compared(name: str, pairs: pl.DataFrame, scaled: int, settings: BacktestSettings) -> Comparison:
    changes = pairs.select(
        "str_code",
        own=pl.col("after") - pl.col("store_sales"),
        other=pl.col("match_after") - pl.col("match_sales"),
        wanted="recommended_adjustment_quantity",
    ).with_columns(difference=pl.col("own") - pl.col("other"), reached=pl.col("own") >= pl.col("wanted"))
    if changes.is_empty():
        return Comparison(name, scaled, 0, 0, *[None] * 7)
    difference, low, high, stores = _by_store(changes, settings.interval_z)
    return Comparison(
        name,
        scaled,
        changes.height,
        stores,
        _mean(changes["own"]),
        _mean(changes["other"]),
        difference,
        low,
        high,
        _mean(changes["wanted"]),
        _mean(changes["reached"].cast(pl.Float64)),
    )


def _by_store(changes: pl.DataFrame, z: float) -> tuple[float, float | None, float | None, int]:
    """The mean difference and its interval; rows of one store share its fate, so stores are what is counted.

    The variance of a ratio of sums over stores (cluster-robust), null with a single store.
    """
    by_store = (
        changes.group_by("str_code")
        .agg(total=pl.col("difference").sort().implode().list.sum(), rows=pl.len())
        .sort("str_code")
    )
    totals, rows = by_store["total"].to_list(), by_store["rows"].to_list()
    n, stores = sum(rows), len(rows)
    mean = math.fsum(totals) / n
    if stores == 1:
        return mean, None, None, 1
    residuals = [(total - mean * count) ** 2 for total, count in zip(totals, rows, strict=True)]
    error = math.sqrt(stores / (stores - 1) * math.fsum(residuals)) / n
    return mean, mean - z * error, mean + z * error, stores


def _mean(values: pl.Series) -> float:
    return math.fsum(values.to_list()) / len(values)
