"""Reading run folders: the one way in for the command and the dashboard."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import polars as pl

from engine.delivery.query import sql
from engine.delivery.source import UNREADABLE
from engine.disk import read_regular
from engine.outputs.renamed import columns_added, columns_today, name_today, published_name
from engine.runs.registry import LOGGER, DamagedRunError, Registry, Run

SUMMARY: Final = "summary.json"
DATA_QUALITY: Final = "data_quality.json"
QUARANTINE: Final = "quarantine"
"""What every desk publishes beside its tables: key figures, where every input row went, and the rows set aside."""
Asked = TypeVar("Asked")


def find_run(out: Path, run_id: str | None = None, desk: str | None = None) -> Run:
    """A published run, the latest without an id. desk: of this desk alone. Raises NotFoundError."""
    return Registry(out).find(run_id, desk)


def each_readable(runs: Iterable[Run], ask: Callable[[Run], Asked]) -> Iterator[tuple[Run, Asked]]:
    """What is asked of some runs, run by run. A damaged one is left out, and a warning of the log names it."""
    for run in runs:
        try:
            answer = ask(run)
        except DamagedRunError as error:
            LOGGER.warning("%s; it is left out", error)
        else:
            yield run, answer


def has(run: Run, name: str) -> bool:
    """Whether a run has this file, under today's name or the one of the version that published it."""
    return run.holds(published_name(run, name))


def table(run: Run, name: str) -> pl.LazyFrame:
    """A Parquet output of a run, such as `shapes.CASES`, with today's columns under today's names.

    What an earlier version did not publish is null. Raises DamagedRunError when it is not what was published.
    """
    found = pl.scan_parquet(run.file(published_name(run, name)), glob=False).rename(columns_today(run), strict=False)
    added = columns_added(run, name)
    if not added:
        return found
    with raising_damage(run):
        known = found.collect_schema()
    return found.with_columns(
        pl.lit(None, kind).alias(column) for column, kind in added.items() if column not in known
    )


def summary(run: Run) -> dict[str, Any]:
    """The key figures of a night."""
    return facts(run, SUMMARY)


def data_quality(run: Run) -> dict[str, Any]:
    """Where every input row of a night went, and its warnings."""
    return facts(run, DATA_QUALITY)


@contextmanager
def raising_damage(run: Run) -> Iterator[None]:
    """Raise DamagedRunError where a published file is gone or cannot be read."""
    try:
        yield
    except (*UNREADABLE, ValueError, RecursionError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise DamagedRunError(run.run_id, run.where, reason) from error


def facts(run: Run, name: str) -> dict[str, Any]:
    """The content of a JSON file of a run. Raises DamagedRunError."""
    with raising_damage(run):
        return dict(json.loads(read_regular(run.file(name))))


def query(run: Run, text: str, further: Mapping[str, str], *, is_open: bool = False) -> pl.DataFrame:
    """The answer of a SQL query over the Parquet outputs of a run, each a table by its name.

    further: views by name, in SQL over those tables. is_open: the query may open other files, too. Raises InputError.
    """
    published = [name for name in run.names if name.endswith(".parquet") and "/" not in name]
    views = {Path(name_today(run, name)).stem: run.file(name) for name in published}
    return sql(text, views, further, columns_today(run), is_open=is_open)
