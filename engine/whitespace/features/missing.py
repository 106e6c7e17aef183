"""Missing: flags of what is unknown, for models that cannot leave a value out.

Only of features that were unknown on some training rows and known on others, and one of those that are unknown
together; all are computed from the features before anything is filled.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from engine.arrays import Floats
from engine.whitespace.features.column import Column
from engine.whitespace.features.state import State
from engine.whitespace.features.view import View

FAMILY = "missing"


def declare(others: Iterable[Column], state: State) -> Iterator[Column]:
    """A flag for every one of the other columns that the state names."""
    for column in others:
        if column.feature.name in state.missing:
            flag = replace(
                column.feature,
                name=f"{column.feature.name}_missing",
                family=FAMILY,
                kind="flag",
                monotone=0,
                twin="",
            )
            yield Column(flag, partial(_is_missing, column))


def _is_missing(column: Column, view: View) -> Floats:
    return np.isnan(column.values(view)).astype(np.float64)
