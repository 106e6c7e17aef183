"""A feed that stopped, or repeats itself, is known by its own rhythm; a change log has none."""

from __future__ import annotations

import numpy as np
import pytest

from engine.memory import Memory
from engine.settings.shelf.delivered import DeliverySettings
from engine.shelf.feeds import Stores, feed_of, forget, impossible_stock
from engine.shelf.measures import Narrow, Whole

RULES = DeliverySettings()
N_DAYS = 60
STORES = Stores(np.repeat(np.arange(2), 5), np.array([0, 5, 10]))


def counted() -> np.ndarray:
    return np.random.default_rng(2).integers(1, 90, (10, N_DAYS)).astype(float)


def stale(on_hand: np.ndarray) -> list[bool]:
    return feed_of(Whole(on_hand), STORES, RULES, moves=True).is_stale.tolist()


def test_a_daily_feed_is_fresh():
    assert stale(counted()) == [False, False]


def test_a_feed_that_stopped_in_one_store_is_stale_there():
    on_hand = counted()
    on_hand[5:, -20:] = np.nan
    assert stale(on_hand) == [False, True]
    assert feed_of(Whole(on_hand), STORES, RULES, moves=True).last_row.tolist() == [N_DAYS - 1, N_DAYS - 21]


def test_a_feed_that_repeats_itself_is_stale():
    on_hand = counted()
    on_hand[:5, -20:] = on_hand[:5, [-21]]
    found = feed_of(Whole(on_hand), STORES, RULES, moves=True)
    assert found.is_stale.tolist() == [True, False]
    assert found.last_change.tolist() == [N_DAYS - 21, N_DAYS - 1]
    assert feed_of(Whole(on_hand), STORES, RULES, moves=False).is_stale.tolist() == [False, False]


@pytest.mark.parametrize("every", [7, 14])
def test_a_feed_counted_weekly_is_not_stale_within_its_rhythm(every):
    on_hand = counted()
    on_hand[:, np.arange(N_DAYS) % every != 1] = np.nan
    assert stale(on_hand) == [False, False]


def test_what_is_written_when_it_changes_has_no_rhythm():
    on_hand = np.full((10, N_DAYS), np.nan)
    on_hand[:, [0, 5]] = counted()[:, :2]
    assert stale(on_hand) == [False, False]


def test_a_day_on_which_every_record_of_a_store_is_zero_cannot_be():
    on_hand = counted()
    on_hand[5:, 30] = 0.0
    marked = impossible_stock(Whole(on_hand), STORES, RULES)
    assert np.argwhere(marked).tolist() == [[1, 30]]
    stock = Narrow.of(on_hand, Memory())
    forget(stock, STORES, marked)
    left = stock.rows(slice(None))
    assert np.isnan(left[5:, 30]).all()
    assert np.isnan(left).sum() == 5


def test_a_store_that_runs_empty_shelf_by_shelf_is_believed():
    on_hand = counted()
    for shelf in range(5):
        on_hand[shelf, 40 + shelf :] = 0.0
    assert not impossible_stock(Whole(on_hand), STORES, RULES).any()
