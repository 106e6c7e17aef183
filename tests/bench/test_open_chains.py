"""The chains of open episodes: what they are, what could be found in them, and how alerts are counted against it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from bench.accuracy import chains, lumpy, open_chains
from bench.accuracy.nights import imputed
from engine.vocabulary import shelf as v


@pytest.fixture(scope="module")
def steady() -> open_chains.OpenChain:
    return open_chains.drawn(10, 0.0, 5)


def test_every_episode_is_open_and_takes_what_it_says(steady):
    dark = np.flatnonzero(steady.first < open_chains.DAYS)
    length = open_chains.DAYS - steady.first[dark]
    assert (length.min() >= 3, length.max() <= 35) == (True, True)
    sudden = dark[steady.cause[dark] != open_chains.CAUSES.index(v.OVERSTOCK)]
    sold = sum(steady.sold[pair, steady.first[pair] :].sum() for pair in sudden)
    due = sum((steady.rate[pair] * steady.left[pair])[steady.first[pair] :].sum() for pair in sudden)
    assert sold == pytest.approx(due, rel=0.1)


def test_a_level_wanders_as_far_as_it_is_told_to():
    still, wandering = open_chains.drawn(10, 0.0, 6), open_chains.drawn(10, 0.04, 6)
    ratio = [np.log(chain.rate[:, 60] / chain.rate[:, 32]) for chain in (still, wandering)]
    quiet = (still.promo | wandering.promo)[:, [32, 60]].any(axis=1)
    spread = [float(some[~quiet].std()) for some in ratio]
    assert spread[1] ** 2 - spread[0] ** 2 == pytest.approx(28 * 0.04**2, rel=0.4)


def test_a_night_that_knows_every_rate_finds_the_clear_cases_and_few_others(steady):
    found = open_chains.findable(steady, 0.1)
    dark = steady.first < open_chains.DAYS
    due = np.array([steady.rate[pair, first:].sum() for pair, first in enumerate(steady.first)])
    clear = dark & (steady.left <= 0.1) & (due > 20) & (steady.cause != open_chains.CAUSES.index(v.OVERSTOCK))
    assert found[clear].all()
    assert (found & ~dark).sum() <= 0.25 * found.sum()


def test_its_ratio_is_that_of_counts_of_a_known_rate():
    """Nothing sold on three of three days at two a day: of the depths, e^(due · (1 - left)) in the mean, Poisson."""
    due = np.full((1, 3), 2.0)
    ratio = open_chains.largest_ratio(np.zeros((1, 3)), due, np.array([1e-9]))
    by_left = np.exp(6.0 * (1 - np.array(open_chains.LEFT)))
    assert ratio[0] == pytest.approx(np.log(by_left.mean()), rel=1e-5)


def test_the_tables_say_what_was_drawn(steady, tmp_path):
    chain = imputed(open_chains.write(steady, tmp_path / "chain"), chains.LAST_DAY)
    order = chain.pairs.with_row_index().with_columns(pl.col(name).cast(pl.Int64) for name in v.PAIR).sort(v.PAIR)
    units = chain.array("units")[order["index"].to_numpy()]
    assert np.array_equal(np.nan_to_num(units), steady.sold)
    assert chain.judged.all()


def test_what_is_listed_late_sells_nothing_before_and_is_dark_from_then_on_at_the_earliest(steady, tmp_path):
    late = open_chains.listed_late(steady, 0.3, 2)
    young = late.listed > 0
    assert young.mean() == pytest.approx(0.3, abs=0.06)
    ago = open_chains.DAYS - late.listed[young]
    assert (ago.min(), ago.max()) == open_chains.LATE_DAYS
    assert not late.sold[~late.is_listed].any()
    assert np.array_equal(late.sold[late.is_listed], steady.sold[late.is_listed])
    dark = late.first < open_chains.DAYS
    assert np.array_equal(dark, steady.first < open_chains.DAYS)
    assert (late.first[dark] == np.maximum(steady.first, late.listed)[dark]).all()
    chain = imputed(open_chains.write(late, tmp_path / "chain"), chains.LAST_DAY)
    order = chain.pairs.with_row_index().with_columns(pl.col(name).cast(pl.Int64) for name in v.PAIR).sort(v.PAIR)
    assert np.array_equal(chain.codes("listed")[order["index"].to_numpy()], late.listed)
    episodes = open_chains.truth(late, 0.1)
    alone = open_chains.late_alone(late, episodes)
    assert alone.height == (young & dark).sum() < episodes.height


def test_alerts_are_right_by_their_days_and_found_by_their_names():
    night = chains.LAST_DAY
    episodes = pl.DataFrame(
        {
            "store_id": [1, 1, 2],
            "sku_id": [1, 2, 1],
            "first_date": [night - dt.timedelta(days=9)] * 3,
            "left": [0.5, 0.1, 0.1],
            "is_findable": [True, True, False],
        }
    )
    alerts = pl.DataFrame(
        {
            "store_id": ["1", "1", "3"],
            "sku_id": ["1", "2", "1"],
            "detection_date": [night - dt.timedelta(days=days) for days in (19, 20, 5)],
        }
    )
    told = open_chains.scored(alerts, episodes)
    assert {name: told[name] for name in ("alerts", "right", "findable", "found")} == {
        "alerts": 3,
        "right": 1,
        "findable": 2,
        "found": 2,
    }
    assert (told["precision"], told["recall"]) == (pytest.approx(1 / 3), 1.0)


@pytest.mark.parametrize("kind", lumpy.KINDS)
def test_lumpy_shelves_are_lumpy_and_none_is_dark(kind):
    chain = lumpy.drawn(kind, 3)
    assert (len(chain.sold), (chain.first == open_chains.DAYS).all()) == (200, True)
    days = chain.sold if kind != "bulk" else chain.sold[:, -lumpy.BULK_DAYS :]
    assert np.median(days.var(axis=1) / days.mean(axis=1)) > 4
