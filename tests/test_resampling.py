"""Intervals by drawing whole stores again, against plain definitions: rows written out as often as they are drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from engine.resampling import Clusters, Estimate

if TYPE_CHECKING:
    from collections.abc import Callable

STORES = pl.Series(["c", "a", "b", "a", "d", "b", "a"])
VALUES = pl.Series([4.0, 1.0, 9.0, 2.0, 7.0, 3.0, 8.0])
WHOLES = pl.Series([5.0, 2.0, 9.0, 4.0, 8.0, 6.0, 8.0])
REPLICATES, LEVEL = 200, 0.9


@pytest.fixture
def chain() -> Clusters:
    return Clusters(STORES, REPLICATES, LEVEL)


def drawn(chain: Clusters, figure: Callable[[list[int]], float]) -> list[float]:
    """A figure of the numbers of the rows, once for every replicate; each row as often as its store was drawn."""
    codes = [sorted(set(STORES)).index(store) for store in STORES]
    rows = [[row for row, code in enumerate(codes) for _ in range(times[code])] for times in chain.draws]
    return [figure(those) for those in rows]


def interval(figures: list[float]) -> tuple[float, float]:
    return tuple(np.quantile([one for one in figures if not math.isnan(one)], [0.05, 0.95]))


def lower_median(rows: list[int]) -> float:
    ordered = sorted(VALUES[row] for row in rows)
    return ordered[(len(ordered) - 1) // 2] if ordered else math.nan


def quotient(rows: list[int]) -> float:
    whole = sum(WHOLES[row] for row in rows)
    return sum(VALUES[row] for row in rows) / whole if whole else math.nan


def test_as_many_stores_are_drawn_as_there_are_each_as_likely_as_any(chain):
    assert chain.draws.shape == (REPLICATES, 4)
    assert set(chain.draws.sum(axis=1)) == {4}
    assert chain.draws.mean(axis=0) == pytest.approx([1, 1, 1, 1], abs=0.25)


def test_the_draws_are_those_of_the_names_of_the_stores_in_any_order(chain):
    again, others = (
        Clusters(STORES.reverse(), REPLICATES, LEVEL),
        Clusters(STORES.replace("d", "e"), REPLICATES, LEVEL),
    )
    assert (again.draws == chain.draws).all()
    assert chain.draws[:2].tolist() == [[1, 1, 1, 1], [2, 0, 2, 0]], "and the same on every machine"
    assert (others.draws != chain.draws).any()
    numbers = Clusters(pl.Series([7, 11]), REPLICATES, LEVEL), Clusters(pl.Series(["11", "7"]), REPLICATES, LEVEL)
    assert (numbers[0].draws != numbers[1].draws).any(), "7, 11 is another text than 11, 7"
    parted = Clusters(pl.Series(["1", "12"]), REPLICATES, LEVEL), Clusters(pl.Series(["11", "2"]), REPLICATES, LEVEL)
    assert (parted[0].draws != parted[1].draws).any(), "where a name ends counts"


def test_a_quotient_is_that_of_the_sums_and_its_interval_that_of_the_stores_drawn(chain):
    found = chain.quotient(STORES, VALUES, WHOLES)
    assert found.value == pytest.approx(34 / 42)
    assert (found.low, found.high) == pytest.approx(interval(drawn(chain, quotient)))
    assert found.low < found.value < found.high


def test_the_level_says_how_much_of_the_draws_is_inside():
    half = Clusters(STORES, REPLICATES, 0.5)
    found, figures = half.quotient(STORES, VALUES, WHOLES), drawn(half, quotient)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(figures, [0.25, 0.75])))
    assert np.quantile(figures, 0.2) < found.low, "another level would be seen"


def test_stores_without_a_row_and_wholes_below_one_change_nothing(chain):
    is_a = STORES == "a"
    found = chain.quotient(STORES.filter(is_a), VALUES.filter(is_a) / 1000, WHOLES.filter(is_a) / 1000)
    assert found.as_list() == pytest.approx([11 / 14, 11 / 14, 11 / 14], abs=1e-4)


def test_a_share_is_that_of_the_rows(chain):
    hits = VALUES > 3
    found = chain.share(STORES, hits)
    assert found.value == pytest.approx(4 / 7)
    share = drawn(chain, lambda rows: sum(hits[row] for row in rows) / len(rows) if rows else math.nan)
    assert (found.low, found.high) == pytest.approx(interval(share))


@pytest.mark.parametrize("whole", [pl.Series([], dtype=pl.Float64), pl.Series([0.0, 0.0]), pl.Series([-1.0, 0.0])])
def test_a_share_of_nothing_is_unknown(chain, whole):
    found = chain.quotient(STORES.head(len(whole)), whole, whole)
    assert found.as_list() == [None, None, None]


def test_a_median_is_the_lower_of_two_and_its_interval_that_of_the_stores_drawn(chain):
    found = chain.median(STORES, VALUES)
    assert found.value == 4.0
    assert (found.low, found.high) == interval(drawn(chain, lower_median))
    assert chain.median(STORES.head(4), VALUES.head(4)).value == 2.0


def test_a_median_of_one_row_is_that_row_and_of_two_each_counts_alone_where_it_alone_is_drawn(chain):
    assert chain.median(STORES.head(1), VALUES.head(1)).as_list() == [4.0, 4.0, 4.0]
    chain.draws = np.array([[0, 0, 1, 3], [1, 0, 0, 3], [1, 0, 0, 3]])
    found = chain.median(STORES.head(2), VALUES.head(2))
    assert (found.value, found.low, found.high) == (1.0, *np.quantile([4.0, 1.0, 1.0], [0.05, 0.95]))


def test_a_median_of_nothing_is_unknown(chain):
    assert chain.median(STORES.clear(), VALUES.clear()).as_list() == [None, None, None]


def test_a_figure_that_no_replicate_knows_has_no_interval(chain):
    chain.draws = np.zeros_like(chain.draws)
    assert chain.median(STORES, VALUES).as_list() == [4.0, None, None]
    assert chain.quotient(STORES, VALUES, WHOLES).as_list() == [0.8095, None, None]


def test_a_replicate_that_draws_no_store_of_the_figure_is_left_out(chain):
    chain.draws[: REPLICATES // 2] = 0
    assert chain.median(STORES, VALUES).low >= 1.0
    assert chain.quotient(STORES, VALUES, WHOLES).low > 0


def test_an_estimate_is_written_with_four_decimals_and_unknown_as_nothing():
    assert Estimate(0.123456, math.nan, 0.5).as_list() == [0.1235, None, 0.5]
    assert Estimate(math.nan, 1.00004, math.nan).as_list() == [None, 1.0, None]
