"""Benchmark: what the peers of a store sell (specification of growth, sections 2 and 3).

In: sales and clusters. Out: one row per cluster and SPU; and one per store and SPU with its place among its peers.
Both are made once for a whole run, whatever part of its candidates is scaled.
"""

from dataclasses import dataclass, replace

import polars as pl

from engine.growth.inputs import Inputs, in_memory
from engine.growth.keys import PAIR, PEER_GROUP
from engine.growth.shrink import shrink
from engine.settings.growth.scaling import BenchmarkSettings, ElasticitySettings, GrowthSettings
from engine.stats import ratio
from engine.vocabulary import growth as v

PERCENT = 100
IS_PEER = pl.col(PEER_GROUP).is_not_null() & pl.col("store_sales").is_not_null()


@dataclass(frozen=True)
class Benchmarks:
    """Where every store stands among its peers; made once for all candidates of a run.

    members: see `members`. levels: one row a peer group, see `benchmark`, shrunk where that is asked for, with the
    `elasticity_dampener` of the group.
    """

    members: pl.LazyFrame
    levels: pl.LazyFrame

    def between(self, first: int, last: int) -> "Benchmarks":
        """The same with the members of a range of pairs; benchmarks are those of everybody."""
        return replace(self, members=self.members.filter(pl.col(PAIR).is_between(first, last)))

    def peers(self) -> pl.LazyFrame:
        """The members that are somebody's peers: with a cluster and known sales."""
        return self.members.filter(IS_PEER)


def benchmarks_of(given: Inputs, settings: GrowthSettings) -> Benchmarks:
    """The members and benchmarks of a run, in memory."""
    everyone = in_memory(members(given, settings.benchmark))
    peer_sales = everyone.filter(IS_PEER)
    levels = benchmark(peer_sales, settings.benchmark).with_columns(
        elasticity_dampener=dispersion_factor(settings.elasticity, settings.benchmark.min_peers)
    )
    levels = shrink(levels, peer_sales, settings.benchmark)
    if settings.benchmark.own_store == "included":
        levels = levels.drop("ascending")
    return Benchmarks(everyone, levels.drop("spu_code").collect().lazy())


def members(given: Inputs, settings: BenchmarkSettings) -> pl.LazyFrame:
    """Every sales row with its cluster, `peer_group` and midrank among its peers in percent. Grain: store, SPU.

    Stores of a cluster that sell an SPU are peers; equal sales share a place. With `all_stores` the stores of the
    cluster without a row for the SPU are peers that sell 0, as rows with `no_sales_row`. Sorted by pair, save those.
    """
    own = given.sales.join(given.clusters, on="str_code", how="left", maintain_order="left")
    own = own.pipe(given.codes.grouped).with_columns(no_sales_row=pl.lit(value=False))
    if settings.peers == "all_stores":
        spus = own.select(v.PEER_GROUP).drop_nulls().unique()
        everyone = given.clusters.join(spus, on="cluster_id").pipe(given.codes.keyed).pipe(given.codes.grouped)
        others = everyone.join(own, on=PAIR, how="anti")
        zero = {"store_sales": pl.lit(0.0), "no_sales_row": pl.lit(value=True)}
        own = pl.concat([own, others.with_columns(**zero)], how="diagonal")
    sold = pl.when(IS_PEER).then("store_sales")
    midrank = (sold.rank("average") - 0.5) / sold.count() * PERCENT
    return own.with_columns(peer_percentile=midrank.over(PEER_GROUP))


def benchmark(peer_sales: pl.LazyFrame, settings: BenchmarkSettings) -> pl.LazyFrame:
    """Quantile, median, mean and variance of the peers' sales, in units. Grain: cluster, SPU.

    peer_n: how many peers. peers_without: how many of them sell 0. ascending: their sales, a list. With fewer peers
    than wanted, `cluster_p75` and `cluster_median` are null; `own_p75` and `own_median` never are. The mean and the
    variance are added up in ascending order: no digit depends on the order of rows.
    """
    sold = pl.col("store_sales")
    measured = peer_sales.group_by(PEER_GROUP).agg(
        pl.col("spu_code").first(),
        own_p75=sold.quantile(settings.quantile, "linear"),
        own_median=sold.quantile(0.5, "linear"),
        peer_n=pl.len().cast(pl.Int32),
        peers_without=(sold == 0).sum().cast(pl.Int32),
        ascending=sold.sort(),
    )
    enough = pl.col("peer_n") >= settings.min_peers
    return measured.select(
        PEER_GROUP,
        "spu_code",
        *(pl.when(enough).then(f"own_{level}").alias(f"cluster_{level}") for level in ("p75", "median")),
        "own_p75",
        "own_median",
        "peer_n",
        "peers_without",
        "ascending",
        peer_mean=pl.col("ascending").list.mean(),
        peer_variance=pl.col("ascending").list.var(ddof=1),
    )


def dispersion_factor(settings: ElasticitySettings, min_peers: int) -> pl.Expr:
    """1 less a share for variation beyond Poisson noise; 1 with few peers or without sales.

    Over the columns of `benchmark`; null counts as no variation.
    """
    mean, variance = pl.col("peer_mean"), pl.col("peer_variance")
    beyond_chance = ratio((variance - mean).clip(lower_bound=0).sqrt(), mean)
    share = ((beyond_chance - settings.calm_cv) / settings.cv_span).clip(0, 1)
    measurable = (pl.col("peer_n") >= min_peers) & (mean > 0)
    return pl.when(measurable).then(1 - settings.max_dampening * share).otherwise(1.0).fill_null(1.0)
