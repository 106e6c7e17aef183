"""Login: who is let in, by Panel's own providers.

In: the files and keys of the command line. Out: the options of the server.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from panel.auth import AUTH_PROVIDERS

from panel_app.markup import HERE

NOT_OFFERED: Final = ("pam", "password")
"""Providers of Panel's that take a password themselves."""
PROVIDERS: Final = tuple(sorted(set(AUTH_PROVIDERS) - set(NOT_OFFERED)))
"""The OAuth providers that Panel knows."""
TEMPLATES: Final = {
    # Panel's own pages for this ask other machines for pictures and letters.
    name: str(HERE / "templates" / f"{file}.html")
    for name, file in (
        ("login_template", "login"),
        ("logout_template", "logout"),
        ("oauth_error_template", "refused"),
    )
}


@dataclass(frozen=True)
class Access:
    """Who is let in, and who may decide.

    passwords: a file of names and passwords, as Panel reads it. oauth: a provider and its keys, as Panel takes them;
    the secret is never shown. deciders: None lets everybody who is let in decide.
    """

    passwords: Path | None = None
    oauth: Mapping[str, str] | None = field(default=None, repr=False)
    deciders: Collection[str] | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody logs in."""
        return self.passwords is None and not self.oauth


EVERYBODY: Final = Access()


def login_options(access: Access, cookie_secret: str) -> dict[str, Any]:
    """What the server is told of the login: nothing where nobody logs in."""
    if access.is_open:
        return {}
    passwords = {} if access.passwords is None else {"basic_auth": str(access.passwords)}
    return {**(access.oauth or {}), **passwords, **TEMPLATES, "cookie_secret": cookie_secret}
