"""Measure the dashboard and write `measured.json`: `python -m bench.dashboard.measure [part …] [--seconds N]`.

Parts: paint, answers, lookup, clicking, publishing. A part that is not named keeps its figures. Ten readers click for
five minutes, or for so many seconds.
"""

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import psutil

from bench.dashboard import lookup, many, single
from bench.dashboard.browsing import browser
from bench.dashboard.nights import NIGHTS, newest, published
from bench.speed.sizes import chain

MEASURED = Path(__file__).parent / "measured.json"
CLICKING_SECONDS = 300
DAY = date(2026, 3, 31)


def measure(parts: Sequence[str], seconds: float) -> dict[str, Any]:
    """The figures of every part, those not named as they were. seconds: so long ten readers click."""
    found: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else {}
    for part in parts:
        begin = os.getloadavg()[0]
        found[part] = {**_PARTS[part](seconds), "load": [begin, os.getloadavg()[0]], "cores": psutil.cpu_count()}
    return found


def _paint(_: float) -> dict[str, Any]:
    with browser() as chromium:
        return {
            looked.name: {
                "cases": newest(looked).manifest["cases"],
                "cold": single.first_paint(chromium, published(looked), warm=False),
                "warm": single.first_paint(chromium, published(looked), warm=True),
            }
            for looked in NIGHTS
        }


def _answers(_: float) -> dict[str, Any]:
    with browser() as chromium:
        return {looked.name: single.answers(chromium, published(looked)) for looked in NIGHTS}


def _lookup(_: float) -> dict[str, Any]:
    return {looked.name: lookup.looked_up(published(looked)) for looked in NIGHTS}


def _clicking(seconds: float) -> dict[str, Any]:
    watch = many.clicking(published(NIGHTS[-1]), seconds)
    return {**asdict(watch), "minutes": seconds / 60}


def _publishing(_: float) -> dict[str, Any]:
    small = NIGHTS[0]
    return asdict(many.publishing(published(small), chain(small.size), DAY))


_PARTS = {
    "paint": _paint,
    "answers": _answers,
    "lookup": _lookup,
    "clicking": _clicking,
    "publishing": _publishing,
}

if __name__ == "__main__":
    words = argparse.ArgumentParser(prog="python -m bench.dashboard.measure", description=__doc__)
    words.add_argument("parts", nargs="*", metavar="part")
    words.add_argument("--seconds", type=float, default=CLICKING_SECONDS)
    given = words.parse_args()
    if unknown := sorted({*given.parts} - {*_PARTS}):
        words.error(f"there is no part {unknown[0]}; there are {', '.join(_PARTS)}")
    figures = measure(given.parts or list(_PARTS), given.seconds)
    MEASURED.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
