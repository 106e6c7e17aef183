"""Verdict: what a check says, of all divisions together and of each, and how statuses add up.

A status is PASS, WARN, FAIL, ERROR or WAIVED. What is missing is FAIL: a check that did not run, a division that a
check does not speak of, a figure that could not be computed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact

ALL = ""
"""Stands for every division together where a table has a division."""

READINGS = pl.Schema(
    {
        "division": pl.String,
        "measure": pl.String,
        "status": pl.String,
        "value": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "bound": pl.Float64,
        "positives": pl.Int64,
        "positives_needed": pl.Int64,
        "low_power": pl.Boolean,
        "note": pl.String,
    }
)
"""Grain: division (empty: all together), measure. low, high: interval of the value, null where none was drawn.
positives: buyers that the value rests on. positives_needed: how many would settle a breach of low power."""

FINDINGS = pl.Schema({"division": pl.String, "where": pl.String, "what": pl.String, "count": pl.Int64})
"""What is wrong, one row each. division: empty where it concerns all. count: rows concerned."""


@dataclass(frozen=True)
class CheckResult:
    """What one check found.

    name: as the report lists it. readings: see `READINGS`. findings: see `FINDINGS`. artifacts: its files. shared:
    whether what is said of all divisions holds for each of them, since the check does not look at divisions apart.
    """

    name: str
    readings: pl.DataFrame
    findings: pl.DataFrame = field(default_factory=FINDINGS.to_frame)
    artifacts: tuple[Artifact, ...] = ()
    shared: bool = False

    @property
    def status(self) -> str:
        """The worst of all its readings; FAIL where there is none."""
        return worst(self.readings["status"])

    @property
    def pooled(self) -> str:
        """The worst of what it says of all divisions together; FAIL where it says nothing."""
        return self.of_division(ALL)

    def of_division(self, division: str) -> str:
        """The worst of what it says of one division; FAIL where it says nothing."""
        asked = ALL if self.shared else division
        return worst(self.readings.filter(pl.col("division") == asked)["status"])


def reading(status: str, note: str, division: str = ALL, measure: str = "", **numbers: object) -> dict[str, object]:
    """One row of `READINGS`; what is not given is null."""
    row = {"division": division, "measure": measure, "status": status, "note": note, "low_power": False}
    return dict.fromkeys(READINGS.names()) | row | numbers


def readings(rows: Iterable[Mapping[str, object]]) -> pl.DataFrame:
    """Rows of `READINGS` as a table, in their order."""
    return pl.DataFrame(list(rows), READINGS, orient="row")


def findings(rows: Iterable[tuple[str, str, str, int]]) -> pl.DataFrame:
    """Division, where, what, count: as a table of `FINDINGS`."""
    return pl.DataFrame(list(rows), FINDINGS, orient="row")


def found(name: str, rows: pl.DataFrame, clean: str, *, artifacts: tuple[Artifact, ...] = ()) -> CheckResult:
    """A check of the whole run that fails on any finding. clean: what it says where there is none."""
    if rows.is_empty():
        return CheckResult(name, readings([reading(v.PASS, clean)]), rows, artifacts, shared=True)
    first = rows.row(0, named=True)
    note = f"{rows.height:,} found, first {first['where']}: {first['what']}"
    return CheckResult(name, readings([reading(v.FAIL, note)]), rows, artifacts, shared=True)


def waived(name: str, switch: str, artifacts: tuple[Artifact, ...] = ()) -> CheckResult:
    """A check that was switched off, for forensics."""
    note = f"waived: forensics ({switch} is on)"
    return CheckResult(name, readings([reading(v.WAIVED, note)]), artifacts=artifacts, shared=True)


def failed(name: str, error: Exception) -> CheckResult:
    """A check that broke off."""
    note = f"{type(error).__name__}: {error}"
    return CheckResult(name, readings([reading(v.ERROR, note)]), shared=True)


def worst(statuses: Iterable[str]) -> str:
    """The worst of some statuses, FAIL of none. Raises ValueError for a word that is no status."""
    return max(statuses, key=v.STATUSES.index, default=v.FAIL)


def overall(expected: Iterable[str], statuses: Mapping[str, str]) -> str:
    """What all checks come to: FAIL where one of them failed, broke off or is missing, else the worst of them."""
    status = worst(statuses.get(check, v.FAIL) for check in expected)
    return v.FAIL if status == v.ERROR else status
