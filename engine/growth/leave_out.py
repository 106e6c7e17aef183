"""Leave out: a store's benchmark without the store itself (specification of growth, section 3, row 4).

In: candidates with the benchmark of their peers. Out: the same rows, benchmarks changed. Off by default.
"""

import polars as pl

from engine.settings.growth.scaling import BenchmarkSettings


def leave_out(candidates: pl.LazyFrame, settings: BenchmarkSettings) -> pl.LazyFrame:
    """Take the store's own sales out of quantile, median and number of its peers; the dispersion keeps them.

    Grain: store, SPU. A store that is no peer, having no known sales, keeps the benchmark as it is.
    """
    if settings.own_store == "included":
        return candidates
    others = pl.col("ascending").list.len() - 1
    is_peer = pl.col("peer_percentile").is_not_null()
    enough = others >= settings.min_peers
    without = {
        "cluster_p75": pl.when(enough).then(_of_others(settings.quantile)),
        "cluster_median": pl.when(enough).then(_of_others(0.5)),
        "peer_n": others.cast(pl.Int32),
    }
    return candidates.with_columns(
        pl.when(is_peer).then(value).otherwise(name).alias(name) for name, value in without.items()
    ).drop("ascending")


def _of_others(quantile: float) -> pl.Expr:
    """The linear quantile of an ascending list less one value that equals the store's own sales."""
    ascending = pl.col("ascending")
    # Lists cannot be searched by a column; a midrank tells how many values are below, and half of the equals.
    own = (pl.col("peer_percentile") * ascending.list.len() / 100).floor().cast(pl.Int64)
    place = (ascending.list.len().cast(pl.Int64) - 2) * quantile
    low, high = (_skipping(ascending, own, part) for part in (place.floor(), place.ceil()))
    return low + (high - low) * (place - place.floor())


def _skipping(ascending: pl.Expr, own: pl.Expr, place: pl.Expr) -> pl.Expr:
    index = place.cast(pl.Int64)
    return ascending.list.get(index + (index >= own).cast(pl.Int64), null_on_oob=True)
