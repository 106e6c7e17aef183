"""The dashboard over what version 0.1.0 published, and over runs of the toy desk alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.decisions.store import open_decisions
from engine.outputs.desks import desk_named, entry
from panel_app.app import Shell
from panel_app.markup import Html
from panel_app.rooms import Rooms
from panel_app.session import Session
from panel_app.settings import load_settings
from tests.toy.desk import write_toy
from tests.toy.installed import toy_installed

pytestmark = pytest.mark.filterwarnings("ignore:Both 'variant' and:PendingDeprecationWarning")
KEPT = Path(__file__).parents[1] / "fixtures" / "version_0_1_0"
PAGES = {
    "shelf": {
        "": "2_7_2026-03-27",
        "?page=cases": "2_7_2026-03-27",
        "?page=case&case=2_7_2026-03-27": "eva",
        "?page=findings": "",
        "?page=run": "2026-03-31",
        "?page=tasks": "",
        "?page=accuracy": "",
        "?page=map": "",
    },
    "growth": {"": "149", "?page=growth&row=11000%2F16K5001": "eva"},
}
"""Per desk the addresses, and what has to stand there."""


def shown(out: Path, address: str) -> str:
    """Everything that a page says before a script runs."""
    decisions = open_decisions(out)
    session = Session(Rooms(out, load_settings(), {}), decisions, address)
    shell = Shell(session)
    text = "".join(piece.html for piece in shell.content.select(Html))
    decisions.close()
    return text


@pytest.mark.parametrize(("desk", "address"), [(desk, address) for desk in PAGES for address in PAGES[desk]])
def test_its_runs_are_shown_on_every_page(desk: str, address: str, tmp_path: Path) -> None:
    out = shutil.copytree(KEPT / desk, tmp_path / desk)
    text = shown(out, address)
    assert "cannot be shown" not in text
    assert "There is no such page" not in text
    assert PAGES[desk][address] in text


def test_the_toy_desk_has_its_page(tmp_path: Path) -> None:
    with toy_installed(tmp_path / "installed"):
        desk = desk_named("toy")
        entry(desk.run)(write_toy(tmp_path / "in"), tmp_path / "out", desk.load(None, ()), None)
        assert ">2</data> quiet stores" in shown(tmp_path / "out", "")
