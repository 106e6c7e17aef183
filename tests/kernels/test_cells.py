from __future__ import annotations

from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels import cells as kernel
from engine.kernels import compiling
from tests.kernels import naive

ID = st.integers(0, 6)
ORDERS = ("as they come", "sorted", "by sku")


class Table(NamedTuple):
    """Rows of a table and the panel they are placed in."""

    rows: list[tuple[int, int, int, bool]]
    pairs: list[tuple[int, int]]
    n_days: int
    n_before: int = 0


@st.composite
def tables(draw: st.DrawFn) -> Table:
    pairs = sorted(draw(st.sets(st.tuples(ID, ID), max_size=12)))
    n_days, n_before = draw(st.integers(1, 6)), draw(st.integers(0, 3))
    day = st.integers(-4, n_days + 1) | st.just(np.iinfo(np.int32).min)
    key = st.tuples(ID, ID) | (st.sampled_from(pairs) if pairs else st.nothing())
    rows = draw(st.lists(st.tuples(key, day, st.booleans()), max_size=40))
    flat = [(*key, day, unusable) for key, day, unusable in rows]
    match draw(st.sampled_from(ORDERS)):
        case "sorted":
            flat.sort()
        case "by sku":
            flat.sort(key=lambda row: (row[1], row[0], row[2]))
    return Table(flat, pairs, n_days, n_before)


def locate(table: Table) -> naive.Located:
    store_ids, sku_ids, days, unusable = (list(column) for column in zip(*table.rows, strict=True))
    stores = sorted({store for store, _ in table.pairs})
    of_pairs = [store for store, _ in table.pairs]
    cells = np.empty(len(table.rows), np.int64)
    grid = kernel.Grid(
        np.array(stores, np.int64),
        np.searchsorted(of_pairs, [*stores, np.inf]).astype(np.int64),
        np.array([sku for _, sku in table.pairs], np.int64),
        table.n_days,
        table.n_before,
    )
    outside, kept_out = kernel.locate(
        np.array(store_ids, np.int64),
        np.array(sku_ids, np.int64),
        np.array(days, np.int32),
        np.array(unusable, np.bool_),
        compiling.given(grid),
        cells,
    )
    return naive.Located(cells.tolist(), outside, kept_out)


@given(tables().filter(lambda table: table.rows))
def test_every_row_finds_the_cell_of_its_pair_and_day(table):
    assert locate(table) == naive.located(table.rows, table.pairs, table.n_days, table.n_before)


@given(tables().filter(lambda table: table.rows and table.n_before), st.data())
def test_the_latest_value_from_before_the_first_day_is_held(table, data):
    found = np.array(locate(table).cells)
    values = np.array(
        data.draw(st.lists(st.sampled_from([np.nan, 1.0, 2.0, 3.0]), min_size=found.size, max_size=found.size))
    )
    days_before, held = np.full(len(table.pairs), table.n_before + 1), np.full(len(table.pairs), np.nan)
    kernel.hold_last(found, values, table.n_before, days_before, held)
    wanted = naive.held_last(table.rows, values.tolist(), table.pairs, table.n_before)
    np.testing.assert_array_equal(held, wanted)


def test_a_panel_without_pairs_leaves_every_row_outside():
    assert locate(Table([(1, 1, 0, False), (2, 1, 0, True)], [], 5)) == ([-1, -2], 1, 1)


def test_a_sorted_table_is_placed_from_first_cell_to_last():
    pairs = [(store, sku) for store in (3, 5, 9) for sku in (2, 4, 8, 16)]
    rows = [(*pair, day, False) for pair in pairs for day in range(7)]
    assert locate(Table(rows, pairs, 7)).cells == list(range(len(rows)))


CELL_ROWS = st.lists(st.tuples(st.integers(-2, 11), st.integers(0, 9), st.integers(0, 99)), max_size=30)
PAIRS, DAYS = 3, 4


@given(CELL_ROWS, st.integers(0, 6))
def test_the_first_row_of_a_cell_is_put_and_the_later_ones_are_listed(rows, revenue_days):
    cells, sold, earned = (np.array([row[part] for row in rows]) for part in range(3))
    units, revenue = np.full((PAIRS, DAYS), np.nan), np.full((PAIRS, revenue_days), np.nan)
    repeated = np.empty(len(rows), np.int64)
    count = kernel.put_sales(
        cells.astype(np.int64), sold.astype(np.float64), earned.astype(np.float64), units, revenue, repeated
    )
    placed: dict[int, int] = {}
    again = []
    for number, cell in enumerate(cells.tolist()):
        if cell in placed:
            again.append(number)
        elif cell >= 0:
            placed[cell] = number
    assert repeated[:count].tolist() == again
    assert naive.known(units.ravel()) == [
        float(sold[placed[cell]]) if cell in placed else None for cell in range(PAIRS * DAYS)
    ]
    last_kept_day = DAYS - 2
    for pair in range(PAIRS):
        for place in range(revenue_days):
            row = placed.get(pair * DAYS + last_kept_day - (revenue_days - 1 - place))
            day = last_kept_day - (revenue_days - 1 - place)
            wanted = float(earned[row]) if row is not None and day >= 0 else None
            assert naive.known(revenue[pair])[place] == wanted


@given(rows=CELL_ROWS)
def test_the_last_row_of_a_cell_wins_and_the_overruled_are_counted(rows):
    array = np.full(PAIRS * DAYS, np.nan)
    cells = np.array([cell for cell, _, _ in rows], np.int64)
    values = np.array([value for _, _, value in rows], np.float64)
    replaced = kernel.put_last(cells, values, array)
    last = {cell: float(value) for cell, _, value in rows if cell >= 0}
    assert naive.known(array) == [last.get(cell) for cell in range(PAIRS * DAYS)]
    assert replaced == sum(cell >= 0 for cell, _, _ in rows) - len(last)


FLAG_ROWS = st.lists(st.tuples(st.integers(-2, 5), st.integers(0, 2)), max_size=25)
UNKNOWN_FLAG = 2


@given(FLAG_ROWS, FLAG_ROWS)
def test_any_flag_of_the_sales_is_kept_under_the_last_flag_of_the_prices(sales, pricing):
    array = np.zeros(6, np.uint8)
    for put, rows in ((kernel.raise_flags, sales), (kernel.overrule_flags, pricing)):
        put(
            np.array([cell for cell, _ in rows], np.int64),
            np.array([flag for _, flag in rows], np.uint8),
            array,
        )
    any_sale = {cell for cell, flag in sales if flag == 1}
    last_price = {cell: flag for cell, flag in pricing if cell >= 0}
    for cell in range(6):
        flag = last_price.get(cell, UNKNOWN_FLAG)
        assert array[cell] & 1 == (cell in any_sale)
        assert array[cell] >> 1 == (0 if flag == UNKNOWN_FLAG else flag + 1)
