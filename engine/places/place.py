"""Place: what a person typed for where tables or runs are, taken apart before anything becomes a path.

In: a text. Out: a local path, or a `Place`. A place never holds a password, and no message repeats one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from engine.errors import InputError, Problem

OBJECTS: Final = ("s3", "gs", "az")
"""Schemes of object stores."""
LAKE: Final = "delta"
"""The scheme before a plus sign of a folder of Delta tables, such as `delta+s3`."""
FORMS: Final = {
    "s3": "s3://BUCKET/FOLDER",
    "gs": "gs://BUCKET/FOLDER",
    "az": "az://CONTAINER/FOLDER",
    "postgresql": "postgresql://HOST/DATABASE?table=SCHEMA.{table}",
    "delta": "delta+file:///FOLDER or delta+s3://BUCKET/FOLDER",
    "iceberg": "iceberg://CATALOG/NAMESPACE.{table}",
    "duckdb": "duckdb:///FILE?table=SCHEMA.{table}",
    "file": "file:///FOLDER",
}
"""How a place of each scheme is written."""
VARIABLES: Final = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the provider's own chain",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, or the provider's own chain",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or the provider's own chain",
    "postgresql": "PGPASSWORD, or write it into ~/.pgpass",
    "iceberg": "PYICEBERG_CATALOG__NAME__CREDENTIAL, or write it into ~/.pyiceberg.yaml",
}
"""By scheme, the variables that hold what must not stand in a place."""
ANY_TABLE: Final = "{table}"
"""Stands for the name of each table in the name it has at a place."""
URI: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(?=/|[^@\s]*:[^@\s]*@)")
"""What begins like this is meant as a URI: a drive has one letter, and a local name can be written ./NAME."""
ASSIGNED: Final = re.compile(r"[\w.-]+=")
"""What may stand before a URI in one word of a command line."""
SECRET: Final = re.compile(r"pass|pwd|secret|token|credential|signature|^sig$|key", re.IGNORECASE)
"""Names of parameters that hold a secret."""
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Place:
    """Where tables or runs are that are in no local folder.

    kind: s3, gs, az, postgresql, delta, iceberg or duckdb. address: the bucket, container, host or catalogue. path:
    what follows, without a slash at either end; of a file the whole path. table: what each table is called there,
    with `{table}` for its name. inner: of Delta the place of its folder. text: the whole, as it was typed.
    """

    kind: str
    address: str
    path: str
    text: str
    table: str = ANY_TABLE
    inner: "Place | Path | None" = None

    @property
    def names_one_table(self) -> bool:
        """Whether every table would be read from the same one."""
        return ANY_TABLE not in self.table

    def name_of(self, table: str) -> str:
        """What a table is called there."""
        return self.table.replace(ANY_TABLE, table)

    def __str__(self) -> str:
        """As it was typed."""
        return self.text


def place_of(text: str) -> Path | Place:
    """A text as a local path or as a place. Raises InputError, which never repeats a password."""
    begins = URI.match(text)
    if begins is None:
        return Path(text)
    scheme = begins[1].lower()
    kind, _, inner = scheme.partition("+")
    if kind not in FORMS or (inner and (kind != LAKE or inner not in ("file", *OBJECTS))):
        forms = "; ".join(FORMS.values())
        advice = f"write one of {forms}; a local name as ./{begins[1]}:"
        raise _refused(text, f"has the scheme {scheme}, which is not known", advice)
    refuse_credentials([text])
    whole = urlsplit(text)
    if not text[len(scheme) :].startswith("://") or whole.fragment or (kind == LAKE and not inner):
        raise _malformed(text, kind)
    if kind == "file":
        return _file(text, whole)
    if kind == LAKE:
        folder = place_of(text.partition("+")[2].partition("?")[0])
        return Place(LAKE, whole.netloc, unquote(whole.path).strip("/"), text, _table(text, whole, LAKE), folder)
    if kind == "duckdb":
        if whole.netloc or whole.path in ("", "/"):
            raise _malformed(text, kind)
        return Place(kind, "", unquote(whole.path), text, _table(text, whole, kind))
    if kind in OBJECTS and whole.query:
        raise _malformed(text, kind)
    return _remote(text, whole, kind)


def local_path(text: str) -> Path:
    """A text as a local path. Raises InputError where it is a place elsewhere."""
    place = place_of(text)
    if isinstance(place, Place):
        advice = (
            "name a folder or a file of this machine; places elsewhere are tables that are read, --out and export"
        )
        raise InputError([Problem(str(place), "is no local path", advice)])
    return place


def refuse_credentials(words: Iterable[str]) -> None:
    """Raise InputError for the first word that holds a URI with a password or another secret in it.

    What is on a command line is seen by everybody on the machine, and stays in the history of the shell.
    """
    for word in words:
        # An option and its value, a desk and its folder, or a setting.
        assigned = ASSIGNED.match(word)
        text = word[assigned.end() :] if assigned else word
        begins = URI.match(text)
        if begins is not None and _holds_a_secret(text):
            kind = begins[1].lower().partition("+")[0]
            inner = begins[1].lower().partition("+")[2] or kind
            variables = VARIABLES.get(inner, "an environment variable")
            raise _refused(text, "has a password or a key in it", f"take it out, and set {variables}")


def shown(text: str) -> str:
    """A URI without anything in it that may be a secret: what is before an @, no port, and values of parameters."""
    scheme, _, rest = text.partition(":")
    if "@" in rest:
        rest = f"***@{rest.rpartition('@')[2]}"
    rest, _, query = rest.lstrip("/").partition("?")
    authority, slash, path = rest.partition("/")
    host, colon, port = authority.partition(":")
    if colon and not port.isdigit():
        authority = f"{host}:***"
    names = "&".join(f"{part.partition('=')[0]}=***" for part in query.split("&")) if query else ""
    return f"{scheme}://{authority}{slash}{path}{'?' if names else ''}{names}"


def _holds_a_secret(text: str) -> bool:
    """Whether there is a user with a password, or a parameter that is called like a secret."""
    scheme, _, rest = text.partition(":")
    rest, _, query = rest.lstrip("/").partition("?")
    # Passwords are pasted with slashes in them: only of the web, where a path may hold both signs, is it told apart.
    before = (rest.partition("/")[0] if scheme.lower() in ("http", "https") else rest).rpartition("@")[0]
    names = (name for name, _ in parse_qsl(query, keep_blank_values=True))
    return ":" in unquote(before) or ("@" in query and ":" in rest) or any(map(SECRET.search, names))


def _remote(text: str, whole: SplitResult, kind: str) -> Place:
    """A place at a host, in a bucket or in a catalogue."""
    user, _, host = whole.netloc.rpartition("@")
    address = unquote(host)
    port = host.partition(":")[2]
    is_database = kind == "postgresql"
    if (user or not NAME.fullmatch(address)) and not is_database:
        raise _malformed(text, kind)
    if is_database and port and not port.isdigit():
        raise _malformed(text, kind)
    path = unquote(whole.path).strip("/")
    if kind not in OBJECTS and not path:
        raise _malformed(text, kind)
    if kind != "iceberg":
        return Place(kind, whole.netloc if is_database else address, path, text, _table(text, whole, kind))
    namespace = path.removesuffix(f".{ANY_TABLE}")
    if whole.query or "/" in path:
        raise _malformed(text, kind)
    is_one = namespace == path and "." in path
    return Place(kind, address, path, text, path if is_one else f"{namespace}.{ANY_TABLE}")


def _file(text: str, whole: SplitResult) -> Path:
    if whole.netloc not in ("", "localhost") or whole.query:
        raise _malformed(text, "file")
    return Path(unquote(whole.path))


def _table(text: str, whole: SplitResult, kind: str) -> str:
    """What tables are called, from the one parameter that a place may have. Raises InputError."""
    parameters = dict(parse_qsl(whole.query, keep_blank_values=True))
    name = parameters.pop("table", ANY_TABLE)
    if parameters or not name:
        raise _malformed(text, kind)
    return name


def _malformed(text: str, kind: str) -> InputError:
    advice = f"write it as {FORMS[kind]}, signs of a name that mean something in a URI as %23"
    return _refused(text, "is malformed", advice)


def _refused(text: str, what: str, advice: str) -> InputError:
    return InputError([Problem(shown(text), what, advice)])
