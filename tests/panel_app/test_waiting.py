"""What a reader sees while the server works, and when it is gone; the wire between them is held up by the test."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.panel_app.test_browser import faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.panel_app.conftest import Window

WAITING = "html[data-waiting] #waiting-bar"


@dataclass
class Wire:
    """The connection of a page. held: what the browser said while the wire was held up."""

    is_held: bool = False
    held: list[str | bytes] = field(default_factory=list)
    page: Any = None
    server: Any = None

    def connect(self, page: Any) -> None:
        """Stand between a page and its server."""
        self.page, self.server = page, page.connect_to_server()
        self.page.on_message(self._from_page)

    def _from_page(self, said: str | bytes) -> None:
        if self.is_held:
            self.held.append(said)
        else:
            self.server.send(said)

    def release(self) -> None:
        """Let everything through that was said meanwhile."""
        self.is_held = False
        for said in self.held:
            self.server.send(said)

    def spoil(self) -> None:
        """Turn the first thing that was said into one that the server fails at."""
        place = next(place for place, said in enumerate(self.held) if '"events"' in str(said))
        content = json.loads(self.held[place])
        content["events"][0]["msg_data"] = {"type": "event", "values": {"type": "nothing that exists"}}
        self.held[place] = json.dumps(content)


@pytest.fixture
def reader(window: Callable[..., Window]) -> tuple[Window, Wire]:
    """A reader of the summary, and the wire."""
    made, wire = window(1440), Wire()
    made.page.route_web_socket("**/ws**", wire.connect)
    return made.open(), wire


def test_a_reader_sees_that_an_answer_is_coming_until_it_came(reader: tuple[Window, Wire]) -> None:
    here, wire = reader
    bar, said = here.page.locator(WAITING), here.page.locator("#waiting-said")
    here.page.locator("canvas").first.wait_for()
    assert not bar.is_visible()
    wire.is_held = True
    here.page.get_by_role("link", name="Cases", exact=True).click()
    bar.wait_for()
    said.filter(has_text="The server is working.").wait_for()
    assert faults(here.page) == []
    wire.release()
    here.page.locator("table.cases").wait_for()
    bar.wait_for(state="hidden")
    said.filter(has_text="Done.").wait_for()


def test_waiting_ends_when_the_server_fails_at_what_was_asked(reader: tuple[Window, Wire]) -> None:
    here, wire = reader
    wire.is_held = True
    here.page.get_by_role("link", name="Cases", exact=True).click()
    here.page.locator(WAITING).wait_for()
    wire.spoil()
    wire.release()
    here.page.locator(WAITING).wait_for(state="hidden")
    assert len(here.complaints) == 1
    assert "ERROR reply" in here.complaints.pop()


def test_one_readers_waiting_is_not_anothers(reader: tuple[Window, Wire], window: Callable[..., Window]) -> None:
    here, wire = reader
    other = window(1440).open()
    wire.is_held = True
    here.page.get_by_role("link", name="Cases", exact=True).click()
    here.page.locator(WAITING).wait_for()
    assert not other.page.locator(WAITING).is_visible()
    other.go("Cases")
    wire.release()


def test_a_server_that_is_gone_is_told_and_the_page_can_be_loaded_again(reader: tuple[Window, Wire]) -> None:
    here, wire = reader
    here.go("Cases")
    wire.is_held = True
    here.page.locator("#sort-duration_days").click()
    here.page.locator(WAITING).wait_for()
    wire.page.close(code=1001, reason="gone")
    alert = here.page.get_by_role("alert").filter(has_text="does not answer any more")
    alert.wait_for()
    assert not here.page.locator(WAITING).is_visible()
    assert faults(here.page) == []
    wire.is_held = False
    alert.get_by_role("button").click()
    here.page.locator("table.cases").wait_for()
    here.page.wait_for_selector("html[data-ready]")
    assert not here.page.get_by_role("alert").is_visible()
