"""Rows of numbers in two bytes each, where that holds them exactly: whole numbers, tenths, hundredths, thousandths.

A number is its code over the divisor of its row. The quotient is the number nearest to the decimal, as a reader of
text makes it, so that nothing is lost; a row that no divisor holds to the bit stays as it is.
"""

import math
from typing import NamedTuple

import numpy as np

from engine.kernels.compiling import inner, kernel
from engine.kernels.types import Codes1D, Codes2D, Floats1D, Floats2D, Integers1D, Out

UNKNOWN = 65_535
"""The code of NaN."""
DIVISORS = (1, 10, 100, 1000)
WIDE = 0
"""The divisor of a row that none holds."""
FIRST_DAYS = 8
"""A divisor that does not hold these is given up at once; of the others all days are looked at, many at a time."""


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


@inner
def _unpack_days(of: Packed, row: int, first: int, values: Out[Floats1D]) -> None:
    """The numbers of one row from a day on. values: (days,), written."""
    if of.divisors[row] == WIDE:
        for day in range(values.size):
            values[day] = of.wide[row, first + day]
    elif of.divisors[row] == 1:
        _convert(of.codes[row, first : first + values.size], values)
    else:
        _divide(of.codes[row, first : first + values.size], float(of.divisors[row]), values)


@inner
def unpack_row(of: Packed, row: int, values: Out[Floats1D]) -> None:
    """The numbers of one row. values: (n_days,), written."""
    _unpack_days(of, row, 0, values)


@kernel
def unpack(of: Packed, rows: Integers1D, first: int, values: Out[Floats2D]) -> None:
    """The numbers of some rows from a day on. values: (rows, days), written."""
    for place in range(rows.size):
        _unpack_days(of, rows[place], first, values[place])


@inner
def _code(value: float, divisor: float) -> np.int32:
    """The code nearest to a number."""
    # Of four bytes: the processor then turns many numbers into codes at once.
    return np.int32(UNKNOWN if np.isnan(value) else min(max(value * divisor + 0.5, 0.0), UNKNOWN - 1.0))


@inner
def _is_held(value: float, code: np.int32, divisor: float) -> bool:
    # A nought below zero is no nought.
    return code == UNKNOWN or (code / divisor == value and math.copysign(1.0, value) > 0.0)


@inner
def _holds(values: Floats1D, divisor: float, codes: Out[Codes1D]) -> bool:
    """Whether every number is its code over the divisor, to the bit; the codes are written as far as they are."""
    for day in range(min(values.size, FIRST_DAYS)):
        if not _is_held(values[day], _code(values[day], divisor), divisor):
            return False
    is_held = True
    for day in range(values.size):
        code = _code(values[day], divisor)
        is_held &= _is_held(values[day], code, divisor)
        codes[day] = code
    return is_held


@kernel
def pack(values: Floats2D, rows: Integers1D, to: Packing) -> int:
    """Write the numbers of some rows; returns how many rows found no room, because `to.wide` is empty.

    values: (rows, n_days), NaN unknown.
    """
    left = 0
    for place in range(rows.size):
        row = rows[place]
        to.divisors[row] = WIDE
        for divisor in DIVISORS:
            if _holds(values[place], float(divisor), to.codes[row]):
                to.divisors[row] = divisor
                break
        if to.divisors[row] == WIDE:
            if to.wide.shape[0] == 0:
                left += 1
                continue
            for day in range(values.shape[1]):
                to.wide[row, day] = values[place, day]
    return left
