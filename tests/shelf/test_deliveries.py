"""Closed, not delivered, or nothing sold: what a day without rows is, decided from the chain's own past."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import TryLaterError
from engine.kernels.impute import DELIVERED, PARTIAL
from engine.settings.shelf.delivered import DeliverySettings
from engine.shelf.deliveries import (
    CLOSED,
    GONE,
    NOT_DELIVERED,
    SHUT,
    Chain,
    judge_days,
    notices,
    refuse_incomplete,
    with_partial_day,
)
from engine.shelf.measures import Whole

RULES = DeliverySettings()
N_DAYS, N_STORES, N_SKUS, N_CATEGORIES = 84, 6, 20, 4
FIRST = dt.date(2026, 1, 7)


def sales(seed: int = 1, rate: float = 4.0) -> np.ndarray:
    """Counts of every store-SKU and day; a day without a sale has no row."""
    units = np.random.default_rng(seed).poisson(rate, (N_STORES * N_SKUS, N_DAYS)).astype(float)
    return np.where(units > 0, units, np.nan)


STORE = np.repeat(np.arange(N_STORES), N_SKUS)
CATEGORY = np.tile(np.arange(N_SKUS) % N_CATEGORIES, N_STORES)


def chain_of(units: np.ndarray) -> Chain:
    starts = np.arange(N_STORES + 1) * N_SKUS
    return Chain(Whole(units), STORE, CATEGORY, starts, N_CATEGORIES, FIRST)


def judged(units: np.ndarray):
    return judge_days(chain_of(units), RULES)


def told(units: np.ndarray) -> str:
    found = judged(units)
    names = [f"S{n}" for n in range(N_STORES)], [f"C{n}" for n in range(N_CATEGORIES)]
    return "\n".join(map(str, notices(found, chain_of(units), *names, RULES)))


@pytest.mark.slow
@given(st.integers(0, 200))
def test_an_ordinary_chain_is_delivered_every_day(seed):
    found = judged(sales(seed))
    assert (found.stores == DELIVERED).all()
    assert not found.categories.any()
    assert not found.is_incomplete.any()
    assert told(sales(seed)) == ""


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_newest_day_of_which_a_share_of_the_rows_is_missing_is_refused(seed, share):
    units = sales(seed)
    lost = np.random.default_rng(seed).random(len(units)) < share
    units[lost, -1] = np.nan
    with pytest.raises(TryLaterError, match=f"--as-of {FIRST + dt.timedelta(days=N_DAYS - 2)} "):
        refuse_incomplete(judged(units), chain_of(units))


def test_half_the_units_of_every_shelf_are_half_a_day():
    units = sales(rate=20)
    units[:, -1] = np.floor(units[:, -1] * 0.4)
    with pytest.raises(TryLaterError, match="is not complete"):
        refuse_incomplete(judged(units), chain_of(units))


@pytest.mark.parametrize("day", [N_DAYS - 1, 40])
def test_a_store_without_a_row_is_not_delivered_and_the_others_are(day):
    units = sales()
    units[STORE == 2, day] = np.nan
    found = judged(units)
    assert found.stores[2, day] == NOT_DELIVERED
    assert (np.delete(found.stores, 2, axis=0) == DELIVERED).all()
    assert not found.is_incomplete.any()


def test_most_of_a_stores_rows_missing_is_its_day_missing():
    units = sales()
    units[np.flatnonzero(STORE == 2)[:15], -1] = np.nan
    assert judged(units).stores[2, -1] == NOT_DELIVERED
    assert "S2" in told(units)


def test_a_category_without_a_row_is_not_delivered():
    units = sales()
    units[CATEGORY == 1, -1] = np.nan
    found = judged(units)
    assert found.categories[:, -1].tolist() == [False, True, False, False]
    assert not found.is_incomplete[-1]
    assert "C1" in told(units)


@pytest.mark.parametrize("as_zero_rows", [False, True])
def test_a_weekday_on_which_nobody_sells_is_closed_and_told_once(as_zero_rows):
    units = sales()
    units[:, 3::7] = 0.0 if as_zero_rows else np.nan
    found = judged(units)
    assert (found.stores[:, 3::7] == CLOSED).all()
    assert (np.delete(found.stores, np.arange(3, N_DAYS, 7), axis=1) == DELIVERED).all()
    (notice,) = notices(found, chain_of(units), [], [], RULES)
    assert (
        notice.what
        == f"most stores never sell on {FIRST + dt.timedelta(days=3):%A}: they count as closed on those days"
    )


def test_a_lost_day_of_the_whole_chain_is_called_missing():
    units = sales()
    units[:, 40] = np.nan
    assert (judged(units).stores[:, 40] == NOT_DELIVERED).all()
    assert f"no store delivered anything for 1 of {N_DAYS} days: {FIRST + dt.timedelta(days=40)}" in told(units)


@pytest.mark.parametrize("n_days", [4, 12])
def test_a_store_that_sells_nothing_of_anything_is_shut(n_days):
    units = np.nan_to_num(sales())
    units[STORE == 4, -n_days:] = 0.0
    assert (judged(units).stores[4, -n_days:] == SHUT).all()
    assert f"S4: since {FIRST + dt.timedelta(days=N_DAYS - n_days)}" in told(units)


def test_a_store_of_slow_movers_may_sell_nothing_for_a_day():
    units = np.nan_to_num(sales(rate=0.05))
    assert (judged(units).stores == DELIVERED).all()


def test_a_store_of_which_nothing_came_for_weeks_is_gone_and_told():
    units = sales()
    units[STORE == 5, 50:66] = np.nan
    assert (judged(units).stores[5, 50:66] == GONE).all()
    assert "S5" in told(units)


def test_a_lasting_fall_is_no_lost_delivery():
    units = sales(rate=6)
    thinned = np.random.default_rng(3).random(units.shape) < 0.7
    units[:, -10:] = np.where(thinned, np.nan, units)[:, -10:]
    assert not judged(units).is_incomplete[-1]


def test_an_incomplete_day_that_is_judged_counts_for_what_came():
    units = sales()
    units[np.arange(len(units)) % 2 == 0, -1] = np.nan
    found = with_partial_day(judged(units))
    assert (found.stores[:, -1] == PARTIAL).all()
    assert "is not complete and was judged by what came of it" in told(units)


def test_a_young_chain_is_not_held_against_a_past_it_has_not():
    units = sales()
    units[:, :-10] = np.nan
    units[::2, -1] = np.nan
    assert not judged(units).is_incomplete[-1]


@pytest.mark.slow
@given(st.integers(0, 50), st.randoms())
def test_the_order_of_skus_changes_nothing(seed, random):
    units = sales(seed)
    units[random.sample(range(len(units)), 40), -1] = np.nan
    order = np.concatenate([np.array(random.sample(range(N_SKUS), N_SKUS)) + n * N_SKUS for n in range(N_STORES)])
    found = judged(units)
    shuffled = judge_days(
        Chain(Whole(units[order]), STORE, CATEGORY[order], chain_of(units).starts, N_CATEGORIES, FIRST), RULES
    )
    assert (found.stores == shuffled.stores).all()
    assert (found.is_incomplete == shuffled.is_incomplete).all()
