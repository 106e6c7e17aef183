"""Addresses: the URL of a channel as it is written down, with secrets named and not said, and as it is called.

In: a text such as `mailto://ann:${MAIL_PASSWORD}@mail.shop.example/eve@shop.example`. Out: what is wrong with it, or
the URL with the values of the environment. What is written down is never told on when it holds a secret.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote

CHANNELS: Final = {
    "mailto": "mail",
    "mailtos": "mail",
    "slack": "Slack",
    "workflow": "Teams",
    "workflows": "Teams",
    "json": "webhook",
    "jsons": "webhook",
}
"""What each scheme is, in the spelling of apprise."""
NAMED: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
URL: Final = re.compile(r"([a-z]+)://([^/?]*)([^?]*)(?:\?(.*))?")
HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")
OPEN_KEYS: Final = {"mail": frozenset({"from", "to", "cc", "bcc", "name", "smtp", "mode", "reply"})}
"""What may stand after the question mark as it is, by channel."""
KEY_LIKE: Final = re.compile(r"(?=[^/]*\d)(?=[^/]*[A-Za-z])[A-Za-z0-9_.=-]{12,}")
"""A part of a path that looks like a key rather than a word."""
TAKE_OUT: Final = "put ${NAME} in its place, and the secret into the environment variable NAME"
FORMS: Final = (
    "write  mailto://USER:${PASSWORD}@HOST/TO ,  slack://${A}/${B}/${C}/#channel ,  "
    "workflows://HOST/${ID}/${SIGNATURE}  or  jsons://HOST/PATH ; or  ${NAME}  alone, for a URL that is a secret"
)
Fault = tuple[str, str]
"""What is wrong, and what to do."""


@dataclass(frozen=True)
class Address:
    """A URL to call. secrets: every value that came from the environment."""

    url: str
    secrets: tuple[str, ...]

    def without_secrets(self, text: str) -> str:
        """A text in which no secret stands, however a URL spells it."""
        spelled = {form for secret in self.secrets for form in (secret, quote(secret, safe=""), quote(secret))}
        for form in sorted(spelled, key=len, reverse=True):
            text = text.replace(form, "***")
        return text


def fault_of(written: str) -> Fault | None:
    """What is wrong with an address as it is written down; None where nothing is."""
    if NAMED.fullmatch(written):
        return None
    parts = URL.fullmatch(written)
    if parts is None or parts[1] not in CHANNELS:
        return "is no address of a channel", FORMS
    channel = CHANNELS[parts[1]]
    authority, path, query = parts[2], parts[3], parts[4] or ""
    said = _said_in_authority(channel, authority) or _said_in_path(channel, path) or _said_in_query(channel, query)
    return None if said is None else (said, TAKE_OUT)


def _said_in_authority(channel: str, authority: str) -> str | None:
    """What is said before the path that must not be."""
    user, at, host = authority.rpartition("@")
    if channel == "Slack":
        return None if NAMED.fullmatch(authority) else "holds a token"
    if at and ":" in user and not NAMED.fullmatch(user.partition(":")[2]):
        return "holds a password"
    return None if HOST.fullmatch(NAMED.sub("x", host)) else "has no host that can be read, or holds a password"


def _said_in_path(channel: str, path: str) -> str | None:
    said = [part for part in path.split("/") if part and not NAMED.fullmatch(part)]
    if channel in {"Slack", "Teams"}:
        return None if all(channel == "Slack" and part[0] in "#@" for part in said) else "holds a token"
    if channel == "mail":
        return None if all("@" in part for part in said) else "holds what is no mail address in its path"
    return "holds what looks like a token" if any(KEY_LIKE.fullmatch(part) for part in said) else None


def _said_in_query(channel: str, query: str) -> str | None:
    allowed = OPEN_KEYS.get(channel, frozenset())
    said = parse_qsl(query, keep_blank_values=True)
    hidden = [name for name, value in said if name not in allowed and not NAMED.fullmatch(value)]
    return "says after the question mark what may be a secret" if hidden else None


def resolve(written: str, environment: Mapping[str, str]) -> Address | str:
    """The address with the values of the environment, or the name of a variable that is missing or empty there."""
    names: list[str] = NAMED.findall(written)
    missing = next((name for name in names if not environment.get(name)), None)
    if missing is not None:
        return missing
    values = tuple(environment[name] for name in names)
    if NAMED.fullmatch(written):
        return Address(values[0], (values[0], *_keys_of(values[0])))
    url = written
    for name, value in zip(names, values, strict=True):
        url = url.replace(f"${{{name}}}", quote(value, safe=""))
    return Address(url, values)


def _keys_of(url: str) -> tuple[str, ...]:
    """The parts of a URL that is a secret as a whole: a failure may tell of one of them."""
    return tuple(part for part in re.split(r"[/:?&=@#]+", url) if len(part) >= 4 and part not in CHANNELS)
