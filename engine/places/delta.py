"""Delta: where a table of a folder of Delta tables is, and failures of it in one line.

Object stores are asked with the credentials of the environment, as their own places are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from engine.errors import DarkshelfError, InputError, Problem, TryLaterError
from engine.places.extras import needed
from engine.places.objects import failure_of_store
from engine.places.place import Place

EXTRA: Final = "delta"


def delta_table(place: Place, table: str) -> str:
    """Where a table is, as the library of Delta takes it."""
    inner, name = place.inner, place.name_of(table)
    if isinstance(inner, Place):
        return f"{inner.kind}://{inner.address}/{'/'.join(filter(None, (inner.path, name)))}"
    return str(Path(inner or "") / name)


@contextmanager
def told(place: Place, done: str) -> Iterator[None]:
    """Raise a failure of Delta as one that says what, where and what to do; see `ObjectFolder.told`."""
    failures = needed("deltalake.exceptions", EXTRA, str(place))
    try:
        yield
    except (failures.CommitFailedError, failures.SchemaMismatchError) as error:
        raise _conflict(place, error, done) from None
    except (failures.DeltaError, OSError) as error:
        if isinstance(place.inner, Place):
            raise failure_of_store(place.inner, error, done) from None
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        advice = "name a folder of Delta tables that may be read and written"
        raise InputError([Problem(str(place), f"cannot be {done}: {reason}", advice)]) from None


def _conflict(place: Place, error: Exception, done: str) -> DarkshelfError:
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    if "chema" in type(error).__name__:
        return InputError([Problem(str(place), f"cannot be {done}: {reason}", "name another folder")])
    return TryLaterError(f"{place} cannot be {done}: somebody else wrote meanwhile. Try again")
