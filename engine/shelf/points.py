"""Measures of chosen (pair, day) points of the panel: calendar-window means, last restocks, promo means.

A point is a store-SKU on a day E. Everything is measured over days up to E inside the panel; an undefined number
is NaN.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Integers
from engine.kernels import rows, windows
from engine.shelf.measures import EVERY
from engine.shelf.panel import Panel


@dataclass(frozen=True)
class Points:
    """Store-SKUs (rows of the panel), each on a day (of the panel)."""

    panel: Panel
    pair: Integers
    day: Integers

    def value(self, measure: str) -> Floats:
        """The measure on the day."""
        return self.panel.at(measure, self.pair, self.day)

    def mean(self, measure: str, days: int | Integers) -> Floats:
        """Mean of the known values over the last `days` days, the day included."""
        first = self.day - days + 1
        totals, counts = np.empty(self.pair.size), np.empty(self.pair.size, np.int64)

        def add(some: slice) -> None:
            days = self._days(some, first)
            days_of = (self._places(some), first[some] - days.start, self.day[some] - days.start)
            windows.sums(self._array(measure, some, days), *days_of, totals[some], counts[some])

        self._in_blocks(add)
        return _quotient(totals, counts)

    def joint_sums(self, left: str, right: str, days: int) -> tuple[Floats, Floats]:
        """Sums of two measures over those of the last `days` days on which both are known."""
        first = self.day - days + 1
        totals, others = np.empty(self.pair.size), np.empty(self.pair.size)
        counts = np.empty(self.pair.size, np.int64)

        def add(some: slice) -> None:
            days = self._days(some, first)
            ours, theirs = self._array(left, some, days), self._array(right, some, days)
            days_of = (self._places(some), first[some] - days.start, self.day[some] - days.start)
            windows.joint_sums(ours, theirs, *days_of, totals[some], others[some], counts[some])

        self._in_blocks(add)
        return totals, others

    def promo_means(self, promo_days: int, base_days: int) -> tuple[Floats, Floats]:
        """Mean units on the last promo days, and on the last other days before the promo run; NaN without."""
        totals, counts = np.empty((self.pair.size, 2)), np.empty((self.pair.size, 2), np.int64)

        def add(some: slice) -> None:
            units, promo = self._array("units", some), self._array("promo", some)
            ends = (self._places(some), self.day[some])
            windows.promo_sums(units, promo, *ends, promo_days, base_days, totals[some], counts[some])

        self._in_blocks(add)
        return _quotient(totals[:, 0], counts[:, 0]), _quotient(totals[:, 1], counts[:, 1])

    def last_rises(self, measure: str) -> tuple[Integers, Integers]:
        """The last day the measure rose (-1 when none was seen), and on how many days it is known."""
        rises, known_days = np.empty(self.pair.size, np.int64), np.empty(self.pair.size, np.int64)

        def look(some: slice) -> None:
            ends = (self._places(some), self.day[some])
            windows.last_rises(self._array(measure, some), *ends, rises[some], known_days[some])

        self._in_blocks(look)
        return rises, known_days

    def category_price(self) -> Floats:
        """Mean price of the day over all judged store-SKUs of the category; NaN without category or price."""
        of_point = self.panel.codes("category")[self.pair]
        return np.where(of_point >= 0, self.panel.category_price[of_point, self.day], np.nan)

    def _days(self, some: slice, first: Integers) -> slice:
        """The days of the panel that windows of some points reach. first: of each window."""
        return slice(max(int(first[some].min()), 0), int(self.day[some].max()) + 1)

    def _array(self, measure: str, some: slice, days: slice = EVERY) -> NDArray[Any]:
        """The measure of some points, (points, days)."""
        return self.panel.array(measure, self.pair[some], days)

    def _places(self, some: slice) -> Integers:
        """Where the points stand in `_array`."""
        return np.arange(some.stop - some.start)

    def _in_blocks(self, kernel: Callable[[slice], object]) -> None:
        rows.in_blocks(kernel, self.pair.size)


def _quotient(totals: Floats, counts: Integers) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counts > 0, totals / counts, np.nan)
