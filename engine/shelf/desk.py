"""The desk: one night, from delivered tables to a published run.

check → panel → expect → detect → measure → diagnose → recommend → allocate → publish
"""

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from engine.blocks.cluster import begun, executor
from engine.blocks.together import Together
from engine.blocks.turns import in_turns
from engine.delivery.source import UNREADABLE
from engine.delivery.tables import verify
from engine.errors import InputError, Problem
from engine.memory import Memory, available, blocks_within
from engine.outputs.shelf import shapes
from engine.outputs.shelf.result import Night
from engine.outputs.write import (
    ROWS_PER_GROUP,
    WIDE_ROWS_PER_GROUP,
    evenly,
    write_json,
    write_parquet,
)
from engine.runs.journal import Journal, Stages, Unheard
from engine.runs.publish import Making
from engine.runs.publish import publish as publish_run
from engine.settings.shelf.night import Settings
from engine.shelf import publish, summary
from engine.shelf.calibrated import Recalibration, learn
from engine.shelf.check import Intake, Place, Sources, check, readings_of
from engine.shelf.features import PAIRS_PER_BLOCK as FEATURES_AT_A_TIME
from engine.shelf.features import feature_blocks
from engine.shelf.grid import seen_pairs
from engine.shelf.method import Method, findings_of, method_of
from engine.shelf.panel import Panel, panel
from engine.shelf.parts import CaseParts, FindingParts, Table
from engine.shelf.placing import PanelPlan, bytes_per_pair
from engine.shelf.press import Press
from engine.shelf.seen import Seen
from engine.shelf.series import PAIRS_PER_BLOCK, series_blocks
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
    blocks: int | None = None,
    cluster: str | None = None,
    watch: Callable[[str], None] | None = None,
) -> Night:
    """Run one night and publish it under `out`.

    place: a folder of tables, frames in memory, or a lake of days. as_of: the last day that may be seen, by default
    the newest day of the chain. force: run again what is there already. allow_partial: an as-of day that is not
    complete is judged by what came of it, and the run is marked. max_memory: bytes that each process may take; the
    days of the chain then live in files of `out` while the night runs. feedback: a file of what stores answered on
    earlier nights, which corrects the confidence of the calibrated profile. blocks: into how many blocks of SKUs the
    chain is cut, by default as few as fit into memory; their number changes no byte. cluster: where workers judge the
    blocks, see `engine.blocks.cluster.executor`; they read the tables and see `out` by the same names. watch: called
    with the name of each stage as it begins.
    Raises InputError, TryLaterError and OutputError; the runs published before stay as they are.
    """
    journal = Journal(watch)
    with journal.stage("check"), begun(cluster):
        sources = _seen(_opened(place, settings, as_of))
        prints = {name: dict(source.fingerprints) for name, source in sources.tables.items()}
        recalibration = _learn(feedback, sources.as_of, settings)
    learnt = () if recalibration.fingerprint is None else (recalibration.fingerprint,)
    further = (*learnt, "partial") if allow_partial else learnt
    making = Making(v.DESK, sources.as_of.isoformat(), settings, prints, sources.folder, further)
    plan = panel_plan(settings, allow_partial=allow_partial)

    def write(folder: Path) -> dict[str, Any]:
        with executor(cluster, folder) as who, TemporaryDirectory(dir=folder, prefix="parts-") as parts:
            brief = Brief(folder, Path(parts), sources, settings, plan, max_memory, recalibration)
            cut = blocks or _blocks_for(sources.seen, plan, max_memory, who.workers)
            entries, stages = who.run(partial(_night_of_block, brief), cut, watch)[0]
        journal.take(stages)
        return {"feedback": recalibration.described(), "seeds": "each case's own id", **entries}

    return Night(*publish_run(out, making, journal, write, force=force))


@dataclass(frozen=True)
class Brief:
    """What every block of a night is told. parts: a folder for what blocks keep until all is published."""

    folder: Path
    parts: Path
    sources: Sources
    settings: Settings
    plan: PanelPlan
    max_memory: int | None
    recalibration: Recalibration


def _seen(sources: Sources) -> Sources:
    """The sources with the store-SKUs of the chain; without them where a table has to be read as text first."""
    with suppress(*UNREADABLE):
        return replace(sources, seen=seen_pairs(sources, sources.intake.panel.lookback_days))
    return sources


def _blocks_for(seen: Seen | None, plan: PanelPlan, max_memory: int | None, workers: int) -> int:
    """So few blocks that each worker has one, and that what works at a time fits into memory."""
    if seen is None:
        return workers
    room = available() // workers if max_memory is None else max_memory
    fewest = blocks_within(room, -(-seen.pairs.height // workers), bytes_per_pair(plan))
    return min(workers * fewest, len(seen.skus))


def _night_of_block(brief: Brief, together: Together, tell: Callable[[str], None]) -> tuple[dict[str, Any], Stages]:
    """Judge a block of the chain; the first one writes the files of all.

    What the manifest says is returned, and what the stages took. tell: called with the name of each stage.
    """
    journal = Unheard() if together.number else Journal(tell)
    settings, with_findings = brief.settings, findings_of(brief.settings)
    parts = brief.parts / str(together.number)
    parts.mkdir(exist_ok=True)
    findings = FindingParts(parts / "findings")
    press = Press(brief.folder, parts, together)
    memory = together.once(lambda: Memory(brief.max_memory, brief.folder))
    with memory.watched():
        # Nobody else holds the panel: its days are let go as soon as they were looked at last.
        judged = judge(
            _placed(brief, journal, memory, together),
            settings,
            journal,
            partial(_publish_features, press, settings),
            lambda cases: findings.add(with_findings(cases), cases["store_id"]),
            CaseParts(parts / "cases"),
            brief.recalibration,
        )
        with journal.stage("publish"):
            quality = _publish_days(press, judged, settings)
            judged = replace(judged, panel=judged.panel.without_days())
            press.write(shapes.EVIDENCE, findings.by_cause(together, ROWS_PER_GROUP), ROWS_PER_GROUP)
            facts = _publish_cases(press, judged, quality)
    figures = {name: facts[name] for name in ("cases", "cases_open", "revenue_at_risk_open")}
    return {"partial": judged.panel.is_partial, "logs": _logs(judged.panel), **figures}, journal.stages


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
    typed, plan = _seen(_opened(place, settings, sources.as_of)), panel_plan(settings, allow_partial=allow_partial)
    memory, method = Memory(), method_of(settings)

    def quality_of(together: Together) -> dict[str, Any]:
        chain, learnt = method.expect(panel(typed, plan, memory, together))
        return summary.data_quality(chain, settings.panel.min_history_days, method.notices(chain, learnt))

    return Inspection(sources, remarks, in_turns(quality_of, _blocks_for(typed.seen, plan, None, workers=1))[0])


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
    intake = Intake(settings.inputs, settings.delivery, readings_of(settings.profile), settings.panel)
    found = check(place, as_of, intake, as_text=as_text)
    return found.within(settings.panel.lookback_days, settings.panel.held_days)


def _placed(brief: Brief, journal: Journal, memory: Memory, together: Together) -> Panel:
    with journal.stage("panel") as facts:
        chain = panel(brief.sources, brief.plan, memory, together)
        facts["store_skus"] = together.count(chain.pairs.height)
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


def _publish_days(press: Press, judged: Judged, settings: Settings) -> dict[str, Any]:
    """What needs the days of the chain: series, and the quality of the data, which is returned."""
    chain, method, found = judged.panel, judged.method, judged.found
    bands, stores = partial(method.bands, chain, found), chain.stores["store_id"]
    series = series_blocks(chain, judged.cases.columns("pair")["pair"], bands, settings.expect.interval_z)
    press.write_by_store(shapes.DAILY, series, stores, PAIRS_PER_BLOCK, WIDE_ROWS_PER_GROUP)
    for name, further in {**judged.decided, **method.tables(chain, found, judged.cases)}.items():
        press.write_table(name, further, stores)
    return summary.data_quality(chain, settings.panel.min_history_days, method.notices(chain, judged.learnt))


def _publish_features(press: Press, settings: Settings, chain: Panel) -> None:
    blocks = feature_blocks(chain, settings.expect, settings.causes)
    n_judged = chain.together.count(int(chain.judged.sum()))
    some = evenly(n_judged, FEATURES_AT_A_TIME)
    press.write_by_store(shapes.FEATURES, blocks, chain.stores["store_id"], some, evenly(n_judged))


def _publish_cases(press: Press, judged: Judged, quality: dict[str, Any]) -> dict[str, Any]:
    """What needs the cases alone; the key figures are returned."""
    chain, own = judged.panel, judged.cases
    cases = own.of_all_blocks(chain.together)
    skus = chain.together.rows(chain.skus)
    facts = {
        **summary.key_figures(chain, own.columns(*summary.CASE_COLUMNS)),
        **judged.method.facts(judged.found),
    }
    stores = summary.stores_table(chain, own.columns(*summary.CASE_COLUMNS))
    if press.is_writer:
        write_parquet(stores, press.folder / shapes.STORES)
        write_parquet(skus.select("sku_id", *publish.SKU_NAMES), press.folder / shapes.SKUS)
        publish.publish_cases(press.folder, chain.stores, skus, cases)
        publish.publish_quarantine(press.folder, chain)
        write_json(facts, press.folder / shapes.SUMMARY)
        write_json(quality, press.folder / shapes.DATA_QUALITY)
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
