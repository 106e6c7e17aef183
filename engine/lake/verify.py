"""Verify: read every file of a lake and compare it with what was written.

In: an opened lake. Out: how many files there are, and a problem for each that is not what it was. Nothing is changed.
"""

from dataclasses import dataclass

from engine.errors import Problem
from engine.lake.manifest import DayLake


@dataclass(frozen=True)
class Verified:
    """What a lake holds on disk. without_hash: files of a lake of format 1, of which only the size was compared.

    damages: files that are gone or are not what was written, with the days to ingest again.
    """

    files: int
    n_bytes: int
    without_hash: int
    damages: tuple[Problem, ...]


def verify(lake: DayLake) -> Verified:
    """Compare every file of a lake with its size and its hash.

    Raises TryLaterError when the lake is changed meanwhile.
    """
    files = [file for parts in lake.tables.values() for part in parts for file in part.files]
    damages = [problem for table in lake.tables for problem in lake.damages(table, by_content=True)]
    return Verified(
        files=len(files),
        n_bytes=sum(file.n_bytes for file in files),
        without_hash=sum(file.content is None for file in files),
        damages=tuple(damages),
    )
