"""Objects: what lies in a folder of an object store, by names below it, and failures of the store in one line.

In: a place of S3, Google Cloud Storage or Azure. Credentials come from the environment or the provider's own chain.
"""

import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.errors import DarkshelfError, InputError, OutputError, Problem, TryLaterError
from engine.places.extras import needed
from engine.places.place import VARIABLES, Place

STORES: Final = {"s3": "S3Store", "gs": "GCSStore", "az": "AzureStore"}
RETRIES: Final = {
    "max_retries": 4,
    "backoff": {"init_backoff": dt.timedelta(seconds=0.1), "max_backoff": dt.timedelta(seconds=3), "base": 2.0},
    "retry_timeout": dt.timedelta(seconds=60),
}
"""How often a store that is busy is asked again before a person is told."""
TIMEOUTS: Final = {"timeout": "60s", "connect_timeout": "10s"}
"""Of one request; a large file comes in many."""
PIECE_BYTES: Final = 8 << 20
"""So much of a file is held in memory while it is fetched."""
REFUSED: Final = ("UnauthenticatedError", "PermissionDeniedError")
STATUS: Final = re.compile(r"status code: (\d{3})|HTTP status (?:client|server) error \((\d{3})")
TRY_LATER_STATUS: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers of a store that may be others in a while."""
OPENED: Final = "opened"
"""What fails before a store is asked is how it is described."""
CODE: Final = re.compile(r"<Code>(\w+)</Code>")
"""What stores call a failure, in their own word."""


@dataclass(frozen=True)
class Stored:
    """One object. name: below the folder, with slashes. mark: differs when its content does. changed_at: in UTC."""

    name: str
    n_bytes: int
    mark: str
    changed_at: dt.datetime


class ObjectFolder:
    """A folder of an object store. Every method raises as `told` does."""

    def __init__(self, place: Place) -> None:
        self.place = place
        extra = place.kind
        # Google compares generations, the others entity tags.
        self._marked_by = "version" if extra == "gs" else "e_tag"
        self._obstore = needed("obstore", extra, str(place))
        store = getattr(needed("obstore.store", extra, str(place)), STORES[extra])
        options: dict[str, Any] = {"client_options": {**TIMEOUTS, **_plain_http(extra)}, "retry_config": RETRIES}
        with self.told(OPENED):
            self._store = store(place.address, prefix=place.path or None, **options)

    def listed(self, below: str = "") -> list[Stored]:
        """Every object below a name, by name."""
        with self.told("listed"):
            found = [each for part in self._obstore.list(self._store, below or None) for each in part]
        marked = (
            Stored(each["path"], each["size"], str(each["e_tag"] or each["last_modified"]), each["last_modified"])
            for each in found
        )
        return sorted(marked, key=lambda each: each.name)

    def read(self, name: str) -> tuple[bytes, str] | None:
        """The content and the mark of a small object, None where there is none."""
        with self.told("read"):
            try:
                found = self._obstore.get(self._store, name)
                return bytes(found.bytes()), self._mark(found.meta)
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):
                    raise
                return None

    def fetch_listed(self, stored: Stored, file: Path) -> None:
        """Copy a listed object into a file. Raises TryLaterError where it is gone since."""
        if not self.fetch(stored.name, stored.n_bytes, file):
            raise TryLaterError(f"{self.place}: {stored.name} is gone since it was listed. Try again")

    def fetch(self, name: str, known_bytes: int, file: Path) -> bool:
        """Copy an object into a file, which is whole or an error; whether there is one.

        known_bytes: how many there have to be. Raises TryLaterError where there are others, too.
        """
        with self.told("read"):
            try:
                found = self._obstore.get(self._store, name)
            except FileNotFoundError:
                return False
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("wb") as stream:
                for piece in found.stream(min_chunk_size=PIECE_BYTES):
                    stream.write(piece)
        n_bytes = file.stat().st_size
        if n_bytes != known_bytes:
            what = f"{name} came with {n_bytes:,} bytes instead of {known_bytes:,}"
            raise TryLaterError(f"{self.place}: {what}. Try again; it may be written just now")
        return True

    def put(self, name: str, content: bytes | Path) -> None:
        """Write an object, whole or not at all."""
        with self.told("written"):
            self._obstore.put(self._store, name, content)

    def put_in_place_of(self, name: str, content: bytes, mark: str | None) -> str | None:
        """Write an object in place of the one with a mark, None for none yet: its new mark, None where it changed."""
        mode = "create" if mark is None else {self._marked_by: mark}
        failures = self._obstore.exceptions
        with self.told("written"):
            try:
                return self._mark(self._obstore.put(self._store, name, content, mode=mode))
            except (failures.AlreadyExistsError, failures.PreconditionError, failures.NotModifiedError):
                return None

    def delete(self, names: list[str]) -> None:
        """Delete objects; one that is gone already is no failure."""
        with self.told("deleted"):
            for name in names:
                try:
                    self._obstore.delete(self._store, name)
                except FileNotFoundError:
                    continue

    def _mark(self, known: Mapping[str, Any]) -> str:
        return str(known[self._marked_by])

    @contextmanager
    def told(self, done: str) -> Iterator[None]:
        """Raise a failure of the store as one that says what, where and what to do.

        done: what cannot be done with the place. Raises TryLaterError where the store is busy, slow or cannot be
        reached, InputError where it refuses or has no such bucket, OutputError where it fails otherwise.
        """
        try:
            yield
        except (self._obstore.exceptions.BaseError, OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise failure_of_store(self.place, error, done) from None


def _plain_http(kind: str) -> dict[str, bool]:
    """Whether a store may be asked without encryption: only one that the environment says is so."""
    asked = os.environ.get("AWS_ALLOW_HTTP" if kind == "s3" else "AZURE_ALLOW_HTTP", "").lower() == "true"
    return {"allow_http": True} if asked else {}


def failure_of_store(place: Place, error: Exception, done: str) -> DarkshelfError:
    """A failure of a store as a person is told of it."""
    text = str(error)
    numbers = STATUS.search(text)
    status = int(numbers[1] or numbers[2]) if numbers else None
    code = CODE.search(text)
    said = " ".join(filter(None, [code[1] if code else "", f"(status {status})" if status else ""]))
    kind = type(error).__name__
    variables = VARIABLES[place.kind]
    if status in (401, 403) or kind in REFUSED or (code and "Expired" in code[1]):
        advice = f"check that they are set and not expired, and what they may do: {variables}"
        return InputError(
            [Problem(str(place), f"cannot be {done}: the credentials are refused {said}".rstrip(), advice)]
        )
    if status == 404 or isinstance(error, FileNotFoundError):
        is_bucket = "NoSuchBucket" in text or "ContainerNotFound" in text or status is None
        what = f"cannot be {done}: there is no {place.address}" if is_bucket else f"cannot be {done}: it is not there"
        return InputError([Problem(str(place), what, "make it, or name another one")])
    reason = said or _first_line(text)
    if status is None and done == OPENED:
        return InputError([Problem(str(place), f"cannot be {done}: {reason}", f"set {variables}")])
    if status in TRY_LATER_STATUS or status is None:
        return TryLaterError(f"{place} cannot be {done}: the store does not answer: {reason}. Try again in a while")
    return OutputError(f"{place} cannot be {done}: {said}")


def _first_line(text: str) -> str:
    """What went wrong at the bottom, without addresses of single requests."""
    line = next(iter(text.splitlines()), "no reason given")
    return re.sub(r"https?://\S+", "the store", line)
