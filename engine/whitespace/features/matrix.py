"""Matrix: the features of every customer and division at one cutoff, and rows of several as a model takes them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from engine.arrays import Floats, Singles
from engine.vocabulary import whitespace as v
from engine.whitespace.features.registry import Feature


@dataclass(frozen=True)
class Matrix:
    """The features as of one cutoff, Float32, null where unknown.

    customers: one row a customer, sorted by it; customer_id and the features of scope `all`. pairs: one row a
    customer and division, sorted by both; customer_id, division and the features of scope `div`. seen: per feature
    and source the newest event_date and known_date that entered it (feature, source, latest_event, latest_known).
    centroids: by embedding and division the mean direction of the owners, (n_factors,); none where nobody owns it.
    """

    cutoff: dt.date
    customers: pl.DataFrame
    pairs: pl.DataFrame
    seen: pl.DataFrame
    centroids: Mapping[str, Mapping[str, Floats]] = field(default_factory=dict)


@dataclass(frozen=True)
class Features:
    """Matrices by cutoff, and the registry of their columns in column order."""

    registry: tuple[Feature, ...]
    matrices: Mapping[dt.date, Matrix]

    def names(self) -> tuple[str, ...]:
        """The names of all features, in the order of the registry."""
        return tuple(feature.name for feature in self.registry)

    def of(self, rows: pl.DataFrame, names: Sequence[str]) -> Singles:
        """The values of some features for rows of grain (customer, division, cutoff), NaN where unknown.

        rows: with the columns of `vocabulary.whitespace.ROW`. Result: (n_rows, n_names), in the order of the rows.
        """
        values = np.full((rows.height, len(names)), np.nan, np.float32)
        at = rows.select(*v.ROW).with_row_index("place")
        for cutoff, matrix in self.matrices.items():
            here = at.filter(pl.col(v.CUTOFF) == cutoff)
            if here.is_empty():
                continue
            wanted = here.join(matrix.customers, on=v.CUSTOMER, how="left", maintain_order="left").join(
                matrix.pairs, on=v.PAIR, how="left", maintain_order="left"
            )
            values[here["place"].to_numpy()] = wanted.select(names).cast(pl.Float32).to_numpy()
        return values
