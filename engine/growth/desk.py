"""The desk: one scaling, from delivered tables to a published run.

check → inputs → benchmark → scale → boundary → publish, the last three block by block
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from engine.delivery.tables import Delivered
from engine.errors import InputError
from engine.growth import publish
from engine.growth.blocks import Task, task_of
from engine.growth.boundary import FAIL, boundary, report, together
from engine.growth.check import Delivery, check
from engine.growth.fit import Fit, fit
from engine.growth.inputs import Inputs, inputs
from engine.growth.ledger import fed_back
from engine.growth.newsvendor import newsvendor_quantity
from engine.growth.scale import BoundaryError
from engine.growth.summary import Shrinkage, data_quality, key_figures, of_plan
from engine.outputs.growth import shapes
from engine.outputs.growth.explanation_facts import explanation_facts
from engine.outputs.growth.result import Scaling
from engine.outputs.write import write_json, write_parquet
from engine.runs.journal import Journal
from engine.runs.publish import Making
from engine.runs.publish import publish as publish_run
from engine.runs.registry import Registry
from engine.settings.growth.scaling import GrowthSettings
from engine.vocabulary import growth as v


def run(
    place: Delivered,
    out: Path,
    settings: GrowthSettings,
    period: str | None = None,
    *,
    force: bool = False,
    watch: Callable[[str], None] | None = None,
) -> Scaling:
    """Scale the candidates of one half month and publish the result under `out`.

    place: a folder of tables, or frames in memory. period: by default the latest of the sales. force: run again what
    is there already. watch: called with the name of each stage as it begins. Raises InputError, TryLaterError,
    OutputError, and BoundaryError when a check fails; nothing is published then.
    """
    journal = Journal(watch)
    with journal.stage("check"):
        delivery = check(place, settings.inputs, period)
        prints = {name: dict(source.fingerprints) for name, source in delivery.sources.items()}
    making = Making(v.DESK, delivery.label, settings, prints, delivery.folder)

    def write(partial: Path) -> dict[str, Any]:
        with journal.stage("inputs"):
            tables = delivery.tables()
            given = inputs(tables, delivery.period, settings)
        _refuse_double_scaling(Registry(out), given, delivery)
        with journal.stage("benchmark"):
            task = task_of(tables, given, settings)
        return _described(delivery, _scale_into(partial, delivery, task, journal))

    return Scaling(*publish_run(out, making, journal, write, force=force))


def _scale_into(folder: Path, delivery: Delivery, task: Task, journal: Journal) -> dict[str, Any]:
    """Scale, check the boundary and write the files; the key figures are returned."""
    settings = task.settings
    plan = _plan(delivery, task)
    known = explanation_facts(settings.model_dump(), delivery.sources.keys())
    checks = []
    with publish.rows_into(folder, known, settings.trace.explained_rows) as add:
        for block in task.blocks():
            with journal.stage("scale"):
                audit = block.scaled()
            with journal.stage("boundary"):
                checks.append(boundary(audit, block.step11, block.given, settings))
            with journal.stage("publish"):
                optimum = newsvendor_quantity(audit, settings.newsvendor) if settings.newsvendor.is_asked else None
                add(publish.with_fit(audit, optimum, plan))
    verdicts = report(together(checks))
    if verdicts["verdict"] == FAIL:
        raise BoundaryError(f"a boundary check failed, nothing is published: {verdicts['checks']}")
    with journal.stage("publish"):
        if plan is not None:
            write_parquet(plan.spus, folder / shapes.SUPPLY_PLAN)
        publish.publish_peers(folder, task.benchmarks, task.given)
        publish.publish_quarantine(folder, delivery)
        facts = key_figures(pl.scan_parquet(folder / shapes.AUDIT, glob=False), delivery.label) | {
            "fit_to_stock": None if plan is None else of_plan(plan),
            "shrinkage": _effect_of_shrinkage(task),
        }
        write_json(facts, folder / shapes.SUMMARY)
        write_json(verdicts, folder / shapes.BOUNDARY_REPORT)
        write_json(data_quality(delivery), folder / shapes.DATA_QUALITY)
    return facts


def _plan(delivery: Delivery, task: Task) -> Fit | None:
    """The plan under the stock there is; None when no supply was delivered. It needs every scaled row at once."""
    if v.SUPPLY not in delivery.loaded:
        return None
    tables = {
        name: table.with_columns(pl.col(pl.Categorical).cast(pl.String)) for name, table in delivery.tables().items()
    }
    budgets = tables[v.STORE_BUDGETS].collect() if v.STORE_BUDGETS in tables else None
    columns = (*v.STORE_SPU, "recommended_adjustment_quantity", "gap_ratio", "unit_price")
    wanted = [block.scaled().select(columns) for block in task.blocks()]
    scaled = pl.concat(wanted).filter(pl.col("recommended_adjustment_quantity") > 0)
    return fit(scaled, tables[v.SUPPLY].collect(), budgets, task.settings.caps.min_units)


def _effect_of_shrinkage(task: Task) -> dict[str, object] | None:
    """Scaled rows and units with and without shrinkage; None when it is off."""
    if task.settings.benchmark.shrinkage_peers == 0:
        return None
    effect = Shrinkage()
    for shrunk, raw in zip(task.blocks(), task.without_shrinkage().blocks(), strict=True):
        effect.add(shrunk.scaled(), raw.scaled())
    return effect.facts()


def _refuse_double_scaling(registry: Registry, given: Inputs, delivery: Delivery) -> None:
    if given.step9 is None:
        return
    problems = fed_back(given.step9, given.codes, registry.runs(v.DESK), delivery.label)
    if problems:
        raise InputError(problems)


def _described(delivery: Delivery, facts: dict[str, Any]) -> dict[str, Any]:
    """What the manifest says of the scaling."""
    supplied = delivery.sources.keys()
    return {
        "period": delivery.label,
        "dataset_id": delivery.dataset_id,
        "supplied": {name: name in supplied for name in (v.TRAFFIC, v.STEP9, v.STEP10, v.SUPPLY)},
        "input_rows": {name: loaded.counts["rows"] for name, loaded in delivery.loaded.items()},
        **{name: facts[name] for name in ("candidates", "scaled", "units", "by_status", "by_tier", "by_cap")},
    }
