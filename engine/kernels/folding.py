"""Folding in: the factors of customers from fixed factors of items, with everything and without each kind."""

from typing import NamedTuple

import numpy as np

from engine.kernels.compiling import kernel
from engine.kernels.types import Floats1D, Floats2D, Integers1D, Out


class Taken(NamedTuple):
    """What customers took, sorted by customer.

    starts: (n_customers + 1,). item: (n,). weight: (n,), confidence beyond one. value: (n,), how much was taken,
    times the confidence. kind: (n_items,), of every item.
    """

    starts: Integers1D
    item: Integers1D
    weight: Floats1D
    value: Floats1D
    kind: Integers1D


@kernel
def folded_in(
    taken: Taken, factors: Floats2D, regularization: float, n_kinds: int, whole: Out[Floats2D], masked: Out[Floats2D]
) -> None:
    """Least squares factors of customers, as if items of one kind did not exist.

    factors: (n_items, n_factors). whole: (n_customers, n_factors), with all kinds. masked: (n_customers × n_kinds,
    n_factors), without the kind. NaN where a customer took nothing (else); written.
    """
    n_items, n_factors = factors.shape
    squares = np.zeros((n_kinds + 1, n_factors, n_factors))
    for item in range(n_items):
        for row in range(n_factors):
            for column in range(n_factors):
                product = factors[item, row] * factors[item, column]
                squares[taken.kind[item], row, column] += product
                squares[n_kinds, row, column] += product
    for customer in range(taken.starts.size - 1):
        begin, end = taken.starts[customer], taken.starts[customer + 1]
        left = np.zeros((n_kinds + 1, n_factors, n_factors))
        right = np.zeros((n_kinds + 1, n_factors))
        counts = np.zeros(n_kinds + 1, np.int64)
        for place in range(begin, end):
            item, weight = taken.item[place], taken.weight[place]
            kind = taken.kind[item]
            counts[kind] += 1
            for row in range(n_factors):
                right[kind, row] += taken.value[place] * factors[item, row]
                for column in range(n_factors):
                    left[kind, row, column] += weight * factors[item, row] * factors[item, column]
        for kind in range(n_kinds):
            left[n_kinds] += left[kind]
            right[n_kinds] += right[kind]
        counts[n_kinds] = end - begin
        ridge = regularization * np.eye(n_factors)
        for kind in range(n_kinds + 1):
            out = whole[customer] if kind == n_kinds else masked[customer * n_kinds + kind]
            out[:] = np.nan
            if kind == n_kinds and counts[n_kinds] > 0:
                out[:] = np.linalg.solve(squares[n_kinds] + left[n_kinds] + ridge, right[n_kinds])
            elif kind < n_kinds and counts[n_kinds] > counts[kind]:
                rest = squares[n_kinds] - squares[kind] + left[n_kinds] - left[kind] + ridge
                out[:] = np.linalg.solve(rest, right[n_kinds] - right[kind])


@kernel
def averaged(taken: Taken, factors: Floats2D, n_kinds: int, whole: Out[Floats2D], masked: Out[Floats2D]) -> None:
    """The mean of the factors of what customers took, by its values; shapes and NaN as of `folded_in`."""
    n_factors = factors.shape[1]
    for customer in range(taken.starts.size - 1):
        sums = np.zeros((n_kinds + 1, n_factors))
        values = np.zeros(n_kinds + 1)
        for place in range(taken.starts[customer], taken.starts[customer + 1]):
            item, value = taken.item[place], taken.value[place]
            kind = taken.kind[item]
            values[kind] += value
            for factor in range(n_factors):
                sums[kind, factor] += value * factors[item, factor]
        for kind in range(n_kinds):
            values[n_kinds] += values[kind]
            sums[n_kinds] += sums[kind]
        for factor in range(n_factors):
            whole[customer, factor] = sums[n_kinds, factor] / values[n_kinds] if values[n_kinds] > 0 else np.nan
        for kind in range(n_kinds):
            rest = values[n_kinds] - values[kind]
            for factor in range(n_factors):
                part = sums[n_kinds, factor] - sums[kind, factor]
                masked[customer * n_kinds + kind, factor] = part / rest if rest > 0 else np.nan


@kernel
def likeness_to_owners(directions: Floats2D, owns: Floats2D, centres: Floats2D, likeness: Out[Floats2D]) -> None:
    """The cosine of every customer's direction and the mean direction of the other owners of a kind.

    directions: (n_customers × n_kinds, n_factors), of length one, NaN for none. owns: (n_customers, n_kinds), 1 or 0.
    centres: (n_kinds, n_factors), the sum of the directions of the owners. likeness: (n_customers, n_kinds), NaN
    without a direction or without another owner; written.
    """
    n_customers, n_kinds = owns.shape
    n_factors = directions.shape[1]
    for customer in range(n_customers):
        for kind in range(n_kinds):
            row = customer * n_kinds + kind
            product, square = 0.0, 0.0
            mine = owns[customer, kind] > 0 and not np.isnan(directions[row, 0])
            for factor in range(n_factors):
                other = centres[kind, factor] - (directions[row, factor] if mine else 0.0)
                product += other * directions[row, factor]
                square += other * other
            likeness[customer, kind] = product / np.sqrt(square) if square > 1e-12 else np.nan
