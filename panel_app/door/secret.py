"""The secret behind every signature: from the environment, else made once and kept in a private file.

In: the private folder. Out: a key for logins and a key for pages, so that the one never passes for the other.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final, NamedTuple

from engine.errors import InputError, Problem
from panel_app.door.private import refuse_open_to_others, write_private

VARIABLE: Final = "DARKSHELF_COOKIE_SECRET"
"""Environment variable of the secret; give the same to every process behind one proxy."""
FILE: Final = "secret"
LEAST_CHARACTERS: Final = 32
"""Of a secret: a shorter one can be guessed from one signature, at leisure."""
ADVICE: Final = 'make one:  python3 -c "import secrets; print(secrets.token_hex(32))"'


class Keys(NamedTuple):
    """Keys made from the secret. logins: signs the cookies of those who logged in. pages: signs an open page."""

    logins: str
    pages: bytes


def signing_keys(folder: Path | None) -> Keys:
    """The keys of the environment's secret, else of the folder's; without a folder they end with the process.

    Raises InputError when a secret is too short or others may read its file, OutputError when it cannot be kept.
    """
    where, secret = VARIABLE, os.environ.get(VARIABLE, "")
    if not secret:
        if folder is None:
            secret = secrets.token_hex(LEAST_CHARACTERS)
        else:
            file = folder / FILE
            where, secret = str(file), _kept(file)
    if len(secret) < LEAST_CHARACTERS:
        what = f"has {len(secret)} characters, at least {LEAST_CHARACTERS} are needed"
        raise InputError([Problem(where, what, ADVICE)])
    return Keys(_derived(secret, "logins").hex(), _derived(secret, "pages"))


def _kept(file: Path) -> str:
    if not file.exists():
        # Two processes may start at once: the first one's secret is that of both.
        write_private(file, secrets.token_hex(LEAST_CHARACTERS), replace=False)
    refuse_open_to_others(file)
    return file.read_text(encoding="utf-8").strip()


def _derived(secret: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256)
