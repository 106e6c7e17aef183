"""The result of a scaling, as Python sees it."""

from functools import cached_property
from typing import Final

import polars as pl

from engine.outputs.growth import shapes
from engine.outputs.growth.figures import QUANTITY
from engine.outputs.markup import first_rows
from engine.outputs.result import Result
from engine.outputs.shown import Grid
from engine.vocabulary import growth as v

ROWS_SHOWN: Final = 10
COLUMNS_SHOWN: Final = (*v.STORE_SPU, QUANTITY, "scaling_tier", "cap_applied")


class Scaling(Result):
    """A published scaling of the growth desk.

    >>> scaling
    Scaling(202506A-default-...: ... scaled, ... units)
    """

    @cached_property
    def recommendations(self) -> pl.DataFrame:
        """What grows and by how much. Grain: scaled candidate. Raises DamagedRunError.

        >>> scaling.recommendations["recommended_adjustment_quantity"].min() > 0
        True
        """
        return self.table(shapes.RECOMMENDATIONS.removesuffix(".parquet"))

    @cached_property
    def audit(self) -> pl.DataFrame:
        """Every candidate with every number of its decision, scaled or not. Grain: candidate. Raises DamagedRunError.

        >>> scaling.audit.height == scaling.summary["candidates"]
        True
        """
        return self.table(shapes.AUDIT.removesuffix(".parquet"))

    def found(self) -> list[Grid]:
        """The largest recommendations."""
        largest = self.recommendations.sort(QUANTITY, *v.STORE_SPU, descending=[True, False, False])
        return [first_rows(largest, COLUMNS_SHOWN, ROWS_SHOWN, "candidates grow")]
