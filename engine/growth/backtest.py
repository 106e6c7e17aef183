"""Backtest: what became of scaled rows in the next half month, beside matched rows that were not scaled.

In: a published run and the sales of the half month after it. Out: one comparison. Nothing was moved because of the
run, so the difference is what would have happened anyway: regression toward the mean, seen on real volumes.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from engine.outputs.growth import shapes
from engine.outputs.read import table
from engine.runs.registry import Run
from engine.settings.growth.scaling import BacktestSettings
from engine.vocabulary import growth as v

WHOLE = "all"
STRATUM = [*v.PEER_GROUP, "band"]


@dataclass(frozen=True)
class Comparison:
    """Scaled rows beside others alike. Changes are mean units from the run's half month to the next.

    matched: scaled rows with enough others beside them. change_matched: mean change of those others. stores: on both
    sides. difference_low, difference_high: the interval of the difference. recommended_units: mean quantity.
    reached_share: scaled rows that sold at least their recommended quantity more.
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

    following: store, SPU, `store_sales` of the next half month; a store and SPU without a row sold none. A scaled row
    with too few rows alike is left out, and counted.
    """
    rows = alike(run, following, settings)
    tiers = (
        table(run, shapes.RECOMMENDATIONS).select(pl.col("scaling_tier").cast(pl.String)).collect()["scaling_tier"]
    )
    groups = [_compared(WHOLE, rows, len(tiers), settings)]
    for tier in v.SCALING_TIERS:
        some = rows.filter(~pl.col("is_scaled") | (pl.col("scaling_tier").cast(pl.String) == tier))
        groups.append(_compared(tier, some, int((tiers == tier).sum()), settings))
    return groups


def alike(run: Run, following: pl.LazyFrame, settings: BacktestSettings) -> pl.DataFrame:
    """Scaled rows and those beside them: peers that were not scaled and sold about as much in the run's half month.

    Grain: store, SPU. Columns: cluster, `band` of the sales, `is_scaled`, `before` and `after` in units. Rows share a
    stratum when cluster, SPU and band are the same; strata without a scaled row or with too few others are left out.
    """
    scaled = table(run, shapes.RECOMMENDATIONS).select(
        *v.STORE_SPU, "scaling_tier", wanted="recommended_adjustment_quantity"
    )
    audit = table(run, shapes.AUDIT).select(*v.STORE_SPU, "cluster_id", "store_sales")
    peers = table(run, shapes.PEERS).select(*v.STORE_SPU, "cluster_id", "store_sales")
    levels = table(run, shapes.AUDIT).group_by(v.PEER_GROUP).agg(level=pl.col("cluster_p75").max())
    known = pl.concat([audit, peers.join(audit, on=v.STORE_SPU, how="anti")]).filter(
        pl.col("store_sales").is_not_null()
    )
    rows = (
        known.join(levels, on=v.PEER_GROUP)
        .filter(pl.col("level") > 0)
        .join(scaled, on=v.STORE_SPU, how="left")
        .join(following.select(*v.STORE_SPU, after="store_sales"), on=v.STORE_SPU, how="left")
        .with_columns(
            pl.col("after").fill_null(0.0),
            is_scaled=pl.col("wanted").is_not_null(),
            band=(pl.col("store_sales") / (settings.band_share * pl.col("level"))).floor(),
        )
    )
    strata = rows.group_by(STRATUM).agg(scaled=pl.col("is_scaled").sum(), others=(~pl.col("is_scaled")).sum())
    usable = strata.filter(pl.col("scaled") > 0, pl.col("others") >= settings.min_others)
    kept = rows.join(usable, on=STRATUM, how="semi").rename({"store_sales": "before"})
    return kept.drop("level").sort(v.STORE_SPU).collect()


def _compared(name: str, rows: pl.DataFrame, scaled: int, settings: BacktestSettings) -> Comparison:
    """The difference of the mean changes, stratum by stratum, each weighed by its scaled rows."""
    own = rows.filter("is_scaled")
    if own.is_empty():
        return Comparison(name, scaled, 0, 0, *[None] * 7)
    changed = rows.join(own.select(STRATUM).unique(), on=STRATUM, how="semi").with_columns(
        change=pl.col("after") - pl.col("before")
    )
    others = (
        changed.filter(~pl.col("is_scaled"))
        .group_by(STRATUM)
        .agg(others=pl.len(), usual=pl.col("change").sort().implode().list.mean())
    )
    weighed = changed.join(others, on=STRATUM).with_columns(
        scaled=pl.col("is_scaled").sum().over(STRATUM), against=pl.col("change") - pl.col("usual")
    )
    mine = weighed.filter("is_scaled")
    difference = _mean(mine["against"])
    error, stores = _error(weighed, difference, mine.height)
    return Comparison(
        name,
        scaled,
        mine.height,
        stores,
        _mean(mine["change"]),
        _mean(mine["usual"]),
        difference,
        None if error is None else difference - settings.interval_z * error,
        None if error is None else difference + settings.interval_z * error,
        _mean(mine["wanted"]),
        _mean((mine["change"] >= mine["wanted"]).cast(pl.Float64)),
    )


def _error(weighed: pl.DataFrame, difference: float, n: int) -> tuple[float | None, int]:
    """The standard error of the difference, and the stores it rests on; None with a single store.

    Cluster-robust: what one store adds to the difference, over its scaled rows and those it stands beside, is one
    observation, so rows of one store may share a fate. Source: Liang and Zeger (1986).
    """
    of_scaled = pl.col("against") - difference
    of_other = pl.col("scaled") / pl.col("others") * pl.col("against")
    adds = pl.when("is_scaled").then(of_scaled).otherwise(-of_other) / n
    by_store = (
        weighed.select("str_code", adds=adds).group_by("str_code").agg(pl.col("adds").sort().implode().list.sum())
    )
    squares = [share * share for share in by_store["adds"].to_list()]
    stores = len(squares)
    return (None if stores == 1 else math.sqrt(stores / (stores - 1) * math.fsum(squares))), stores


def _mean(values: pl.Series) -> float:
    return math.fsum(values.to_list()) / len(values)
