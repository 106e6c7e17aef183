"""Publish: the files that tell of features: catalog, statistics with caps and checksum, and the fitted state."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict

import polars as pl

from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.features.matrix import Features, Matrix
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.state import State
from engine.whitespace.slug import slug


def artifacts(features: Features, state: State, divisions: Sequence[str]) -> list[Artifact]:
    """The state, and for every division and cutoff `feature_catalog_<div>_<cut>.csv`,
    `feature_stats_<div>_<cut>.json` and `features_<div>_<cut>.parquet`.
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
