"""How far levels drift, as chains of known walks tell it."""

from __future__ import annotations

import numpy as np
import pytest

from engine.blocks.together import ALONE
from engine.settings.shelf.calibrated import DemandSettings
from engine.shelf.calibrated.dark import Dark
from engine.shelf.calibrated.drift import level_drift
from tests.kernels.selling import sales_of

SETTINGS = DemandSettings()
N_DAYS = 90


def told(
    step: float,
    n: int = 4000,
    *,
    seed: int = 1,
    units: float = 12.0,
    change: np.ndarray | None = None,
    stores_per_region: int = 1,
) -> float:
    """Drift of Poisson sellers whose level walks by `step` a day; change: multiplies the rate."""
    random = np.random.default_rng(seed)
    walk = np.exp(np.cumsum(random.normal(0.0, step, (n, N_DAYS)), axis=1)) if step else np.ones((n, N_DAYS))
    sold = random.poisson(units * walk * (1.0 if change is None else change)).astype(float)
    usable = np.ones(sold.shape, np.uint8)
    sales = sales_of(sold, np.full(sold.shape, units), usable, usable, np.zeros(n), np.ones(n), *np.zeros((2, n)))
    regional_sku = np.arange(n) // stores_per_region
    return level_drift(sales, Dark(np.empty(0, np.int64), usable[:0]), regional_sku, 0, SETTINGS, ALONE)


def test_levels_that_hold_hardly_drift():
    assert told(0.0) == pytest.approx(SETTINGS.level_drift, abs=1e-4)


@pytest.mark.parametrize("step", [0.02, 0.04])
def test_a_walk_is_told_by_its_rises(step):
    """Without dispersion nothing of it is hidden: the chain's own answer is the walk times the ratio."""
    learnt = (told(step) - SETTINGS.level_drift) / SETTINGS.drift_ratio
    assert learnt == pytest.approx(step**2, rel=0.35)


def test_a_season_of_the_whole_chain_is_no_drift():
    season = np.exp(0.3 * np.sin(np.arange(N_DAYS) / 30))
    assert told(0.0, change=season) == pytest.approx(told(0.0), abs=1e-4)


def test_dark_shelves_make_no_drift():
    """A tenth of the shelves falls to a third, never marked as dark: nothing but rises is read."""
    fallen = np.ones((4000, N_DAYS))
    fallen[:400, 45:] = 0.33
    assert told(0.0, change=fallen) == pytest.approx(told(0.0), abs=1e-4)


def test_shelves_that_sell_over_beside_open_episodes_make_no_drift():
    risen = np.ones((4000, N_DAYS))
    risen[:120, -SETTINGS.drift_spared_days :] = 1.8
    assert told(0.0, change=risen) == pytest.approx(told(0.0), abs=1e-4)


def _events(of_the_tenth: float) -> np.ndarray:
    """In one region of ten stores in ten three stores rise for four weeks; another sells so much of its own then."""
    changed = np.ones((4000, N_DAYS))
    for store, times in enumerate((1.8, 1.8, 1.8, of_the_tenth)):
        changed[store:4000:100, 34:62] = times
    return changed


def test_shelves_that_sell_what_a_dark_one_of_their_region_lost_make_no_drift():
    plain, lent = told(0.0, stores_per_region=10), told(0.0, change=_events(0.4), stores_per_region=10)
    assert lent == pytest.approx(plain, abs=1e-4)


@pytest.mark.parametrize("step", [0.0, 0.03])
def test_regions_so_wide_that_some_shelf_always_rises_and_falls_tell_drift_all_the_same(step):
    """As chains have that name no region: all their stores are one."""
    assert told(step, stores_per_region=4000) == pytest.approx(told(step), rel=0.1)


def test_regions_that_rise_where_no_shelf_falls_drift():
    plain, risen = told(0.0, stores_per_region=10), told(0.0, change=_events(1.0), stores_per_region=10)
    assert risen > 5 * plain


def test_rare_large_changes_weigh_more_than_many_small_ones():
    """One shelf in fifty doubles for good: the middle of the chain does not see it."""
    risen = np.ones((4000, N_DAYS))
    risen[:80, 42:] = 2.0
    assert told(0.0, change=risen) > 10 * told(0.0)


def test_what_few_windows_tell_is_shrunk_toward_the_usual_drift():
    assert told(0.0, 1, units=0.1) == SETTINGS.level_drift + SETTINGS.usual_drift
    few = told(0.0, 20)
    assert told(0.0) < few < SETTINGS.level_drift + SETTINGS.usual_drift
