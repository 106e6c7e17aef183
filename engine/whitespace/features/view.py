"""View: what is seen from one cutoff, computed when first asked for and then kept for all features.

Arrays of scope `all` have one value a customer, those of scope `div` one a customer and division:
(n_customers,) and (n_customers, n_divisions).
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from typing import Any, Concatenate, Literal, NamedTuple, ParamSpec, TypeVar, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.arrays import Floats, Integers, Marks
from engine.kernels import purchases
from engine.kernels.compiling import given
from engine.settings.whitespace.features import FeatureSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.features.ledger import GROSS_PROFIT, LINES, RETURNS, REVENUE, Ledger
from engine.whitespace.features.spans import (
    MONTH_DAYS,
    Bins,
    Span,
    bins,
    dated,
    number,
    spans,
)
from engine.whitespace.features.state import State
from engine.whitespace.tables import Tables, as_of

Scope = Literal["all", "div"]
RHYTHM_MONTHS = 24
"""Spans of 30 days before the cutoff of which those with an order are counted."""


T = TypeVar("T")
P = ParamSpec("P")


def kept(compute: Callable[Concatenate["View", P], T]) -> Callable[Concatenate["View", P], T]:
    """Compute something of a view once for all features, and keep it as long as the view."""

    @wraps(compute)
    def remembered(view: "View", /, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (compute.__module__, compute.__qualname__, *args, *kwargs.items())
        if key not in view._memory:
            view._memory[key] = compute(view, *args, **kwargs)
        return cast("T", view._memory[key])

    return remembered


class Bought(NamedTuple):
    """What customers bought by item within a span: customer and item codes (n,), sorted, the first day, as days since
    1970, and sums of the measures.
    """

    customer: Integers
    item: Integers
    first: Integers
    sums: Integers

    def starts(self, n_customers: int) -> Integers:
        """Where the items of each customer begin, (n_customers + 1,)."""
        return np.searchsorted(self.customer, np.arange(n_customers + 1)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class View:
    """The ledger as seen at the end of a cutoff. state: fitted on training rows, whichever cutoff they are of."""

    ledger: Ledger
    cutoff: dt.date
    state: State
    settings: FeatureSettings

    _memory: dict[tuple[object, ...], Any] = field(default_factory=dict)

    @property
    def today(self) -> int:
        """The cutoff as days since 1970."""
        return number(self.cutoff)

    @cached_property
    def spans(self) -> Mapping[str, Span]:
        """Every window by name."""
        return spans(self.cutoff, self.settings)

    @cached_property
    def bins(self) -> Bins:
        """The bins that the windows are made of."""
        return bins(self.cutoff, self.spans)

    @cached_property
    def tables(self) -> Tables:
        """The tables other than transactions, as of the cutoff."""
        whole = self.ledger.tables
        return as_of(replace(whole, transactions=whole.transactions.clear()), self.cutoff)

    @cached_property
    def present(self) -> Marks:
        """(n_customers,), who has any history: an order, an asset or a contact."""
        seen = self.sums("all", "life", LINES) > 0
        for table in (self.tables.assets, self.tables.contacts):
            seen[self.codes(table)] = True
        return seen

    @cached_property
    def start(self) -> int:
        """The first day with a visible order."""
        visible = self.ledger.whole.visible <= self.today
        return int(self.ledger.whole.day[visible].min()) if visible.any() else self.today

    def codes(self, table: pl.DataFrame) -> Integers:
        """The customers of the rows of a table, as codes; rows of a customer without a code are an error."""
        kind = pl.Enum(self.ledger.customers)
        return table[v.CUSTOMER].cast(pl.String).cast(kind).to_physical().to_numpy().astype(np.int64)

    @kept
    def running(self, scope: Scope) -> Integers:
        """Sums of the measures before each bin, (n_groups, n_bins + 1, n_measures)."""
        cells = self.ledger.whole if scope == "all" else self.ledger.pairs
        sums = np.zeros((cells.starts.size - 1, self.bins.count + 1, cells.measures.shape[1]), np.int64)
        shifted = given(self.bins.sight._replace(bins=self.bins.sight.bins + 1))
        purchases.sums_by_bin(cells, shifted, sums)
        return np.cumsum(sums, axis=1, out=sums)

    def sums(self, scope: Scope, span: str, measure: int) -> Floats:
        """A measure within a window; money in units of currency, signed."""
        first, end = self.bins.runs[span]
        running = self.running(scope)
        whole = (running[:, end, measure] - running[:, first, measure]).astype(np.float64)
        return self.shaped(scope, whole / 100 if measure in (GROSS_PROFIT, REVENUE) else whole)

    def owns(self, span: str) -> Marks:
        """(n_customers, n_divisions), who bought of a division within a window and did not only return."""
        return self.sums("div", span, LINES) - self.sums("div", span, RETURNS) > 0

    def buys(self, span: str) -> Marks:
        """(n_customers,), who bought anything within a window and did not only return."""
        return self.sums("all", span, LINES) - self.sums("all", span, RETURNS) > 0

    @kept
    def rhythm(self, scope: Scope) -> Integers:
        """Regularity of buying, (n_groups, 5), columns as `kernels.purchases.rhythms` names them."""
        cells = self.ledger.whole if scope == "all" else self.ledger.pairs
        rhythm = np.empty((cells.starts.size - 1, 5), np.int64)
        purchases.rhythms(cells, self.today, MONTH_DAYS, RHYTHM_MONTHS, rhythm)
        return rhythm

    @kept
    def lasts(self, scope: Scope, lag_days: int) -> Floats:
        """Days from the last order to a day so many days before the cutoff, NaN where there is none by then."""
        cells = self.ledger.whole if scope == "all" else self.ledger.pairs
        end = self.today - lag_days
        lasts = np.empty((cells.starts.size - 1, 1), np.int64)
        purchases.last_days(cells, self.today, np.array([end], np.int64), lasts)
        return self.shaped(scope, np.where(lasts[:, 0] < 0, np.nan, end - lasts[:, 0]))

    @kept
    def items(self, spans: tuple[str, ...]) -> Integers:
        """How many SKUs each customer bought of each division in some windows, (n, n_divisions, n_spans)."""
        counts = np.zeros((*self.ledger.shape, len(spans)), np.int64)
        kind = self.ledger.division_of_item
        purchases.distinct_items(self.ledger.lines, self.bins.sight, self.bins.windows(spans), kind, counts)
        return counts

    @kept
    def bought(self, span: str) -> Bought:
        """What every customer bought of every item within a window."""
        window = self.spans[span]
        after = number(window.after) if window.after is not None else -1
        lines, until, width = self.ledger.lines, number(window.until), self.ledger.lines.measures.shape[1]
        none = np.empty(0, np.int64)
        none_summed = np.empty((0, width), np.int64)
        size = purchases.bought_items(lines, self.today, after, until, none, none, none, none_summed)
        customer, item, first = (np.empty(size, np.int64) for _ in range(3))
        found = Bought(customer, item, first, np.empty((size, width), np.int64))
        purchases.bought_items(lines, self.today, after, until, *found)
        return found

    @kept
    def began(self, span: str) -> Integers:
        """(n_customers, n_divisions), the first day within a window on which a customer bought of a division and did
        not only return, as days since 1970; -1 for those who do not own it.
        """
        window, cells = self.spans[span], self.ledger.pairs
        after = number(window.after) if window.after is not None else -1
        kept_lines = cells.measures[:, LINES] - cells.measures[:, RETURNS]
        firsts = np.empty(cells.starts.size - 1, np.int64)
        purchases.first_days(cells, kept_lines, self.today, after, number(window.until), firsts)
        return firsts.reshape(self.ledger.shape)

    def together(self, span: str, items: Integers) -> NDArray[np.int32]:
        """On how many orders (a customer's of a day) within a window two items were, (n_items, n_items).

        items: (n_items,), some codes, ascending. An item is never with itself.
        """
        window = self.spans[span]
        after = number(window.after) if window.after is not None else -1
        place = np.full(self.ledger.division_of_item.size, -1)
        place[items] = np.arange(items.size)
        counts = np.empty((items.size, items.size), np.int32)
        purchases.ordered_together(self.ledger.lines, self.today, after, number(window.until), place, counts)
        return counts

    @kept
    def newest(self, source: str, lag_days: int) -> tuple[dt.date | None, dt.date | None]:
        """Of what a table told and what had happened so many days before the cutoff: the newest day, and the newest
        day it was known. None for tables without dates.
        """
        end = self.cutoff - dt.timedelta(lag_days)
        if source == v.ASSETS:
            seen = self.tables.assets.filter(pl.col("purchase_date") <= end)
            return _newest(seen["purchase_date"]), _newest(seen["known_at"])
        if source == v.CONTACTS:
            days = self.tables.contacts.filter(pl.col("date") <= end)["date"]
            return _newest(days), _newest(days)
        if source != v.TRANSACTIONS:
            return None, None
        cells = self.ledger.whole
        visible = (cells.day <= number(end)) & (cells.visible <= self.today)
        if not visible.any():
            return None, None
        return dated(int(cells.day[visible].max())), dated(int(cells.visible[visible].max()))

    def groups(self, scope: Scope) -> int:
        """How many groups a scope has: customers, or customers and divisions."""
        customers, divisions = self.ledger.shape
        return customers if scope == v.OF_CUSTOMER else customers * divisions

    def shaped(self, scope: Scope, values: Floats) -> Floats:
        """One value a group, as an array of the scope."""
        return values if scope == "all" else values.reshape(self.ledger.shape)


def _newest(days: pl.Series) -> dt.date | None:
    newest = days.max()
    return newest if isinstance(newest, dt.date) else None
