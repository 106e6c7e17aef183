"""The kernels of purchases against slow definitions of what they say."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from engine.kernels import compiling, folding, gathering, purchases


def lines_of(random: np.random.Generator, customers: int = 5, items: int = 6, count: int = 120) -> purchases.Lines:
    who, what = random.integers(0, customers, count), random.integers(0, items, count)
    day = random.integers(0, 100, count)
    order = np.lexsort((what, who))
    starts = np.searchsorted(who[order], np.arange(customers + 1))
    seen = day + random.choice([0, 0, 9], count)
    measures = random.integers(-5, 9, (count, 2))
    columns = (what[order].astype(np.int32), day[order].astype(np.int32), seen[order].astype(np.int32))
    return compiling.given(purchases.Lines(starts, *columns, measures[order]))


def by_day(lines: purchases.Lines) -> purchases.Lines:
    """Lines of one item, as cells lie: the days of each customer in order."""
    order = np.lexsort((lines.day, np.searchsorted(lines.starts, np.arange(lines.day.size), side="right")))
    return compiling.given(
        lines._replace(day=lines.day[order], visible=lines.visible[order], measures=lines.measures[order])
    )


def visible(lines: purchases.Lines, customer: int, today: int) -> list[int]:
    return [
        line
        for line in range(lines.starts[customer], lines.starts[customer + 1])
        if max(lines.day[line], lines.visible[line]) <= today
    ]


@pytest.mark.parametrize("seed", range(5))
def test_bought_items_are_what_is_visible_within_the_window(seed: int) -> None:
    lines = lines_of(np.random.default_rng(seed))
    none = np.empty(0, np.int64)
    size = purchases.bought_items(lines, 80, 20, 70, none, none, none, np.empty((0, 2), np.int64))
    owner, item, first, sums = *(np.empty(size, np.int64) for _ in range(3)), np.empty((size, 2), np.int64)
    purchases.bought_items(lines, 80, 20, 70, owner, item, first, sums)
    days: dict[tuple[int, int], int] = {}
    slow: dict[tuple[int, int], np.ndarray] = {}
    for customer in range(5):
        for line in visible(lines, customer, 80):
            if 20 < lines.day[line] <= 70:
                key = (customer, int(lines.item[line]))
                slow[key] = slow.get(key, np.zeros(2, np.int64)) + lines.measures[line]
                days[key] = min(days.get(key, 100), int(lines.day[line]))
    assert list(zip(owner.tolist(), item.tolist(), strict=True)) == sorted(slow)
    assert sums.tolist() == [slow[key].tolist() for key in sorted(slow)]
    assert first.tolist() == [days[key] for key in sorted(slow)]


@pytest.mark.parametrize("seed", range(5))
def test_the_first_day_is_one_of_a_visible_purchase_within_the_window(seed: int) -> None:
    lines = by_day(lines_of(np.random.default_rng(seed), items=1, count=40))
    cells = compiling.given(purchases.Cells(lines.starts, lines.day, lines.visible, lines.measures))
    firsts = np.empty(5, np.int64)
    purchases.first_days(cells, lines.measures[:, 1].copy(), 80, 20, 70, firsts)
    for customer in range(5):
        days = [
            int(lines.day[line])
            for line in visible(lines, customer, 80)
            if 20 < lines.day[line] <= 70 and lines.measures[line, 1] > 0
        ]
        assert firsts[customer] == min(days, default=-1)


@pytest.mark.parametrize("seed", range(5))
def test_rhythms_are_of_distinct_visible_days(seed: int) -> None:
    random = np.random.default_rng(seed)
    lines = by_day(lines_of(random, items=1, count=40))
    cells = compiling.given(purchases.Cells(lines.starts, lines.day, lines.visible, lines.measures))
    rhythm = np.empty((5, 5), np.int64)
    purchases.rhythms(cells, 80, 10, 4, rhythm)
    for customer in range(5):
        days = sorted({int(lines.day[line]) for line in visible(lines, customer, 80)})
        gaps = np.diff(days)
        wanted = [
            days[0] if days else -1,
            len(days),
            days[-1] if days else -1,
            2 * np.median(gaps) if len(gaps) else -1,
            len({(80 - day) // 10 for day in days if 80 - day < 40}),
        ]
        assert rhythm[customer].tolist() == wanted


@pytest.mark.parametrize("seed", range(5))
def test_the_nearest_are_the_most_alike_and_never_oneself(seed: int) -> None:
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(12, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[4] = 0
    present = random.random(12) < 0.7
    others, likeness = np.empty((12, 3), np.int64), np.empty((12, 3))
    purchases.nearest(vectors, present, 3, others, likeness)
    for point in range(12):
        there = [other for other in range(12) if other not in (point, 4) and present[other] and point != 4]
        wanted = sorted(there, key=lambda other: -vectors[point] @ vectors[other])[:3]
        assert others[point, : len(wanted)].tolist() == wanted
        assert (others[point, len(wanted) :] == -1).all()
        np.testing.assert_allclose(likeness[point, : len(wanted)], vectors[wanted] @ vectors[point])


@pytest.mark.parametrize("is_directed", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_a_lift_counts_the_other_buyers_of_items_of_other_kinds(seed: int, is_directed: bool) -> None:
    random = np.random.default_rng(seed)
    takes = random.random((9, 6)) < 0.5
    owns, kind = random.random((9, 2)) < 0.4, np.arange(6) % 2
    began, first = np.where(owns, random.integers(0, 5, (9, 2)), -1), random.integers(0, 5, (9, 6))
    after = began[:, None, :] > (first if is_directed else np.full_like(first, -1))[:, :, None]
    starts = np.concatenate([[0], takes.sum(axis=1).cumsum()]).astype(np.int64)
    since = first[takes] if is_directed else np.full(takes.sum(), -1)
    basket = compiling.given(purchases.Basket(starts, np.nonzero(takes)[1].copy(), since, kind, began))
    both, buyers = np.zeros((6, 2), np.int64), np.zeros(6, np.int64)
    purchases.owners_by_item(basket, both, buyers)
    best, mean, top = (np.empty((9, 2)) for _ in range(3))
    purchases.lifts(basket, both, buyers, purchases.Shrinkage(2, 3.0), best, mean, top, 2)
    for customer, division in itertools.product(range(9), range(2)):
        others = [other for other in range(9) if other != customer]
        shoppers = [other for other in others if takes[other].any()]
        rate = owns[others, division].sum() / len(shoppers)
        lifts = []
        for item in np.flatnonzero(takes[customer] & (kind != division)):
            with_item = [other for other in others if takes[other, item]]
            if len(with_item) >= 2:
                lifts.append((after[with_item, item, division].sum() + 3.0) / (rate * len(with_item) + 3.0))
        if lifts:
            assert best[customer, division] == pytest.approx(max(lifts))
            assert mean[customer, division] == pytest.approx(np.mean(lifts))
            assert top[customer, division] == pytest.approx(sum(sorted(lifts)[-2:]))
        else:
            assert np.isnan([best[customer, division], mean[customer, division], top[customer, division]]).all()


def test_counting_puts_lines_in_the_order_of_a_stable_sort() -> None:
    code = np.random.default_rng(0).integers(0, 7, 200).astype(np.int32)
    order, result, starts = np.arange(200)[::-1].copy(), np.empty(200, np.int64), np.zeros(8, np.int64)
    gathering.sorted_by(code, starts, order, result)
    assert result.tolist() == order[np.argsort(code[order], kind="stable")].tolist()
    assert starts.tolist() == np.searchsorted(np.sort(code), np.arange(8)).tolist()


@given(seed=st.integers(0, 999), count=st.integers(0, 300), named=st.integers(0, 6))
def test_items_ordered_together_are_the_product_of_the_baskets(seed: int, count: int, named: int) -> None:
    """Against a sparse matrix of baskets and items times itself."""
    random = np.random.default_rng(seed)
    lines = lines_of(random, count=count)
    lines = compiling.given(lines._replace(day=lines.day // 20, visible=lines.visible // 20))
    chosen = np.sort(random.permutation(6)[:named])
    place = np.full(6, -1)
    place[chosen] = np.arange(named)
    counts = np.full((named, named), 7, np.int32)
    purchases.ordered_together(lines, 4, 0, 3, place, counts)
    owner = np.searchsorted(lines.starts, np.arange(count), side="right") - 1
    seen = (lines.day > 0) & (lines.day <= 3) & (lines.visible <= 4)
    cells = (np.ones(seen.sum(), np.int64), ((owner * 5 + lines.day)[seen], lines.item[seen]))
    baskets = (sparse.csr_matrix(cells, (25, 6)) > 0).astype(np.int64)[:, chosen]
    together = (baskets.T @ baskets).toarray()
    np.fill_diagonal(together, 0)
    assert counts.tolist() == together.tolist()


def taken_of(random: np.random.Generator) -> tuple[folding.Taken, np.ndarray]:
    takes = random.random((5, 8)) < 0.5
    starts = np.concatenate([[0], takes.sum(axis=1).cumsum()]).astype(np.int64)
    weight, value = random.random((2, takes.sum())) + 0.1
    return compiling.given(folding.Taken(starts, np.nonzero(takes)[1].copy(), weight, value, np.arange(8) % 3)), takes


def test_folding_in_solves_least_squares_as_if_a_kind_did_not_exist() -> None:
    random = np.random.default_rng(1)
    taken, takes = taken_of(random)
    factors = random.normal(size=(8, 4))
    whole, masked = np.empty((5, 4)), np.empty((15, 4))
    folding.folded_in(taken, factors, 0.5, 3, whole, masked)
    for customer, kind in itertools.product(range(5), range(4)):
        weight, value = np.zeros((2, 8))
        run = slice(taken.starts[customer], taken.starts[customer + 1])
        weight[takes[customer]], value[takes[customer]] = taken.weight[run], taken.value[run]
        left = taken.kind != kind
        here, confidence = factors[left], 1 + weight[left]
        square = here.T @ (confidence[:, None] * here) + 0.5 * np.eye(4)
        wanted = np.linalg.solve(square, here.T @ value[left])
        found = whole[customer] if kind == 3 else masked[customer * 3 + kind]
        np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_likeness_is_to_the_other_owners_alone() -> None:
    random = np.random.default_rng(2)
    vectors, owns = random.normal(size=(10, 3)), (random.random((5, 2)) < 0.6).astype(np.float64)
    directions = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    unit, likeness = directions.reshape(5, 2, 3), np.empty((5, 2))
    folding.likeness_to_owners(directions, owns, (unit * owns[:, :, None]).sum(axis=0), likeness)
    for customer, kind in itertools.product(range(5), range(2)):
        others = [other for other in range(5) if other != customer and owns[other, kind]]
        centre = unit[others, kind].sum(axis=0)
        wanted = unit[customer, kind] @ centre / np.linalg.norm(centre) if others else np.nan
        np.testing.assert_allclose(likeness[customer, kind], wanted)
