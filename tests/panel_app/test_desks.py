"""The dashboard knows no desk by name: pages come with the desks that are installed, and show once they have runs."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.errors import InputError, SettingsError
from engine.outputs import desks as found
from panel_app.app import Dashboard, Shell
from panel_app.markup import CSS, Html
from panel_app.rooms import Rooms
from panel_app.serve import state_of
from panel_app.session import Session
from panel_app.settings import load_settings
from panel_app.stores.runs import Opened, Runs
from tests.panel_app.serving import serving
from tests.toy import desk as toy
from tests.toy.desk import write_toy
from tests.toy.installed import toy_installed
from tests.toy.pages import ToyPageSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.decisions.store import Decisions
    from tests.panel_app.conftest import Published, Window

ROOT = Path(__file__).parents[2]
SHARED = [
    file
    for pattern in ("*.py", "door/*.py", "templates/*.html", "pages/*.py", "stores/runs.py")
    for file in sorted((ROOT / "panel_app").glob(pattern))
]


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Path]:
    """The folder of packages that brings the toy desk."""
    with toy_installed(tmp_path / "packages"):
        yield tmp_path / "packages"


def publish(out: Path, as_of: str, quiet: int) -> str:
    """Publish a run of the toy desk that finds so many quiet stores; its id."""
    place = write_toy(out / f"in-{as_of}", quiet * [100], quiet * [5])
    return toy.run(place, out, toy.ToySettings(), as_of).run.run_id


def rooms(out: Path, **further: Path) -> Rooms:
    return Rooms(out, load_settings(), {desk: [folder] for desk, folder in further.items()})


def menu(session: Session) -> str:
    return Shell(session).menu.html


@pytest.mark.parametrize("file", SHARED, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_shared_file_names_a_desk(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    named = [
        name
        for desk in ("shelf", "growth")
        for name in (f"pages.{desk}", f"stores.{desk}", f"outputs.{desk}", f"vocabulary.{desk}", f'"{desk}"')
    ]
    assert [name for name in named if name in text] == []


def test_the_first_page_of_a_desk_that_alone_has_runs_is_the_home_page(
    installed: Path, tmp_path: Path, decisions: Decisions
) -> None:
    old, new = publish(tmp_path, "2026-03-30", 11), publish(tmp_path, "2026-03-31", 12)
    session = Session(rooms(tmp_path), decisions, "")
    shell = Shell(session)
    assert (session.run.run_id, session.title) == (new, "Toy · darkshelf")
    (piece,) = shell.content.select(Html)
    assert ">12</data> quiet stores" in piece.html
    assert shell.menu.html.count("<li>") == 1
    assert 'href="?" aria-current="page">Toy</a>' in shell.menu.html
    assert "Run of <time" in shell.menu.html
    session.go_to(f"?run={old}")
    assert session.run.run_id == old
    assert "back to the newest" in shell.menu.html


def test_without_any_run_every_desk_is_in_the_menu_and_the_first_says_that_it_has_none(
    installed: Path, tmp_path: Path, decisions: Decisions
) -> None:
    shell = Shell(Session(rooms(tmp_path), decisions, ""))
    assert all(f">{title}</a>" in shell.menu.html for title in ("Summary", "Cases", "Growth", "Toy"))
    (piece,) = shell.content.select(Html)
    assert "No night to show" in piece.html
    shell.session.go_to("?page=toy")
    (piece,) = shell.content.select(Html)
    assert "No run to show" in piece.html
    assert "there is no run under" in piece.html


def test_a_desk_without_runs_is_not_in_the_menu_and_one_with_a_folder_of_its_own_is(
    installed: Path, tmp_path: Path, decisions: Decisions, published: Published
) -> None:
    publish(tmp_path / "toy", "2026-03-31", 12)
    alone = menu(Session(rooms(published.out), decisions, ""))
    assert ">Summary</a>" in alone
    assert "Toy" not in alone
    assert "Growth" not in alone
    beside = rooms(published.out, toy=tmp_path / "toy")
    assert ">Toy</a>" in menu(Session(beside, decisions, ""))
    assert beside.look_around().skipped == []


def test_who_comes_back_to_a_desk_finds_it_as_it_was_left(
    installed: Path, tmp_path: Path, decisions: Decisions, published: Published
) -> None:
    run_id = publish(tmp_path / "toy", "2026-03-31", 12)
    beside = rooms(published.out, toy=tmp_path / "toy")
    session = Session(beside, decisions, f"?page=cases&run={published.before}&region=North&at=2")
    shell = Shell(session)
    assert 'href="?page=toy"' in shell.menu.html
    session.go_to("?page=toy")
    assert session.run.run_id == run_id
    assert f'href="?run={published.before}&amp;region=North"' in shell.menu.html


def test_the_first_run_of_any_desk_is_shown_to_who_waits_for_one(
    installed: Path, tmp_path: Path, decisions: Decisions
) -> None:
    shell = Shell(Session(rooms(tmp_path), decisions, ""))
    assert shell.session.opened is None
    first = publish(tmp_path, "2026-03-31", 12)
    shell._look_for_news()
    assert shell.session.run.run_id == first
    second = publish(tmp_path, "2026-04-01", 13)
    shell._look_for_news()
    assert "A new run is here" in shell.news.html
    shell._show_newest()
    assert (shell.session.run.run_id, shell.news.html) == (second, "")


def test_the_health_of_a_server_is_that_of_its_home_page(
    installed: Path, tmp_path: Path, decisions: Decisions
) -> None:
    run_id = publish(tmp_path, "2026-03-31", 12)
    dashboard = Dashboard(tmp_path, load_settings(), decisions)
    assert state_of(dashboard) == ({"status": "ok", "run": run_id}, "")


def test_a_desk_brings_the_look_of_its_pages(installed: Path, tmp_path: Path) -> None:
    assert ".toy { color: teal; }" in rooms(tmp_path).css
    assert not re.search(r"\.(cases|severity|verdict|toy)\b", CSS), "the look that all desks share knows none of them"


def test_a_desk_brings_the_settings_of_its_pages(installed: Path) -> None:
    told = load_settings(assignments={"toy.logo": "https://pictures.example.com/shop.png"})
    assert told.of(ToyPageSettings).logo == "https://pictures.example.com/shop.png"
    with pytest.raises(SettingsError, match=r"did you mean toy\.logo\?"):
        load_settings(assignments={"toy.logos": ""})


def test_the_policy_asks_every_desk_for_the_addresses_of_its_images(installed: Path) -> None:
    addresses = {"toy.logo": "https://pictures.example.com/shop.png", "shelf.map_tiles": "https://t.example.com/{z}"}
    told = load_settings(assignments=addresses)
    assert set(told.image_addresses) == set(addresses.values())


def test_two_pages_of_one_key_are_refused(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twin = replace(toy.DESK, name="twin", pages="tests.toy.twin:PAGES")
    monkeypatch.setattr("panel_app.rooms.desks", lambda: (*found.desks(), twin))
    monkeypatch.setattr(
        "panel_app.rooms.entry",
        lambda name: tuple(replace(page) for page in found.entry(name.replace(".twin:", ".pages:"))),
    )
    with pytest.raises(InputError, match="is of the toy desk and of the twin desk"):
        rooms(tmp_path)


def test_of_several_folders_the_newest_run_is_shown_and_each_is_found(tmp_path: Path) -> None:
    old, new = publish(tmp_path / "a", "2026-03-30", 1), publish(tmp_path / "b", "2026-03-31", 2)
    runs = Runs("toy", [tmp_path / "a", tmp_path / "b"], load_settings())
    assert [run.run_id for run in runs.runs()] == [old, new]
    assert runs.latest_id() == runs.open().run_id == new
    assert runs.open(old).run_id == old
    assert isinstance(runs.open(), Opened)


def test_a_desk_from_elsewhere_is_served(window: Callable[..., Window], installed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    publish(out, "2026-03-31", 12)
    with serving(out, environment={"PYTHONPATH": f"{installed}:{ROOT}"}) as home:
        for width in (1400, 390):
            reader = window(width, home=home, alone=True).open()
            assert "12 quiet stores" in reader.text()
            menu = reader.page.get_by_role("navigation", name="Pages")
            assert menu.get_by_role("listitem").all_inner_texts() == ["Toy"]
            assert reader.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_folder_of_another_desk_is_given_with_its_name(
    window: Callable[..., Window], installed: Path, published: Published, tmp_path: Path
) -> None:
    out = shutil.copytree(published.out, tmp_path / "out")
    publish(tmp_path / "toy", "2026-03-31", 12)
    words = ["--further", f"toy={tmp_path / 'toy'}"]
    with serving(out, *words, environment={"PYTHONPATH": f"{installed}:{ROOT}"}) as home:
        reader = window(1400, home=home, alone=True).open()
        assert "8 shelves" in reader.text()
        reader.go("Toy").page.locator("h1", has_text="12 quiet stores").wait_for()


def test_the_menu_names_the_desks_and_the_pages_of_the_one_that_is_read(
    installed: Path, tmp_path: Path, decisions: Decisions, published: Published
) -> None:
    publish(tmp_path / "toy", "2026-03-31", 12)
    session = Session(rooms(published.out, toy=tmp_path / "toy"), decisions, "?page=cases")
    shell = Shell(session)
    assert 'aria-current="true">Shelf</a>' in shell.menu.html
    assert 'aria-current="page">Cases</a>' in shell.menu.html
    session.go_to("?page=toy")
    assert 'aria-current="page">Toy</a>' in shell.menu.html
    assert "Cases" not in shell.menu.html
