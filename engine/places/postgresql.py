"""PostgreSQL: a connection over ADBC, which speaks Arrow, and failures of the server in one line.

In: a place. The password comes from libpq's own variables and files.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from engine.errors import DarkshelfError, InputError, OutputError, Problem, TryLaterError
from engine.places.extras import needed
from engine.places.place import VARIABLES, Place

EXTRA: Final = "postgres"
REFUSED: Final = ("28", "42501")
"""How states of SQL begin for logins and rights that are refused."""
NOT_THERE: Final = ("3D", "3F", "42P01", "42703")
"""And for databases, schemas, tables and columns that are not there."""
BUSY: Final = ("08", "40", "53", "55", "57")
"""And for a server that is lost, shut down or full, and for others who were faster."""
REFUSED_WORDS: Final = ("authentication failed", "no password supplied", "no pg_hba.conf entry")
NOT_THERE_WORDS: Final = ("does not exist",)
"""A login has no state yet when it fails: what the server says is looked at."""


@contextmanager
def connected(place: Place, done: str) -> Iterator[Any]:
    """A connection in a transaction of its own, which the block commits; what it does not commit never happened.

    done: what cannot be done with the place, for messages. Raises InputError where the server refuses or something is
    not there, TryLaterError where it cannot be reached or is busy, OutputError where it does not take what it is
    given.
    """
    driver = needed("adbc_driver_postgresql.dbapi", EXTRA, str(place))
    user = f"postgresql://{place.address}/{place.path}"
    try:
        with driver.connect(user) as connection:
            yield connection
    except driver.Error as error:
        raise _failure(place, error, done) from None


def quoted(name: str) -> str:
    """A name as SQL has it, schema and table apart."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def _failure(place: Place, error: Exception, done: str) -> DarkshelfError:
    """A failure of the server as a person is told of it."""
    state = getattr(error, "sqlstate", None) or ""
    text = str(error)
    reason = _reason(text)
    if state.startswith(REFUSED) or any(words in text for words in REFUSED_WORDS):
        advice = f"check the user and the rights; the password comes from {VARIABLES['postgresql']}"
        return InputError([Problem(str(place), f"cannot be {done}: {reason}", advice)])
    if state.startswith(NOT_THERE) or any(words in text for words in NOT_THERE_WORDS):
        advice = "name another database, schema or table: postgresql://HOST/DATABASE?table=SCHEMA.{table}"
        return InputError([Problem(str(place), f"cannot be {done}: {reason}", advice)])
    if state and not state.startswith(BUSY):
        return OutputError(f"{place} cannot be {done}: {reason}. Nothing of it was kept")
    return TryLaterError(f"{place} cannot be {done}: {reason}. Try again in a while")


def _reason(text: str) -> str:
    """What the server says, in its own line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = next((line for line in lines if "ERROR:" in line or "FATAL:" in line), lines[0] if lines else "no reason")
    return told.rpartition("ERROR:")[2].rpartition("FATAL:")[2].strip().partition(" SQLSTATE")[0]
