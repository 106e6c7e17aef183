"""A night is as of the last day that the chain delivered as it usually does; a day cut short is put off, by name."""

from __future__ import annotations

import re

import pytest

from bench.faults.catalog import FAULTS
from bench.faults.chain import DARK_SHELF, small
from bench.faults.fault import plain, write
from engine.vocabulary import shelf as v
from tests.cases.night import night

CHAIN = small()
CUT_SHORT = ("half_of_the_last_day", "fifth_of_the_last_day", "last_day_until_noon")
BEYOND = ("one_row_in_2099", "one_row_a_week_ahead", "some_rows_a_month_ahead")
LAST, BEFORE = str(CHAIN.last_day), str(CHAIN.day(1))


@pytest.mark.slow
@pytest.mark.parametrize("name", CUT_SHORT)
def test_a_day_cut_short_is_put_off_with_the_command_for_the_day_before(name, tmp_path, capsys):
    folder = FAULTS[name].deliver(CHAIN, tmp_path / "in")
    put_off = night(capsys, folder, tmp_path / "out")
    assert put_off.code == 75
    put_off.tells(LAST, BEFORE)
    assert not list((tmp_path / "out").glob("runs/*"))
    offered = re.search(r"--as-of (\d{4}-\d\d-\d\d)", put_off.told)
    assert offered is not None
    assert offered[1] == BEFORE
    done = night(capsys, folder, tmp_path / "out", "--as-of", BEFORE)
    assert done.code == 0
    assert done.answer["as_of"] == BEFORE
    assert done.open.select(v.PAIR).rows() == [DARK_SHELF]


@pytest.mark.parametrize("name", CUT_SHORT)
def test_a_day_cut_short_is_put_off_when_it_is_asked_for_too(name, tmp_path, capsys):
    folder = FAULTS[name].deliver(CHAIN, tmp_path / "in")
    assert night(capsys, folder, tmp_path / "out", "--as-of", LAST).code == 75


@pytest.mark.slow
def test_a_day_cut_short_is_run_and_marked_when_that_is_wanted(tmp_path, capsys):
    folder = FAULTS["half_of_the_last_day"].deliver(CHAIN, tmp_path / "in")
    partial = night(capsys, folder, tmp_path / "out", "--allow-partial")
    assert partial.code == 0
    assert partial.answer["as_of"] == LAST
    assert re.search(LAST, partial.told)


@pytest.mark.slow
@pytest.mark.parametrize("name", BEYOND)
def test_rows_beyond_the_bulk_of_the_dates_neither_move_nor_stop_a_night(name, tmp_path, capsys):
    folder = FAULTS[name].deliver(CHAIN, tmp_path / "in")
    done = night(capsys, folder, tmp_path / "out")
    assert done.code == 0
    assert done.answer["as_of"] == LAST
    assert done.open.select(v.PAIR).rows() == [DARK_SHELF]


@pytest.mark.slow
def test_a_mistyped_date_does_not_stand_in_the_way_of_later_nights(tmp_path, capsys):
    out = tmp_path / "out"
    mistyped = FAULTS["one_row_in_2099"].deliver(CHAIN, tmp_path / "mistyped")
    assert night(capsys, mistyped, out, "--as-of", BEFORE).code == 0
    assert night(capsys, mistyped, out).code == 0
    assert (out / "LATEST").read_text(encoding="utf-8").startswith(LAST)


@pytest.mark.slow
def test_a_whole_day_is_judged_whatever_is_asked_for(tmp_path, capsys):
    folder = write(tmp_path / "in", plain(CHAIN))
    by_default, asked = (night(capsys, folder, tmp_path / "out", *words) for words in ((), ("--as-of", LAST)))
    assert by_default.answer["run_id"] == asked.answer["run_id"]
