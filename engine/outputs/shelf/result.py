"""The result of a night, as Python sees it."""

from functools import cached_property
from typing import Final

import polars as pl

from engine.outputs.markup import first_rows
from engine.outputs.result import Result
from engine.outputs.shelf import shapes
from engine.outputs.shown import Grid

CASES_SHOWN: Final = 10
COLUMNS_SHOWN: Final = (
    "case_id",
    "store_name",
    "sku_name",
    "status",
    "duration_days",
    "revenue_at_risk",
    "primary_cause",
    "recommended_action",
)


class Night(Result):
    """A published night of the shelf desk.

    >>> night
    Night(2026-03-31-calibrated-...: ... open, $... at risk)
    """

    @cached_property
    def cases(self) -> pl.DataFrame:
        """The cases, by value, descending, with everything known of them. Grain: case. Raises DamagedRunError.

        >>> night.cases.select("store_id", "sku_id", "duration_days").row(0)
        (3, 1, 31)
        """
        return self.table(shapes.CASES.removesuffix(".parquet"))

    def found(self) -> list[Grid]:
        """The first cases."""
        return [first_rows(self.cases, COLUMNS_SHOWN, CASES_SHOWN, "cases")]
