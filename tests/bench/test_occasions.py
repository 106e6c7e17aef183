"""Chains whose fairs and weather are known: what the tables say is what moves the sales."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from bench.accuracy import occasions, open_chains
from engine.contracts.shelf import contracts


@pytest.mark.parametrize("kind", occasions.KINDS)
def test_a_table_keeps_its_contract_and_what_it_does_follows_its_seed(kind):
    told, again, other = (occasions.KINDS[kind](seed) for seed in (51, 51, 52))
    (table,) = told.table.values()
    assert set(table.columns) <= set(contracts(None)[kind].names)
    assert table.equals(again.table[kind])
    assert (told.times == again.times).all()
    assert (told.times != other.times).any()
    assert told.times.shape == (occasions.STORES * open_chains.SKUS, open_chains.DAYS)


def test_fairs_move_the_days_and_regions_of_their_table_alone():
    told = occasions.of_fairs(51)
    days = [(day - occasions._date(0)).days for day in told.table["events"]["date"].unique()]
    regions = {int(name.split()[1]) for name in told.table["events"]["region"].unique()}
    pairs, moved = np.nonzero(told.times != 1.0)
    assert set(moved.tolist()) == set(days) == set(occasions.FAIR_DAYS)
    assert set((pairs // open_chains.SKUS // open_chains.STORES_PER_REGION).tolist()) == regions


def test_a_chain_that_is_lifted_is_due_and_sells_so_many_times_as_much():
    usual = open_chains.drawn(10, 0.0, 1)
    times = np.where(np.arange(open_chains.DAYS) < 45, 1.0, 3.0) * np.ones_like(usual.rate)
    lifted = open_chains.lifted(usual, times, 1)
    assert (lifted.rate == usual.rate * times).all()
    healthy = usual.first == open_chains.DAYS
    sold = [pl.Series(chain.sold[healthy, 45:].ravel()).sum() for chain in (usual, lifted)]
    assert sold[1] / sold[0] == pytest.approx(3.0, rel=0.05)
