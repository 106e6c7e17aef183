"""Logins: over when they expire, when they end, when their password changes; and the secret that signs them."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from engine.errors import InputError
from panel_app.door.logins import ENDED, Logins, cookie_text
from panel_app.door.private import private_folder
from panel_app.door.secret import FILE, VARIABLE, signing_keys
from panel_app.door.users import add_user, remove_user
from tests.panel_app.people import write_people

if TYPE_CHECKING:
    from pathlib import Path


class Clock:
    """A clock that stands until it is told, in seconds since 1970."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_login_is_over_when_its_hours_are(tmp_path: Path) -> None:
    clock = Clock()
    logins = Logins(tmp_path, 2, None, clock)
    login = logins.begin("ann")
    clock.now += 7199
    assert logins.shown(cookie_text(login)) == login
    clock.now += 1
    assert logins.is_over(login)
    assert logins.shown(cookie_text(login)) is None


def test_a_login_that_ended_on_one_process_is_over_on_another_at_its_next_look_and_after_a_restart(
    tmp_path: Path,
) -> None:
    here, there = Logins(tmp_path, 2, None), Logins(tmp_path, 2, None)
    login, other = here.begin("ann"), here.begin("ann")
    assert there.shown(cookie_text(login)) is not None
    here.end(login)
    assert here.is_over(login)
    assert not there.is_over(login)
    there.look()
    assert there.is_over(login)
    assert Logins(tmp_path, 2, None).is_over(login)
    assert not there.is_over(other), "another login of the same person goes on"


def test_nothing_is_kept_of_what_would_have_expired_anyway(tmp_path: Path) -> None:
    clock = Clock()
    logins = Logins(tmp_path, 2, None, clock)
    logins.end(logins.begin("ann"))
    assert len(list((tmp_path / ENDED).iterdir())) == 1
    clock.now += 7201
    Logins(tmp_path, 2, None, clock)
    assert list((tmp_path / ENDED).iterdir()) == []


def test_who_is_gone_or_has_another_password_is_out_and_others_stay(tmp_path: Path) -> None:
    people = write_people(tmp_path)
    logins = Logins(tmp_path, 2, people)
    ann, eve = logins.begin("ann"), logins.begin("eve")
    add_user(people, "ann", "another word or two")
    logins.look()
    assert (logins.is_over(ann), logins.is_over(eve)) == (True, False)
    remove_user(people, "eve")
    logins.look()
    assert logins.is_over(eve)


def test_a_damaged_or_lost_list_of_people_lets_nobody_in_until_it_is_whole(tmp_path: Path) -> None:
    people = write_people(tmp_path)
    logins = Logins(tmp_path, 2, people)
    ann, whole = logins.begin("ann"), people.read_text(encoding="utf-8")
    people.write_text("{", encoding="utf-8")
    logins.look()
    assert logins.is_over(ann)
    with pytest.raises(InputError, match="no list of hashed passwords"):
        logins.check()
    people.write_text(whole, encoding="utf-8")
    logins.look()
    logins.check()
    assert not logins.is_over(ann)
    people.unlink()
    logins.look()
    assert logins.is_over(ann)


def test_the_secret_is_made_once_and_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    folder = private_folder(tmp_path)
    keys = signing_keys(folder)
    assert signing_keys(folder) == keys
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert keys.logins != keys.pages.hex()
    assert signing_keys(None) != signing_keys(None)


def test_the_secret_of_the_environment_comes_first_and_is_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "x" * 32)
    assert signing_keys(tmp_path) == signing_keys(None)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv(VARIABLE, "guess")
    with pytest.raises(InputError, match="has 5 characters, at least 32 are needed"):
        signing_keys(None)


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    folder = private_folder(tmp_path)
    signing_keys(folder)
    (folder / FILE).chmod(0o640)
    with pytest.raises(InputError, match=r"others on this machine may read it(.|\n)*chmod 600"):
        signing_keys(folder)
    folder.chmod(0o755)
    with pytest.raises(InputError, match=r"chmod 700"):
        private_folder(tmp_path)
