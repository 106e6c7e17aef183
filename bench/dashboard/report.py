"""The page of the dashboard's speed, from `measured.json`: `python -m bench.dashboard.report`."""

import json
import math
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import mean, median
from typing import Any

from bench.dashboard.measure import MEASURED
from engine.outputs.document import render

PAGE = Path(__file__).parents[2] / "docs" / "dashboard-performance.md"
TARGETS = {
    ("cold", 0): 1.0,
    ("cold", 1): 1.0,
    ("warm", 0): 1.0,
    ("warm", 1): 1.0,
}
"""Seconds to the first useful paint, by server and night."""
ANSWERS = {
    "filter": 0.3,
    "queue filter": 0.3,
    "sort": 0.5,
    "next page": 0.5,
    "case": 1.0,
    "case with its charts": None,
}
LOOKUP_P95_SECONDS = 0.1
CLICK_P95_SECONDS = 0.8
GROWTH_SHARE = 0.10
"""Memory is steady when its mean in the last fifth of the time is at most so much above that in the second."""
PARTS_OF_TIME = 5
NOT_MEASURED = "Not measured yet: `python -m bench.dashboard.measure`, on a quiet machine."
Row = tuple[str, ...]


def page(measured: dict[str, Any]) -> str:
    """The whole page."""
    return render(
        Path(__file__).with_suffix(".md"),
        tries=_tries(measured),
        nights=[_night(name, measured) for name in _names(measured)],
        load=partial(_load, measured),
        paint=_paint(measured),
        answers=_answers(measured),
        looked_up=[*_looked_up(measured)],
        lookup_late=LOOKUP_P95_SECONDS,
        clicking=_clicking(measured["clicking"]) if "clicking" in measured else None,
        publishing=measured.get("publishing"),
        verdict=_verdict,
        most_late=CLICK_P95_SECONDS,
        growth_share=GROWTH_SHARE,
        not_measured=NOT_MEASURED,
    )


def _tries(measured: dict[str, Any]) -> str:
    counts = {len(seconds) for name in _names(measured) for seconds in measured["answers"][name].values()} | {
        len(measured["paint"][name][server]["painted"]) for name in _names(measured) for server in ("cold", "warm")
    }
    return " to ".join(str(count) for count in sorted({min(counts), max(counts)}))


def _names(measured: dict[str, Any]) -> list[str]:
    return [name for name, found in measured["paint"].items() if isinstance(found, dict)]


def _night(name: str, measured: dict[str, Any]) -> str:
    return f"{measured['paint'][name]['cases']:,} cases"


def _load(measured: dict[str, Any], part: str) -> str:
    begin, end = measured[part]["load"]
    cores = measured[part]["cores"]
    busy = " Others kept it busy: on a quiet machine everything is faster." if begin > cores else ""
    return f"Load of the machine ({cores} cores) at the begin {begin:.1f}, at the end {end:.1f}.{busy}"


def _verdict(value: float, target: float | None) -> str:
    return "" if target is None else "met" if value <= target else "**missed**"


def _paint(measured: dict[str, Any]) -> Iterator[Row]:
    for server in ("cold", "warm"):
        for place, name in enumerate(_names(measured)):
            found, target = measured["paint"][name][server], TARGETS[server, place]
            yield (server, _night(name, measured), *_timed(found["painted"], target), f"{median(found['alive']):.2f}")


def _answers(measured: dict[str, Any]) -> Iterator[Row]:
    for what, target in ANSWERS.items():
        for name in _names(measured):
            if what not in measured["answers"][name]:
                continue
            yield (what, _night(name, measured), *_timed(measured["answers"][name][what], target))


def _looked_up(measured: dict[str, Any]) -> Iterator[Row]:
    for name in _names(measured) if "lookup" in measured else ():
        for what, seconds in measured["lookup"][name].items():
            late = _late(seconds)
            told = (f"{1000 * median(seconds):.1f}", f"{1000 * late:.1f}", _verdict(late, LOOKUP_P95_SECONDS))
            yield (what, _night(name, measured), *told)


def _late(seconds: Sequence[float]) -> float:
    """What 95 of 100 do not exceed."""
    return sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]


def _timed(seconds: Sequence[float], target: float | None) -> Row:
    """Median, largest, target and verdict."""
    middle, target_text = median(seconds), "" if target is None else f"under {target:g}"
    return (f"{middle:.2f}", f"{max(seconds):.2f}", target_text, _verdict(middle, target))


def _clicking(found: dict[str, Any]) -> dict[str, Any]:
    seconds, memory = sorted(found["seconds"]), found["memory"]
    part = max(len(memory) // PARTS_OF_TIME, 1)
    return {
        "minutes": f"{found['minutes']:g}",
        "clicks": len(seconds),
        "errors": len(found["errors"]),
        "middle": median(seconds),
        "late": _late(seconds),
        "early_mib": mean(memory[part : 2 * part] or memory),
        "last_mib": mean(memory[-part:]),
    }


if __name__ == "__main__":
    PAGE.write_text(page(json.loads(MEASURED.read_text(encoding="utf-8"))), encoding="utf-8")
