"""Clusters: stores alike in what and how much they sell, when none are given (specification of growth, section 4).

In: sales of one half month. Out: a cluster per store, and how every number of clusters tried fared.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import InputError, Problem
from engine.one_thread import one_thread
from engine.settings.growth.upstream import ClusterSettings

OTHER = ""
"""What has no category stands together."""


@dataclass(frozen=True)
class Clusters:
    """A clustering. stores: store, `cluster_id`. choices: per number of clusters silhouette and smallest cluster."""

    stores: pl.DataFrame
    choices: pl.DataFrame
    chosen: int


def find_clusters(stock: pl.DataFrame, settings: ClusterSettings) -> Clusters:
    """k-means on the standardised category mix and the logarithm of the volume of every store.

    stock: store, SPU, `store_sales`, `cate_name`. The number of clusters is the one with the best silhouette among
    those that leave no cluster too small. Clusters are numbered from the largest. Raises InputError when there are
    fewer stores than two clusters need.
    """
    stores, features = _features(stock, settings.volume_weight)
    tried = [k for k in range(settings.fewest, settings.most + 1) if k * settings.min_stores <= len(stores)]
    if not tried:
        advice = "deliver clusters, or lower clusters.min_stores"
        wanted = f"{settings.fewest} clusters of {settings.min_stores}"
        what = f"{len(stores)} stores cannot be clustered: {wanted} are wanted"
        raise InputError([Problem("sales", what, advice)])
    labels = {k: _k_means(features, k, settings) for k in tried}
    choices = pl.DataFrame(
        [(k, _silhouette(features, labels[k]), int(np.bincount(labels[k], minlength=k).min())) for k in tried],
        schema={"clusters": pl.Int32, "silhouette": pl.Float64, "smallest_cluster": pl.Int32},
        orient="row",
    )
    large = choices.filter(pl.col("smallest_cluster") >= settings.min_stores)
    best = (choices if large.is_empty() else large).sort("silhouette", "clusters", descending=[True, False])
    chosen = int(best["clusters"][0])
    numbered = pl.DataFrame(
        {"str_code": stores, "cluster_id": _by_size(labels[chosen])}, schema_overrides={"cluster_id": pl.Int32}
    )
    return Clusters(numbered, choices, chosen)


def _features(stock: pl.DataFrame, volume_weight: float) -> tuple[pl.Series, NDArray[np.float64]]:
    """Per store, sorted: the standardised share of every category, and of the volume."""
    sold = stock.with_columns(pl.col("cate_name").fill_null(OTHER), units=pl.col("store_sales").fill_null(0.0))
    # Added up in ascending order: the sums must not depend on the order of rows.
    mix = sold.group_by("str_code", "cate_name").agg(pl.col("units").sort().implode().list.sum())
    wide = mix.sort("cate_name").pivot("cate_name", index="str_code", values="units").sort("str_code").fill_null(0.0)
    units = wide.drop("str_code").to_numpy()
    volume = units.sum(axis=1, keepdims=True)
    shares = np.divide(units, volume, out=np.zeros_like(units), where=volume > 0)
    return wide["str_code"], np.hstack([_standardised(shares), volume_weight * _standardised(np.log1p(volume))])


def _standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = values.std(axis=0)
    standardised: NDArray[np.float64] = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return standardised


def _k_means(features: NDArray[np.float64], k: int, settings: ClusterSettings) -> NDArray[np.int32]:
    from sklearn.cluster import KMeans

    # On one core: how a sum is split over cores would change its last digit, and with it a store on the edge.
    with one_thread():
        labels: NDArray[np.int32] = KMeans(k, n_init=settings.starts, random_state=settings.seed).fit_predict(
            features
        )
    return labels


def _silhouette(features: NDArray[np.float64], labels: NDArray[np.int32]) -> float:
    from sklearn.metrics import silhouette_score

    return round(float(silhouette_score(features, labels)), 6) if np.unique(labels).size > 1 else -1.0


def _by_size(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """The same clusters, numbered from the largest; of equals the one of the earlier store first."""
    found, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    number = np.empty(int(found.max()) + 1, np.int32)
    number[found[order]] = np.arange(found.size, dtype=np.int32)
    return number[labels]
