"""Screening: which features a model may use, from their values and names on training rows.

In: rows and their features. Out: the names that are kept, and why each of the others is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from engine.arrays import Flags, Floats, Singles
from engine.one_thread import one_thread
from engine.settings.whitespace.modeling import ModelSettings

SUSPICIOUS = "suspicious"
CONSTANT = "constant"
COLLINEAR = "collinear"
BLOCK_ROWS = 8192


@dataclass(frozen=True)
class Drop:
    """One feature that is not used. because: one of the words above. detail: the sentence a report shows."""

    feature: str
    because: str
    detail: str


@dataclass(frozen=True)
class Screened:
    """names: what is kept, in the order given. drops: what is not."""

    names: tuple[str, ...]
    drops: tuple[Drop, ...]

    @property
    def suspicious_features(self) -> tuple[str, ...]:
        """What looks like the label itself."""
        return tuple(drop.feature for drop in self.drops if drop.because == SUSPICIOUS)


def screen(values: Singles, labels: Flags, names: Sequence[str], settings: ModelSettings) -> Screened:
    """Leave out what looks like the label, what does not vary, and what says the same as an earlier feature.

    values: (n_rows, n_names), NaN where unknown, of training rows alone. labels: (n_rows,).
    """
    suspicious = _suspicious(values, labels, names, settings)
    kept = [place for place, name in enumerate(names) if name not in {drop.feature for drop in suspicious}]
    constant = [place for place in kept if _varies_too_little(values[:, place], settings)]
    places = [place for place in kept if place not in constant]
    twins = _twins(_correlations(values[:, places]), settings)
    drops = [
        *suspicious,
        *(Drop(names[place], CONSTANT, "does not vary on the training rows") for place in constant),
        *(
            Drop(names[places[twin]], COLLINEAR, f"correlates {r:.4f} with {names[places[first]]}")
            for twin, (first, r) in twins.items()
        ),
    ]
    gone = {drop.feature for drop in drops}
    return Screened(tuple(name for name in names if name not in gone), tuple(drops))


def univariate_auc(values: Singles, labels: Flags) -> float:
    """How well one feature alone ranks buyers, in whichever direction, unknown values below all others; 0.5 to 1."""
    positives = int(labels.sum())
    others = labels.size - positives
    if not positives or not others:
        return 0.5
    ranks = rankdata(np.where(np.isnan(values), -np.inf, values))
    area = (ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (positives * others)
    return float(max(area, 1 - area))


def _suspicious(values: Singles, labels: Flags, names: Sequence[str], settings: ModelSettings) -> list[Drop]:
    found = []
    for place, name in enumerate(names):
        word = next((word for word in settings.suspicious_words if word in name.lower()), None)
        area = 0.0 if word else univariate_auc(values[:, place], labels)
        if word:
            found.append(Drop(name, SUSPICIOUS, f"its name says {word!r}"))
        elif area >= settings.suspicious_auc:
            found.append(Drop(name, SUSPICIOUS, f"alone it ranks buyers with an AUC of {area:.4f}"))
    return found


def _varies_too_little(values: Singles, settings: ModelSettings) -> bool:
    unknown = np.isnan(values)
    if unknown.any():
        return bool(unknown.all())
    return bool(values.astype(np.float64).var() <= settings.min_variance)


def _correlations(values: Singles) -> Floats:
    """Correlation of every two columns, (n_columns, n_columns), unknown values at the mean of their column.

    Products are added over blocks of rows, so that no second copy of the values is needed.
    """
    n = values.shape[1]
    known = np.maximum((~np.isnan(values)).sum(axis=0), 1)
    means = np.nansum(values, axis=0, dtype=np.float64) / known
    products = np.zeros((n, n))
    for first in range(0, len(values), BLOCK_ROWS):
        block = values[first : first + BLOCK_ROWS] - means
        block[np.isnan(block)] = 0.0
        with one_thread():
            products += block.T @ block
    size = np.sqrt(products.diagonal())
    size = np.where(size > 0, size, 1.0)
    return np.asarray(products / size / size[:, None])


def _twins(together: Floats, settings: ModelSettings) -> dict[int, tuple[int, float]]:
    """Columns that go with an earlier one that is kept: which, and how closely."""
    close = np.abs(together) > settings.max_correlation
    twins: dict[int, tuple[int, float]] = {}
    for place in range(len(together)):
        before = [one for one in np.flatnonzero(close[:place, place]).tolist() if one not in twins]
        if before:
            twins[place] = (before[0], float(together[before[0], place]))
    return twins
