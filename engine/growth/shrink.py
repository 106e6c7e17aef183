"""Shrink: benchmarks of small clusters drawn toward the chain (specification of growth, sections 9.1 and 9.2).

In: benchmarks by cluster and SPU. Out: the same rows with quantile and median blended. Off by default.
"""

import polars as pl

from engine.settings.growth.scaling import BenchmarkSettings


def shrink(levels: pl.LazyFrame, peer_sales: pl.LazyFrame, settings: BenchmarkSettings) -> pl.LazyFrame:
    """Blend a cluster's quantile and median with those of all stores: n of n + k is the cluster's own weight.

    Grain: cluster, SPU. `cluster_p75_unshrunk` keeps the cluster's own quantile, null where it has too few peers. A
    cluster with too few peers of its own gets a benchmark when the chain has enough.
    """
    levels = levels.with_columns(cluster_p75_unshrunk=pl.col("cluster_p75"))
    if settings.shrinkage_peers == 0:
        return levels
    sold = pl.col("store_sales")
    chain = peer_sales.group_by("spu_code").agg(
        chain_p75=sold.quantile(settings.quantile, "linear"),
        chain_median=sold.quantile(0.5, "linear"),
        chain_n=pl.len(),
    )
    own = pl.col("peer_n") / (pl.col("peer_n") + settings.shrinkage_peers)
    enough = pl.col("chain_n") >= settings.min_peers
    blended = {
        f"cluster_{level}": own * pl.col(f"own_{level}") + (1 - own) * pl.col(f"chain_{level}")
        for level in ("p75", "median")
    }
    return levels.join(chain, on="spu_code", how="left").with_columns(
        pl.when(enough).then(value).otherwise(name).alias(name) for name, value in blended.items()
    )
