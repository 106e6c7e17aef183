"""Publish: the files that tell of features: catalog, statistics with caps and checksum, and the fitted state."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict

import polars as pl

from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact, as_npy
from engine.whitespace.features.embeddings import BY_ASSETS
from engine.whitespace.features.matrix import Features, Matrix
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.state import State
from engine.whitespace.slug import slug

CENTROIDS = {
    "als": "als_owner_centroid",
    "ppmi": "i2v_ppmi_owner_centroid",
    BY_ASSETS: "assets_als_owner_centroid",
}
"""Names of the files of centroids, by embedding."""


def artifacts(features: Features, state: State, divisions: Sequence[str]) -> list[Artifact]:
    """The state, for every division and cutoff `feature_catalog_<div>_<cut>.csv`, `feature_stats_<div>_<cut>.json`
    and `features_<div>_<cut>.parquet`, and the centroids of owners.
    """
    files = state.as_artifacts()
    facts = catalog(features.registry)
    for cutoff, matrix in features.matrices.items():
        for division in divisions:
            rows = of_division(matrix, division)
            mark = f"{slug(division)}_{cutoff.isoformat()}"
            coverage = {
                f.name: int(rows[f.name].is_not_null().sum()) / max(rows.height, 1) for f in features.registry
            }
            files += [
                Artifact(
                    f"features/feature_catalog_{mark}.csv",
                    facts.with_columns(coverage=pl.Series(list(coverage.values()))),
                ),
                Artifact(f"features/feature_stats_{mark}.json", _statistics(division, matrix, rows, coverage, state)),
                Artifact(f"features/features_{mark}.parquet", rows),
            ]
        files += _centroids(matrix, state, divisions)
    return files


def catalog(registry: Sequence[Feature]) -> pl.DataFrame:
    """The facts of every feature. Grain: one feature, in the order of the columns."""
    return pl.DataFrame([asdict(feature) for feature in registry], infer_schema_length=None)


def of_division(matrix: Matrix, division: str) -> pl.DataFrame:
    """All features of a division's rows. Grain: one customer, sorted by it."""
    pairs = matrix.pairs.filter(pl.col(v.DIVISION) == division)
    return pairs.join(matrix.customers, on=v.CUSTOMER, how="left", maintain_order="left")


def checksum(matrix: Matrix) -> str:
    """Of every value of a matrix and whose it is, the same on every machine."""
    digest = hashlib.blake2b(digest_size=16)
    for table in (matrix.customers, matrix.pairs):
        for column in table:
            digest.update(column.name.encode())
            if column.dtype == pl.Float32:
                digest.update(column.fill_null(float("nan")).to_numpy().tobytes())
            else:
                digest.update("\0".join(column.cast(pl.String)).encode())
    return digest.hexdigest()


def _centroids(matrix: Matrix, state: State, divisions: Sequence[str]) -> list[Artifact]:
    """`<kind>_owner_centroid_<div>.npy` of every division that somebody owns, and a list of all, owned or not.

    They lie in a folder of the cutoff and of what was learned: seen from another day a division has other owners,
    and learned otherwise a space has other axes.
    """
    if not matrix.centroids:
        return []
    folder = f"features/owner_centroids/{matrix.cutoff.isoformat()}/{state.hash()}"
    files, listed = list[Artifact](), list[dict[str, object]]()
    for division in divisions:
        for embedding, centroids in matrix.centroids.items():
            file = f"{CENTROIDS[embedding]}_{slug(division)}.npy" if division in centroids else None
            listed.append({"division": division, "embedding": embedding, "file": file})
            if file is not None:
                files.append(Artifact(f"{folder}/{file}", as_npy(centroids[division])))
    index = {"cutoff": matrix.cutoff.isoformat(), "state": state.hash(), "centroids": listed}
    return [*files, Artifact(f"{folder}/owner_centroids.json", index)]


def _statistics(
    division: str, matrix: Matrix, rows: pl.DataFrame, coverage: dict[str, float], state: State
) -> dict[str, object]:
    return {
        "division": division,
        "cutoff": matrix.cutoff.isoformat(),
        "rows": rows.height,
        "coverage": coverage,
        "caps": {name: list(caps) for name, caps in state.caps.items()},
        "checksum": checksum(matrix),
        "state": state.hash(),
    }
