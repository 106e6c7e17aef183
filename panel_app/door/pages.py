"""The pages of the door: log in by a password or at a provider, and log out.

In: a form or a provider's answer. Out: a login and its cookie, or a refusal that is logged.
"""

import logging
import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from panel.auth import AUTH_PROVIDERS, CODE_COOKIE_NAME, STATE_COOKIE_NAME
from tornado.ioloop import IOLoop
from tornado.web import RequestHandler

from panel_app.door.delay import Delays
from panel_app.door.door import LOGIN, Door
from panel_app.door.users import LONGEST_NAME, MOST_CHARACTERS
from panel_app.markup import render

LOGGER = logging.getLogger("darkshelf.dashboard")
WRONG, TOO_SOON = "Name or password is wrong.", "Too many wrong passwords. Try again in {} seconds."
FLOW_DAYS = 1 / 24
"""How long somebody may take at the provider."""


class PasswordLogin(RequestHandler):
    """The login page, and what becomes of its form.

    passwords: where they are looked at, one after the other: each takes 64 MiB for a moment.
    """

    def initialize(self, door: Door, delays: Delays, passwords: ThreadPoolExecutor) -> None:
        """Take what all login pages share."""
        self.door, self.delays, self.passwords = door, delays, passwords

    def get(self) -> None:
        """The empty form."""
        self._show("", self.get_query_argument("next", ""))

    async def post(self) -> None:
        """Let in who knows their password; make wait who does not."""
        self.door.refuse_foreign_page(self)
        logins, address = self.door.logins, str(self.request.remote_ip)
        assert logins is not None
        name = self.get_body_argument("username", "")[: LONGEST_NAME + 1]
        password = self.get_body_argument("password", "", strip=False)[: MOST_CHARACTERS + 1]
        next_page = self.get_body_argument("next", "")
        wait = math.ceil(self.delays.admit(name, address))
        if wait:
            LOGGER.warning("login refused: name %r, address %s, has to wait for %d s", name, address, wait)
            self.set_status(429)
            self.set_header("Retry-After", str(wait))
            self._show(TOO_SOON.format(wait), next_page)
            return
        self.door.look()
        if not await IOLoop.current().run_in_executor(self.passwords, logins.is_password_of, name, password):
            LOGGER.warning("login failed: name %r, address %s, wrong name or password", name, address)
            self.set_status(401)
            self._show(WRONG, next_page)
            return
        self.delays.succeeded(name, address)
        self.door.let_in(self, name)
        LOGGER.info("login: name %r, address %s", name, address)
        self.redirect(own_address(next_page, self.door.path))

    def _show(self, wrong: str, next_page: str) -> None:
        self.set_header("Cache-Control", "no-store")
        self.write(render("login.html", wrong=wrong, next_page=own_address(next_page, self.door.path)))


class Logout(RequestHandler):
    """The page that ends a login."""

    def initialize(self, door: Door) -> None:
        """Take the door."""
        self.door = door

    def get(self) -> None:
        """A button for those who are logged in: a mere link, wherever it stands, logs nobody out."""
        self._show(is_in=self.door.login_of(self) is not None)

    def post(self) -> None:
        """End the login, its cookie and the pages that are open under it."""
        self.door.refuse_foreign_page(self)
        self.door.let_out(self)
        self._show(is_in=False)

    def _show(self, *, is_in: bool) -> None:
        self.set_header("Cache-Control", "no-store")
        self.write(render("logout.html", is_in=is_in))


def provider_login(provider: str) -> type[RequestHandler]:
    """The login page of one of Panel's OAuth providers, which gives our login where Panel gives its own cookies."""
    panels: Any = AUTH_PROVIDERS[provider]

    class ProviderLogin(panels):  # type: ignore[misc]
        _login_endpoint = LOGIN
        _error_template = SimpleNamespace(render=partial(_refused, "refused.html"))

        def initialize(self, door: Door) -> None:
            self.door = door

        def set_secure_cookie(self, name: str, value: str | bytes, **_: Any) -> None:
            if name == "user":
                self.door.let_in(self, str(value))
                LOGGER.info("login: name %r, address %s", str(value), self.request.remote_ip)
            elif name in (STATE_COOKIE_NAME, CODE_COOKIE_NAME):
                rules = {**self.door.cookie_rules(self), "path": "/"}  # Panel clears it there.
                self.set_signed_cookie(name, value, expires_days=FLOW_DAYS, **rules)
            # What else the provider gave would let its bearer act there: it is not kept.

    return ProviderLogin


def _refused(template: str, **facts: Any) -> str:
    return render(template, **facts)


def own_address(wanted: str, path: str) -> str:
    """An address within the dashboard, the start of it where somebody wants another."""
    parts = urlsplit(wanted)
    own = wanted.startswith(path) and not wanted.startswith("//") and not parts.scheme and not parts.netloc
    return wanted if own and wanted.isprintable() and "\\" not in wanted else path
