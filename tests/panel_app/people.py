"""People who log in, and a reader without a browser, who keeps cookies and follows no redirect."""

from __future__ import annotations

import http.client
import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from panel_app.door.users import FILE, add_user

if TYPE_CHECKING:
    from collections.abc import Mapping

PASSWORDS = {"ann": "apple tart with cream", "eve": "egg on buttered toast"}
HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def write_people(folder: Path) -> Path:
    """A users file with ann and eve in a private folder."""
    folder.chmod(0o700)
    content, mode = _people()
    (folder / FILE).write_bytes(content)
    (folder / FILE).chmod(mode)
    return folder / FILE


@cache
def _people() -> tuple[bytes, int]:
    """The file once both are added, and who may read it: to hash a password takes long, so that nobody guesses it."""
    with TemporaryDirectory() as folder:
        for name, password in PASSWORDS.items():
            add_user(Path(folder, FILE), name, password)
        return Path(folder, FILE).read_bytes(), Path(folder, FILE).stat().st_mode


@dataclass
class Answer:
    """What the server answered."""

    status: int
    headers: http.client.HTTPMessage
    text: str

    def cookie(self, name: str = "darkshelf_login") -> str:
        """A `Set-Cookie` line, empty where there is none."""
        return next((line for line in self.headers.get_all("Set-Cookie", []) if line.startswith(f"{name}=")), "")

    @property
    def token(self) -> str:
        """The token of the page."""
        found = re.search(r'"token":"([^"]+)"', self.text)
        assert found is not None, self.text[:500]
        return found[1]


@dataclass
class Reader:
    """Somebody at an address, with the cookies that the server gave them."""

    home: str
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(
        self, path: str = "", headers: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None
    ) -> Answer:
        """One request, a POST where there is a form."""
        parts = urlsplit(self.home)
        sent = dict(headers or {})
        if self.cookies:
            sent.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        if form is None:
            connection.request("GET", parts.path + path, headers=sent)
        else:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request("POST", parts.path + path, urlencode(form), sent)
        found = connection.getresponse()
        body = b"" if found.status == 101 else found.read()
        answer = Answer(found.status, found.headers, body.decode(errors="replace"))
        connection.close()
        for line in found.headers.get_all("Set-Cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        return answer

    def log_in(self, name: str, password: str | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send the form of the login page."""
        form = {"username": name, "password": PASSWORDS[name] if password is None else password}
        return self.ask("login", headers, form)

    def connect(self, token: str, headers: Mapping[str, str] | None = None) -> int:
        """The status that a websocket with this token gets; 101 is a connection."""
        return self.ask("ws", {**HANDSHAKE, "Sec-WebSocket-Protocol": f"bokeh, {token}", **(headers or {})}).status

    def decisions(self) -> int:
        """How many decisions the database holds."""
        found = re.search(r"^darkshelf_decisions_total (\d+)\.0$", self.ask("metrics").text, re.MULTILINE)
        assert found is not None
        return int(found[1])

    def health(self) -> tuple[int, dict[str, str]]:
        """What the server says of itself."""
        answer = self.ask("health")
        return answer.status, json.loads(answer.text)
