"""One wrong cell, anywhere, moves no more than its own shelf; or the night is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.faults.chain import Chain, small
from bench.faults.fault import changed, plain, write
from bench.faults.measure import OTHER_MONEY
from bench.faults.night import Night, of_run
from engine.errors import InputError
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from engine.vocabulary import shelf as v

if TYPE_CHECKING:
    from pathlib import Path

    from bench.faults.chain import Pair

DARK = (("S02", "5003"), ("S05", "5001"), ("S09", "5007"), ("S11", "5010"), ("S03", "5012"), ("S07", "5005"))
CHAIN = small(n_stores=12, n_skus=12, dark=DARK)
COLUMNS = (
    (v.SALES, "units_sold"),
    (v.SALES, "revenue"),
    (v.INVENTORY, "quantity_on_hand"),
    (v.PRICING, "price"),
    (v.IMPRESSIONS, "impression_count"),
    (v.STORES, "latitude"),
    (v.STORES, "longitude"),
    (v.SKUS, "cost"),
)
VALUES = {
    "zero": lambda cell: 0.0,
    "negative": lambda cell: -abs(cell) - 1,
    "times_100": lambda cell: 100 * cell,
    "billion": lambda cell: 1e9,
    "largest": lambda cell: 1e308,
    "nan": lambda cell: float("nan"),
    "infinite": lambda cell: float("inf"),
}


class Cell(NamedTuple):
    """A cell, by its table, column and row, and what stands there instead."""

    table: str
    column: str
    row: int
    value: str

    def owner(self, chain: Chain) -> dict[str, str]:
        """The store, the SKU or the store-SKU that the cell speaks of."""
        row = chain.tables[self.table].row(self.row, named=True)
        return {name: row[name] for name in v.PAIR if name in row}


@st.composite
def cells(draw: st.DrawFn) -> Cell:
    table, column = draw(st.sampled_from(COLUMNS))
    row = draw(st.integers(0, CHAIN.tables[table].height - 1))
    return Cell(table, column, row, draw(st.sampled_from(sorted(VALUES))))


def with_cell(chain: Chain, cell: Cell, value: float | None) -> Chain:
    frame = chain.tables[cell.table]
    column = frame[cell.column].cast(pl.Float64).scatter(cell.row, value)
    tables = changed(chain, **{cell.table: frame.with_columns(column.alias(cell.column))})
    return replace(chain, tables=tables)


def night_of(chain: Chain, room: Path) -> Night | None:
    """The night, None when it is refused."""
    folder = write(room / "in", plain(chain))
    try:
        return of_run(desk.run(folder, room / "out", CalibratedSettings()).folder)
    except InputError:
        return None


def of_others(night: Night, owner: dict[str, str]) -> dict[Pair, float]:
    def is_own(pair: Pair) -> bool:
        return all(owner.get(name, code) == code for name, code in zip(v.PAIR, pair, strict=True))

    return {pair: risk for pair, risk in night.open.items() if not is_own(pair)}


@pytest.mark.slow
def test_the_chain_has_open_cases_to_move(tmp_path):
    night = night_of(CHAIN, tmp_path)
    assert night is not None
    assert set(DARK) <= night.open.keys()


@pytest.mark.slow
@settings(max_examples=20)
@given(cell=cells())
def test_a_wrong_cell_moves_its_own_shelf_alone(tmp_path_factory, cell):
    was = CHAIN.tables[cell.table][cell.column][cell.row]
    wrong = night_of(with_cell(CHAIN, cell, VALUES[cell.value](float(was))), tmp_path_factory.mktemp("wrong"))
    if wrong is None:
        return
    missing = night_of(with_cell(CHAIN, cell, None), tmp_path_factory.mktemp("missing"))
    assert missing is not None
    owner = cell.owner(CHAIN)
    assert of_others(wrong, owner) == pytest.approx(of_others(missing, owner), rel=OTHER_MONEY)
