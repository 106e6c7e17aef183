"""Runs that hold next to nothing, published as a desk publishes its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.runs.registry import Registry


def add(
    registry: Registry,
    run_id: str,
    as_of: str = "2025-06-30",
    finished_at: str = "",
    desk: str = "shelf",
    **further: str,
) -> None:
    """A run that holds nothing but its manifest, with what it says further, and one file."""
    with registry.writer(), registry.publish(run_id) as folder:
        manifest = {"run_id": run_id, "desk": desk, "as_of": as_of, "finished_at": finished_at, **further}
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        (folder / "summary.json").write_text('{"cases": 7}', encoding="utf-8")


def add_days(registry: Registry, n_days: int) -> list[str]:
    """Runs of days in a row, `run-1` the oldest."""
    ids = [f"run-{day}" for day in range(1, n_days + 1)]
    for day, run_id in enumerate(ids, 1):
        add(registry, run_id, f"2025-06-{day:02}")
    return ids
