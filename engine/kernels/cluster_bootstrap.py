"""Cluster bootstrap of how well scores rank and how honest they are, with whole-number weights on sorted rows.

Rows with the same score are one step: whatever is counted among the best rows counts its share of them, so that the
order of rows never matters.
"""

import math

import numpy as np

from engine.kernels.compiling import inner, kernel
from engine.kernels.types import Flags1D, Floats1D, Floats2D, Integers1D, Integers2D, Out

AUC, AVERAGE_PRECISION, BRIER, LOG_LOSS, CALIBRATION_ERROR, PREVALENCE = range(6)
"""Columns of the figures that do not depend on a share of the list."""
OVERALL = 6
LIFT, PRECISION, CAPTURE, MONEY_LIFT, MONEY_CAPTURE, MONEY = range(6)
"""Columns after those, as many for every share of the list."""
PER_SHARE = 6
TINY = 1e-15
"""A chance is told apart from 0 and 1 by so much, where its logarithm is taken."""


@inner
def _weigh(
    codes: Integers1D,
    labels: Flags1D,
    money: Floats1D,
    starts: Integers1D,
    draw: Integers1D,
    steps: Out[Floats2D],
) -> None:
    """Rows, positives and money of every step, each row as often as its cluster was drawn."""
    for step in range(starts.size - 1):
        rows, positives, earned = 0, 0, 0.0
        for place in range(starts[step], starts[step + 1]):
            times = draw[codes[place]]
            rows += times
            positives += times * labels[place]
            earned += times * money[place]
        steps[0, step], steps[1, step], steps[2, step] = rows, positives, earned


@inner
def _rank(steps: Out[Floats2D], rows: float, positives: float, out: Out[Floats1D]) -> None:
    """Area under the ROC curve and average precision, both aware of ties."""
    above, found, area, precision = 0.0, 0.0, 0.0, 0.0
    for step in range(steps.shape[1]):
        negatives = steps[0, step] - steps[1, step]
        area += negatives * (found + steps[1, step] / 2)
        above += steps[0, step]
        found += steps[1, step]
        if steps[1, step] > 0:
            precision += steps[1, step] * found / above
    out[AUC] = area / (positives * (rows - positives))
    out[AVERAGE_PRECISION] = precision / positives


@inner
def _losses(steps: Out[Floats2D], chances: Floats1D, rows: float, out: Out[Floats1D]) -> None:
    """Brier score and log loss, a step at a time: its rows have one chance."""
    squares, logs = 0.0, 0.0
    for step in range(steps.shape[1]):
        chance, bought, stayed = chances[step], steps[1, step], steps[0, step] - steps[1, step]
        squares += bought * (1 - chance) ** 2 + stayed * chance**2
        sure = min(max(chance, TINY), 1 - TINY)
        logs -= bought * math.log(sure) + stayed * math.log(1 - sure)
    out[BRIER] = squares / rows
    out[LOG_LOSS] = logs / rows


@inner
def _miss(steps: Out[Floats2D], chances: Floats1D, rows: float, bins: int, out: Out[Floats1D]) -> None:
    """Mean distance of expected and found positives over bins of as many rows each."""
    missed, gap, reached, number = 0.0, 0.0, 0.0, 1
    edge = math.floor(rows / bins)
    for step in range(steps.shape[1]):
        left = steps[0, step]
        if left == 0:
            continue
        each = chances[step] - steps[1, step] / left
        while left > 0:
            taken = min(left, edge - reached)
            gap += taken * each
            left -= taken
            reached += taken
            while reached >= edge and number <= bins:
                missed += abs(gap)
                gap = 0.0
                number += 1
                edge = math.floor(rows * number / bins)
    out[CALIBRATION_ERROR] = missed / rows


@inner
def _top(
    steps: Out[Floats2D], rows: float, positives: float, earned: float, percent: int, out: Out[Floats1D]
) -> None:
    """What the best rows hold: at least one row, and the share of a step that the last row cuts."""
    wanted = max(1.0, math.floor(rows * percent / 100))
    left, found, money = wanted, 0.0, 0.0
    for step in range(steps.shape[1]):
        if left <= 0:
            break
        if steps[0, step] > 0:
            share = min(1.0, left / steps[0, step])
            found += share * steps[1, step]
            money += share * steps[2, step]
            left -= share * steps[0, step]
    out[LIFT] = found / wanted / (positives / rows)
    out[PRECISION] = found / wanted
    out[CAPTURE] = found / positives
    out[MONEY_LIFT] = np.nan if earned <= 0 else money / wanted / (earned / rows)
    out[MONEY_CAPTURE] = np.nan if earned <= 0 else money / earned
    out[MONEY] = money


@kernel
def replicate_figures(
    codes: Integers1D,
    labels: Flags1D,
    money: Floats1D,
    starts: Integers1D,
    chances: Floats1D,
    draws: Integers2D,
    percents: Integers1D,
    bins: int,
    out: Out[Floats2D],
) -> None:
    """Figures of every replicate.

    codes, labels, money: (n_rows,), best score first; the cluster of each row, whether it bought, what it brought.
    starts: (n_steps + 1,), first row of each run of equal scores, then n_rows. chances: (n_steps,). draws:
    (replicates, n_clusters), how often each cluster is in it. percents: shares of the list. bins: of the calibration
    error. out: (replicates, OVERALL + PER_SHARE * n_percents), written; NaN where a replicate has one class only.
    """
    steps = np.empty((3, starts.size - 1))
    for replicate in range(draws.shape[0]):
        _weigh(codes, labels, money, starts, draws[replicate], steps)
        rows, positives, earned = 0.0, 0.0, 0.0
        for step in range(steps.shape[1]):
            rows += steps[0, step]
            positives += steps[1, step]
            earned += steps[2, step]
        out[replicate, :] = np.nan
        if positives * (rows - positives) == 0:
            continue
        out[replicate, PREVALENCE] = positives / rows
        _rank(steps, rows, positives, out[replicate])
        _losses(steps, chances, rows, out[replicate])
        _miss(steps, chances, rows, bins, out[replicate])
        for share in range(percents.size):
            first = OVERALL + PER_SHARE * share
            _top(steps, rows, positives, earned, percents[share], out[replicate, first : first + PER_SHARE])
