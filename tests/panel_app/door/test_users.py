"""The users file: hashed passwords in a private file, and names that nobody takes for another."""

from __future__ import annotations

import io
import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import InputError, NotFoundError
from panel_app.door.users import FILE, add_user, is_password_of, read_users, remove_user
from tests.command import darkshelf
from tests.panel_app.people import PASSWORDS, write_people

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return write_people(tmp_path)


def test_only_the_right_password_of_the_right_name_is_right(people: Path) -> None:
    users = read_users(people)
    assert is_password_of(users, "ann", PASSWORDS["ann"])
    wrong = [("ann", PASSWORDS["eve"]), ("ann", ""), ("bob", PASSWORDS["ann"]), ("", ""), ("ann", "x" * 5000)]
    assert not any(is_password_of(users, name, password) for name, password in wrong)


def test_no_password_stands_in_the_file_and_equal_ones_do_not_look_alike(people: Path) -> None:
    add_user(people, "bob", PASSWORDS["ann"])
    text = people.read_text(encoding="utf-8")
    assert not any(password in text for password in PASSWORDS.values())
    users = read_users(people)
    assert users["ann"].hashed.startswith("$argon2id$")
    assert users["ann"].hashed != users["bob"].hashed


def test_the_file_is_for_its_owner_alone(people: Path) -> None:
    assert stat.S_IMODE(people.stat().st_mode) == 0o600
    people.chmod(0o644)
    with pytest.raises(InputError, match="others on this machine may read it"):
        read_users(people)


def test_the_same_letters_typed_otherwise_are_the_same_password(people: Path) -> None:
    add_user(people, "zoe", "Zoe\u0308 und ihr Hund")
    assert is_password_of(read_users(people), "zoe", "Zo\u00eb und ihr Hund")


@pytest.mark.parametrize("name", ["", " ann", "a\nb", "x" * 65, "ANN", "\uff41nn"])
def test_a_name_that_misleads_is_refused(people: Path, name: str) -> None:
    with pytest.raises(InputError, match="NAME"):
        add_user(people, name, "a password long enough")
    assert set(read_users(people)) == set(PASSWORDS)


def test_a_short_password_is_refused(people: Path) -> None:
    with pytest.raises(InputError, match="has 9 characters"):
        add_user(people, "bob", "123456789")


@pytest.mark.parametrize(
    "text", ['{"ann": "apple"}', "[]", "{", '{"ann": {"hashed": "x"}}', "\x00"], ids=["as text", *"abcd"]
)
def test_what_is_no_list_of_hashes_is_refused(people: Path, text: str) -> None:
    people.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="is no list of hashed passwords"):
        read_users(people)


def test_who_is_not_there_is_not_removed(people: Path) -> None:
    with pytest.raises(NotFoundError, match=r"there is no user 'bob' in .*; there are: ann, eve"):
        remove_user(people, "bob")
    assert remove_user(people, "ann") == 1
    assert set(read_users(people)) == {"eve"}


def test_people_are_added_listed_and_removed_by_the_command(
    capsys: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def said(*words: str, typed: str = "") -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        told = darkshelf(capsys, "dashboard", "user", *words, "--out", tmp_path)
        assert (told.code, told.err) == (0, "")
        return told.out

    first = said("add", "ann", typed="a first password\n")
    assert "ann may log in." in first
    assert "everybody has to log in" in first
    assert said("add", "[eve]", typed="another password\n") == "[eve] may log in.\n"
    assert "another password; logins by the old one end" in said("add", "ann", typed="a second password\n")
    assert is_password_of(read_users(tmp_path / ".dashboard" / FILE), "ann", "a second password")
    listed = said("list")
    assert "ann" in listed
    assert "[eve]" in listed
    said("remove", "[eve]")
    assert "Nobody is left who may" in said("remove", "ann")
    assert json.loads((tmp_path / ".dashboard" / FILE).read_text(encoding="utf-8")) == {}


def test_a_place_that_is_not_there_is_told(capsys: Any, tmp_path: Path) -> None:
    told = darkshelf(capsys, "dashboard", "user", "remove", "ann", "--out", tmp_path / "nowhere")
    assert told.code in (1, 2)
    assert "nowhere" in told.err
    assert "Traceback" not in told.err
