"""Retain: let runs and days of a lake go that a job keeps no longer.

In: a job whose run went well. Out: what was deleted. The run that `LATEST` names always stays.
"""

import datetime as dt

from engine.lake.drop import drop
from engine.lake.manifest import open_lake
from engine.mirrors import told
from engine.runs.registry import Registry
from engine.settings.schedule import JobSettings


def retain(job: JobSettings, until: dt.date) -> list[str]:
    """Names of the runs, and days of the lake, that went, oldest first.

    Raises TryLaterError while another process writes, OutputError when nothing can be deleted.
    """
    gone: list[str] = []
    registry = Registry(job.out)
    if job.keep_runs or job.keep_run_days:
        with registry.writer():
            gone += registry.prune(_newest_kept(job, registry, until))
    if job.lake is not None and job.keep_lake_days:
        lake = open_lake(job.lake)
        oldest = (until - dt.timedelta(days=job.keep_lake_days - 1)).isoformat()
        days = {day for table in lake.tables for day in lake.days(table) if day < oldest}
        for day in sorted(days):
            drop(job.lake, dt.date.fromisoformat(day))
            gone.append(f"{told(job.lake)}: {day}")
    return gone


def _newest_kept(job: JobSettings, registry: Registry, until: dt.date) -> int:
    """How many of the newest whole runs stay, by their number and by their age."""
    whole = [run for run in registry.runs() if run.part_of is None]
    kept = min(job.keep_runs or len(whole), len(whole))
    if job.keep_run_days:
        oldest = (until - dt.timedelta(days=job.keep_run_days - 1)).isoformat()
        kept = min(kept, sum(run.as_of >= oldest for run in whole))
    return max(kept, 1)
