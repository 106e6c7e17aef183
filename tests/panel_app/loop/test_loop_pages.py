"""Findings, tasks, answers, accuracy, growth and the run in a real browser, on a desk, a tablet and a phone."""

from __future__ import annotations

import pytest

from tests.outputs.nights import HOSTILE
from tests.panel_app.loop.screen import overflowing
from tests.panel_app.test_browser import faults

PAGES = {
    "findings": "Findings",
    "tasks": "Tasks",
    "tasks&store=1": f"Checks for {HOSTILE}",
    "answers&store=2": "Answers of 上海南京路店",
    "accuracy": "Accuracy",
    "growth": "Growth, half month 202506A",
    "growth&row=S01%2FP%27%C3%A900": "Growth, half month 202506A",
    "run&aside=pricing": "The run of Mar 31, 2026",
}
DESK, TABLET, PHONE = 1440, 820, 390


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_at_every_width_without_a_fault(open_page, page):
    screen = open_page(f"?page={page}", width=DESK)
    assert screen.locator("h1").first.inner_text() == PAGES[page]
    for width in (DESK, TABLET, PHONE):
        screen.set_viewport_size({"width": width, "height": 1000})
        assert overflowing(screen) == [], width
        assert faults(screen) == [], width


@pytest.mark.parametrize("page", PAGES)
def test_every_page_can_be_read_in_the_dark(open_in_the_dark, page):
    """Colours do not depend on the width, and widths not on the colours."""
    assert faults(open_in_the_dark(f"?page={page}", width=DESK)) == []


def test_a_store_that_is_called_like_markup_is_a_name(open_page):
    screen = open_page("?page=tasks&store=1")
    assert screen.locator("img[src=x]").count() == 0
