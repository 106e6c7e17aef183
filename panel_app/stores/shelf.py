"""What the pages ask of the published nights. Reads through `engine.outputs.read` alone.

One `Night` per run folder, shared by every session: its tables are read once, never changed, and filtered, sorted and
cut lazily, so that a page of 100,000 cases costs what a page of 1,000 does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Final, cast

import polars as pl

from engine.decisions.shelf.queue import STORY_SCHEMA, queue, stories
from engine.outputs import read
from engine.outputs.money import currency_of
from engine.outputs.shelf import shapes
from engine.outputs.shelf.curves import curves, last_days
from engine.outputs.shelf.figures import course, money_sum, recovery_sum
from engine.outputs.shelf.read import Places, behind, happened, one_case, places
from engine.outputs.shelf.severity import Limits, limits, severity
from engine.runs.registry import Run
from panel_app.search import folded_together, holding
from panel_app.settings import DashboardSettings
from panel_app.stores.runs import Opened, Runs
from panel_app.stores.shelf_settings import ShelfPageSettings

UNDECIDED: Final = "undecided"
NOT_BEFORE: Final = "none"
"""Nothing was decided on the episode on an earlier night."""
TEXT_COLUMNS: Final = ("store_name", "region", "sku_name", "category", "brand")
SEARCHED: Final = "searched"
LISTS: Final = ("store", "region", "category", "brand", "cause", "status", "severity", "decision", "earlier")
OPEN_ONLY: Final = ("open",)
SORTS: Final = (
    "revenue_at_risk",
    "recoverable_30d",
    "projected_recovery",
    "recovery_per_minute",
    "confidence_score",
    "duration_days",
    "underperformance_pct",
    "detection_date",
    "store_name",
    "sku_name",
    "primary_cause",
    "case_id",
)
"""Columns the table of cases can be sorted by."""


@dataclass(frozen=True)
class Filters:
    """Which cases are looked at. An empty list lets all through, the empty text in one stands for unknown."""

    store: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    brand: tuple[str, ...] = ()
    cause: tuple[str, ...] = ()
    status: tuple[str, ...] = OPEN_ONLY
    severity: tuple[str, ...] = ()
    decision: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    text: str = ""
    confidence: int = 0
    revenue: int = 0
    since: date | None = None
    until: date | None = None

    def changed(self) -> int:
        """How many filters are not at their default."""
        return sum(getattr(self, one.name) != one.default for one in fields(self))


@dataclass(frozen=True)
class CaseList:
    """The cases that are looked at, and their order. sort: one of `SORTS`."""

    filters: Filters = Filters()
    sort: str = SORTS[0]
    ascending: bool = False


class Night(Opened):
    """One published run. Its tables are read when first asked for and then kept."""

    def __init__(self, run: Run, settings: DashboardSettings) -> None:
        super().__init__(run, settings)
        self._lock = Lock()
        self._totals: dict[bool, dict[str, Any]] = {}

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The key figures."""
        return read.summary(self.run)

    @cached_property
    def data_quality(self) -> dict[str, Any]:
        """Where every input row went."""
        return read.data_quality(self.run)

    @cached_property
    def cases(self) -> pl.DataFrame:
        """Every case with what is known of it, by value, descending; ids also as text, and `severity`."""
        with self._lock, read.raising_damage(self.run):
            found = (
                read.table(self.run, shapes.CASES)
                .with_columns(
                    store_key=pl.col("store_id").cast(pl.String),
                    sku_key=pl.col("sku_id").cast(pl.String),
                    cause=pl.col("primary_cause").fill_null(""),
                )
                .collect()
            )
        parted = limits(found["revenue_at_risk"], self.settings.of(ShelfPageSettings))
        return found.with_columns(severity=severity(pl.col("revenue_at_risk"), parted))

    @cached_property
    def stores(self) -> pl.DataFrame:
        """Every store with its place and its open cases; its id also as text."""
        with self._lock, read.raising_damage(self.run):
            stores = read.table(self.run, shapes.STORES)
            return stores.with_columns(store_key=pl.col("store_id").cast(pl.String)).collect()

    def stores_at_risk(self, *, every: bool) -> tuple[pl.DataFrame, Limits]:
        """Every store with `cases`, `at_risk`, null without a case, and `severity`; and what parts the severities.

        every: count the cases that are over, too.
        """
        of_store = self.looked_at(every=every).group_by("store_key")
        counted = of_store.agg(cases=pl.len(), at_risk=money_sum("revenue_at_risk").fill_null(0.0)).collect()
        found = self.stores.join(counted, on="store_key", how="left", maintain_order="left")
        found = found.with_columns(pl.col("cases").fill_null(0))
        parted = limits(found["at_risk"], self.settings.of(ShelfPageSettings))
        return found.with_columns(severity=severity(pl.col("at_risk"), parted)), parted

    @property
    def notices(self) -> list[dict[str, Any]]:
        """What is odd about the input, each with where, what, advice, count, of, examples; older runs have none."""
        return list(self.data_quality.get("notices", []))

    def load(self) -> None:
        """Read what the first page needs, unless it is in memory. Raises NotFoundError where it is damaged."""
        _ = self.summary, self.data_quality, self.cases

    def has(self, name: str) -> bool:
        """Whether the run has this file: some are published by one profile only."""
        return read.has(self.run, name)

    def table(self, name: str) -> pl.LazyFrame:
        """Any other published table, such as `shapes.EVENTS`."""
        return read.table(self.run, name)

    def looked_at(self, *, every: bool) -> pl.LazyFrame:
        """The open cases; every: those that are over, too."""
        cases = self.cases.lazy()
        return cases if every else cases.filter(status="open")

    def totals(self, *, every: bool) -> dict[str, Any]:
        """What the cases add up to: cases, stores, at_risk, recoverable, confidence, worst_q; null where unknown.

        every: of those that are over, too; what can be recovered is that of the open ones, always.
        """
        if every not in self._totals:
            opened = pl.col("status") == "open"
            found = self.looked_at(every=every).select(
                cases=pl.len(),
                stores=pl.col("store_key").n_unique(),
                at_risk=money_sum("revenue_at_risk").fill_null(0.0),
                confidence=pl.col("confidence_score").mean(),
                worst_q=pl.col("q_value").max(),
            )
            recoverable = self.cases.lazy().filter(opened).select(recoverable=recovery_sum("recoverable_30d"))
            self._totals[every] = {**found.collect().row(0, named=True), **recoverable.collect().row(0, named=True)}
        return self._totals[every]

    @property
    def most_at_risk(self) -> float:
        """The revenue at risk of the largest case, 0.0 without any."""
        return float(self.cases["revenue_at_risk"].max() or 0.0)  # type: ignore[arg-type]

    def ids(self, *, every: bool) -> pl.Series:
        """The ids of the cases."""
        return self.looked_at(every=every).select("case_id").collect()["case_id"]

    def money_by(self, column: str, *, every: bool) -> pl.DataFrame:
        """Cases and their revenue at risk by a column, descending: value ('' for unknown), cases, cents, money."""
        return (
            self.looked_at(every=every)
            .group_by(value=pl.col(column).fill_null(""))
            .agg(cases=pl.len(), cents=(pl.col("revenue_at_risk").fill_null(0.0) * 100).round().cast(pl.Int64).sum())
            .with_columns(money=pl.col("cents") / 100)
            .sort("cents", "cases", "value", descending=[True, True, False])
            .collect()
        )

    def durations(self, *, every: bool) -> pl.DataFrame:
        """Cases by their length: days, cases."""
        return self.looked_at(every=every).group_by(days="duration_days").agg(cases=pl.len()).sort("days").collect()

    @cached_property
    def choices(self) -> Mapping[str, dict[str, str]]:
        """What each list of filters offers: label by value, empty where it has no name, in the order to be shown."""
        stores = self.cases.select("store_key", "store_name").unique("store_key").sort("store_name", "store_key")
        named = {key: f"{name} ({key})" if name else "" for key, name in stores.iter_rows()}
        return {"store": named, **{name: self._values(name) for name in ("region", "category", "brand", "cause")}}

    def _values(self, column: str) -> dict[str, str]:
        values = self.cases[column].fill_null("").unique().sort().to_list()
        return {value: value for value in values}

    @cached_property
    def _searched(self) -> pl.Series:
        """What each case is found by, in the order of `cases`: folded once, at the first search."""
        return self.cases.select(folded_together((*TEXT_COLUMNS, "case_id")).alias(SEARCHED))[SEARCHED]

    def select(self, wanted: CaseList, decided: pl.DataFrame) -> pl.LazyFrame:
        """The cases of a list, in its order, each with what was decided on it (`Decided.of`)."""
        frame = self.cases.lazy().join(decided.lazy(), on="case_id", how="left", maintain_order="left")
        frame = frame.with_columns(
            pl.col("decision").fill_null(UNDECIDED),
            pl.col("version").fill_null(0),
            pl.col("earlier").fill_null(NOT_BEFORE),
        )
        if wanted.filters.text:
            frame = frame.with_columns(self._searched)
        frame = frame.filter(*conditions(wanted.filters)).drop(SEARCHED, strict=False)
        return frame.sort(wanted.sort, "case_id", descending=[not wanted.ascending, False], nulls_last=True)

    @cached_property
    def stories(self) -> pl.DataFrame:
        """The cases that are told as one. Columns: `STORY_SCHEMA`; empty where the profile has no events."""
        if not self.has(shapes.EVENTS):
            return pl.DataFrame(schema=STORY_SCHEMA)
        with self._lock, read.raising_damage(self.run):
            return stories(self.table(shapes.EVENTS).collect())

    def queue(self, wanted: CaseList, decided: pl.DataFrame) -> pl.DataFrame:
        """The cases of a list as rows to decide on, what brings most first. Columns: `QUEUE_SCHEMA`."""
        return queue(self.select(wanted, decided), self.stories, date.fromisoformat(self.as_of))

    def curves(self, items: Mapping[str, Sequence[str]]) -> pl.DataFrame:
        """Sold and expected day by day, added up over the cases of each item. items: case ids by item."""
        members = pl.DataFrame(
            [(item, case) for item, case_ids in items.items() for case in case_ids],
            schema={"item_id": pl.String, "case_id": pl.String},
            orient="row",
        ).join(self.cases.select("case_id", "store_id", "sku_id"), on="case_id")
        return curves(self._last_days, members)

    @cached_property
    def _last_days(self) -> pl.DataFrame:
        """The series that curves are drawn of."""
        return last_days(self.run, self.settings.of(ShelfPageSettings).curve_days)

    def neighbours_in_list(
        self, case_id: str, wanted: CaseList, decided: pl.DataFrame
    ) -> tuple[str | None, str | None, int, int]:
        """The cases before and after one in the order of a list, its place from 1 (0: not there), and how many."""
        ids = self.select(wanted, decided).select("case_id").collect()["case_id"]
        place = ids.index_of(case_id)
        if place is None:
            return None, (ids[0] if len(ids) else None), 0, len(ids)
        before = ids[place - 1] if place > 0 else None
        after = ids[place + 1] if place + 1 < len(ids) else None
        return before, after, place + 1, len(ids)

    def case(self, case_id: str) -> tuple[dict[str, Any], pl.DataFrame, dict[str, Any]]:
        """A case, its evidence by cause, and the series of its store-SKU. Raises NotFoundError."""
        found = self.cases.filter(pl.col("case_id") == case_id)
        if found.is_empty():
            return one_case(self.run, case_id)
        case = found.row(0, named=True)
        return case, *behind(self.run, case, self._places)

    @cached_property
    def _places(self) -> Places:
        """Where cases stand in the files, found at the first one that is opened."""
        return places(self.run)

    def severity_of(self, case_id: str) -> str:
        """The severity of a case by its id."""
        return str(self.cases.filter(pl.col("case_id") == case_id)["severity"][0])

    def expectation(self, case_id: str) -> dict[str, Any] | None:
        """Level and factors of the expectation of the case's last day; None where the profile has none."""
        if not self.has(shapes.EXPECTATION):
            return None
        with read.raising_damage(self.run):
            rows = self.table(shapes.EXPECTATION).filter(pl.col("case_id") == case_id).collect()
        return rows.row(0, named=True) if rows.height else None

    def happened(self, case_id: str) -> list[dict[str, Any]]:
        """What a calendar or the weather says of the days of a case."""
        return happened(self.run, case_id)


class Nights(Runs):
    """The nights under an output folder."""

    noun: ClassVar[str] = "night"
    opens: ClassVar[type[Opened]] = Night

    def __init__(self, desk: str, folders: Sequence[Path], settings: DashboardSettings) -> None:
        super().__init__(desk, folders, settings)
        self._trend_nights = settings.of(ShelfPageSettings).trend_nights
        self._summaries: dict[str, dict[str, Any]] = {}

    @property
    def out(self) -> Path:
        """The output folder."""
        return self.registries[0].out

    def has(self, run_id: str) -> bool:
        """Whether a night is there and can be read."""
        return any(registry.has(run_id) for registry in self.registries)

    def night(self, run_id: str | None = None) -> Night:
        """A night by its run id, the newest without one. Raises NotFoundError."""
        return cast("Night", self.open(run_id))

    def before(self, run_id: str) -> Night | None:
        """The last night before one: of an earlier day, the newest of that day that can be read."""
        here = self.night(run_id)
        earlier = [run for run in reversed(self.runs()) if run.as_of < here.as_of]
        found = next(read.each_readable(earlier, self._summary), None)
        return self.night(found[0].run_id) if found else None

    def trend(self, run_id: str) -> pl.DataFrame:
        """Key figures of the nights up to one, a row per as-of day: as_of, run_id, cases_open, at_risk, recovery."""
        return course(self.runs(), self.night(run_id).run, self._trend_nights, self._summary)

    def _summary(self, run: Run) -> dict[str, Any]:
        known = self._summaries.get(run.run_id)
        return self._summaries.setdefault(run.run_id, read.summary(run)) if known is None else known

    def history(self, store_id: object, sku_id: object, run_id: str) -> list[dict[str, Any]]:
        """The cases of one store-SKU night by night, newest first: run_id, as_of, currency and the case."""
        until = self.night(run_id).as_of
        found: list[dict[str, Any]] = []
        columns = ("case_id", "status", "detection_date", "duration_days", "revenue_at_risk", "primary_cause")
        of_pair = (pl.col("store_id").cast(pl.String) == str(store_id)) & (
            pl.col("sku_id").cast(pl.String) == str(sku_id)
        )

        def cases(run: Run) -> list[dict[str, Any]]:
            with read.raising_damage(run):
                return read.table(run, shapes.CASES).filter(of_pair).select(columns).collect().to_dicts()

        nights = [run for run in self.runs() if run.as_of <= until][-self._trend_nights :]
        for run, rows in read.each_readable(nights, cases):
            common = {"run_id": run.run_id, "as_of": run.as_of, "currency": currency_of(run.manifest)}
            found += [{**common, **row} for row in rows]
        return found[::-1]


def conditions(filters: Filters) -> list[pl.Expr]:
    """The filters as conditions on the cases, which have `SEARCHED` where a text is looked for."""
    columns = {"store": "store_key"}
    expressions: list[pl.Expr] = []
    for name in LISTS:
        values = getattr(filters, name)
        if values:
            expressions.append(pl.col(columns.get(name, name)).fill_null("").is_in(list(values)))
    if filters.confidence:
        expressions.append(pl.col("confidence_score") >= filters.confidence)
    if filters.revenue:
        expressions.append(pl.col("revenue_at_risk") >= filters.revenue)
    if filters.since:
        expressions.append(pl.col("detection_date") >= filters.since)
    if filters.until:
        expressions.append(pl.col("detection_date") <= filters.until)
    expressions += holding(filters.text, pl.col(SEARCHED))
    return expressions
