"""Ledger: transactions as arrays, gathered once, from which the features of any cutoff are summed.

Gathering costs as much as one aggregation of all transactions, whatever the number of cutoffs and divisions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.arrays import Floats, Integers
from engine.kernels import gathering
from engine.kernels.compiling import given
from engine.kernels.gathering import Merged, Rows
from engine.kernels.purchases import Cells, Lines
from engine.vocabulary import whitespace as v
from engine.whitespace.tables import Tables

LINES, GROSS_PROFIT, REVENUE, RETURNS, QUANTITY = range(5)
"""The measures of cells and lines, by column: how many lines, cents, cents, lines of negative profit, units."""
DELIVERED = ("gross_profit_cents", "revenue_cents", "quantity")
MEASURES = ("lines", "gross_profit", "revenue", "returns", "quantity")


@dataclass(frozen=True)
class Ledger:
    """Transactions by customer, by customer and division, and by customer and item, with the codes of all.

    customers, divisions: the names behind the codes, ascending. pairs: groups are customer × n_divisions + division.
    whole: groups are customers. lines: by customer and item, which is a SKU of one division; measures as above.
    sku_of_item, division_of_item: (n_items,), codes; skus: the names behind the first, ascending.
    """

    tables: Tables
    customers: pl.Series
    divisions: pl.Series
    skus: pl.Series
    pairs: Cells
    whole: Cells
    lines: Lines
    sku_of_item: Integers
    division_of_item: Integers
    _texts: dict[str, pl.DataFrame] = field(default_factory=dict)

    @cached_property
    def place(self) -> Floats:
        """Latitude and longitude of customers in degrees, (n_customers, 2), NaN where unknown."""
        return self.customers_known.select("latitude", "longitude").to_numpy()

    @cached_property
    def customers_known(self) -> pl.DataFrame:
        """The table of customers in the order of the codes, a row for each of them."""
        codes = pl.DataFrame({v.CUSTOMER: self.customers})
        known = self.tables.customers.with_columns(pl.col(v.CUSTOMER).cast(pl.String))
        return codes.join(known, on=v.CUSTOMER, how="left", maintain_order="left")

    @cached_property
    def skus_known(self) -> pl.DataFrame:
        """The table of products in the order of the codes of SKUs, a row for each of them."""
        codes = pl.DataFrame({"sku_id": self.skus})
        known = self.tables.products.with_columns(pl.col("sku_id").cast(pl.String))
        return codes.join(known, on="sku_id", how="left", maintain_order="left")

    def texts(self, column: str) -> pl.DataFrame:
        """Lines by customer and a text of them, `rep` or `branch`. Grain: customer (code), text, visible (Date)."""
        if column not in self._texts:
            named = self.tables.transactions.lazy().filter(pl.col(column).is_not_null())
            keys = [
                pl.col(v.CUSTOMER).to_physical().cast(pl.Int64).alias("customer"),
                pl.col(column),
                pl.max_horizontal("order_date", "known_at").alias("visible"),
            ]
            self._texts[column] = named.group_by(keys).agg(lines=pl.len().cast(pl.Int64)).collect()
        return self._texts[column]

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of customers and of divisions."""
        return len(self.customers), len(self.divisions)


def gather(tables: Tables) -> Ledger:
    """The transactions as arrays; dates as days since 1970."""
    sales = tables.transactions
    names = {column: _categories(sales, column) for column in (v.CUSTOMER, v.DIVISION, "sku_id")}
    shape = (len(names[v.CUSTOMER]), len(names[v.DIVISION]))
    customer, division, sku = (_codes(sales[column]) for column in names)
    rows = _rows(sales, customer * np.int32(shape[1]) + division)
    pairs = _together(rows, shape[0] * shape[1])
    buyer = (pairs.group // shape[1]).astype(np.int32)
    whole = _together(Rows(buyer, pairs.day, pairs.visible, pairs.measures), shape[0])
    items, item = _items(sku.astype(np.int64) * shape[1] + division, len(names["sku_id"]) * shape[1])
    return Ledger(
        tables=tables,
        customers=names[v.CUSTOMER],
        divisions=names[v.DIVISION],
        skus=names["sku_id"],
        pairs=_cells(pairs, shape[0] * shape[1]),
        whole=_cells(whole, shape[0]),
        lines=_lines(rows, customer, item, (shape[0], items.size)),
        sku_of_item=items // shape[1],
        division_of_item=items % shape[1],
    )


def _categories(frame: pl.DataFrame, column: str) -> pl.Series:
    kind = frame.schema[column]
    if not isinstance(kind, pl.Enum):
        raise TypeError(f"transactions: {column} is {kind}, expected Enum; take tables from `check`")
    return kind.categories


def _codes(column: pl.Series) -> NDArray[np.int32]:
    return column.to_physical().cast(pl.Int32).to_numpy()


def _rows(sales: pl.DataFrame, group: NDArray[np.int32]) -> Rows:
    """The lines as they are delivered, in any order."""
    visible = sales.select(pl.max_horizontal("order_date", "known_at").to_physical()).to_series()
    measures = np.empty((sales.height, len(MEASURES)), np.int64)
    profit, revenue, quantity = (sales[name].cast(pl.Int64).to_numpy() for name in DELIVERED)
    gathering.measures_of(profit, revenue, quantity, measures)
    return Rows(group, sales["order_date"].to_physical().to_numpy(), visible.to_numpy(), measures)


def _in_order(codes: Sequence[tuple[NDArray[np.int32], int]]) -> tuple[Integers, Integers]:
    """The order of rows by several codes, the last one first in rank; and where each of its values begins."""
    order = np.arange(codes[0][0].size)
    starts = np.zeros(1, np.int64)
    for code, count in codes:
        result, starts = np.empty_like(order), np.zeros(count + 1, np.int64)
        gathering.sorted_by(np.ascontiguousarray(code), starts, order, result)
        order = result
    return order, starts


def _together(rows: Rows, n_groups: int) -> Merged:
    """The rows by group and day, those of one group, day and known day put together."""
    order, _ = _in_order([_from_first(rows.day), (rows.group, n_groups)])
    group, day, visible = (np.empty_like(field) for field in (rows.group, rows.day, rows.visible))
    measures = np.empty_like(rows.measures)
    count = gathering.merged(given(rows), order, Merged(group, day, visible, measures))
    return Merged(group[:count].copy(), day[:count].copy(), visible[:count].copy(), measures[:count].copy())


def _from_first(day: NDArray[np.int32]) -> tuple[NDArray[np.int32], int]:
    """Days as codes from the first one, and how many there are."""
    if not day.size:
        return day, 0
    first = day.min()
    return day - first, int(day.max() - first) + 1


def _items(whole: Integers, limit: int) -> tuple[Integers, NDArray[np.int32]]:
    """The SKUs of divisions that occur, as sku × n_divisions + division, and the place of each line's among them."""
    there = np.zeros(limit, np.bool_)
    there[whole] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1).astype(np.int32)[whole]


def _lines(rows: Rows, customer: NDArray[np.int32], item: NDArray[np.int32], counts: tuple[int, int]) -> Lines:
    """The lines by customer and item."""
    order, starts = _in_order([(item, counts[1]), (customer, counts[0])])
    return given(Lines(starts, item[order], rows.day[order], rows.visible[order], rows.measures[order]))


def _cells(rows: Merged, n_groups: int) -> Cells:
    starts = np.searchsorted(rows.group, np.arange(n_groups + 1)).astype(np.int64)
    return given(Cells(starts, rows.day, rows.visible, rows.measures))
