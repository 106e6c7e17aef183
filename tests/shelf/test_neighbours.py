"""What other stores of the region say of a shelf, in the false-discovery step."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.blocks.together import ALONE
from engine.settings.shelf.calibrated import EpisodeSettings
from engine.shelf.calibrated.chance import q_values
from engine.shelf.calibrated.neighbours import neighbour_weights

SETTINGS = EpisodeSettings()
STORES, SKUS = 40, 50
N = STORES * SKUS


def panel(*, regions: bool = True) -> Any:
    """Four regions of ten stores, every SKU in all of them; or no region known."""
    names = [f"region {store // 10}" for store in range(STORES)] if regions else [None] * STORES
    codes = {"store": np.arange(N) // SKUS, "sku": np.arange(N) % SKUS}
    stores = pl.DataFrame({"region": names}, schema={"region": pl.String})
    regional_sku = codes["store"] // 10 * SKUS + codes["sku"] if regions else codes["sku"]
    return SimpleNamespace(stores=stores, regional_sku=regional_sku, codes=codes.__getitem__, together=ALONE)


def chances(seed: int, together: bool) -> np.ndarray:
    """Even p-values, and small ones of a tenth of all: of whole SKUs in a region, or of shelves at random."""
    random = np.random.default_rng(seed)
    found = random.random(N)
    place = np.arange(N) // SKUS // 10 * SKUS + np.arange(N) % SKUS
    dark = random.random(place.max() + 1)[place] < 0.1 if together else random.random(N) < 0.1
    return np.where(dark & (random.random(N) < 0.7), found * 0.01, found)


def weights(found: np.ndarray, **how: bool) -> np.ndarray:
    return neighbour_weights(panel(**how), found, np.arange(N), SETTINGS)


def test_weights_have_a_mean_of_one_at_most_and_are_bounded():
    weight = weights(chances(1, together=True))
    assert 0.9 <= weight.mean() <= 1.0 + 1e-9
    assert weight.max() <= SETTINGS.neighbour_cap


def test_a_shelf_whose_sku_is_dark_around_it_weighs_more():
    found = chances(2, together=True)
    weight = weights(found)
    low = found <= SETTINGS.neighbour_chance
    assert weight[low].mean() > 1.5 * weight[~low].mean()


def test_shelves_that_go_dark_by_themselves_say_nothing_of_others():
    assert np.mean([(weights(chances(seed, together=False)) == 1.0).all() for seed in range(10)]) >= 0.8


def test_no_shelf_speaks_for_itself():
    found = chances(3, together=True)
    weight = weights(found)
    changed = found.copy()
    changed[7] = 0.9 if found[7] <= SETTINGS.neighbour_chance else 1e-6
    others_the_same = weights(changed)
    # The chain's own share moves by one of two thousand.
    assert others_the_same[7] == pytest.approx(weight[7], rel=0.02)


def test_a_chain_without_regions_tells_nothing():
    assert (weights(chances(4, together=True), regions=False) == 1.0).all()


def test_a_sku_that_is_low_everywhere_weighs_no_more_for_its_region():
    found = chances(6, together=True)
    random, of_sku = np.random.default_rng(6), np.arange(N) % SKUS == 3
    alone = found.copy()
    alone[of_sku & (np.arange(N) // SKUS < 10) & (random.random(N) < 0.5)] = 0.001
    everywhere = alone.copy()
    everywhere[of_sku & (random.random(N) < 0.5)] = 0.001
    here = of_sku & (np.arange(N) // SKUS < 10)
    assert weights(everywhere)[here].mean() < 0.8 * weights(alone)[here].mean()


def test_a_sku_that_fell_in_nearly_every_store_of_a_region_is_no_sign_of_a_shelf():
    found = chances(5, together=True)
    place = np.arange(N) // SKUS // 10 * SKUS + np.arange(N) % SKUS
    found[place == 3] = 0.001
    assert weights(found)[place == 3] == pytest.approx(weights(found)[place == 3].mean())
    assert weights(found)[place == 3].mean() < 0.6 * weights(found).max()


def test_nothing_tested_has_no_weight():
    assert neighbour_weights(panel(), np.empty(0), np.empty(0, np.int64), SETTINGS).size == 0


def test_the_promised_rate_is_kept_where_the_dark_are_together():
    shares = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        found, place = random.random(N), np.arange(N) // SKUS // 10 * SKUS + np.arange(N) % SKUS
        dark = (random.random(place.max() + 1)[place] < 0.15) & (random.random(N) < 0.8)
        found[dark] *= 0.005
        named = q_values(found / weights(found), 1.0, ALONE) <= 0.1
        shares.append((named & ~dark).sum() / max(named.sum(), 1))
    assert np.mean(shares) <= 0.1
