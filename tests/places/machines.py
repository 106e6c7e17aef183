"""Machines for tests: each has mirrors of its own, as two computers that publish to one object store have."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from engine.mirrors import folder_of
from engine.outputs.desks import desk_named, entry
from engine.places.objects import ObjectFolder
from engine.places.place import Place, place_of
from tests.toy.desk import write_toy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.outputs.result import Result


@contextmanager
def machine(folder: Path) -> Iterator[None]:
    """Be on the machine that keeps its mirrors in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DARKSHELF_MIRROR__FOLDER", str(folder))
        yield


def objects_of(text: str) -> ObjectFolder:
    """What lies at a place, without a mirror in between."""
    place = place_of(text)
    assert isinstance(place, Place)
    return ObjectFolder(place)


def names_at(text: str, below: str = "") -> list[str]:
    return [stored.name for stored in objects_of(text).listed(below)]


def night(text: str, day: str, room: Path) -> Result:
    """Publish a night of the toy desk to a place. room: where its tables lie, written where they are not there."""
    if not room.exists():
        write_toy(room)
    desk = desk_named("toy")
    made: Result = entry(desk.run)(room, folder_of(text), desk.load(None, []), day)
    return made


def latest_at(text: str) -> str:
    found = objects_of(text).read("LATEST")
    return "" if found is None else found[0].decode().strip()


class Killed(BaseException):
    """The process is killed: nothing of it is done after this, but what Python itself clears away."""


@contextmanager
def killed_at(touch: int) -> Iterator[list[str]]:
    """A machine that is killed before it changes the store for the n-th time. Yields the changes it made."""
    done: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in ("put", "put_in_place_of", "delete"):
            patch.setattr(ObjectFolder, name, _counted(getattr(ObjectFolder, name), done, touch))
        # One at a time, so that the n-th is the same in every run.
        patch.setattr("engine.runs.origin.AT_ONCE", 1)
        patch.setattr("engine.lake.origin.AT_ONCE", 1)
        yield done


def _counted(method, done, touch):  # type: ignore[no-untyped-def]
    def counted(self, name, *rest):  # type: ignore[no-untyped-def]
        if len(done) == touch:
            raise Killed
        done.append(f"{method.__name__} {name}")
        return method(self, name, *rest)

    return counted
