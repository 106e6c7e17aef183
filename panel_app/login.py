"""Login: who is let in, by hashed passwords or by one of Panel's OAuth providers.

In: the files and keys of the command line. Out: the door of the server.
"""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from panel.auth import AUTH_PROVIDERS

from panel_app.door.delay import Delays
from panel_app.door.door import LOGIN, LOGOUT, Door
from panel_app.door.logins import Logins
from panel_app.door.pages import Logout, PasswordLogin, provider_login
from panel_app.door.private import private_folder
from panel_app.door.secret import Keys, signing_keys
from panel_app.settings import DashboardSettings

NOT_OFFERED: Final = ("pam", "password")
"""Providers of Panel's that take a password themselves."""
PROVIDERS: Final = tuple(sorted(set(AUTH_PROVIDERS) - set(NOT_OFFERED)))
"""The OAuth providers that Panel knows."""


@dataclass(frozen=True)
class Access:
    """Who is let in, and who may decide.

    users: a file of names and hashed passwords. oauth: a provider and its keys, as Panel takes them; the secret is
    never shown. deciders: None lets everybody who is let in decide.
    """

    users: Path | None = None
    oauth: Mapping[str, str] | None = field(default=None, repr=False)
    deciders: Collection[str] | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody logs in."""
        return self.users is None and not self.oauth


EVERYBODY: Final = Access()


def make_door(
    out: Path, settings: DashboardSettings, access: Access, origins: Collection[str], path: str
) -> tuple[Door, Keys]:
    """The door of a server over an output folder, and the keys it signs with.

    Where nobody logs in nothing is kept on disk. Raises InputError and OutputError, see `private_folder`,
    `signing_keys` and `Logins`.
    """
    if access.is_open:
        keys = signing_keys(None)
        return Door(None, keys, origins, path), keys
    folder = private_folder(out)
    keys = signing_keys(folder)
    door = Door(Logins(folder, settings.login_hours, access.users), keys, origins, path)
    if access.oauth:
        door.handlers.append((LOGIN, provider_login(access.oauth["oauth_provider"]), {"door": door}))
    else:
        delays = Delays(
            settings.login_delay_seconds, settings.login_delay_most_seconds, settings.login_tries_per_address
        )
        # One at a time: each takes 64 MiB for a moment, and a processor that the readers need.
        passwords = ThreadPoolExecutor(1, "passwords")
        door.handlers.append((LOGIN, PasswordLogin, {"door": door, "delays": delays, "passwords": passwords}))
    door.handlers.append((LOGOUT, Logout, {"door": door}))
    return door, keys
