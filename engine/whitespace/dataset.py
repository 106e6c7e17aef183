"""Dataset: labelled rows with their features, as every experiment takes them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from engine.arrays import Flags, Singles
from engine.vocabulary import whitespace as v
from engine.whitespace.features.matrix import Features


@dataclass(frozen=True)
class Dataset:
    """Rows of the panel and the features that belong to them.

    rows: grain customer, division, cutoff, sorted by division, cutoff and customer; with the columns that
    `panel.labels` names. features: of every cutoff of the rows.
    """

    rows: pl.DataFrame
    features: Features

    def values(self, rows: pl.DataFrame, names: Sequence[str]) -> Singles:
        """The features of some rows, (n_rows, n_names), NaN where unknown."""
        return self.features.of(rows, names)

    def where(self, keep: pl.Expr) -> "Dataset":
        """The same with fewer rows."""
        return replace(self, rows=self.rows.filter(keep))

    def of_division(self, division: str) -> "Dataset":
        """The rows and features of one division alone."""
        ours = pl.col(v.DIVISION).cast(pl.String) == division
        matrices = {
            cutoff: replace(matrix, pairs=matrix.pairs.filter(ours))
            for cutoff, matrix in self.features.matrices.items()
        }
        return Dataset(self.rows.filter(ours), replace(self.features, matrices=matrices))


def outcomes(rows: pl.DataFrame) -> Flags:
    """The labels of rows, 0 or 1."""
    return rows["label"].cast(pl.UInt8).to_numpy()
