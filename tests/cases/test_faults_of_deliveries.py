"""Ordinary faults of deliveries, each planted into a chain with one dark shelf: told or refused, never swallowed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from bench.faults.catalog import FAULTS, KINDS
from bench.faults.chain import DARK_SHELF, small
from bench.faults.fault import DONE, plain, write
from bench.faults.measure import OTHER_MONEY
from bench.faults.night import Night, of_run
from engine.errors import DarkshelfError
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

CHAIN = small()
OF_OTHER_SHELVES = [fault.name for kind in ("One cell", "Rows", "Ids and names") for fault in KINDS[kind]]
OF_OTHER_SHELVES.remove("totals_among_the_rows")
ORDINARY = [name for name, fault in FAULTS.items() if fault.is_ordinary]
OF_KNOWN_VALUE = [
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
QUICK = {faults[0].name for faults in KINDS.values()}
"""A fault of each kind, which the quick suite tries too."""


def tried(names: Iterable[str]) -> list[pytest.ParameterSet]:
    """A test of each fault, slow where the quick suite leaves it out."""
    return [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in names]


def judged(folder: Path, out: Path) -> Night:
    """The night over a folder, or how it was refused."""
    try:
        return of_run(desk.run(folder, out, CalibratedSettings()).folder)
    except DarkshelfError as error:
        return Night(error.exit_code, (str(error),), {})


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> Night:
    """The plain night."""
    room = tmp_path_factory.mktemp("plain")
    return judged(write(room / "in", plain(CHAIN)), room / "out")


@pytest.fixture(scope="module")
def night_with(bare, tmp_path_factory) -> Callable[[str], Night]:
    """The night with a fault, judged once, and what it tells beside the plain night."""

    @cache
    def night_with(name: str) -> Night:
        room, fault = tmp_path_factory.mktemp("night"), FAULTS[name]
        found = judged(fault.deliver(CHAIN, room / "in"), room / "out")
        notices = tuple(text for text in found.notices if text not in bare.notices)
        return replace(found, notices=notices, open=fault.by_plain_ids(found.open))

    return night_with


def test_the_plain_night_finds_the_dark_shelf(bare):
    assert list(bare.open) == [DARK_SHELF]


def test_the_plain_night_has_nothing_to_tell(bare):
    assert bare.notices == ()


@pytest.mark.parametrize("name", tried(FAULTS))
def test_a_fault_is_told_or_refused_or_changes_nothing(name, night_with):
    night, fault = night_with(name), FAULTS[name]
    notices = "\n".join(night.notices)
    assert night.code in fault.exits, notices
    assert fault.is_reported(notices), f"{fault.tells!r} is not in: {notices}"
    if night.code == DONE:
        assert list(night.open) == [DARK_SHELF]


@pytest.mark.parametrize("name", tried(ORDINARY))
def test_what_is_no_fault_is_no_news(name, night_with):
    assert night_with(name).notices == ()


@pytest.mark.parametrize("name", tried(OF_OTHER_SHELVES))
def test_a_fault_of_other_shelves_moves_no_money_of_a_case(name, night_with, bare):
    night = night_with(name)
    if night.code == DONE:
        assert night.open.get(DARK_SHELF) == pytest.approx(bare.open[DARK_SHELF], rel=OTHER_MONEY)


@pytest.mark.parametrize("name", tried(OF_KNOWN_VALUE))
def test_a_case_keeps_its_value_where_its_price_or_stock_can_be_known(name, night_with, bare):
    assert night_with(name).open.get(DARK_SHELF) == pytest.approx(bare.open[DARK_SHELF], rel=OTHER_MONEY)


@pytest.mark.parametrize("name", tried(FAULTS))
def test_a_fault_is_the_same_every_time(name, tmp_path):
    first, again = (FAULTS[name].deliver(CHAIN, tmp_path / word) for word in ("first", "again"))
    files = {file.name: file.read_bytes() for file in first.iterdir()}
    assert files == {file.name: file.read_bytes() for file in again.iterdir()}
    assert files != {}
