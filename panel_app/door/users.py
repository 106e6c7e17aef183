"""The users file: who may log in, each with the hash of a password; no password can be read out of it.

In: a private file. Out: the same with somebody more, somebody less, or whether a password is somebody's.
"""

import datetime as dt
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.disk import one_writer, raised_as_output_error
from engine.errors import InputError, NotFoundError, Problem
from panel_app.door.private import KEPT, refuse_open_to_others, write_private

FILE: Final = "users.json"
LEAST_CHARACTERS, MOST_CHARACTERS = 10, 1000
"""Of a password. The upper bound is there for the time that a hash takes."""
LONGEST_NAME: Final = 64
STAMP_CHARACTERS: Final = 16
ADD: Final = "add each person with  darkshelf dashboard user add NAME --out OUT"


@dataclass(frozen=True)
class Person:
    """One who may log in. hashed: the password as Argon2 writes it. since: the UTC day it was set, as ISO text."""

    hashed: str
    since: str

    @property
    def stamp(self) -> str:
        """What a login of this password carries; another password has another one."""
        return sha256(self.hashed.encode()).hexdigest()[:STAMP_CHARACTERS]


def read_users(file: Path) -> Mapping[str, Person]:
    """The people of a users file by their names; none where there is no file.

    Raises InputError when it is damaged, holds passwords as text, or others may read it.
    """
    if not file.exists():
        return {}
    refuse_open_to_others(file)
    try:
        people = json.loads(file.read_text(encoding="utf-8"))
        return {name: Person(**facts) for name, facts in sorted(people.items())}
    except (ValueError, TypeError, AttributeError, OSError) as error:
        what = "is no list of hashed passwords"
        raise InputError([Problem(str(file), what, f"move it away, then {ADD}")]) from error


def add_user(file: Path, name: str, password: str) -> bool:
    """Let somebody in by a password, or by another one than before; whether they are new.

    Raises InputError when the name or the password will not do, OutputError when the disk does not take it.
    """
    with raised_as_output_error(file, KEPT), one_writer(file.parent, f"somebody else is writing to {file}"):
        users = dict(read_users(file))
        _judge(name, password, users)
        is_new = name not in users
        users[name] = Person(_hasher().hash(_normal(password)), dt.datetime.now(dt.UTC).date().isoformat())
        _write(file, users)
    return is_new


def remove_user(file: Path, name: str) -> int:
    """Let somebody in no more; how many people are left. Raises NotFoundError naming those there are."""
    with raised_as_output_error(file, KEPT), one_writer(file.parent, f"somebody else is writing to {file}"):
        users = dict(read_users(file))
        if name not in users:
            raise NotFoundError(f"there is no user {name!r} in {file}; there are: {', '.join(users) or 'none'}")
        del users[name]
        _write(file, users)
    return len(users)


def is_password_of(users: Mapping[str, Person], name: str, password: str) -> bool:
    """Whether this is the password of this user. Takes as long for a name that nobody has."""
    person = users.get(name)
    try:
        _hasher().verify(person.hashed if person else _nobodys_hash(), _normal(password[: MOST_CHARACTERS + 1]))
    except (VerificationError, InvalidHashError):
        return False
    return person is not None


def _judge(name: str, password: str, users: Mapping[str, Person]) -> None:
    problems = []
    if not name or name != name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        what = "is empty, too long, or has blanks around it or signs that do not print"
        problems.append(Problem("NAME", f"{name!r} {what}", f"give one of 1 to {LONGEST_NAME} characters"))
    alike = [other for other in users if other != name and _folded(other) == _folded(name)]
    if alike:
        what = f"{name!r} reads like {alike[0]!r}, who is there already"
        problems.append(Problem("NAME", what, "give a name that nobody takes for another"))
    if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        what = f"has {len(password)} characters"
        advice = f"give {LEAST_CHARACTERS} to {MOST_CHARACTERS}: a few words make a good one"
        problems.append(Problem("password", what, advice))
    if problems:
        raise InputError(problems)


def _write(file: Path, users: Mapping[str, Person]) -> None:
    facts = {name: asdict(person) for name, person in sorted(users.items())}
    write_private(file, json.dumps(facts, indent=1, ensure_ascii=False) + "\n")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _normal(password: str) -> str:
    """The same letters typed on another keyboard are the same password."""
    return unicodedata.normalize("NFC", password)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    return _hasher().hash("nobody has this password")
