"""Logins: who is in, until when, and which ones ended before their time, on every process behind one proxy.

In: a user who was let in, or the text of a cookie. Out: a `Login`, and whether it is over. A login that ended is an
empty file by its id, so that a cookie that was logged out is worthless everywhere; the files are looked through at
fixed times, never for a request.
"""

import json
import os
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from engine.disk import raised_as_output_error
from engine.errors import InputError
from panel_app.door.private import KEPT
from panel_app.door.users import Person, is_password_of, read_users

ENDED: Final = "ended"
ID: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Login:
    """One login of one reader. stamp: of the password it was made with. until: seconds since 1970 when it expires."""

    id: str
    user: str
    stamp: str
    until: float


class Logins:
    """The logins of one server. users_file: None where a provider knows the people."""

    def __init__(
        self, folder: Path, hours: float, users_file: Path | None, clock: Callable[[], float] = time.time
    ) -> None:
        self._ended_folder = folder / ENDED
        self._seconds = hours * 3600
        self._users_file, self._clock = users_file, clock
        self._users: Mapping[str, Person] = {}
        self._read: object = None
        self._trouble: InputError | None = None
        self._ended: set[str] = set()
        self._known: dict[str, Login] = {}
        with raised_as_output_error(self._ended_folder, KEPT):
            self._ended_folder.mkdir(mode=0o700, exist_ok=True)
            self._forget_expired()
        self.look()

    def look(self) -> None:
        """See what other processes and `darkshelf dashboard user` changed since the last look.

        While the users file is damaged nobody is in, and nobody comes in.
        """
        self._ended |= {entry.name for entry in os.scandir(self._ended_folder)}
        self._known = {id_: login for id_, login in self._known.items() if not self.is_over(login)}
        if self._users_file is None:
            return
        try:
            status = self._users_file.stat()
            version = (status.st_ino, status.st_mtime_ns, status.st_size)
        except FileNotFoundError:
            version = None
        if version == self._read and version is not None and self._trouble is None:
            return
        self._read, self._trouble = version, None
        try:
            self._users = read_users(self._users_file)
        except InputError as error:
            self._users, self._trouble = {}, error

    def check(self) -> None:
        """Raise InputError while the users file is damaged, so that nobody is in."""
        if self._trouble is not None:
            raise self._trouble

    def is_password_of(self, name: str, password: str) -> bool:
        """Whether this is the password of a user. Takes about a tenth of a second."""
        return is_password_of(self._users, name, password)

    def begin(self, user: str) -> Login:
        """A login of a user who was let in."""
        made = Login(secrets.token_hex(16), user, self._stamp(user) or "", self._clock() + self._seconds)
        self._known[made.id] = made
        return made

    def end(self, login: Login) -> None:
        """Make a login worthless, here at once and on other processes at their next look."""
        self._ended.add(login.id)
        self._known.pop(login.id, None)
        with raised_as_output_error(self._ended_folder, KEPT):
            (self._ended_folder / login.id).touch(mode=0o600)
            os.utime(self._ended_folder / login.id, (login.until, login.until))
            self._forget_expired()

    def is_over(self, login: Login) -> bool:
        """Whether it expired, was logged out, or its user is gone or has another password. Reads nothing."""
        return self._clock() >= login.until or login.id in self._ended or self._stamp(login.user) != login.stamp

    def known(self, id_: str) -> Login:
        """A login that was shown to this process, by its id. Raises KeyError."""
        return self._known[id_]

    def shown(self, text: str) -> Login | None:
        """The login of a cookie whose signature was right; None when it is over."""
        login = Login(**json.loads(text))
        if not ID.fullmatch(login.id) or self.is_over(login):
            return None
        return self._known.setdefault(login.id, login)

    def _stamp(self, user: str) -> str | None:
        """What a login of this user has to carry; None for a user who is not let in."""
        if self._users_file is None:
            return ""
        person = self._users.get(user)
        return person.stamp if person else None

    def _forget_expired(self) -> None:
        """An ended login that would have expired anyway needs no file any more."""
        for entry in os.scandir(self._ended_folder):
            if entry.stat().st_mtime < self._clock():
                (self._ended_folder / entry.name).unlink(missing_ok=True)


def cookie_text(login: Login) -> str:
    """A login as the text of its cookie, which is then signed."""
    return json.dumps(asdict(login))
