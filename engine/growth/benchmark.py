"""Benchmark: what the peers of a store sell (specification of growth, sections 2 and 3).

In: sales and clusters. Out: one row per cluster and SPU; and one per store and SPU with its place among its peers.
"""

import polars as pl

from engine import vocabulary as v
from engine.growth.settings import BenchmarkSettings, ElasticitySettings
from engine.stats import ratio

GROUP = v.PEER_GROUP
PERCENT = 100


def peers(sales: pl.LazyFrame, clusters: pl.LazyFrame, settings: BenchmarkSettings) -> pl.LazyFrame:
    """Stores of a cluster whose sales of an SPU are known. Grain: store, SPU. Columns: key, cluster, `store_sales`.

    With `all_stores` the stores of the cluster without a row for the SPU are peers that sell 0.
    """
    carriers = sales.join(clusters, on="str_code").select(*v.STORE_SPU, "cluster_id", "store_sales")
    if settings.peers == "carriers":
        return carriers.drop_nulls("store_sales")
    spus = carriers.select(GROUP).unique()
    everyone = clusters.join(spus, on="cluster_id").select(*v.STORE_SPU, "cluster_id")
    others = everyone.join(carriers, on=v.STORE_SPU, how="anti").with_columns(store_sales=pl.lit(0.0))
    return pl.concat([carriers.drop_nulls("store_sales"), others])


def benchmark(peer_sales: pl.LazyFrame, settings: BenchmarkSettings) -> pl.LazyFrame:
    """Quantile, median, mean and variance of the peers' sales, in units. Grain: cluster, SPU.

    peer_n: how many peers. peers_without: how many of them sell 0. ascending: their sales, a list. With fewer peers
    than wanted, `cluster_p75` and `cluster_median` are null; `own_p75` and `own_median` never are. The mean and the
    variance are added up in ascending order: no digit depends on the order of rows.
    """
    sold = pl.col("store_sales")
    measured = peer_sales.group_by(GROUP).agg(
        own_p75=sold.quantile(settings.quantile, "linear"),
        own_median=sold.quantile(0.5, "linear"),
        peer_n=pl.len().cast(pl.Int32),
        peers_without=(sold == 0).sum().cast(pl.Int32),
        ascending=sold.sort(),
    )
    enough = pl.col("peer_n") >= settings.min_peers
    return measured.select(
        *GROUP,
        *(pl.when(enough).then(f"own_{level}").alias(f"cluster_{level}") for level in ("p75", "median")),
        "own_p75",
        "own_median",
        "peer_n",
        "peers_without",
        "ascending",
        peer_mean=pl.col("ascending").list.mean(),
        peer_variance=pl.col("ascending").list.var(ddof=1),
    )


def place(peer_sales: pl.LazyFrame) -> pl.LazyFrame:
    """Each peer's midrank among its peers, in percent; equal sales share a place. Grain: store, SPU."""
    sold = pl.col("store_sales")
    midrank = (sold.rank("average") - 0.5) / pl.len() * PERCENT
    return peer_sales.select(*v.STORE_SPU, peer_percentile=midrank.over(GROUP))


def dispersion_factor(settings: ElasticitySettings, min_peers: int) -> pl.Expr:
    """1 less a share for variation beyond Poisson noise; 1 with few peers or without sales.

    Over the columns of `benchmark`; null counts as no variation.
    """
    mean, variance = pl.col("peer_mean"), pl.col("peer_variance")
    beyond_chance = ratio((variance - mean).clip(lower_bound=0).sqrt(), mean)
    share = ((beyond_chance - settings.calm_cv) / settings.cv_span).clip(0, 1)
    measurable = (pl.col("peer_n") >= min_peers) & (mean > 0)
    return pl.when(measurable).then(1 - settings.max_dampening * share).otherwise(1.0).fill_null(1.0)
