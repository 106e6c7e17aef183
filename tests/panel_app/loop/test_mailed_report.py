"""The report of a night in a real browser: no request leaves it, everybody can read it, it fits a phone and paper."""

from __future__ import annotations

import pytest

from engine.outputs.read import find_run
from engine.outputs.shelf.report import ReportSettings, report
from tests.panel_app.loop.screen import overflowing
from tests.panel_app.test_browser import faults


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_mailed_file_asks_nobody_for_anything_and_fits_every_window(chromium, runs, tmp_path, theme):
    file = tmp_path / "night.html"
    file.write_text(report(find_run(runs), None, ReportSettings(cases=3)), encoding="utf-8")
    page = chromium.new_context(color_scheme=theme, viewport={"width": 1440, "height": 900}).new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(file.as_uri())
    assert asked == [file.as_uri()]
    assert complaints == []
    for width in (1440, 820, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert overflowing(page) == [], width
    assert page.locator("svg").count() == 4
    assert page.locator("img").count() == 0
    # The policy that lets nothing in also keeps a foreign script out; the tool that looks for faults is one.
    bare = page.content().replace("default-src 'none'", "default-src *").replace("script-src 'unsafe-inline'", "")
    page.set_content(bare)
    assert faults(page) == []
    page.context.close()
