"""Keys: stores and SPUs as numbers, so that tables of millions of rows are joined and sorted by one of them.

In: tables with `str_code` and `spu_code` as text. Out: the same tables with codes as enumerations in alphabetical
order and `pair`, a whole number that sorts as store and SPU do.
"""

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from engine.vocabulary import growth as v

PAIR = "pair"
PEER_GROUP = "peer_group"


@dataclass(frozen=True)
class Codes:
    """Every store and every SPU that some table names, in alphabetical order."""

    stores: pl.Enum
    spus: pl.Enum

    @classmethod
    def of(cls, tables: Collection[pl.LazyFrame]) -> "Codes":
        """The codes of all tables, of those that have the column."""
        found = []
        for code in v.STORE_SPU:
            named = [table for table in tables if code in table.collect_schema()]
            distinct = pl.collect_all([table.select(pl.col(code).unique().cast(pl.String)) for table in named])
            found.append(pl.Enum(pl.concat(distinct)[code].drop_nulls().unique().sort()))
        return cls(*found)

    def keyed(self, table: pl.LazyFrame) -> pl.LazyFrame:
        """The table with its codes as enumerations, and `pair` where it has both; null where a code is unknown."""
        kinds = dict(zip(v.STORE_SPU, (self.stores, self.spus), strict=True))
        own = [code for code in v.STORE_SPU if code in table.collect_schema()]
        keyed = table.with_columns(pl.col(code).cast(kinds[code], strict=False) for code in own)
        if len(own) < len(v.STORE_SPU):
            return keyed
        return keyed.with_columns(self.numbered(pl.col("str_code").to_physical()).alias(PAIR))

    def grouped(self, table: pl.LazyFrame) -> pl.LazyFrame:
        """The table with `peer_group`, the number of a cluster and an SPU; null without a cluster."""
        return table.with_columns(self.numbered(pl.col("cluster_id")).alias(PEER_GROUP))

    def numbered(self, first: pl.Expr) -> pl.Expr:
        """One whole number for a number and the SPU beside it."""
        return first.cast(pl.Int64) * max(len(self.spus.categories), 1) + pl.col("spu_code").to_physical()
