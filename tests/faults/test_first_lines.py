"""What is odd about the input is told in the first lines of a night, by `check`, and in the published run."""

from __future__ import annotations

import re

import pytest

from bench.faults.catalog import FAULTS
from bench.faults.chain import small
from bench.faults.fault import DONE
from bench.faults.night import NOTICES
from tests.cases.night import night
from tests.command import darkshelf

CHAIN = small()
TOLD = (
    "one_row_in_2099",
    "day_lost",
    "ids_with_a_fraction",
    "cents_for_one_sku",
    "stock_ends_early",
    "stores_at_0_0",
)
FIGURES = "dark shelves open"


@pytest.mark.slow
@pytest.mark.parametrize("name", TOLD)
def test_a_notice_comes_before_the_figures(name, tmp_path, capsys):
    fault = FAULTS[name]
    folder = fault.deliver(CHAIN, tmp_path / "in")
    answer = darkshelf(capsys, "run", folder, "--out", tmp_path / "out")
    assert answer.code == DONE
    said = re.search(fault.tells, answer.out + answer.err, re.IGNORECASE)
    assert said is not None
    if on_the_page := re.search(fault.tells, answer.out, re.IGNORECASE):
        assert on_the_page.start() < answer.out.index(FIGURES)


@pytest.mark.slow
@pytest.mark.parametrize("name", TOLD)
def test_a_notice_is_told_by_check_and_published_with_its_numbers(name, tmp_path, capsys):
    ran = night(capsys, FAULTS[name].deliver(CHAIN, tmp_path / "in"), tmp_path / "out")
    ran.tells(FAULTS[name].tells)
    for notice in ran.quality[NOTICES]:
        assert set(notice) == {"where", "what", "advice", "count", "of", "examples"}
        assert notice["advice"]
