"""The desk: one night, from delivered tables to a published run.

check → panel → expect → detect → measure → diagnose → recommend → allocate → publish
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from engine.delivery.tables import verify
from engine.errors import InputError, Problem
from engine.memory import Memory
from engine.outputs.shelf import shapes
from engine.outputs.shelf.result import Night
from engine.outputs.write import (
    ROWS_PER_GROUP,
    WIDE_ROWS_PER_GROUP,
    appended_parquet,
    evenly,
    write_json,
    write_parquet,
)
from engine.runs.journal import Journal
from engine.runs.publish import Making
from engine.runs.publish import publish as publish_run
from engine.settings.shelf.night import Settings
from engine.shelf import publish, summary
from engine.shelf.calibrated import Recalibration, learn
from engine.shelf.check import Intake, Place, Sources, check, readings_of
from engine.shelf.features import feature_blocks
from engine.shelf.method import Method, findings_of, method_of
from engine.shelf.panel import Panel, panel
from engine.shelf.parts import CaseParts, FindingParts, Table
from engine.shelf.placing import PanelPlan
from engine.shelf.series import series_blocks
from engine.vocabulary import shelf as v

CASES_PER_BLOCK = 50_000
"""So many cases are measured and explained at a time: memory follows the block, not the night."""


@dataclass(frozen=True)
class Judged:
    """The results of a night before they are published.

    learnt, found: what the method knows of the chain, see `Method`. cases: the published columns and `pair`.
    decided: outputs of what was decided for all cases at once, by file name.
    """

    panel: Panel
    method: Method[Any, Any]
    learnt: Any
    found: Any
    cases: CaseParts
    decided: Mapping[str, Table]


@dataclass(frozen=True)
class Inspection:
    """What is to be known of an input before a night. remarks: rows set aside or noted. quality: as published."""

    sources: Sources
    remarks: list[Problem]
    quality: dict[str, Any]


def run(
    place: Place,
    out: Path,
    settings: Settings,
    as_of: dt.date | None = None,
    *,
    force: bool = False,
    allow_partial: bool = False,
    max_memory: int | None = None,
    feedback: Path | None = None,
    watch: Callable[[str], None] | None = None,
) -> Night:
    """Run one night and publish it under `out`.

    place: a folder of tables, frames in memory, or a lake of days. as_of: the last day that may be seen, by default
    the newest day of the chain. force: run again what is there already. allow_partial: an as-of day that is not
    complete is judged by what came of it, and the run is marked. max_memory: bytes the process may take; the days of
    the chain then live in files of `out` while the night runs. feedback: a file of what stores answered on earlier
    nights, which corrects the confidence of the calibrated profile. watch: called with the name of each stage as it
    begins.
    Raises InputError, TryLaterError and OutputError; the runs published before stay as they are.
    """
    journal = Journal(watch)
    with journal.stage("check"):
        sources = _opened(place, settings, as_of)
        prints = {name: dict(source.fingerprints) for name, source in sources.tables.items()}
        recalibration = _learn(feedback, sources.as_of, settings)
    learnt = () if recalibration.fingerprint is None else (recalibration.fingerprint,)
    further = (*learnt, "partial") if allow_partial else learnt
    making = Making(v.DESK, sources.as_of.isoformat(), settings, prints, sources.folder, further)
    plan = panel_plan(settings, allow_partial=allow_partial)

    def write(folder: Path) -> dict[str, Any]:
        memory = Memory(max_memory, folder)
        with memory.watched():
            entries = _night_into(folder, sources, settings, plan, journal, memory, recalibration)
        return {"feedback": recalibration.described(), "seeds": "each case's own id", **entries}

    return Night(*publish_run(out, making, journal, write, force=force))


def _night_into(
    folder: Path,
    sources: Sources,
    settings: Settings,
    plan: PanelPlan,
    journal: Journal,
    memory: Memory,
    recalibration: Recalibration,
) -> dict[str, Any]:
    """Judge the night and write its files; what the manifest says of it is returned."""
    with_findings = findings_of(settings)
    with TemporaryDirectory(dir=folder, prefix="parts-") as parts:
        findings = FindingParts(Path(parts))
        # Nobody else holds the panel: its days are let go as soon as they were looked at last.
        judged = judge(
            _placed(sources, plan, journal, memory),
            settings,
            journal,
            partial(_publish_features, folder, settings),
            lambda cases: findings.add(with_findings(cases)),
            CaseParts(Path(parts)),
            recalibration,
        )
        with journal.stage("publish"):
            quality = _publish_days(folder, judged, settings)
            judged = replace(judged, panel=judged.panel.without_days())
            _append_all(folder / shapes.EVIDENCE, findings.by_cause(ROWS_PER_GROUP), ROWS_PER_GROUP)
            facts = _publish_cases(folder, judged, quality)
    figures = {name: facts[name] for name in ("cases", "cases_open", "revenue_at_risk_open")}
    return {"partial": judged.panel.is_partial, "logs": _logs(judged.panel), **figures}


def _logs(panel: Panel) -> dict[str, dict[str, Any]]:
    """By table with a row a change or a week, its rows and the further days of store-SKUs that they stand for."""
    return {
        name: {"grain": source.grain, "rows": panel.accounts[name].used, "carried_days": panel.accounts[name].carried}
        for name, source in panel.sources.tables.items()
        if source.grain != "row"
    }


def inspect(
    place: Place, settings: Settings, as_of: dt.date | None = None, *, allow_partial: bool = False
) -> Inspection:
    """Judge every row of the input and say what a night over it would warn of; nothing is written.

    allow_partial: see `run`.

    Raises InputError with every problem that stops a run, TryLaterError when the as-of day is not complete.
    """
    # As text every cell can be judged on its own; read by type, the first one that is not stops the reading.
    sources = _opened(place, settings, as_of, as_text=True)
    stops, remarks = verify(sources.tables)
    if stops:
        raise InputError([*stops, *remarks])
    typed = _opened(place, settings, sources.as_of)
    method = method_of(settings)
    chain, learnt = method.expect(panel(typed, panel_plan(settings, allow_partial=allow_partial), Memory()))
    quality = summary.data_quality(chain, settings.panel.min_history_days, method.notices(chain, learnt))
    return Inspection(sources, remarks, quality)


def panel_plan(settings: Settings, *, allow_partial: bool = False) -> PanelPlan:
    """How the panel of a night is built. allow_partial: see `run`."""
    # The classic rule fills gaps and sets units below 0 aside; the calibrated method nets them and fills none.
    return PanelPlan(
        settings.panel,
        settings.delivery,
        revenue_days=settings.expect.window_days,
        gap_fill_days=settings.panel.gap_fill_days if settings.profile == "classic" else 0,
        return_days=settings.panel.return_days if settings.profile == "calibrated" else 0,
        allow_partial=allow_partial,
    )


def _opened(place: Place, settings: Settings, as_of: dt.date | None, *, as_text: bool = False) -> Sources:
    """The tables as the profile reads them, of the days of its panel."""
    intake = Intake(settings.inputs, settings.delivery, readings_of(settings.profile))
    found = check(place, as_of, intake, as_text=as_text)
    return found.within(settings.panel.lookback_days, settings.panel.held_days)


def _placed(sources: Sources, plan: PanelPlan, journal: Journal, memory: Memory) -> Panel:
    with journal.stage("panel") as facts:
        chain = panel(sources, plan, memory)
        facts["store_skus"] = chain.pairs.height
    return chain


def judge(
    chain: Panel,
    settings: Settings,
    journal: Journal,
    describe: Callable[[Panel], None],
    keep: Callable[[pl.DataFrame], None],
    parts: CaseParts,
    recalibration: Recalibration | None = None,
) -> Judged:
    """The chain of stages from the panel to the cases with their actions, judged by the method of the profile.

    describe: called with the panel once all is expected, while what was paid is still known.
    keep: called with every block of cases, all measures included, before it is narrowed to what is published.
    parts: empty; where the narrowed cases are kept.
    recalibration: of the confidence.
    """
    method = method_of(settings, recalibration)
    with journal.stage("expect"):
        chain, learnt = method.expect(chain)
        describe(chain)
        # Nobody asks any more what was paid.
        chain = chain.without("revenue")
    with journal.stage("detect") as facts:
        runs, found = method.detect(chain, learnt)
        facts["cases"] = runs.height
    some = evenly(runs.height, CASES_PER_BLOCK)
    for first in range(0, max(runs.height, 1), some):
        cases = _judge_runs(chain, found, runs.slice(first, some), method, journal)
        keep(cases)
        parts.add(cases.select("pair", *publish.OWN_COLUMNS))
    with journal.stage("allocate"):
        decided = method.allocate(chain, found, parts)
    return Judged(chain, method, learnt, found, parts, decided)


def _judge_runs(
    chain: Panel, found: Any, runs: pl.DataFrame, method: Method[Any, Any], journal: Journal
) -> pl.DataFrame:
    with journal.stage("measure"):
        cases = method.measure(chain, found, runs)
    with journal.stage("diagnose"):
        cases = method.diagnose(chain, found, cases)
    with journal.stage("recommend"):
        return method.recommend(chain, found, cases).rechunk()


def _publish_days(folder: Path, judged: Judged, settings: Settings) -> dict[str, Any]:
    """What needs the days of the chain: series, and the quality of the data, which is returned."""
    chain, method, found = judged.panel, judged.method, judged.found
    bands = partial(method.bands, chain, found)
    series = series_blocks(chain, judged.cases.columns("pair")["pair"], bands, settings.expect.interval_z)
    _append_all(folder / shapes.DAILY, series, WIDE_ROWS_PER_GROUP)
    for name, further in {**judged.decided, **method.tables(chain, found, judged.cases)}.items():
        write_parquet(further.rows, folder / name)
    return summary.data_quality(chain, settings.panel.min_history_days, method.notices(chain, judged.learnt))


def _publish_features(folder: Path, settings: Settings, chain: Panel) -> None:
    blocks = feature_blocks(chain, settings.expect, settings.causes)
    _append_all(folder / shapes.FEATURES, blocks, evenly(int(chain.judged.sum())))


def _append_all(file: Path, blocks: Iterable[pl.DataFrame], rows_per_group: int) -> None:
    with appended_parquet(file, rows_per_group) as add:
        for rows in blocks:
            add(rows)


def _publish_cases(folder: Path, judged: Judged, quality: dict[str, Any]) -> dict[str, Any]:
    """What needs the cases alone; the key figures are returned."""
    chain, cases = judged.panel, judged.cases.columns(*summary.CASE_COLUMNS)
    write_parquet(summary.stores_table(chain, cases), folder / shapes.STORES)
    write_parquet(chain.skus.select("sku_id", *publish.SKU_NAMES), folder / shapes.SKUS)
    publish.publish_cases(folder, chain, judged.cases)
    publish.publish_quarantine(folder, chain)
    facts = {**summary.key_figures(chain, cases), **judged.method.facts(judged.found)}
    write_json(facts, folder / shapes.SUMMARY)
    write_json(quality, folder / shapes.DATA_QUALITY)
    return facts


def _learn(feedback: Path | None, as_of: dt.date, settings: Settings) -> Recalibration:
    """What the file of feedback teaches. Raises InputError."""
    if settings.profile == "calibrated":
        return learn(feedback, as_of, settings.certainty)
    if feedback is None:
        return Recalibration()
    advice = "leave it out, or run the calibrated profile"
    what = "is given to the classic profile, whose confidence is no probability"
    raise InputError([Problem("--feedback", what, advice)])
