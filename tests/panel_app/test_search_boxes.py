"""Search is on every page: a list has its own box, elsewhere that of the menu leads to the list of the desk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.outputs.read import table
from engine.outputs.shelf import shapes
from panel_app.app import Shell
from panel_app.markup import Html
from panel_app.rooms import Rooms
from panel_app.session import Session
from panel_app.settings import load_settings

if TYPE_CHECKING:
    from engine.decisions.store import Decisions
    from tests.panel_app.conftest import Published

pytestmark = pytest.mark.filterwarnings("ignore:Both 'variant' and:PendingDeprecationWarning")


def shell(published: Published, decisions: Decisions, query: str) -> Shell:
    return Shell(Session(Rooms(published.out, load_settings()), decisions, query))


def written(shown: Shell) -> str:
    return "".join(piece.html for piece in shown.content.select(Html))


def boxes(shown: Shell) -> list[str]:
    """Names of the search boxes that a page has, that of the menu first."""
    return re.findall(r'<input id="([\w-]+)"[^>]*type="search"', shown.menu.html + written(shown))


@pytest.mark.parametrize("page", ["", "value", "map", "answers", "accuracy", "run"])
def test_the_menu_searches_where_a_page_does_not(published: Published, decisions: Decisions, page: str) -> None:
    assert boxes(shell(published, decisions, f"?page={page}")) == ["menu-find"]


@pytest.mark.parametrize("page", ["queue", "cases", "findings", "tasks"])
def test_a_list_has_one_box_of_its_own(published: Published, decisions: Decisions, page: str) -> None:
    (box,) = boxes(shell(published, decisions, f"?page={page}"))
    assert box != "menu-find"


def test_words_of_the_menu_lead_to_the_cases_that_hold_them(published: Published, decisions: Decisions) -> None:
    shown = shell(published, decisions, f"?page=map&run={published.before}")
    shown.menu._handle_msg({"send": "find", "fields": {"find": " north "}})
    assert shown.session.view.page == "cases"
    assert shown.session.view.text("text") == "north"
    assert shown.session.run.run_id == published.before


def test_findings_are_found_by_the_name_of_their_product(published: Published, decisions: Decisions) -> None:
    session = Session(Rooms(published.out, load_settings()), decisions, "?page=findings")
    names = table(session.run, shapes.SKUS).select("sku_id", "sku_name")
    events = table(session.run, shapes.EVENTS).join(names, on="sku_id").drop_nulls("sku_name").collect()
    name, kind = events.sort("lost_revenue")["sku_name", "kind"].row(-1)
    others = events.filter(pl.col("sku_name") != name, kind=kind)["sku_name"].to_list()
    page = written(shell(published, decisions, f"?page=findings&kind={kind}&find={name.upper()}"))
    assert f">{name}</a>" in page
    assert [other for other in others if f">{other}</a>" in page] == []


def test_findings_without_the_words_say_so(published: Published, decisions: Decisions) -> None:
    page = written(shell(published, decisions, "?page=findings&find=nobody-sells-this"))
    assert "No event holds these words" in page


def test_stores_with_checks_are_found_by_name(published: Published, decisions: Decisions) -> None:
    listed = re.compile(r'<tr data-href="[^"]*"><td><a href="[^"]*">([^<]+)</a>')
    assert len(listed.findall(written(shell(published, decisions, "?page=tasks")))) > 1
    assert listed.findall(written(shell(published, decisions, "?page=tasks&find=PLAIN"))) == ["Plain"]
    assert "No store with checks holds these words" in written(
        shell(published, decisions, "?page=tasks&find=no-such-store")
    )
