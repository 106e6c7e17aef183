"""Small labelled panels with planted chances: who buys is drawn from what the features say."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from engine.vocabulary import whitespace as v
from engine.whitespace.dataset import Dataset
from engine.whitespace.features.matrix import Features, Matrix
from engine.whitespace.features.registry import Feature
from engine.whitespace.months import add_months
from engine.whitespace.panel import Blocks

SCORING = dt.date(2020, 6, 30)
TUNING = tuple(add_months(dt.date(2018, 3, 31), 3 * step) for step in range(6))
BLOCKS = Blocks(TUNING, add_months(SCORING, -6), SCORING)
REGISTRY = (
    Feature("recency", "recency", "transactions", "all", "days", monotone=-1),
    Feature("money", "windows", "transactions", "all", "money", 365, monotone=1),
    Feature("noise", "windows", "transactions", "all", "ratio", 365),
    Feature("taste", "neighbours", "transactions", "div", "share", 365, monotone=1),
    Feature("neighbours__div__owner_share__24m", "neighbours", "transactions", "div", "share", 730),
)
LEVELS = {"Ample": -1.0, "Fair / Square": -1.6, "Scarce, Ltd": -4.2, "Void": -99.0}
"""Log odds of a purchase by division, before what the features add."""


def dataset(n_customers: int = 300, seed: int = 0, levels: dict[str, float] = LEVELS) -> Dataset:
    """Rows of six tuning cutoffs and the one that calibrates; four divisions, the last of which nobody buys of."""
    rng = np.random.default_rng(seed)
    names = [f"c{number:05d}" for number in range(n_customers)]
    customer, division = pl.Enum(names), pl.Enum(sorted(levels))
    loyal = rng.normal(size=n_customers)
    matrices, rows = {}, []
    for cutoff in (*TUNING, BLOCKS.calibration):
        matrix = _matrix(
            cutoff,
            pl.Series(v.CUSTOMER, names, customer),
            pl.Series(v.DIVISION, sorted(levels), division),
            loyal,
            rng,
        )
        matrices[cutoff] = matrix
        rows.append(_rows(matrix, levels, rng))
    return Dataset(pl.concat(rows).sort(v.DIVISION, v.CUTOFF, v.CUSTOMER), Features(REGISTRY, matrices))


def _matrix(
    cutoff: dt.date, customers: pl.Series, divisions: pl.Series, loyal: np.ndarray, rng: np.random.Generator
) -> Matrix:
    n = len(customers)
    recency = np.where(rng.random(n) < 0.1, np.nan, np.exp(4 - loyal + 0.3 * rng.normal(size=n)))
    of_customer = {"recency": recency, "money": np.exp(5 + loyal), "noise": rng.normal(size=n)}
    pairs = pl.DataFrame({v.CUSTOMER: customers}).join(pl.DataFrame({v.DIVISION: divisions}), how="cross")
    taste = rng.random(pairs.height)
    of_pair = {
        "taste": taste,
        "neighbours__div__owner_share__24m": np.clip(taste + 0.2 * rng.normal(size=taste.size), 0, 1),
    }
    single = pl.col(pl.Float64).cast(pl.Float32).fill_nan(None)
    return Matrix(
        cutoff,
        pl.DataFrame({v.CUSTOMER: customers, **of_customer}).with_columns(single),
        pairs.with_columns(**{name: pl.Series(values) for name, values in of_pair.items()}).with_columns(single),
        pl.DataFrame(),
    )


def _rows(matrix: Matrix, levels: dict[str, float], rng: np.random.Generator) -> pl.DataFrame:
    seen = matrix.pairs.join(matrix.customers, on=v.CUSTOMER, how="left", maintain_order="left")
    level = seen[v.DIVISION].cast(pl.String).replace_strict(levels).to_numpy()
    margin = level + 3 * (seen["taste"].to_numpy() - 0.5) + (np.log(seen["money"].to_numpy()) - 5)
    bought = rng.random(seen.height) < 1 / (1 + np.exp(-margin))
    end = add_months(matrix.cutoff, 6)
    return seen.select(v.CUSTOMER, v.DIVISION).with_columns(
        cutoff=pl.lit(matrix.cutoff),
        label=pl.Series(bought.astype(np.int8)),
        net_gp_window=pl.Series(np.where(bought, rng.gamma(2.0, 50.0, seen.height), 0.0)),
        window_start=pl.lit(matrix.cutoff),
        window_end=pl.lit(end),
        in_population=pl.lit(value=True),
        segment=pl.lit("warm"),
    )
