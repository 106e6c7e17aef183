from __future__ import annotations

import pytest

from engine.settings.shelf.classic import DetectSettings
from engine.shelf.classic.detect import detect
from tests.planted.chain import sells


@pytest.mark.parametrize(
    ("changes", "runs"),
    [
        pytest.param([(range(87, 90), None)], [(87, 89)], id="three_empty_days_at_the_end_are_an_open_case"),
        pytest.param([(range(60, 63), 5.9)], [(60, 62)], id="three_days_just_under_sixty_percent_are_a_case"),
        pytest.param([(range(60, 63), 6)], [], id="three_days_at_sixty_percent_are_none"),
        pytest.param([(range(60, 62), 0)], [], id="two_empty_days_are_none"),
        pytest.param([(range(40, 43), 0), (range(80, 84), 0)], [(40, 42), (80, 83)], id="two_runs_are_two_cases"),
        pytest.param([(range(13, 16), 0)], [], id="the_first_fortnight_has_no_expectation"),
    ],
)
def test_dark_runs_of_ten_a_day(chain, expected_panel, changes, runs):
    chain.shelf("1", "sku", sells(10, *changes))
    found = detect(expected_panel(chain), DetectSettings())
    assert found.select("first", "last").rows() == runs


def test_a_run_ends_when_the_shelf_runs_empty(chain, expected_panel):
    chain.shelf("1", "sku", sells(10, (range(70, 80), None)), on_hand={0: 60, 75: 0, 80: 50})
    assert detect(expected_panel(chain), DetectSettings()).select("first", "last").rows() == [(70, 74)]


def test_the_settings_say_how_dark_and_how_long(chain, expected_panel):
    chain.shelf("1", "sku", sells(10, (range(70, 74), 6.5)))
    panel = expected_panel(chain)
    assert detect(panel, DetectSettings(dark_ratio=0.7)).select("first", "last").rows() == [(70, 73)]
    assert detect(panel, DetectSettings(dark_ratio=0.7, min_dark_days=5)).height == 0


def test_a_store_sku_that_is_not_judged_has_no_case(chain, expected_panel):
    chain.shelf("1", "sku", sells(10, (range(60, 70), None)), on_hand={0: 60, 80: 0})
    assert detect(expected_panel(chain), DetectSettings()).height == 0
