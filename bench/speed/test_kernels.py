"""Kernels beside their plain definitions in NumPy and Python, on a thousand series of ninety days, same answers."""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from engine.kernels.bootstrap import mean_intervals
from engine.kernels.cells import Grid, locate
from engine.kernels.compiling import given
from engine.kernels.expectation import expectation
from engine.kernels.impute import DELIVERED, Cells, ImputationRule, Owners, impute
from engine.kernels.neighbours import EARTH_RADIUS_KM, pairs_within
from engine.kernels.records import FoundSpans
from engine.kernels.runs import dark_runs
from engine.kernels.seeds import hash_texts
from engine.kernels.windows import sums

N_SERIES, N_DAYS = 1000, 90
RANDOM = np.random.default_rng(1)
UNITS = RANDOM.poisson(1.5, (N_SERIES, N_DAYS)).astype(np.float64)
HOLED = np.where(RANDOM.random(UNITS.shape) < 0.1, np.nan, UNITS)
IN_STOCK = (RANDOM.random(UNITS.shape) < 0.9).astype(np.uint8)
EVERY_ROW = np.arange(N_SERIES)
PLACES = RANDOM.uniform((30, -100), (45, -80), (N_SERIES, 2))
TEXTS = [f"{row}_{row % 50}_2026-03-31" for row in range(N_SERIES)]


class Duel(NamedTuple):
    """A kernel and its plain definition. is_same: they give the same numbers, not only the same distribution."""

    kernel: Callable[[], object]
    plain: Callable[[], object]
    is_same: bool = True


def cells_of_kernel():
    days = np.tile(np.arange(N_DAYS, dtype=np.int32), N_SERIES)
    stores, skus = np.divmod(np.repeat(EVERY_ROW, N_DAYS), 50)
    found = np.empty(days.size, np.int64)
    starts = np.arange(0, N_SERIES + 1, 50)
    usable = np.zeros(days.size, np.bool_)
    grid = given(Grid(np.arange(N_SERIES // 50), starts, EVERY_ROW % 50, N_DAYS, 0))
    locate(stores, skus, days, usable, grid, found)
    return found


def cells_of_dictionary():
    place = {divmod(row, 50): row for row in range(N_SERIES)}
    keys = zip(*(side.tolist() for side in np.divmod(np.repeat(EVERY_ROW, N_DAYS), 50)), strict=True)
    days = itertools.cycle(range(N_DAYS))
    return np.array([place[key] * N_DAYS + day for key, day in zip(keys, days, strict=False)])


def imputed_by_kernel():
    units, on_hand, price = HOLED.copy(), HOLED.copy(), HOLED.copy()
    promo, in_stock = np.zeros(UNITS.shape, np.uint8), np.empty(UNITS.shape, np.uint8)
    state, withheld = np.full((1, N_DAYS), DELIVERED, np.uint8), np.zeros((1, N_DAYS), np.bool_)
    group, listed, held = np.zeros(N_SERIES, np.int64), np.empty(N_SERIES, np.int32), np.full(N_SERIES, np.nan)
    cells = Cells(units, np.empty((N_SERIES, 0)), on_hand, price, promo, in_stock)
    impute(cells, given(Owners(group, group, held, held)), state, withheld, ImputationRule(0.0, 7, 3, False), listed)
    return np.array([units, on_hand, price, in_stock])


def imputed_in_numpy():
    """Zero from the first known day on; on-hand and price carried forward, stock inferred before they are known."""
    is_known = ~np.isnan(HOLED)
    units = np.where(np.maximum.accumulate(is_known, axis=1) & ~is_known, 0.0, HOLED)
    on_hand, price = forward_filled_in_numpy(HOLED), forward_filled_in_numpy(HOLED)
    sold = np.pad(HOLED > 0, ((0, 0), (7, 0)))
    sold_lately = np.lib.stride_tricks.sliding_window_view(sold, 7, axis=1)[:, :N_DAYS].any(axis=2)
    return np.array([units, on_hand, price, np.where(np.isnan(on_hand), sold_lately, on_hand > 0)])


def forward_filled_in_numpy(values):
    latest = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(N_DAYS)), axis=1)
    return np.take_along_axis(values, latest, axis=1)


def expected_by_kernel():
    expected = np.empty_like(UNITS)
    expectation(UNITS, 28, 3.0, 14, 1e-9, expected)
    return expected


def expected_in_numpy():
    expected = np.full(UNITS.shape, np.nan)
    for day in range(14, N_DAYS):
        window = UNITS[:, max(day - 28, 0) : day]
        mean, reach = window.mean(axis=1), 3 * window.std(axis=1, ddof=1)
        kept = np.abs(window - mean[:, None]) <= reach[:, None] + 1e-9
        count = kept.sum(axis=1)
        expected[:, day] = np.where(count >= 14, np.where(kept, window, 0).sum(axis=1) / count, np.nan)
    return expected


def runs_by_kernel():
    rows, firsts, lasts = (np.empty(UNITS.size, np.int64) for _ in range(3))
    every = np.ones(N_SERIES, np.bool_)
    spans = FoundSpans(rows, firsts, lasts)
    count = dark_runs(UNITS, np.full_like(UNITS, 1.5), IN_STOCK, every, 0.6, 3, 1e-9, spans)
    return np.array([rows[:count], firsts[:count], lasts[:count]])


def runs_in_numpy():
    dark = np.pad((UNITS < 0.6 * 1.5) & (IN_STOCK == 1), ((0, 0), (1, 1))).astype(np.int8)
    edges = np.diff(dark, axis=1)
    rows, firsts = np.nonzero(edges == 1)
    lasts = np.nonzero(edges == -1)[1] - 1
    return np.array([rows, firsts, lasts])[:, lasts - firsts >= 2]


def sums_by_kernel():
    totals, counts = np.empty(N_SERIES), np.empty(N_SERIES, np.int64)
    sums(HOLED, EVERY_ROW, np.full(N_SERIES, 62), np.full(N_SERIES, 89), totals, counts)
    return np.array([totals, counts])


def sums_in_python():
    windows = [[value for value in row[62:90] if value == value] for row in HOLED.tolist()]  # noqa: PLR0124
    return np.array([[sum(window) for window in windows], [len(window) for window in windows]])


def intervals_by_kernel():
    values = np.ascontiguousarray(UNITS[:, :28])
    low, high = np.empty(N_SERIES), np.empty(N_SERIES)
    mean_intervals(values, np.full(N_SERIES, 28), EVERY_ROW.astype(np.uint64), 7, 1000, 0.025, low, high)
    return np.array([low, high])


def intervals_in_numpy():
    """A thousand resamples of each series with NumPy's own generator."""
    random = np.random.default_rng(1)
    found = []
    for values in UNITS[:, :28]:
        starts = random.integers(28, size=(1000, 4))
        drawn = values[(starts[:, :, None] + np.arange(7)) % 28].mean(axis=(1, 2))
        found.append(np.percentile(drawn, [2.5, 97.5]))
    return np.array(found).T


def neighbours_by_kernel():
    latitude, longitude = (np.ascontiguousarray(side) for side in PLACES.T)
    points, others, km = np.empty(100_000, np.int64), np.empty(100_000, np.int64), np.empty(100_000)
    count = pairs_within(latitude, longitude, np.argsort(latitude), 50.0, points, others, km)
    return np.sort(points[:count] * N_SERIES + others[:count])


def neighbours_in_numpy():
    """Every point against every other."""
    latitude, longitude = np.radians(PLACES.T)
    across = np.sin((latitude[:, None] - latitude) / 2) ** 2
    along = np.sin((longitude[:, None] - longitude) / 2) ** 2
    chord = across + np.cos(latitude[:, None]) * np.cos(latitude) * along
    km = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(chord))
    return np.flatnonzero((km <= 50) & ~np.eye(N_SERIES, dtype=bool))


def seeds_by_kernel():
    content = np.frombuffer("".join(TEXTS).encode(), np.uint8)
    ends = np.array([0, *itertools.accumulate(map(len, TEXTS))])
    hashes = np.empty(N_SERIES, np.uint64)
    hash_texts(content, ends, hashes)
    return hashes


def seeds_in_python():
    hashes = []
    for text in TEXTS:
        value = 0xCBF29CE484222325
        for byte in text.encode():
            value = (value ^ byte) * 0x100000001B3 % 2**64
        hashes.append(value)
    return np.array(hashes, np.uint64)


DUELS = {
    "cells": Duel(cells_of_kernel, cells_of_dictionary),
    "impute": Duel(imputed_by_kernel, imputed_in_numpy),
    "expectation": Duel(expected_by_kernel, expected_in_numpy),
    "runs": Duel(runs_by_kernel, runs_in_numpy),
    "windows": Duel(sums_by_kernel, sums_in_python),
    "bootstrap": Duel(intervals_by_kernel, intervals_in_numpy, is_same=False),
    "neighbours": Duel(neighbours_by_kernel, neighbours_in_numpy),
    "seeds": Duel(seeds_by_kernel, seeds_in_python),
}
"""One kernel of every family."""


def grouped(side: str) -> list[object]:
    """A side of every duel, in its group."""
    return [
        pytest.param(duel, marks=pytest.mark.benchmark(group=name), id=f"{name} {side}")
        for name, duel in DUELS.items()
    ]


@pytest.mark.parametrize("duel", grouped("kernel"))
def test_kernel(benchmark, duel):
    found = benchmark(duel.kernel)
    if duel.is_same:
        np.testing.assert_allclose(found, duel.plain(), rtol=1e-9)


@pytest.mark.parametrize("duel", grouped("plain"))
def test_plain(benchmark, duel):
    benchmark.pedantic(duel.plain, rounds=3)
