"""Metrics: what a watch wants to know of the newest runs, in the text that Prometheus reads.

In: runs, at most one a desk and folder. Out: gauges by desk; the names and labels stay as they are for those who have
built pictures and alarms on them.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from numbers import Real
from typing import Any, Final

from prometheus_client import CollectorRegistry, Gauge

from engine.outputs import read
from engine.runs.registry import Run

NAMED: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "darkshelf_run_finished_seconds": ("When the newest run was done, seconds since 1970", ("desk", "job")),
    "darkshelf_run_as_of_seconds": ("The last day that the newest run saw, seconds since 1970", ("desk", "job")),
    "darkshelf_stage_seconds": ("What a stage of the newest run took", ("desk", "job", "stage")),
    "darkshelf_stage_peak_bytes": ("Most memory of the process until the end of a stage", ("desk", "job", "stage")),
    "darkshelf_rows": ("Rows of an input table by what became of them", ("desk", "job", "table", "became")),
    "darkshelf_notices": ("What is odd about the input of the newest run", ("desk", "job")),
    "darkshelf_figure": ("Key figures of the newest run, as its summary names them", ("desk", "job", "figure")),
}
"""Words and labels of every gauge. job: what the schedule calls it; empty where there is none."""
MIB: Final = 1 << 20
Sample = tuple[str, tuple[str, ...], float]
"""A gauge, its labels beyond desk and job, its value."""


def metrics(runs: Mapping[str, Run], *, figures: bool) -> CollectorRegistry:
    """The gauges of runs, by the job that made each. Raises DamagedRunError.

    figures: rows, notices and key figures too, such as money; otherwise only how a run went, which names no data.
    """
    registry = CollectorRegistry()
    gauges = {name: Gauge(name, words, labels, registry=registry) for name, (words, labels) in NAMED.items()}
    for job, run in runs.items():
        for name, labels, value in chain(_course(run), _figures(run) if figures else ()):
            gauges[name].labels(run.desk, job, *labels).set(value)
    return registry


def _course(run: Run) -> Iterator[Sample]:
    """How a run went: when it was done, what it saw last, what its stages took."""
    if run.finished_at:
        yield "darkshelf_run_finished_seconds", (), dt.datetime.fromisoformat(run.finished_at).timestamp()
    if (day := _day(run.as_of)) is not None:
        yield "darkshelf_run_as_of_seconds", (), day
    for stage in run.manifest.get("stages", ()):
        yield "darkshelf_stage_seconds", (stage["stage"],), stage["seconds"]
        yield "darkshelf_stage_peak_bytes", (stage["stage"],), stage["peak_mib"] * MIB


def _figures(run: Run) -> Iterator[Sample]:
    """What a run read and found."""
    quality = read.data_quality(run)
    yield "darkshelf_notices", (), len(quality.get("notices", ()))
    for table, counts in quality.get("rows", {}).items():
        yield from (("darkshelf_rows", (table, name), value) for name, value in _numbers(counts))
    yield from (("darkshelf_figure", (name,), value) for name, value in _numbers(read.summary(run)))


def _numbers(facts: Mapping[str, Any]) -> Iterable[tuple[str, float]]:
    return ((name, float(value)) for name, value in facts.items() if isinstance(value, Real))


def _day(label: str) -> float | None:
    """Midnight that begins a day, by Greenwich; None for a label that is no day."""
    try:
        return dt.datetime.fromisoformat(label).replace(tzinfo=dt.UTC).timestamp()
    except ValueError:
        return None
