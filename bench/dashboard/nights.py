"""The nights that are looked at: a small one and a large one, published once and kept outside the repository."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from shutil import rmtree

from bench.speed.sizes import Size, chain, data_home
from engine.runs.registry import Registry, Run
from engine.settings.shelf.classic import ClassicSettings
from engine.shelf import desk
from engine.synth.plan import ChainPlan

CLASSIC = ClassicSettings()
"""Finds far more than the calibrated rule: many cases are what is wanted here."""
EARLIER = date(2026, 3, 30)


@dataclass(frozen=True)
class Looked:
    """One night to look at. name: its cases in words."""

    name: str
    size: Size


NIGHTS = (
    Looked("about 1,000 cases", Size("dashboard-small", ChainPlan(stores=28, skus=16, days=90))),
    Looked("over 100,000 cases", Size("dashboard-large", ChainPlan(stores=700, skus=50, days=90))),
)


@cache
def published(looked: Looked) -> Path:
    """The output folder with the night and the one before it, run anew once a process: the code may have changed."""
    out = data_home() / f"{looked.size.name}-out"
    rmtree(out, ignore_errors=True)
    for day in (EARLIER, None):
        desk.run(chain(looked.size), out, CLASSIC, day)
    return out


def newest(looked: Looked) -> Run:
    """The night itself."""
    return Registry(published(looked)).find()
