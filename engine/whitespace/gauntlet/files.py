"""Files: where the artifacts of the gauntlet lie in a run folder, `leakage/<division>/<cutoff>/`."""

import datetime as dt
from typing import Final

from engine.whitespace.gauntlet.verdict import ALL
from engine.whitespace.slug import slug

FOLDER: Final = "leakage"
POOLED: Final = "pooled"
"""Stands for all divisions together in names of files; no slug is without a dash."""


def place(division: str, cutoff: dt.date) -> str:
    """The folder of a division, or of all together, as of a cutoff."""
    return f"{FOLDER}/{part(division)}/{cutoff}"


def named(stem: str, division: str, cutoff: dt.date, ending: str) -> str:
    """The path of an artifact whose name says what it is of: `shift_grid_Services-1a2b3c_2020-06-30.json`."""
    return f"{place(division, cutoff)}/{stem}_{part(division)}_{cutoff}{ending}"


def part(division: str) -> str:
    """How names of files say what they are of."""
    return POOLED if division == ALL else slug(division)
