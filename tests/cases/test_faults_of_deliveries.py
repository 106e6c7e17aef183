"""Ordinary faults of deliveries, each planted into a chain with one dark shelf: told or refused, never swallowed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bench.faults.catalog import FAULTS, KINDS
from bench.faults.chain import DARK_SHELF, small
from bench.faults.fault import DONE, plain, write
from bench.faults.measure import OTHER_MONEY
from bench.faults.night import Night, of_run
from engine.config import Settings
from engine.shelf import desk
from tests.cases.night import night

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

CHAIN = small()
OF_ONE_SHELF = [fault.name for kind in ("One cell", "Rows", "Ids and names") for fault in KINDS[kind]]
OF_ITS_VALUE = [
    "price_0_on_the_last_day",
    "price_0_on_the_last_days",
    "price_0_everywhere_on_the_last_day",
    "no_price_at_all",
    "prices_as_changes",
    "fifth_of_the_prices_lost",
    "prices_end_early",
    "stock_as_changes",
    "stock_of_a_case_counted_before_the_panel",
    "stock_counted_weekly",
    "fifth_of_the_stock_lost",
]


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> Night:
    """The plain night."""
    room = tmp_path_factory.mktemp("plain")
    return of_run(desk.run(write(room / "in", plain(CHAIN)), room / "out", Settings()).folder)


@pytest.fixture
def faulty(request: Any, tmp_path: Path, capsys: Any) -> Night:
    """The night with a fault."""
    folder = FAULTS[request.param].deliver(CHAIN, tmp_path / "in")
    ran = night(capsys, folder, tmp_path / "out")
    if ran.code != DONE:
        return Night(ran.code, (ran.told,), {})
    found = of_run(ran.run_folder)
    return replace(found, open=FAULTS[request.param].by_plain_ids(found.open))


def each(names: list[str]) -> Any:
    """One test a fault, of its name."""
    return pytest.mark.parametrize(
        ("faulty", "name"), [(name, name) for name in names], ids=names, indirect=["faulty"]
    )


def told_beside(night_: Night, bare: Night) -> str:
    return "\n".join(text for text in night_.told if text not in bare.told)


def test_the_plain_night_finds_the_dark_shelf(bare):
    assert list(bare.open) == [DARK_SHELF]


def test_the_plain_night_has_nothing_to_tell(bare):
    assert bare.told == ()


@each(list(FAULTS))
def test_a_fault_is_told_or_refused_or_changes_nothing(faulty, name, bare):
    fault = FAULTS[name]
    told = told_beside(faulty, bare)
    assert faulty.code in fault.exits, told
    assert not fault.tells or fault.is_told(told), f"{fault.tells!r} is not in: {told}"
    if faulty.code == DONE:
        assert list(faulty.open) == [DARK_SHELF]


@each(OF_ONE_SHELF)
def test_a_fault_of_other_shelves_moves_no_money_of_a_case(faulty, name, bare):
    if faulty.code == DONE:
        assert faulty.open.get(DARK_SHELF) == pytest.approx(bare.open[DARK_SHELF], rel=OTHER_MONEY)


@each(OF_ITS_VALUE)
def test_a_case_keeps_its_value_where_its_price_or_stock_can_be_known(faulty, name, bare):
    assert faulty.open.get(DARK_SHELF) == pytest.approx(bare.open[DARK_SHELF], rel=OTHER_MONEY)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_the_same_every_time(name, tmp_path):
    first, again = (FAULTS[name].deliver(CHAIN, tmp_path / word) for word in ("first", "again"))
    files = {file.name: file.read_bytes() for file in first.iterdir()}
    assert files == {file.name: file.read_bytes() for file in again.iterdir()}
