"""Overview: what training found, of all divisions in one table each, for people and pages.

In: what was trained, and the features. Out: frames by published name. Figures are of the calibration cutoff, whose
rows no model saw, with calibrators that did not see the row's customer.
"""

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl

from engine.arrays import Flags, Floats
from engine.outputs.whitespace import shapes
from engine.resampling import Clusters
from engine.settings.whitespace.modeling import ModelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace import metrics
from engine.whitespace.artifact import Artifact
from engine.whitespace.bootstrap import replicate
from engine.whitespace.dataset import outcomes
from engine.whitespace.features.matrix import Features, Matrix
from engine.whitespace.features.publish import catalog
from engine.whitespace.trained import Trained, of_division

FIGURES_WITH_INTERVAL = ("auc", "average_precision", "lift@10", "cal_mae")


def artifacts(trained: Trained, features: Features, settings: ModelSettings) -> list[Artifact]:
    """The tables of `shapes` that training fills."""
    rows = trained.calibration_rows
    parts = [(shapes.ALL_DIVISIONS, rows), *((name, of_division(rows, name)) for name in sorted(trained.divisions))]
    tables: dict[str, Callable[[Flags, Floats, Floats], pl.DataFrame]] = {
        shapes.RELIABILITY: lambda labels, chances, _: metrics.reliability(
            labels, chances, settings.calibration_bins
        ),
        shapes.GAINS: lambda labels, chances, _: metrics.gains(labels, chances),
        shapes.YIELDS: lambda labels, chances, money: metrics.thresholds(
            labels, chances, money, settings.top_k_percents
        ),
    }
    found = [Artifact(name, _each(parts, table)) for name, table in tables.items()]
    return [
        Artifact(shapes.METRICS, _metrics(parts, trained, settings)),
        *found,
        Artifact(shapes.IMPORTANCE, _importance(trained)),
        Artifact(shapes.FEATURES, _catalog(features)),
    ]


def _each(
    parts: list[tuple[str, pl.DataFrame]], table: Callable[[Flags, Floats, Floats], pl.DataFrame]
) -> pl.DataFrame:
    made = [table(*_columns(rows)).select(pl.lit(name).alias(v.DIVISION), pl.all()) for name, rows in parts]
    return pl.concat(made, how="vertical_relaxed")


def _columns(rows: pl.DataFrame) -> tuple[Flags, Floats, Floats]:
    return outcomes(rows), rows["p_icp"].to_numpy(), rows["net_gp_window"].fill_null(0.0).to_numpy()


def _metrics(parts: list[tuple[str, pl.DataFrame]], trained: Trained, settings: ModelSettings) -> pl.DataFrame:
    """Grain: division. What backs it, and its figures, those of `FIGURES_WITH_INTERVAL` with low and high."""
    drawn = Clusters(trained.calibration_rows[v.CUSTOMER].cast(pl.String), settings.bootstrap_replicates, 0.95)
    made = pl.DataFrame(
        [_row(name, rows, trained, drawn, settings) for name, rows in parts], infer_schema_length=None
    )
    # A figure that means nothing in any division is a number still.
    return made.with_columns(pl.col(pl.Null).cast(pl.Float64))


def _row(
    name: str, rows: pl.DataFrame, trained: Trained, drawn: Clusters, settings: ModelSettings
) -> dict[str, object]:
    model = trained.divisions.get(name)
    metadata = model.metadata if model else {}
    figures = metrics.summary(*_columns(rows), settings.top_k_percents, settings.calibration_bins)
    return {
        v.DIVISION: name,
        "backing": model.backing if model else "",
        "status": model.status if model else "",
        "reason": model.reason if model else "",
        "champion": model.champion if model else "",
        "calibration_method": metadata.get("calibration_method", ""),
        "calibration_scope": metadata.get("calibration_scope", ""),
        **figures,
        **dict(_intervals(rows, drawn, settings)),
    }


def _intervals(rows: pl.DataFrame, drawn: Clusters, settings: ModelSettings) -> Iterator[tuple[str, float | None]]:
    found = (
        replicate(rows, "p_icp", drawn, settings.top_k_percents, settings.calibration_bins) if rows.height else None
    )
    for figure in FIGURES_WITH_INTERVAL:
        estimate = found.estimate(figure, drawn) if found and figure in found.values else None
        for end in ("low", "high"):
            value = float("nan") if estimate is None else getattr(estimate, end)
            yield f"{figure}_{end}", value if np.isfinite(value) else None


def _importance(trained: Trained) -> pl.DataFrame:
    """Grain: division, feature; the most important first. share sums to 1 over a division."""
    made = [
        one.model.importance().select(pl.lit(name).alias(v.DIVISION), "feature", "share", "weight")
        for name, one in sorted(trained.divisions.items())
    ]
    return pl.concat(made)


def _catalog(features: Features) -> pl.DataFrame:
    """Grain: feature. Its facts, and the share of rows of the newest cutoff that have it."""
    newest = features.matrices[max(features.matrices)]
    facts = catalog(features.registry)
    return facts.with_columns(
        coverage=pl.Series([_coverage(newest, name) for name in facts["name"]], dtype=pl.Float64)
    )


def _coverage(matrix: Matrix, name: str) -> float | None:
    table = matrix.customers if name in matrix.customers.columns else matrix.pairs
    return int(table[name].is_not_null().sum()) / table.height if table.height else None
