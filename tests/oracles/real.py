"""The arithmetic of the readings page: exact fractions, ties at 1e-9, rounding half up, nulls staying null."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TIE = Fraction(1, 10**9)

Real = Fraction | int | float


def equal(left: Real, right: Real) -> bool:
    """Whether both sides differ by at most 1e-9 of the larger magnitude (reading 1)."""
    return abs(left - right) <= TIE * max(abs(left), abs(right))


def above(left: Real, right: Real) -> bool:
    """Whether left is greater than right, a tie being no."""
    return left > right and not equal(left, right)


def below(left: Real, right: Real) -> bool:
    """Whether left is less than right, a tie being no."""
    return left < right and not equal(left, right)


def rounded_half_up_to_tenth(value: Real) -> float:
    """One decimal, an exact tie going up (reading 2)."""
    tenths = value * 10 + Fraction(1, 2)
    nearest = round(tenths)
    return (nearest if equal(tenths, nearest) else math.floor(tenths)) / 10


def over_one_denominator(values: list[Fraction]) -> tuple[list[int], int]:
    """The values as whole numbers over their least common denominator, so that their sums are exact and quick."""
    denominator = math.lcm(*(value.denominator for value in values))
    return [value.numerator * (denominator // value.denominator) for value in values], denominator


def mean(values: Iterable[Fraction | None]) -> Fraction | None:
    """The mean of what is known, null when nothing is."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    numerators, denominator = over_one_denominator(known)
    return Fraction(sum(numerators), denominator * len(known))


def variance(values: list[Fraction]) -> Fraction:
    """The sample variance (ddof=1) of at least two known values."""
    numerators, denominator = over_one_denominator(values)
    count = len(values)
    spread = count * sum(one * one for one in numerators) - sum(numerators) ** 2
    return Fraction(spread, count * (count - 1) * denominator**2)


def ratio(part: Fraction | None, whole: Fraction | None) -> Fraction | None:
    """part / whole, null when either is unknown or the whole is 0."""
    return None if part is None or not whole else part / whole


def product(*factors: Real | None) -> Real | None:
    """The product of all factors, null when any of them is unknown."""
    if any(factor is None for factor in factors):
        return None
    return math.prod(factors, start=Fraction(1))


def as_float(value: Real | None) -> float | None:
    """The nearest float, null staying null."""
    return None if value is None else float(value)


def dollars(value: Real) -> str:
    """A price in a text: the float nearest to the exact price, two decimals."""
    return f"${float(value):.2f}"
