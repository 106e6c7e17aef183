"""The page of growth: its address holds run, filters and candidate; a candidate is decided on where it is open."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from engine.growth import desk
from engine.settings.growth.scaling import GrowthSettings
from panel_app.app import Shell
from panel_app.pages.growth.scaling import GrowthPage
from panel_app.rooms import Rooms
from panel_app.session import Session
from panel_app.settings import load_settings
from tests.growth.test_desk import golden_tables

if TYPE_CHECKING:
    from pathlib import Path

    from engine.decisions.store import Decisions

# The button of panel-material-ui gives Panel its own older name for the look beside the one that is asked for.
pytestmark = pytest.mark.filterwarnings("ignore:Both 'variant' and:PendingDeprecationWarning")


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Rooms:
    """A folder of nights that holds none yet, and one with a growth run."""
    folder: Path = tmp_path_factory.mktemp("growth")
    desk.run(golden_tables().write(folder / "in"), folder / "growth", GrowthSettings())
    return Rooms(folder / "out", load_settings(assignments={"page_rows": 5}), {"growth": [folder / "growth"]})


@pytest.fixture
def session(rooms: Rooms, decisions: Decisions) -> Session:
    return Session(rooms, decisions, "?page=growth")


def found(page: GrowthPage) -> int:
    """How many candidates pass the filters, as the page says."""
    shown = re.search(r'<data class="number" value="(\d+)"', page.table.html.partition('class="found"')[2])
    assert shown is not None
    return int(shown[1])


def links(text: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'href="([^"]*)"', text)]


def test_growth_is_the_home_page_where_it_alone_has_runs(rooms: Rooms, decisions: Decisions) -> None:
    shell = Shell(Session(rooms, decisions, ""))
    assert shell.session.title == "Growth · darkshelf"
    assert "No night to show" not in shell.content[0][0].html
    assert links(shell.menu.html) == ["?"]


def test_the_address_holds_filters_page_and_candidate(session: Session) -> None:
    page = GrowthPage(session)
    everything = found(page)
    page._press("state", "SCALED")
    page._filter("find", {"find": " o'brien "})
    assert session.view.more == {"find": ("o'brien",), "state": ("SCALED",)}
    assert 0 < found(page) < everything
    turned = next(link for link in links(page.table.html) if "at=2" in link)
    session.go_to(turned)
    assert (session.view.at, session.view.text("state")) == (2, "SCALED")
    candidate = next(link for link in links(page.table.html) if "row=" in link)
    session.go_to(candidate)
    assert (session.view.at, session.view.text("state")) == (2, "SCALED")
    assert 'aria-labelledby="candidate"' in page.card.html
    session.go_to(next(link for link in links(page.card.html)))
    assert session.view.text("row") == ""
    assert session.view.text("find") == "o'brien"


def test_addresses_of_one_text_a_key_stay_what_they_were(session: Session, rooms: Rooms) -> None:
    page = GrowthPage(session)
    run_id = page.scaling.run_id
    session.go_to(f"?page=growth&scaling={run_id}&tier=Minimal&decided=undecided")
    assert page._filters() == {"find": "", "state": "", "tier": "Minimal", "cap": "", "decided": "undecided"}
    assert f"scaling={run_id}" in page._to(cap="none")


def test_a_candidate_is_decided_on_where_it_is_open(session: Session) -> None:
    page = GrowthPage(session)
    page._press("state", "SCALED")
    session.go_to(next(link for link in links(page.table.html) if "row=" in link))
    painted = re.search(r'name="subject" value="([^"]+)"', page.card.html)
    assert painted is not None
    page._decide("decide", {"act": "accept", "version": "0", "subject": html.unescape(painted[1])})
    assert page.reply is not None
    assert page.reply.kind == "done"
    page._press("decided", "accepted")
    assert found(page) == 1


def test_a_run_that_is_not_there_is_told(rooms: Rooms, decisions: Decisions) -> None:
    shell = Shell(Session(rooms, decisions, f"?page=growth&scaling={quote('../x')}"))
    assert "there is no growth run" in shell.content[0].html
    assert "To the growth" in shell.content[0].html
