"""Build: the features of every customer and division as of cutoffs, all divisions in the same passes.

Everything is computed from a ledger (transactions as arrays, gathered once) seen from a cutoff. `build` first cuts
the tables to what was known at the cutoff; `features` gathers once for all cutoffs and lets the view leave out what a
cutoff cannot know. Both give the same bits.
"""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl

from engine.arrays import Floats
from engine.settings.whitespace.features import FeatureSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.features import embeddings
from engine.whitespace.features.families import columns, registry
from engine.whitespace.features.fit import fitted, with_caps, with_missing
from engine.whitespace.features.ledger import Ledger, gather
from engine.whitespace.features.matrix import Features, Matrix
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.state import State
from engine.whitespace.features.view import View
from engine.whitespace.side_by_side import side_by_side
from engine.whitespace.tables import Tables, as_of


def fit(tables: Tables, last_training_cutoff: dt.date, settings: FeatureSettings) -> State:
    """What features learn from the rows of the last training cutoff, and from nothing later."""
    ledger = gather(as_of(tables, last_training_cutoff))
    state = fitted(ledger, last_training_cutoff, settings)
    matrix, facts = _matrix(ledger, last_training_cutoff, state, settings), registry(settings, state)
    return with_missing(with_caps(state, matrix, facts, settings.winsor_share), matrix, facts)


def build(tables: Tables, cutoff: dt.date, state: State, settings: FeatureSettings) -> Matrix:
    """The features as of one cutoff, of every customer with an order, an asset or a contact by then."""
    return _matrix(gather(as_of(tables, cutoff)), cutoff, state, settings)


def features(tables: Tables, cutoffs: Sequence[dt.date], state: State, settings: FeatureSettings) -> Features:
    """The features as of several cutoffs, as `build` gives each."""
    ledger = gather(tables)
    matrices = side_by_side(lambda cutoff: _matrix(ledger, cutoff, state, settings), cutoffs)
    return Features(registry(settings, state), dict(zip(cutoffs, matrices, strict=True)))


def _matrix(ledger: Ledger, cutoff: dt.date, state: State, settings: FeatureSettings) -> Matrix:
    view = View(ledger, cutoff, state, settings)
    n_divisions = ledger.shape[1]
    rows = np.flatnonzero(view.present)
    customers = {v.CUSTOMER: _coded(rows, ledger.customers)}
    pairs = {
        v.CUSTOMER: _coded(np.repeat(rows, n_divisions), ledger.customers),
        v.DIVISION: _coded(np.tile(np.arange(n_divisions), rows.size), ledger.divisions),
    }
    seen = []
    for column in columns(settings, state):
        table = customers if column.feature.scope == v.OF_CUSTOMER else pairs
        values = capped(column.feature, column.values(view)[rows], state)
        table[column.feature.name] = pl.Series(values.astype(np.float32).ravel(), dtype=pl.Float32, nan_to_null=True)
        seen.append(_seen(column.feature, view))
    of_features = pl.DataFrame(seen, schema=SEEN, orient="row")
    return Matrix(cutoff, pl.DataFrame(customers), pl.DataFrame(pairs), of_features, embeddings.centroids(view))


__all__ = ["build", "capped", "features", "fit", "registry"]

SEEN = {"feature": pl.String, "source": pl.String, "latest_event": pl.Date, "latest_known": pl.Date}


def _coded(codes: np.ndarray, names: pl.Series) -> pl.Series:
    return names.cast(pl.Enum(names)).gather(codes)


def capped(feature: Feature, values: Floats, state: State) -> Floats:
    """Money within the caps that were fitted for the feature; everything else as it is."""
    return np.clip(values, *state.caps[feature.name]) if feature.name in state.caps else values


def _seen(feature: Feature, view: View) -> tuple[str, str, dt.date | None, dt.date | None]:
    """The newest event that a feature may have seen, and when the newest of what it saw was known."""
    event, known = view.newest(feature.source, feature.lag_days)
    return feature.name, feature.source, event, known
