"""Baselines: four plain scores that a model has to beat, computed in the same run on the same rows.

In: tables, and rows of one cutoff. Out: the rows with a score a baseline. Nearest neighbours are the strong one; the
others are popularity among similar customers, logistic regression on recency, frequency and money alone, and matrix
factorisation alone.
"""

import datetime as dt
from typing import Final, cast

import numpy as np
import polars as pl
from implicit.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix

from engine.arrays import Floats, Integers, Marks
from engine.one_thread import one_thread
from engine.settings.whitespace.labels import LabelSettings
from engine.settings.whitespace.modeling import ModelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.dataset import Dataset, outcomes
from engine.whitespace.experiment import chosen
from engine.whitespace.models import LOGREG, fit, grid
from engine.whitespace.months import add_months
from engine.whitespace.tables import Tables, as_of

NEIGHBOURS: Final = "neighbours"
POPULARITY: Final = "popularity"
RFM: Final = "rfm_logreg"
ALS: Final = "als"
BASELINES: Final = (NEIGHBOURS, POPULARITY, RFM, ALS)
NEAREST: Final = 50
"""Customers that a customer is compared with."""
BLOCK: Final = 1024
"""Customers that are compared with all others at once: the memory this takes is the block times all."""
SIZES: Final = 5
"""Groups of customers by their number of lines, the same number of customers in each."""
PRIOR_CUSTOMERS: Final = 10.0
"""A group of customers counts as so many customers less sure than its size."""
RFM_FAMILIES: Final = frozenset({"recency", "windows"})
FACTORS: Final = 16
ITERATIONS: Final = 20


def baselines(
    tables: Tables,
    rows: pl.DataFrame,
    learning: Dataset,
    scored: Dataset,
    labels: LabelSettings,
    settings: ModelSettings,
) -> pl.DataFrame:
    """The rows with a column a baseline, higher for likelier buyers, never null; comparable between divisions.

    rows: of one cutoff, grain customer, division, cutoff. learning: rows before it with known labels, for the one
    baseline that learns. scored: the features of `rows`.
    """
    cutoff = rows[v.CUTOFF][0]
    counts = _lines(as_of(tables, cutoff), add_months(cutoff, -labels.absent_months))
    at = rows[v.CUSTOMER].to_physical().to_numpy(), rows[v.DIVISION].to_physical().to_numpy()
    scores = {
        NEIGHBOURS: neighbours(counts)[at],
        POPULARITY: popularity(counts, _kinds(tables))[at],
        RFM: _recency_frequency_money(learning, scored, rows, settings),
        ALS: factorised(counts, settings.seed)[at],
    }
    return rows.with_columns(**{name: pl.Series(values) for name, values in scores.items()})


def neighbours(counts: Floats) -> Floats:
    """Share of each customer's nearest customers that own each division, (n_customers, n_divisions).

    counts: order lines, of the same shape. Nearest by the cosine of their logarithms, ties by the customer's place; a
    customer without a line is like everybody.
    """
    owned, profiles = counts > 0, np.log1p(counts)
    length = np.sqrt((profiles**2).sum(axis=1, keepdims=True))
    profiles = np.divide(profiles, length, out=np.zeros_like(profiles), where=length > 0)
    shares = np.tile(owned.mean(axis=0), (counts.shape[0], 1))
    for first in range(0, counts.shape[0], BLOCK):
        with one_thread():
            alike = profiles[first : first + BLOCK] @ profiles.T
        alike[np.arange(len(alike)), first + np.arange(len(alike))] = -1
        nearest = np.argsort(-alike.round(12), axis=1, kind="stable")[:, : min(NEAREST, counts.shape[0] - 1)]
        if nearest.shape[1]:
            shares[first : first + BLOCK] = owned[nearest].mean(axis=1)
    shares[length[:, 0] == 0] = owned.mean(axis=0)
    return shares


def popularity(counts: Floats, kinds: Integers) -> Floats:
    """Share of similar customers that own each division, (n_customers, n_divisions).

    Similar: of one kind (industry, region or city) and, where that has few customers, of about as many lines. kinds:
    (n_customers,), codes.
    """
    owned = counts > 0
    ranks = np.argsort(np.argsort(counts.sum(axis=1), kind="stable"), kind="stable")
    of_size = _shares(owned, SIZES * ranks // max(1, len(ranks)), owned.mean(axis=0))
    return _shares(owned, kinds, of_size)


def factorised(counts: Floats, seed: int) -> Floats:
    """Affinity of each customer for each division, (n_customers, n_divisions), by implicit alternating least squares
    on the logarithms of order lines (Hu, Koren and Volinsky 2008).
    """
    factors = min(FACTORS, counts.shape[1])
    with one_thread():
        model = AlternatingLeastSquares(
            factors=factors, iterations=ITERATIONS, random_state=seed, num_threads=1, dtype=np.float64
        )
        model.fit(csr_matrix(np.log1p(counts)), show_progress=False)
        return np.asarray(model.user_factors @ model.item_factors.T, np.float64)


def _shares(owned: Marks, groups: Integers, prior: Floats) -> Floats:
    """Share of each customer's group that owns each division, drawn to the prior where the group is small."""
    customers = np.bincount(groups)[groups][:, None]
    owners = np.stack([np.bincount(groups, column)[groups] for column in owned.T], axis=1)
    return np.asarray((owners + PRIOR_CUSTOMERS * prior) / (customers + PRIOR_CUSTOMERS))


def _lines(tables: Tables, after: dt.date) -> Floats:
    """Order lines since a day, (n_customers, n_divisions), in the order of the ids' categories."""
    sales = tables.transactions.filter(pl.col("order_date") > after)
    found = sales.group_by(v.CUSTOMER, v.DIVISION).len()
    shape = [_categories(tables.transactions[column]) for column in v.PAIR]
    counts = np.zeros(shape)
    counts[found[v.CUSTOMER].to_physical().to_numpy(), found[v.DIVISION].to_physical().to_numpy()] = found["len"]
    return counts


def _kinds(tables: Tables) -> Integers:
    """A code per customer category: its industry, else its region, else its city, whichever the delivery has."""
    known = [
        name
        for name in ("industry", "region", "city")
        if tables.customers[name].null_count() < tables.customers.height
    ]
    kind = tables.customers[known[0]].fill_null("") if known else pl.Series([""] * tables.customers.height)
    codes = np.zeros(_categories(tables.customers[v.CUSTOMER]), np.int64)
    codes[tables.customers[v.CUSTOMER].to_physical().to_numpy()] = kind.rank("dense").to_numpy().astype(np.int64)
    return codes


def _categories(ids: pl.Series) -> int:
    """How many ids there can be."""
    return len(cast("pl.Enum", ids.dtype).categories)


def _recency_frequency_money(
    learning: Dataset, scored: Dataset, rows: pl.DataFrame, settings: ModelSettings
) -> Floats:
    """Chances by logistic regression on recency, frequency and money alone; 0 where nothing can be learned."""
    names = [feature.name for feature in learning.features.registry if feature.family in RFM_FAMILIES]
    labels = outcomes(learning.rows)
    if not labels.any() or labels.all():
        return np.zeros(rows.height)
    features, params = chosen(learning.features.registry, names), grid(LOGREG, settings, pooled=True)[0]
    model = fit(LOGREG, learning.values(learning.rows, names), labels, features, params, settings.seed)
    return model.predict(scored.values(rows, names))
