"""Rows of numbers in two bytes each, where that holds them exactly: whole numbers, tenths, hundredths, thousandths.

A number is its code over the divisor of its row. The quotient is the number nearest to the decimal, as a reader of
text makes it, so that nothing is lost; a row that no divisor holds to the bit stays as it is.
"""

import math
from typing import NamedTuple

import numpy as np

from engine.kernels.compiling import inner, kernel
from engine.kernels.types import Codes1D, Codes2D, Floats1D, Floats2D, Integers1D, Out, Singles2D

UNKNOWN = 65_535
"""The code of NaN."""
DIVISORS = (1, 10, 100, 1000)
WIDE = 0
"""The divisor of a row that none holds."""


class Packed(NamedTuple):
    """codes: (n_rows, n_days). divisors: (n_rows,), WIDE for rows that stand in `wide`, (n_rows, n_days) or empty."""

    codes: Codes2D
    divisors: Codes1D
    wide: Floats2D


class Packing(NamedTuple):
    """As `Packed`, written."""

    codes: Out[Codes2D]
    divisors: Out[Codes1D]
    wide: Out[Floats2D]


@inner
def _divide(codes: Codes1D, divisor: float, values: Out[Floats1D]) -> None:
    for day in range(codes.size):
        values[day] = np.nan if codes[day] == UNKNOWN else codes[day] / divisor


@inner
def _convert(codes: Codes1D, values: Out[Floats1D]) -> None:
    """Apart from `_divide`: most measures are whole numbers, and a division takes longer than all the rest."""
    for day in range(codes.size):
        values[day] = np.nan if codes[day] == UNKNOWN else float(codes[day])


@kernel
def unpack(of: Packed, rows: Integers1D, values: Out[Floats2D] | Out[Singles2D]) -> None:
    """The numbers of some rows. values: (rows, n_days), written."""
    for place in range(rows.size):
        row = rows[place]
        if of.divisors[row] == WIDE:
            for day in range(values.shape[1]):
                values[place, day] = of.wide[row, day]
        elif of.divisors[row] == 1:
            _convert(of.codes[row], values[place])
        else:
            _divide(of.codes[row], float(of.divisors[row]), values[place])


@inner
def _holds(values: Floats1D, divisor: int, codes: Out[Codes1D]) -> bool:
    """Whether every number is a code over the divisor; the codes are written as far as they are."""
    for day in range(values.size):
        value = float(values[day])
        if np.isnan(value):
            codes[day] = UNKNOWN
            continue
        scaled = value * divisor
        if not 0.0 <= scaled < UNKNOWN:
            return False
        code = int(scaled + 0.5)
        if code >= UNKNOWN or code / divisor != value or math.copysign(1.0, value) < 0.0:
            return False
        codes[day] = code
    return True


@kernel
def pack(values: Floats2D | Singles2D, rows: Integers1D, to: Packing) -> int:
    """Write the numbers of some rows; returns how many rows found no room, because `to.wide` is empty.

    values: (rows, n_days), NaN unknown.
    """
    left = 0
    for place in range(rows.size):
        row = rows[place]
        to.divisors[row] = WIDE
        for divisor in DIVISORS:
            if _holds(values[place], divisor, to.codes[row]):
                to.divisors[row] = divisor
                break
        if to.divisors[row] == WIDE:
            if to.wide.shape[0] == 0:
                left += 1
                continue
            for day in range(values.shape[1]):
                to.wide[row, day] = values[place, day]
    return left
