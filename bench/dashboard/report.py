"""The page of the dashboard's speed, from `measured.json`: `python -m bench.dashboard.report`."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.dashboard.measure import MEASURED

PAGE = Path(__file__).parents[2] / "docs" / "dashboard-performance.md"
TARGETS = {
    ("cold", 0): 3.0,
    ("cold", 1): 3.0,
    ("warm", 0): 1.0,
    ("warm", 1): 3.0,
}
"""Seconds to the first useful paint, by server and night."""
ANSWERS = {"filter": 0.5, "sort": 0.5, "next page": 0.5, "case": 1.0, "case with its charts": None}
CLICK_P95_SECONDS = 1.5
GROWTH_SHARE = 0.10
"""Memory is steady when its mean in the last fifth of the time is at most so much above that in the second."""
PARTS_OF_TIME = 5
NOT_MEASURED = "Not measured yet: `python -m bench.dashboard.measure clicking publishing`, on a quiet machine."


def page(measured: dict[str, Any]) -> str:
    """The whole page."""
    return "\n".join(
        (
            "# How fast the dashboard answers",
            "",
            "Written by `make bench-dashboard`, from `bench/dashboard/measured.json`. Everything is timed in",
            "Chromium, headless, through Playwright, on the machine that serves: from before a click until what was",
            f"asked for stands in the page. Medians over {_tries(measured)} tries, with the largest beside them.",
            "",
            "Two nights are looked at, both found by the classic rule: one of "
            + " and one of ".join(_night(name, measured) for name in _names(measured))
            + ".",
            "",
            "## First useful paint",
            "",
            "The figures of the summary stand in the page. *Cold* is the first reader of a server that has just",
            "started, *warm* every later one, each with an empty cache. *Alive* is when the page takes clicks.",
            _load(measured, "paint"),
            "",
            "| server | night | median, s | largest, s | target, s | | alive, s |",
            "|---|---|---|---|---|---|---|",
            *_paint(measured),
            "",
            "## Answers",
            "",
            "Over all cases of the night, open and closed, on a warm server.",
            _load(measured, "answers"),
            "",
            "| what | night | median, s | largest, s | target, s | |",
            "|---|---|---|---|---|---|",
            *_answers(measured),
            "",
            "## Ten readers at once",
            "",
            *_clicking(measured),
            "",
            "## A night is published while ten read",
            "",
            *_publishing(measured),
            "",
        )
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


def _paint(measured: dict[str, Any]) -> list[str]:
    lines = []
    for server in ("cold", "warm"):
        for place, name in enumerate(_names(measured)):
            found, target = measured["paint"][name][server], TARGETS[server, place]
            middle = median(found["painted"])
            most, alive = max(found["painted"]), median(found["alive"])
            lines.append(
                f"| {server} | {_night(name, measured)} | {middle:.2f} | {most:.2f} | under {target:g} "
                f"| {_verdict(middle, target)} | {alive:.2f} |"
            )
    return lines


def _answers(measured: dict[str, Any]) -> list[str]:
    lines = []
    for what, target in ANSWERS.items():
        for name in _names(measured):
            seconds = measured["answers"][name][what]
            middle = median(seconds)
            told = "" if target is None else f"under {target:g}"
            lines.append(
                f"| {what} | {_night(name, measured)} | {middle:.2f} | {max(seconds):.2f} | {told} "
                f"| {_verdict(middle, target)} |"
            )
    return lines


def _clicking(measured: dict[str, Any]) -> list[str]:
    if "clicking" not in measured:
        return [NOT_MEASURED]
    found = measured["clicking"]
    seconds, memory = sorted(found["seconds"]), found["memory"]
    late = seconds[math.ceil(0.95 * len(seconds)) - 1]
    part = max(len(memory) // PARTS_OF_TIME, 1)
    early, last = _mean(memory[part : 2 * part] or memory), _mean(memory[-part:])
    errors = len(found["errors"])
    return [
        f"Ten readers go to pages, sort and open cases of the larger night for {found['minutes']:g} minutes,",
        "with two to six seconds of thinking between. All ten browsers run on the machine that serves.",
        _load(measured, "clicking"),
        "",
        "| what | measured | target | |",
        "|---|---|---|---|",
        f"| clicks | {len(seconds):,} | | |",
        f"| errors | {errors:,} | 0 | {_verdict(errors, 0)} |",
        f"| median, s | {median(seconds):.2f} | | |",
        f"| 95th percentile, s | {late:.2f} | under {CLICK_P95_SECONDS:g} | {_verdict(late, CLICK_P95_SECONDS)} |",
        f"| memory in the second fifth of the time, MiB | {early:,.0f} | | |",
        f"| memory in the last fifth, MiB | {last:,.0f} | at most {GROWTH_SHARE:.0%} more "
        f"| {_verdict(last, early * (1 + GROWTH_SHARE))} |",
    ]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _publishing(measured: dict[str, Any]) -> list[str]:
    if "publishing" not in measured:
        return [NOT_MEASURED]
    found = measured["publishing"]
    told = found["told_of_it"]
    return [
        "Ten readers go back and forth between two pages while a night is run and published into their folder.",
        "",
        "| what | measured | target | |",
        "|---|---|---|---|",
        f"| pages read | {found['readings']:,} | | |",
        f"| pages that mixed two nights | {found['mixtures']} | 0 | {_verdict(found['mixtures'], 0)} |",
        f"| errors | {len(found['errors'])} | 0 | {_verdict(len(found['errors']), 0)} |",
        f"| readers told of the new night | {told} of 10 | 10 | {_verdict(10 - told, 0)} |",
    ]


if __name__ == "__main__":
    PAGE.write_text(page(json.loads(MEASURED.read_text(encoding="utf-8"))), encoding="utf-8")
