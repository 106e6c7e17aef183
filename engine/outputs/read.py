"""Reading run folders: the one way in for the command and the dashboard."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import polars as pl

from engine.delivery.source import UNREADABLE, sql
from engine.disk import read_regular
from engine.errors import NotFoundError
from engine.outputs.growth import shapes as growth_shapes
from engine.outputs.shelf import shapes
from engine.runs.registry import LOGGER, DamagedRunError, Registry, Run

SHELF: Final = "shelf"
GROWTH: Final = "growth"
"""The desks whose runs are told apart, as their manifests name them."""
Asked = TypeVar("Asked")
NEAREST = 5
"""Cases named when the one asked for is not there."""


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


def table(run: Run, name: str) -> pl.LazyFrame:
    """A Parquet output of a run, such as `shapes.CASES`. Raises DamagedRunError when it is not what was published."""
    return pl.scan_parquet(run.file(name), glob=False)


def summary(run: Run) -> dict[str, Any]:
    """The key figures of a night."""
    return _facts(run, shapes.SUMMARY)


def data_quality(run: Run) -> dict[str, Any]:
    """Where every input row of a night went, and its warnings."""
    return _facts(run, shapes.DATA_QUALITY)


def boundary_report(run: Run) -> dict[str, Any]:
    """The boundary checks of a growth run, counted on its rows."""
    return _facts(run, growth_shapes.BOUNDARY_REPORT)


def one_case(run: Run, case_id: str) -> tuple[dict[str, Any], pl.DataFrame, dict[str, Any]]:
    """A case, its evidence (one row per cause, best first) and the series of its store-SKU.

    Raises NotFoundError with the nearest cases there are.
    """
    with telling_of_damage(run):
        found = table(run, shapes.CASES).filter(pl.col("case_id") == case_id).collect()
        if found.is_empty():
            raise NotFoundError(f"there is no case {case_id!r} in run {run.run_id}{_nearest(run, case_id)}")
        case = found.row(0, named=True)
        evidence = table(run, shapes.EVIDENCE).filter(pl.col("case_id") == case_id).collect()
        of_pair = (pl.col("store_id") == case["store_id"]) & (pl.col("sku_id") == case["sku_id"])
        daily = table(run, shapes.DAILY).filter(of_pair).collect().row(0, named=True)
    return case, evidence.sort("rank"), daily


def why_expected(run: Run, case_id: str) -> str | None:
    """The expectation of a case's last day as the product of its factors; None where the profile has no factors."""
    if not (run.folder / shapes.EXPECTATION).exists():
        return None
    with telling_of_damage(run):
        says = table(run, shapes.EXPECTATION).filter(pl.col("case_id") == case_id).select("says").collect()
    return str(says.item()) if says.height else None


@contextmanager
def telling_of_damage(run: Run) -> Iterator[None]:
    """Raise DamagedRunError where a published file is gone or cannot be read."""
    try:
        yield
    except (*UNREADABLE, ValueError, RecursionError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise DamagedRunError(run.run_id, run.folder, reason) from error


def _facts(run: Run, name: str) -> dict[str, Any]:
    with telling_of_damage(run):
        return dict(json.loads(read_regular(run.file(name))))


def _nearest(run: Run, case_id: str) -> str:
    """Cases of the same store-SKU, else of the same store, else of the night, dearest first."""
    pair, store = case_id.rpartition("_")[0], case_id.partition("_")[0]
    for beginning, owner in ((f"{pair}_", "that store-SKU"), (f"{store}_", "that store"), ("", "this night")):
        alike = table(run, shapes.CASES).filter(pl.col("case_id").str.starts_with(beginning)).head(NEAREST)
        ids = alike.select("case_id").collect()["case_id"].to_list()
        if ids:
            return f"; cases of {owner}: {', '.join(ids)}"
    return "; this night has no cases"


DAYS_VIEW = """
select store_id, sku_id, first_date + cast(day - 1 as integer) as date,
       actual[day] as actual, expected[day] as expected,
       expected_low[day] as expected_low, expected_high[day] as expected_high,
       on_hand[day] as on_hand, price[day] as price, promo[day] as promo,
       in_stock[day] as in_stock, dark[day] as dark
from daily, unnest(range(1, len(actual) + 1)) as days(day)
"""
"""One row per store-SKU and day, from the lists of `daily`."""


def query(run: Run, text: str, *, is_open: bool = False) -> pl.DataFrame:
    """The answer of a SQL query over the Parquet outputs of a run, each a table by its name, and `days`.

    is_open: the query may open other files, too. Raises InputError.
    """
    views = {file.stem: run.file(file.name) for file in sorted(run.folder.glob("*.parquet"))}
    return sql(text, views, {"days": DAYS_VIEW} if "daily" in views else {}, is_open=is_open)
