"""The figures of the growth desk's page against what was measured."""

from __future__ import annotations

import json

import pytest

from bench.speed import growth


@pytest.fixture
def found():
    return json.loads(growth.FILE.read_text(encoding="utf-8"))


def test_the_page_has_the_figures_that_were_measured(found):
    assert growth.PAGE.read_text(encoding="utf-8") == growth.page(found), (
        "write it anew with  python -m bench.speed.growth"
    )


def test_a_ratio_above_what_was_asked_is_told_as_missed(found):
    slow = {**found, "sizes": {"500": {name: list(rounds) for name, rounds in found["sizes"]["500"].items()}}}
    slow["sizes"]["500"]["scaling"] = [
        {**sample, "inner_cpu_seconds": 99.0, "seconds": 99.0} for sample in slow["sizes"]["500"]["scaling"]
    ]
    assert growth.table(slow).count("| missed |") == 2
