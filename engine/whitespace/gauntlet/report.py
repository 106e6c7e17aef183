"""Report: the verdict of the gauntlet on each division and on all together, with every reading and offending row."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

import polars as pl

from engine.settings.whitespace.gauntlet import GauntletSettings, WaiverSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.gauntlet.files import FOLDER, named
from engine.whitespace.gauntlet.shapes import (
    CHECKS,
    OFFENDING,
    DiagnosticsSummary,
    Finding,
    LeakageReport,
    ReadingShape,
    Status,
)
from engine.whitespace.gauntlet.verdict import ALL, CheckResult, overall

REPORT: Final = "leakage_report"
DIAGNOSTICS: Final = "diagnostics_summary"
CHECKS_FILE: Final = "gauntlet_checks"
OFFENDING_FILE: Final = "gauntlet_offending"
LISTED: Final = 100
"""Offending rows that a report lists; the table has them all."""


def report(
    results: Sequence[CheckResult],
    expected: Sequence[str],
    divisions: Sequence[str],
    cutoff: dt.date,
    settings: GauntletSettings,
    waivers: WaiverSettings,
) -> list[Artifact]:
    """The consolidated files. results: one a check. expected: checks that must be there; a missing one is FAIL."""
    files = [
        Artifact(f"{FOLDER}/{CHECKS_FILE}_{cutoff}.parquet", checks_table(results)),
        Artifact(f"{FOLDER}/{OFFENDING_FILE}_{cutoff}.parquet", _offending_table(results)),
    ]
    switched = tuple(name for name, is_on in waivers.model_dump().items() if is_on)
    for division in (ALL, *divisions):
        statuses = statuses_of(results, division)
        found = tuple(readings_of(results, division))
        content = LeakageReport(
            division=division,
            cutoff=cutoff,
            overall=cast("Status", overall(expected, statuses)),
            strict=settings.strict,
            waivers=switched,
            checks={name: cast("Status", statuses.get(name, v.FAIL)) for name in expected},
            offending=tuple(_offending(results, division))[:LISTED],
            diagnostics=found,
        )
        summary = DiagnosticsSummary(
            division=division, cutoff=cutoff, readings=found, files=tuple(_files(results, division, cutoff))
        )
        files += [
            Artifact(named(REPORT, division, cutoff, ".json"), content.model_dump(mode="json")),
            Artifact(named(DIAGNOSTICS, division, cutoff, ".json"), summary.model_dump(mode="json")),
        ]
    return files


def statuses_of(results: Sequence[CheckResult], division: str) -> dict[str, str]:
    """The status of every check, for a division or for all together."""
    return {result.name: result.of_division(division) for result in results}


def checks_table(results: Sequence[CheckResult]) -> pl.DataFrame:
    """Every reading of every check. Grain: check, division, measure."""
    parts = [result.readings.select(pl.lit(result.name).alias("check"), pl.all()) for result in results]
    return pl.concat([CHECKS.to_frame(), *parts])


def _offending_table(results: Sequence[CheckResult]) -> pl.DataFrame:
    parts = [result.findings.select(pl.lit(result.name).alias("check"), pl.all()) for result in results]
    return pl.concat([OFFENDING.to_frame(), *parts])


def _of(table: pl.DataFrame, result: CheckResult, division: str) -> Iterator[Mapping[str, Any]]:
    """The rows that concern a division: its own, or all of a check that does not look at divisions apart."""
    asked = ALL if result.shared else division
    return table.filter(pl.col("division") == asked).iter_rows(named=True)


def readings_of(results: Sequence[CheckResult], division: str) -> Iterator[ReadingShape]:
    """Every reading of a division, or of all together, as artifacts tell it."""
    for result in results:
        for row in _of(result.readings, result, division):
            numbers = {name: value for name, value in row.items() if name != "division"}
            yield ReadingShape(check=result.name, **numbers)


def _offending(results: Sequence[CheckResult], division: str) -> Iterator[Finding]:
    for result in results:
        for row in _of(result.findings, result, division):
            yield Finding(**{**row, "where": f"{result.name}: {row['where']}"})


def _files(results: Sequence[CheckResult], division: str, cutoff: dt.date) -> Iterator[str]:
    """The files of a division's own folder, and those of checks that do not look at divisions apart."""
    folder = named("", division, cutoff, "").rpartition("/")[0]
    for result in results:
        for file in result.artifacts:
            if result.shared or file.path.startswith(f"{folder}/"):
                yield file.path
