"""The page of the faults against its figures, and how a night with a fault is held against the plain one."""

from __future__ import annotations

from bench.faults.catalog import FAULTS, KINDS
from bench.faults.fault import DONE, REFUSED, Fault, plain
from bench.faults.measure import compare, read
from bench.faults.night import Night, sentences_of
from bench.faults.report import PAGE, page

BARE = Night(DONE, ("plain: told every night",), {("S1", str(n)): 100.0 for n in range(20)})
QUIET = Fault("nothing to tell", plain)
TOLD = Fault("something to tell", plain, tells="stale")


def beside(fault: Fault, told: tuple[str, ...] = (), code: int = DONE, *, without: int = 0, more: int = 0):
    changed = dict(list(BARE.open.items())[without:]) | {("S2", str(n)): 50.0 for n in range(more)}
    return compare("kind", fault, BARE, Night(code, (*BARE.notices, *told), changed if code == DONE else {}))


def test_a_tenth_of_the_list_may_change_without_a_word():
    assert beside(QUIET, without=1, more=1).as_wanted
    assert not beside(QUIET, without=1, more=2).as_wanted
    assert beside(QUIET, without=1, more=2).is_silent


def test_what_the_plain_night_tells_is_no_word_about_the_fault():
    assert beside(QUIET, without=20).notices == ()
    assert beside(TOLD, ("stock: stale",), without=20).as_wanted


def test_a_fault_has_to_be_sentences_of_its_own_word():
    assert not beside(TOLD).as_wanted
    assert not beside(TOLD, ("price: in cents",)).as_wanted
    assert not beside(TOLD, ("price: in cents",)).is_silent


def test_what_is_no_fault_may_not_be_told_as_one():
    ordinary = Fault("no fault", plain, is_ordinary=True)
    assert beside(ordinary).as_wanted
    assert not beside(ordinary, ("sales: odd",)).as_wanted


def test_a_refusal_is_right_where_it_is_wanted_and_changes_no_list():
    refused = beside(QUIET, ("broken",), REFUSED)
    assert (refused.new, refused.gone) == (0, 0)
    assert not refused.as_wanted
    assert beside(Fault("to be refused", plain, (REFUSED,)), ("broken",), REFUSED).as_wanted


def test_a_case_worth_more_than_a_hundredth_less_has_moved():
    night = Night(DONE, BARE.notices, BARE.open | {("S1", "0"): 98.9, ("S1", "1"): 99.1})
    assert compare("kind", QUIET, BARE, night).moved == 1


def test_a_notice_is_told_with_its_numbers_and_examples():
    notice = {"where": "pricing", "what": "is in cents", "count": 3, "of": 1200, "examples": ["5001", "5002"]}
    assert sentences_of([notice]) == ("pricing: is in cents: 3 of 1,200 (5001; 5002)",)


def test_every_fault_has_a_name_of_its_own():
    assert len(FAULTS) == sum(len(faults) for faults in KINDS.values())


def test_the_page_says_what_was_measured():
    assert PAGE.read_text(encoding="utf-8") == page(read()), "write it anew with  python -m bench.faults"


def test_every_fault_was_measured():
    assert list(read()["faults"]) == list(FAULTS)
