"""Numbers and days of charts take the form of the reader's language, as those of the pages do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.panel_app.conftest import Window

CASE = "2_12_2025-06-19"
MODELS = "window.Bokeh.documents.flatMap((document) => [...document._all_models.values()])"
FORMATTERS = f"""
() => {MODELS}.filter((m) => /Axis$/.test(m.type) && m.type !== 'CategoricalAxis' && m.visible).map((axis) => {{
  const tick = axis.formatter.doFormat([Date.UTC(2025, 5, 30), 12345678.5, 0.25], {{}})
  return [axis.formatter.type, axis.dimension ?? 0, ...tick]
}})
"""
HOVERS = f"() => {MODELS}.filter((m) => m.type === 'CustomJSHover').map((m) => m.format(1234567, '', {{}}))"


@pytest.mark.parametrize("query", ["", f"?page=case&case={CASE}"])
def test_every_axis_is_written_in_the_readers_language(window: Callable[..., Window], query: str) -> None:
    reader = window(1440, locale="de-DE").move(query)
    reader.page.locator("canvas").first.wait_for()
    reader.page.wait_for_function(f"() => {MODELS}.some((m) => m.type === 'DatetimeAxis')")
    axes = reader.page.evaluate(FORMATTERS)
    assert {kind for kind, *_ in axes} == {"CustomJSTickFormatter"}
    told = {tuple(ticks[1:]) for _, *ticks in axes}
    numbers, days = "12,3\xa0Mio.", "30. Juni"
    assert {ticks[1] for ticks in told} >= {numbers}
    assert {ticks[2] for ticks in told} >= {"0,25"}
    assert {ticks[0] for ticks in told} >= {days}


def test_the_hover_of_the_map_is_written_in_the_readers_language(window: Callable[..., Window]) -> None:
    reader = window(1440, locale="de-DE").move("?page=map")
    reader.page.locator("canvas").first.wait_for()
    reader.page.wait_for_function(f"() => {MODELS}.some((m) => m.type === 'CustomJSHover')")
    assert sorted(reader.page.evaluate(HOVERS)) == ["1.234.567", "1.234.567\xa0$"]
