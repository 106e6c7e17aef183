"""The desk: one scaling, from a folder of tables to a published run.

check → inputs → scale → boundary → fit → publish
"""

import datetime as dt
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from engine import vocabulary as v
from engine.config import as_toml
from engine.errors import InputError, Problem
from engine.growth import publish, summary
from engine.growth.benchmark import peers, place
from engine.growth.boundary import FAIL, boundary, report
from engine.growth.check import Delivery, check
from engine.growth.fit import Fit, fit
from engine.growth.inputs import Inputs, inputs, marked
from engine.growth.ledger import fed_back
from engine.growth.scale import BoundaryError, keep_the_list, scale
from engine.growth.second_opinion import second_opinion
from engine.growth.settings import GrowthSettings
from engine.growth.telling import telling
from engine.journal import Journal
from engine.outputs import growth_shapes as shapes
from engine.outputs.read import boundary_report
from engine.outputs.read import summary as read_summary
from engine.outputs.write import write_json, write_parquet
from engine.registry import Registry, fingerprint_files, run_name

DESK = "growth"
PACKAGES = ("darkshelf", "polars", "pyarrow")


@dataclass(frozen=True)
class Scaling:
    """What a call of `run` left behind. is_new: this call made it. report: as in `boundary_report.json`."""

    run_id: str
    folder: Path
    is_new: bool
    summary: dict[str, Any]
    report: dict[str, Any]


def run(
    folder: Path,
    out: Path,
    settings: GrowthSettings,
    period: str | None = None,
    *,
    force: bool = False,
    watch: Callable[[str], None] | None = None,
) -> Scaling:
    """Scale the candidates of one half month and publish the result under `out`.

    period: by default the latest of the sales. force: run again what is there already. watch: called with the name of
    each stage as it begins. Raises InputError, TryLaterError, OutputError, and BoundaryError when a check fails;
    nothing is published then.
    """
    registry, journal = Registry(out), Journal(watch)
    with journal.stage("check"):
        delivery = check(folder, settings.inputs, period)
        prints = {name: fingerprint_files(each.files, folder) for name, each in delivery.sources.items()}
    versions = " ".join(version(package) for package in PACKAGES)
    run_id = run_name(delivery.label, settings.profile, settings.fingerprint(), str(prints), versions)
    with registry.writer():
        _refuse_other_desks(registry)
        if registry.has(run_id) and not force:
            found = registry.find(run_id)
            return Scaling(found.run_id, found.folder, False, read_summary(found), boundary_report(found))
        run_id = registry.free_name(run_id)
        with journal.stage("inputs"):
            given = inputs(delivery.tables(), delivery.period, settings).in_memory()
        _refuse_double_scaling(registry, given, delivery)
        with registry.publish(run_id) as partial, journal.written_to(partial / shapes.LOG):
            facts, verdicts = _scale_into(partial, delivery, given, settings, journal)
            _describe(partial, run_id, delivery, settings, prints, journal, facts)
    return Scaling(run_id, registry.folder / run_id, True, facts, verdicts)


def _scale_into(
    folder: Path, delivery: Delivery, given: Inputs, settings: GrowthSettings, journal: Journal
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scale, check the boundary and write the files; the key figures and the boundary report."""
    tables = delivery.tables()
    step11 = marked(tables[v.STEP11])
    with journal.stage("scale") as noted:
        named = publish.with_names(scale(given, settings), tables[v.STORE_SPU_SALES])
        audit = keep_the_list(publish.with_step11(named, step11).collect(), given.candidates.collect())
        noted["candidates"] = audit.height
    with journal.stage("boundary"):
        verdicts = report(boundary(audit, step11, given, settings))
        if verdicts["verdict"] == FAIL:
            raise BoundaryError(f"a boundary check failed, nothing is published: {verdicts['checks']}")
    with journal.stage("fit"):
        plan = _plan(audit, tables, settings)
        asked = settings.newsvendor.is_asked
        audit = publish.with_fit(audit, second_opinion(audit, settings.newsvendor) if asked else None, plan)
    with journal.stage("publish") as noted:
        noted["recommendations"] = publish.publish_rows(folder, audit, telling(settings, delivery.sources.keys()))
        if plan is not None:
            write_parquet(plan.spus, folder / shapes.SUPPLY_PLAN)
        write_parquet(_peers_of(audit, given, settings), folder / shapes.PEERS)
        publish.publish_quarantine(folder, delivery.sources)
        facts = summary.key_figures(audit, delivery.label) | {
            "fit_to_stock": None if plan is None else summary.of_plan(plan),
            "shrinkage": _effect_of_shrinkage(audit, given, settings),
        }
        write_json(facts, folder / shapes.SUMMARY)
        write_json(verdicts, folder / shapes.BOUNDARY_REPORT)
        write_json(summary.data_quality(delivery), folder / shapes.DATA_QUALITY)
    return facts, verdicts


def _plan(audit: pl.DataFrame, tables: dict[str, pl.LazyFrame], settings: GrowthSettings) -> Fit | None:
    """The plan under the stock there is; None when no supply was delivered."""
    if v.SUPPLY not in tables:
        return None
    budgets = tables[v.STORE_BUDGETS].collect() if v.STORE_BUDGETS in tables else None
    scaled = audit.filter(pl.col("recommended_adjustment_quantity") > 0)
    return fit(scaled, tables[v.SUPPLY].collect(), budgets, settings.caps.min_units)


def _effect_of_shrinkage(audit: pl.DataFrame, given: Inputs, settings: GrowthSettings) -> dict[str, Any] | None:
    """Scaled rows and units with and without shrinkage; None when it is off."""
    if settings.benchmark.shrinkage_peers == 0:
        return None
    raw = settings.model_copy(update={"benchmark": settings.benchmark.model_copy(update={"shrinkage_peers": 0.0})})
    return summary.side_by_side(audit, scale(given, raw).collect())


def _peers_of(audit: pl.DataFrame, given: Inputs, settings: GrowthSettings) -> pl.DataFrame:
    """The peers of every cluster and SPU that has a candidate, with their sales and places, sorted."""
    peer_sales = peers(given.sales, given.clusters, settings.benchmark)
    groups = audit.lazy().select(v.PEER_GROUP).unique()
    placed = peer_sales.join(groups, on=v.PEER_GROUP, how="semi").join(place(peer_sales), on=v.STORE_SPU)
    columns = ("cluster_id", "spu_code", "str_code", "store_sales", "peer_percentile")
    return placed.select(columns).sort("cluster_id", "spu_code", "store_sales", "str_code").collect()


def _refuse_other_desks(registry: Registry) -> None:
    others = [run.run_id for run in registry.runs() if run.manifest.get("desk") != DESK]
    if others:
        what = f"holds runs of another desk, such as {others[-1]}"
        raise InputError([Problem(str(registry.out), what, "name another folder for the runs of the growth desk")])


def _refuse_double_scaling(registry: Registry, given: Inputs, delivery: Delivery) -> None:
    if given.step9 is None:
        return
    problems = fed_back(given.step9, registry.runs(), delivery.label)
    if problems:
        raise InputError(problems)


def _describe(
    folder: Path,
    run_id: str,
    delivery: Delivery,
    settings: GrowthSettings,
    prints: dict[str, dict[str, str]],
    journal: Journal,
    facts: dict[str, Any],
) -> None:
    """How this run came about: the manifest and the resolved settings."""
    (folder / shapes.SETTINGS).write_text(as_toml(settings), encoding="utf-8")
    supplied = delivery.sources.keys()
    manifest = {
        "run_id": run_id,
        "desk": DESK,
        "profile": settings.profile,
        "as_of": delivery.label,
        "period": delivery.label,
        "dataset_id": delivery.dataset_id,
        "finished_at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
        "input": str(delivery.folder.resolve()),
        "input_fingerprints": prints,
        "settings_fingerprint": settings.fingerprint(),
        "settings": settings.model_dump(mode="json"),
        "supplied": {name: name in supplied for name in (v.TRAFFIC, v.STEP9, v.STEP10, v.SUPPLY)},
        "versions": {package: version(package) for package in PACKAGES} | {"python": platform.python_version()},
        "candidates": facts["candidates"],
        "scaled": facts["scaled"],
        "by_status": facts["by_status"],
        "stages": journal.stages,
    }
    write_json(manifest, folder / shapes.MANIFEST)
