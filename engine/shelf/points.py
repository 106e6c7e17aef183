"""Measures of chosen (pair, day) points of the panel: calendar-window means, last restocks, promo means.

A point is a store-SKU on a day E. Everything is measured over days up to E inside the panel; an undefined number
is NaN.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.kernels import windows
from engine.shelf.panel import Panel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Points:
    """Store-SKUs (rows of the panel), each on a day (of the panel)."""

    panel: Panel
    pair: Integers
    day: Integers

    def value(self, measure: str) -> Floats:
        """The measure on the day."""
        return self.panel.array(measure)[self.pair, self.day]

    def mean(self, measure: str, days: int | Integers) -> Floats:
        """Mean of the known values over the last `days` days, the day included."""
        totals, counts = np.empty(self.pair.size), np.empty(self.pair.size, np.int64)
        first = self.day - days + 1
        windows.sums(self.panel.array(measure), self.pair, first, self.day, totals, counts)
        return _quotient(totals, counts)

    def joint_sums(self, left: str, right: str, days: int) -> tuple[Floats, Floats, Integers]:
        """Sums of two measures over those of the last `days` days on which both are known, and how many."""
        totals, others = np.empty(self.pair.size), np.empty(self.pair.size)
        counts = np.empty(self.pair.size, np.int64)
        first = self.day - days + 1
        arrays = (self.panel.array(left), self.panel.array(right))
        windows.joint_sums(*arrays, self.pair, first, self.day, totals, others, counts)
        return totals, others, counts

    def promo_means(self, promo_days: int, base_days: int) -> tuple[Floats, Floats]:
        """Mean units on the last promo days, and on the last other days before the promo run; NaN without."""
        totals, counts = np.empty((self.pair.size, 2)), np.empty((self.pair.size, 2), np.int64)
        arrays = (self.panel.array("units"), self.panel.array("promo"))
        windows.promo_sums(*arrays, self.pair, self.day, promo_days, base_days, totals, counts)
        return _quotient(totals[:, 0], counts[:, 0]), _quotient(totals[:, 1], counts[:, 1])

    def last_rises(self, measure: str) -> tuple[Integers, Integers]:
        """The last day the measure rose (-1 when none was seen), and on how many days it is known."""
        rises, known_days = np.empty(self.pair.size, np.int64), np.empty(self.pair.size, np.int64)
        windows.last_rises(self.panel.array(measure), self.pair, self.day, rises, known_days)
        return rises, known_days

    def category_price(self) -> Floats:
        """Mean price of the day over all judged store-SKUs of the category; NaN without category or price."""
        panel = self.panel
        category = panel.codes("category")
        groups = np.where(panel.judged, category, -1)
        shape = (max(len(panel.categories), 1), panel.n_days)
        totals, counts = np.zeros(shape), np.zeros(shape, np.int64)
        windows.sums_by_group(panel.array("price"), groups, totals, counts)
        averages = _quotient(totals, counts)
        of_point = category[self.pair]
        return np.where(of_point >= 0, averages[of_point, self.day], np.nan)


def _quotient(totals: Floats, counts: Integers) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counts > 0, totals / counts, np.nan)
