"""Plan: a schedule as its file says, and the runs that its jobs published last."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from engine.errors import Problem, SettingsError
from engine.runs.registry import Registry, Run
from engine.settings.loading import described, read_tree, settings_of
from engine.settings.schedule import JobSettings, ScheduleSettings

PATHS: Final = ("input", "lake", "delivery", "out", "config")


def load_schedule(file: Path, jobs: Sequence[str] = ()) -> ScheduleSettings:
    """The schedule of a TOML file, its paths meant from where the file lies. jobs: only those of these names.

    Raises SettingsError listing everything that is wrong at once.
    """
    known_keys = [key for key, _ in described(ScheduleSettings)]
    tree, problems = read_tree(file, (), known_keys)
    places = range(len(tree.get("jobs", ())))
    of_jobs = [f"jobs.{place}.{key}" for place in places for key, _ in described(JobSettings)]
    plan = settings_of(ScheduleSettings, tree, problems, [*known_keys, *of_jobs])
    known = [job.name for job in plan.jobs]
    if unknown := [name for name in jobs if name not in known]:
        raise SettingsError(
            [Problem("--job", f"{unknown[0]} is no job of {file}", f"name one of {', '.join(known)}")]
        )
    home = file.parent
    wanted = tuple(_from(home, job) for job in plan.jobs if not jobs or job.name in jobs)
    return plan.model_copy(update={"jobs": wanted, "metrics": _path_from(home, plan.metrics)})


def newest_runs(plan: ScheduleSettings) -> Mapping[str, Run]:
    """The latest run of every job that has one, by the job's name."""
    latest = {}
    for job in plan.jobs:
        registry = Registry(job.out)
        run_id = registry.latest_id(job.desk)
        if run_id is not None:
            latest[job.name] = registry.find(run_id)
    return latest


def _from(home: Path, job: JobSettings) -> JobSettings:
    return job.model_copy(update={name: _path_from(home, getattr(job, name)) for name in PATHS})


def _path_from(home: Path, path: Path | None) -> Path | None:
    return None if path is None else home / path
