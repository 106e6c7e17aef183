"""Plan: a schedule as its file says, and the runs that its jobs published last."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from engine.errors import InputError, Problem, SettingsError
from engine.mirrors import folder_of
from engine.places.place import Place, local_path, place_of
from engine.runs.registry import Registry, Run
from engine.settings.loading import described, read_tree, settings_of
from engine.settings.schedule import JobSettings, ScheduleSettings

SCHEME: Final = "://"
KEPT: Final = ("lake", "out")
"""What may be in an object store."""
PATHS: Final = (*KEPT, "config", "alerts")
TABLES: Final = ("input", "delivery")
"""What may be a place elsewhere."""


def load_schedule(file: Path, jobs: Sequence[str] = ()) -> ScheduleSettings:
    """The schedule of a TOML file, its paths meant from where the file lies. jobs: only those of these names.

    Raises SettingsError listing everything that is wrong at once.
    """
    known_keys = [key for key, _ in described(ScheduleSettings)]
    tree, problems = read_tree(file, (), known_keys)
    problems += _in_reach(tree)
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


def _in_reach(tree: Mapping[str, Any]) -> Iterator[Problem]:
    """Put the mirrors of outputs and lakes in object stores into their places, before they would become paths.

    Told is what is written for a path of this machine and is a place elsewhere; of tables, a place that is malformed
    or has a password in it. Raises OutputError.
    """
    for job in tree.get("jobs", ()):
        for name in (*PATHS, *TABLES):
            text = str(job.get(name, ""))
            try:
                found = (folder_of if name in KEPT else local_path if name in PATHS else place_of)(text)
            except InputError as error:
                yield from error.problems
            else:
                if name in KEPT and isinstance(place_of(text), Place):
                    job[name] = str(found)


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
    exports = tuple(target if SCHEME in target else str(home / target) for target in job.exports)
    paths = {name: _path_from(home, getattr(job, name)) for name in PATHS}
    tables = {name: _tables_from(home, getattr(job, name)) for name in TABLES}
    return job.model_copy(update={"exports": exports, **paths, **tables})


def _tables_from(home: Path, text: str | None) -> str | None:
    """What is typed for tables, a path of it meant from where the file lies."""
    if text is None:
        return None
    place = place_of(text)
    return text if isinstance(place, Place) else str(home / place)


def _path_from(home: Path, path: Path | None) -> Path | None:
    return None if path is None else home / path
