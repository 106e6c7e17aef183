"""The expectation alone by StatsForecast: `python -m bench.rivals.statsforecast_average FOLDER STORES`.

Its `WindowAverage` is the mean of the days before, one day ahead of every day; it trims no outliers and wants every
day known. It gets imputed units of the store-SKUs without an unknown day, and its answer has to be ours without
trimming. Prints its inner seconds, and those of our whole trimmed expectation over the same units.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsforecast import StatsForecast
from statsforecast.models import WindowAverage

from bench.rivals import MIN_KEPT_DAYS, SIGMAS, TIE, WINDOW_DAYS
from bench.rivals.ours import imputed
from bench.speed.process import THREADS
from engine.kernels import rows
from engine.kernels.expectation import expectation

UNTRIMMED = 1e6
"""Standard deviations within which every value lies."""


def known_units(folder: Path, stores: int) -> NDArray[np.float64]:
    """The units of the store-SKUs of the first stores that know all their days."""
    chain = imputed(folder)
    units = chain.array("units")[: int(chain.pair_starts()[stores])]
    return np.ascontiguousarray(units[~np.isnan(units).any(axis=1)])


def ours(units: NDArray[np.float64], sigmas: float) -> NDArray[np.float64]:
    """Our expectation of every day."""
    expected = np.empty_like(units)
    rows.in_blocks(
        lambda block: expectation(units[block], WINDOW_DAYS, sigmas, MIN_KEPT_DAYS, TIE, expected[block]), len(units)
    )
    return expected


def theirs(units: NDArray[np.float64]) -> NDArray[np.float64]:
    """StatsForecast's mean of the days before each day that has a whole window of them."""
    n_series, n_days = units.shape
    long = pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(n_series), n_days),
            "ds": np.tile(np.arange(n_days), n_series),
            "y": units.ravel(),
        }
    )
    models = StatsForecast(models=[WindowAverage(WINDOW_DAYS)], freq=1, n_jobs=THREADS)
    found = models.cross_validation(df=long, h=1, step_size=1, n_windows=n_days - WINDOW_DAYS)
    return found["WindowAverage"].to_numpy().reshape(n_series, -1)


if __name__ == "__main__":
    units = known_units(Path(sys.argv[1]), int(sys.argv[2]))
    began = time.perf_counter()
    ours(units, SIGMAS)
    ours_seconds = time.perf_counter() - began
    began = time.perf_counter()
    averages = theirs(units)
    seconds = time.perf_counter() - began
    np.testing.assert_allclose(averages, ours(units, UNTRIMMED)[:, WINDOW_DAYS:], rtol=TIE, atol=TIE)
    print(json.dumps({"seconds": seconds, "ours_seconds": ours_seconds, "series": len(units)}))
