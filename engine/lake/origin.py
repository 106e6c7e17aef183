"""The origin of a mirror: a lake in an object store, what is brought from it and what is given to it.

Every name is that of a lake in a folder. `lake.json` is replaced only where it is what was read before, after every
file that it names; a file is told by its name from any other, so that two writers never write on one another's.
"""

import datetime as dt
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

from engine.disk import content_hash, raised_as_output_error
from engine.errors import InputError, Problem, TryLaterError
from engine.mirrors import AT_ONCE, ELSEWHERE, brought_into, place_mirrored, unread_since
from engine.places.objects import ObjectFolder
from engine.places.place import Place

LAKE: Final = "lake.json"
"""What is the lake: a file it does not name is no part of it."""
GIVEN_UP_AFTER: Final = dt.timedelta(days=1)
"""A file that no lake names for so long is nobody's work any more."""
ORIGINS_HELD: Final = 100
"""Lakes that are remembered, with their connections."""


class LakeOrigin:
    """The lake that a folder is the mirror of. Every method raises as `ObjectFolder` does, and OutputError."""

    def __init__(self, place: Place, mirror: Path) -> None:
        self.place = place
        self.mirror = mirror

    @cached_property
    def _objects(self) -> ObjectFolder:
        return ObjectFolder(self.place)

    def look(self) -> tuple[bytes, str] | None:
        """The manifest there and its mark, None for none; it lies here, too, then."""
        found = self._objects.read(LAKE)
        with raised_as_output_error(self.mirror, ELSEWHERE):
            if found is None:
                (self.mirror / LAKE).unlink(missing_ok=True)
            else:
                with brought_into(self.mirror) as hidden:
                    (hidden / LAKE).write_bytes(found[0])
                    (hidden / LAKE).replace(self.mirror / LAKE)
        return found

    def refuse_other_objects(self) -> None:
        """Raise InputError where something lies there that would be taken for tables of a lake."""
        others = [stored.name for stored in self._objects.listed()]
        if others:
            what = f"is no lake and not empty: it holds {others[0]}" + (" and more" if len(others) > 1 else "")
            raise InputError([Problem(str(self.place), what, f"name an empty place, or one with a {LAKE}")])

    def bring(self, name: str, n_bytes: int, content: str | None) -> None:
        """Have a file of the lake here, as `TABLE/FILE`, where it is there; a copy that is not it is replaced."""
        file = self.mirror / name
        with raised_as_output_error(self.mirror, ELSEWHERE):
            with suppress(FileNotFoundError):
                if file.stat().st_size == n_bytes and content in (None, content_hash(file)):
                    return
            with brought_into(self.mirror) as hidden:
                if self._objects.fetch(name, n_bytes, hidden / name):
                    file.parent.mkdir(exist_ok=True)
                    (hidden / name).replace(file)

    def let_go(self, named: Collection[str]) -> None:
        """Delete copies that the lake names no more, and that nobody can be reading."""
        until = unread_since()
        for file in self.mirror.glob("[!.]*/*.parquet"):
            if f"{file.parent.name}/{file.name}" not in named:
                with suppress(FileNotFoundError):
                    if file.stat().st_mtime < until:
                        file.unlink()

    def give(self, names: Collection[str], manifest: bytes, mark: str) -> None:
        """Make these files, which lie here, and this manifest the lake.

        mark: of the manifest that they were made from. Raises TryLaterError where the lake has changed since; it
        stays as it is then.
        """
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda name: self._objects.put(name, self.mirror / name), sorted(names)))
        if self._objects.put_in_place_of(LAKE, manifest, mark) is None:
            found = self._objects.read(LAKE)
            # A store that was asked twice, since its first answer was lost, finds what it took the first time.
            if found is None or found[0] != manifest:
                raise TryLaterError(f"{self.place}: the lake was changed by somebody else meanwhile. Try again")

    def begin(self, manifest: bytes) -> str:
        """Make an empty lake where there is none, so that files without a manifest are never met; its mark.

        Raises TryLaterError where somebody else did.
        """
        mark = self._objects.put_in_place_of(LAKE, manifest, None)
        if mark is None:
            raise TryLaterError(f"{self.place}: somebody else began a lake there. Try again")
        return mark

    def clear(self, named: Collection[str]) -> None:
        """Delete files that neither this lake nor the one before names, unless somebody may be giving them."""
        until = dt.datetime.now(dt.UTC) - GIVEN_UP_AFTER
        self._objects.delete(list(self._unnamed(named, until)))

    def _unnamed(self, named: Collection[str], until: dt.datetime) -> Iterator[str]:
        for stored in self._objects.listed():
            if stored.name.endswith(".parquet") and stored.name not in named and stored.changed_at < until:
                yield stored.name


@lru_cache(ORIGINS_HELD)
def origin_of(folder: Path) -> LakeOrigin | None:
    """The origin of a mirror; None for a folder that stands for itself."""
    place = place_mirrored(folder)
    return None if place is None else LakeOrigin(place, folder)


def is_lake_there(place: Place) -> bool:
    """Whether a place in an object store is a lake, as far as may be seen. Raises as `ObjectFolder`."""
    return ObjectFolder(place).read(LAKE) is not None
