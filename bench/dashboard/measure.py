"""Measure the dashboard and write `measured.json`: `python -m bench.dashboard.measure [part …]`.

Parts: paint, answers, clicking, publishing. A part that is not named keeps its figures.
"""

import json
import os
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import psutil

from bench.dashboard import many, single
from bench.dashboard.browsing import browser
from bench.dashboard.nights import NIGHTS, newest, published
from bench.speed.sizes import chain

MEASURED = Path(__file__).parent / "measured.json"
PARTS = ("paint", "answers", "clicking", "publishing")
CLICKING_SECONDS = 300
DAY = date(2026, 3, 31)


def measure(parts: list[str]) -> dict[str, Any]:
    """The figures of every part, those not named as they were."""
    found: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else {}
    for part in parts:
        begin = os.getloadavg()[0]
        found[part] = {**_PARTS[part](), "load": [begin, os.getloadavg()[0]], "cores": psutil.cpu_count()}
    return found


def _paint() -> dict[str, Any]:
    with browser() as chromium:
        return {
            looked.name: {
                "cases": newest(looked).manifest["cases"],
                "cold": single.first_paint(chromium, published(looked), warm=False),
                "warm": single.first_paint(chromium, published(looked), warm=True),
            }
            for looked in NIGHTS
        }


def _answers() -> dict[str, Any]:
    with browser() as chromium:
        return {looked.name: single.answers(chromium, published(looked)) for looked in NIGHTS}


def _clicking() -> dict[str, Any]:
    watch = many.clicking(published(NIGHTS[-1]), CLICKING_SECONDS)
    return {**asdict(watch), "minutes": CLICKING_SECONDS / 60}


def _publishing() -> dict[str, Any]:
    small = NIGHTS[0]
    return asdict(many.publishing(published(small), chain(small.size), DAY))


_PARTS = {"paint": _paint, "answers": _answers, "clicking": _clicking, "publishing": _publishing}

if __name__ == "__main__":
    figures = measure(sys.argv[1:] or list(PARTS))
    MEASURED.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
