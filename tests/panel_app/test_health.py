"""The health of a server: whether a page could be shown to the next reader, and which part fails."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from engine.decisions.store import open_decisions
from panel_app.app import Dashboard
from panel_app.door.logins import Logins
from panel_app.serve import state_of
from panel_app.settings import load_settings
from tests.panel_app.people import Reader, write_people
from tests.panel_app.serving import log_of, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.panel_app.conftest import Published


@pytest.fixture
def copy(published: Published, tmp_path: Path) -> Path:
    """An output folder of its own with two of the nights."""
    for run in (published.main, published.empty):
        shutil.copytree(published.out / "runs" / run, tmp_path / "runs" / run)
    (tmp_path / "LATEST").write_text(published.empty + "\n", encoding="utf-8")
    return tmp_path


def damage_latest(out: Path, main: str) -> None:
    (out / "LATEST").write_bytes(b"\xff\x00no run")


def name_a_run_that_is_not_there(out: Path, main: str) -> None:
    (out / "LATEST").write_text("2031-01-01-calibrated-00000000\n", encoding="utf-8")


def damage_the_cases(out: Path, main: str) -> None:
    (out / "runs" / main / "cases.parquet").write_bytes(b"no parquet")
    (out / "LATEST").write_text(main + "\n", encoding="utf-8")


def damage_the_manifest(out: Path, main: str) -> None:
    (out / "runs" / main / "manifest.json").write_text("{", encoding="utf-8")
    (out / "LATEST").write_text(main + "\n", encoding="utf-8")


def damage_the_decisions(out: Path, main: str) -> None:
    for file in out.glob("decisions.sqlite*"):
        file.write_bytes(b"no database" * 1000)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(damage_latest, id="LATEST is no text"),
        pytest.param(name_a_run_that_is_not_there, id="LATEST names nothing"),
        pytest.param(damage_the_cases, id="the cases cannot be read"),
        pytest.param(damage_the_manifest, id="the manifest cannot be read"),
    ],
)
def test_the_newest_night_that_can_be_read_is_shown_where_another_is_damaged(
    copy: Path, published: Published, damage: Callable[[Path, str], None]
) -> None:
    store = open_decisions(copy)
    dashboard = Dashboard(copy, load_settings(), store)
    assert state_of(dashboard) == ({"status": "ok", "night": published.empty}, "")
    damage(copy, published.main)
    shown = published.main if damage in (damage_latest, name_a_run_that_is_not_there) else published.empty
    assert state_of(dashboard) == ({"status": "ok", "night": shown}, "")
    store.close()


def test_a_server_whose_nights_are_all_damaged_says_so(copy: Path, published: Published) -> None:
    store = open_decisions(copy)
    dashboard = Dashboard(copy, load_settings(), store)
    for run in (published.main, published.empty):
        damage_the_manifest(copy, run)
    state, trouble = state_of(dashboard)
    assert state == {"status": "failing", "part": "night", "why": "NotFoundError"}
    assert trouble.startswith("night: ")
    store.close()


def test_a_damaged_database_of_decisions_is_told(copy: Path, published: Published) -> None:
    store = open_decisions(copy)
    dashboard = Dashboard(copy, load_settings(), store)
    damage_the_decisions(copy, published.main)
    assert state_of(dashboard)[0]["part"] == "decisions"
    store.close()


def test_a_damaged_list_of_people_is_told(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    people, store = write_people(tmp_path / "people"), open_decisions(copy)
    logins = Logins(people.parent, 1, people)
    dashboard = Dashboard(copy, load_settings(), store, logins=logins)
    assert state_of(dashboard)[0]["status"] == "ok"
    people.write_text("{", encoding="utf-8")
    logins.look()
    assert state_of(dashboard)[0]["part"] == "door"
    store.close()


@pytest.mark.slow
def test_a_served_dashboard_without_a_night_answers_503_and_logs_it_once(copy: Path) -> None:
    with serving(copy) as address:
        shutil.rmtree(copy / "runs")
        (copy / "LATEST").unlink()
        told = [Reader(address).health() for _ in range(3)]
        assert told == [(503, {"status": "failing", "part": "night", "why": "NotFoundError"})] * 3
        assert log_of(copy, address).count("no page can be shown: night") == 1
