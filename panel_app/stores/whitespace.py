"""What the whitespace pages ask of the published whitespace runs. Reads through `engine.outputs` alone.

One `Whitespace` per run, shared by every session. The ranking stays on disk and is filtered and cut lazily; the other
tables are small, and kept once they were read.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cached_property
from threading import RLock
from typing import Any, ClassVar, Final

import polars as pl

from engine.decisions import words as w
from engine.errors import NotFoundError
from engine.outputs import read
from engine.outputs.fonts import MissingGlyphError
from engine.outputs.names import joined, parted
from engine.outputs.whitespace import read as published
from engine.outputs.whitespace import shapes
from engine.runs.registry import Run
from engine.vocabulary import whitespace as v
from panel_app.search import folded_together, holding
from panel_app.settings import DashboardSettings
from panel_app.stores.runs import Opened, Runs

SEARCHED: Final = ("customer_id", "customer_name", "division", "nba_reason", "rep")
TO_CALL, HELD_OUT, PASSED_OVER, EXCLUDED = "to_call", "held_out", "passed_over", "excluded"
STATES: Final = (TO_CALL, HELD_OUT, PASSED_OVER, EXCLUDED)
"""What became of a candidate: called, held out at random, eligible and not on the list, not to be called."""
CHARTS_KEPT: Final = 200


class Whitespace(Opened):
    """One published whitespace run."""

    def __init__(self, run: Run, settings: DashboardSettings) -> None:
        super().__init__(run, settings)
        self._lock = RLock()
        self._rows: dict[str, pl.DataFrame | None] = {}
        self._facts: dict[str, dict[str, Any] | None] = {}
        self._filed: dict[tuple[str, str], dict[str, tuple[str, dict[str, Any]]]] = {}
        self._charts: dict[tuple[str, str], str] = {}

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The key figures."""
        return read.summary(self.run)

    @property
    def cutoff(self) -> dt.date:
        """The day that is scored as of."""
        return dt.date.fromisoformat(self.run.as_of)

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Everything that was published, by path."""
        return tuple(published.files(self.run))

    def has(self, name: str) -> bool:
        """Whether the run has a file."""
        return read.has(self.run, name)

    def setting(self, *keys: str) -> Any:
        """A setting of the run by its keys below `whitespace`; None where the version that made it had none."""
        found = self.run.manifest.get("settings", {}).get("whitespace", {})
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def rows(self, name: str) -> pl.DataFrame | None:
        """A table by its file; None where the run has none. Raises DamagedRunError."""
        with self._lock:
            if name not in self._rows:
                self._rows[name] = published.rows(self.run, name)
            return self._rows[name]

    def table(self, name: str) -> pl.LazyFrame:
        """A table that the run has, not read yet, for those that are looked at once. Raises DamagedRunError."""
        return published.table(self.run, name)

    def facts(self, name: str) -> dict[str, Any] | None:
        """A JSON file; None where the run has none. Raises DamagedRunError."""
        with self._lock:
            if name not in self._facts:
                self._facts[name] = published.facts(self.run, name)
            return self._facts[name]

    def filed(self, stem: str, division: str, folder: str = published.LEAKAGE) -> tuple[str, dict[str, Any]] | None:
        """What a stage filed of a division, by default the gauntlet: the path, and its content.

        Raises DamagedRunError.
        """
        with self._lock:
            if (folder, stem) not in self._filed:
                self._filed[folder, stem] = published.filed(self.run, stem, folder)
            return self._filed[folder, stem].get(division)

    def content(self, name: str) -> bytes:
        """The bytes of a published file. Raises DamagedRunError."""
        with read.raising_damage(self.run):
            return self.run.file(name).read_bytes()

    def of(self, name: str, division: str) -> pl.DataFrame | None:
        """The rows of a table that are of a division, empty for all together; None where the run has none."""
        found = self.rows(name)
        if found is None or v.DIVISION not in found.columns:
            return found
        return found.filter(pl.col(v.DIVISION).cast(pl.String) == division)

    def chart(self, name: str, division: str, draw: Callable[[], str]) -> str:
        """A chart as SVG; empty where no font at hand can draw its labels."""
        with self._lock:
            if (name, division) not in self._charts:
                while len(self._charts) >= CHARTS_KEPT:
                    self._charts.pop(next(iter(self._charts)))
                try:
                    self._charts[name, division] = draw()
                except MissingGlyphError:
                    self._charts[name, division] = ""
            return self._charts[name, division]

    @cached_property
    def divisions(self) -> tuple[str, ...]:
        """The divisions that its tables speak of, sorted."""
        names: set[str] = set()
        for file in (shapes.METRICS, shapes.CHECKS, shapes.HORIZON, shapes.ABLATION, shapes.SCENARIOS):
            found = self.rows(file)
            names |= set(found[v.DIVISION].cast(pl.String).unique()) if found is not None else set()
        if self.has_ranking:
            names |= set(self.ranking().select(pl.col(v.DIVISION).unique()).collect()[v.DIVISION])
        return tuple(sorted(names - {shapes.ALL_DIVISIONS}))

    @property
    def has_ranking(self) -> bool:
        """Whether it says whom to call."""
        return self.has(shapes.ranking_file(self.cutoff))

    def ranking(self) -> pl.LazyFrame:
        """Every candidate by rank, ids as text, with `state`, one of `STATES`. Raises DamagedRunError."""
        state = (
            pl.when(pl.col("excluded_because").is_not_null())
            .then(pl.lit(EXCLUDED))
            .when("is_selected")
            .then(pl.lit(TO_CALL))
            .when("is_held_out")
            .then(pl.lit(HELD_OUT))
            .otherwise(pl.lit(PASSED_OVER))
        )
        frame = read.table(self.run, shapes.ranking_file(self.cutoff))
        return frame.with_columns(pl.col(*v.PAIR, "segment").cast(pl.String), state=state)

    def select(self, filters: Mapping[str, str], decided: pl.DataFrame) -> pl.LazyFrame:
        """The candidates that pass, by rank, with `decision` and `version`.

        filters: by `find`, `division`, `segment`, `state`, `grade`, `rep`, `decided`, empty for all. decided:
        subject_id, decision, version and what else stands of each.
        """
        pairs = pl.DataFrame(
            [(*parted(name), "")[:2] for name in decided["subject_id"]],
            schema=dict.fromkeys(v.PAIR, pl.String),
            orient="row",
        )
        known = pairs.hstack(decided.drop("subject_id"))
        frame = (
            self.ranking()
            .join(known.lazy(), on=v.PAIR, how="left", maintain_order="left")
            .with_columns(pl.col("decision").fill_null(w.UNDECIDED), pl.col("version").fill_null(0))
        )
        columns = {
            "division": v.DIVISION,
            "segment": "segment",
            "state": "state",
            "grade": "p_icp_grade",
            "rep": "rep",
            "decided": "decision",
        }
        wanted = [
            pl.col(column).cast(pl.String) == filters[key] for key, column in columns.items() if filters.get(key)
        ]
        present = frame.collect_schema().names()
        wanted += holding(filters.get("find", ""), folded_together(name for name in SEARCHED if name in present))
        return frame.filter(*wanted)

    @cached_property
    def reps(self) -> tuple[str, ...]:
        """Who calls, sorted; none where the delivery names nobody."""
        if "rep" not in self.ranking().collect_schema().names():
            return ()
        return tuple(self.ranking().select(pl.col("rep").drop_nulls().unique().sort()).collect()["rep"])

    def gap(self, name: str) -> dict[str, Any]:
        """One candidate by its id. Raises NotFoundError."""
        customer, division = (*parted(name), "")[:2]
        is_it = (pl.col(v.CUSTOMER) == customer) & (pl.col(v.DIVISION) == division)
        with read.raising_damage(self.run):
            found = self.ranking().filter(is_it).collect().to_dicts()
        if not found:
            raise NotFoundError(f"the run {self.run_id} has no candidate {customer!r} for {division!r}")
        return {**found[0], "gap_id": joined(customer, division)}


class Whitespaces(Runs):
    """The whitespace runs under some output folders."""

    opens: ClassVar[type[Opened]] = Whitespace

    def parts_with(self, run_id: str, pattern: str) -> list[Run]:
        """The parts of a run that have files that it may lack itself, the newest first."""
        return [run for run in reversed(self.runs()) if run.part_of == run_id and published.has_any(run, pattern)]
