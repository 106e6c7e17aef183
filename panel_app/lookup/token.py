"""The token that other systems show: from the environment, long enough, and compared in constant time.

In: the environment of the server. Out: a `Token`, or None where the look-up is off. No token is an argument: those
are seen by everybody on the machine.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from engine.errors import InputError, Problem

TOKEN: Final = "DARKSHELF_LOOKUP_TOKEN"
TOKEN_FILE: Final = "DARKSHELF_LOOKUP_TOKEN_FILE"
SHORTEST: Final = 32
"""Characters of a token: with fewer it could be guessed."""
ADVICE: Final = f"""make one with  python -c "import secrets; print(secrets.token_urlsafe({SHORTEST}))" """.strip()


@dataclass(frozen=True)
class Token:
    """What is to be shown. digest: of the token, which is kept nowhere else."""

    digest: bytes = field(repr=False)

    def is_shown_by(self, authorization: str) -> bool:
        """Whether the header `Authorization` shows it: how long the answer takes tells nothing of it."""
        scheme, _, shown = authorization.partition(" ")
        same = hmac.compare_digest(self.digest, _digest(shown.strip()))
        return same and scheme.lower() == "bearer"


def token_of(environment: Mapping[str, str]) -> Token | None:
    """The token of the environment, or of the file that it names; None without one.

    Raises InputError where the file cannot be read or the token is too short.
    """
    told, where = environment.get(TOKEN, ""), TOKEN
    if not told and (file := environment.get(TOKEN_FILE)):
        where = TOKEN_FILE
        try:
            told = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                [Problem(where, f"{file} cannot be read", "name a file with the token alone")]
            ) from error
    elif not told:
        return None
    if len(told.strip()) < SHORTEST:
        what = f"the token has {len(told.strip())} characters, and {SHORTEST} are the least"
        raise InputError([Problem(where, what, ADVICE)])
    return Token(_digest(told.strip()))


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()
