"""The record of the growth desk: what shared verbs and pages ask of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from engine.contracts.growth import growth_contracts
from engine.errors import NotFoundError
from engine.outputs.compare import Change, key_figures
from engine.outputs.desks import Desk, Explanation
from engine.outputs.growth import shapes
from engine.outputs.growth.alerts import ALERTS
from engine.outputs.growth.explain import explained
from engine.outputs.growth.figures import QUANTITY, one_decimal
from engine.outputs.growth.read import boundary_report
from engine.outputs.growth.report import report
from engine.outputs.names import joined, parted
from engine.outputs.read import raising_damage, summary, table
from engine.outputs.shown import Grid, Part, Shown, line
from engine.runs.registry import Registry, Run
from engine.settings.frozen import RunSettings
from engine.settings.growth.scaling import BacktestSettings, GrowthSettings
from engine.settings.growth.upstream import DiscoverSettings
from engine.settings.loading import Assigned, load_as
from engine.vocabulary import growth as v

STAGES = {
    "check": "opening the tables",
    "inputs": "reading the tables",
    "benchmark": "comparing with peers",
    "scale": "scaling the candidates",
    "boundary": "checking the boundary",
    "publish": "publishing",
}
NEAREST = 5
"""Candidates named when the one asked for is not there."""


class ReportSettings(RunSettings):
    """The report of a scaling has no settings."""


def candidate_id(str_code: object, spu_code: object) -> str:
    """One text for the two codes of a candidate, whatever signs they have in them."""
    return joined(str_code, spu_code)


def candidate_codes(name: str) -> tuple[str, str]:
    """The two codes of a candidate, `str_code` and `spu_code`, from `candidate_id`."""
    store, spu = (*parted(name), "")[:2]
    return store, spu


def _headline(manifest: Mapping[str, Any]) -> str:
    scaled, units = manifest.get("scaled"), manifest.get("units")
    if not isinstance(scaled, int) or not isinstance(units, int | float):
        return "–"
    return f"{scaled:,} scaled, {one_decimal(units)} units"


def _shown(run: Run) -> Shown:
    """A scaling's key figures: candidates by status, units by cap, and the boundary."""
    figures = summary(run)
    blocks: list[Any] = [
        line(
            Part(str(figures["period"]), "strong"),
            f"  {figures['scaled']:,} of {figures['candidates']:,} candidates get {one_decimal(figures['units'])} "
            f"units ({figures['whole_units']:,} whole) in {figures['stores_scaled']:,} stores.",
        ),
        Grid(
            ("status", "candidates"),
            [(status, f"{count:,}") for status, count in figures["by_status"].items()],
            ("candidates",),
        ),
        _caps(figures),
        _boundary(boundary_report(run)),
    ]
    if not run.holds(shapes.RECOMMENDATIONS_CSV):
        blocks.append(
            line(
                "These are too many to be explained in words by the run itself (trace.explained_rows); "
                "darkshelf growth export explains them."
            )
        )
    return blocks


def _caps(figures: Mapping[str, Any]) -> Grid:
    suppressed = figures["suppressed_by_cap"]
    numbers = ("scaled", "units", "suppressed")
    rows = [
        (cap, f"{row['rows']:,}", one_decimal(row["units"]), f"{suppressed[cap]:,}" if cap in suppressed else "")
        for cap, row in figures["by_cap"].items()
    ]
    return Grid(("cap that binds", *numbers), rows, numbers)


def _boundary(checks: Mapping[str, Any]) -> Grid:
    rows = [
        (check["statement"], check["verdict"], f"{check['looked_at']:,}", f"{check['broken']:,}", check["note"])
        for check in checks["checks"]
    ]
    return Grid(("boundary", "verdict", "looked at", "broken", ""), rows, ("looked at", "broken"))


def explain(run: Run, name: str) -> Explanation:
    """A candidate by its id, as `candidate_id` makes it. Raises NotFoundError with candidates there are."""
    store, spu = candidate_codes(name)
    is_it = (pl.col("str_code").cast(pl.String) == store) & (pl.col("spu_code").cast(pl.String) == spu)
    with raising_damage(run):
        rows = explained(run, table(run, shapes.AUDIT).filter(is_it)).collect().to_dicts()
    if not rows:
        raise NotFoundError(f"there is no candidate {name!r} in run {run.run_id}{_nearest(run, store)}")
    row = rows[0]
    title = line(Part(f"{row['spu_name'] or spu} at {row['store_name'] or store}", "strong"), f"  {row['status']}")
    shown = [title, line(Part(f"candidate {name}", "faint")), line()]
    shown += [line(text) for text in row["full_explanation"].splitlines()]
    return Explanation({"candidate": row}, shown)


def _nearest(run: Run, store: str) -> str:
    """Candidates of the same store, else of the run, those with the largest quantity first."""
    audit = table(run, shapes.AUDIT).sort(QUANTITY, *v.STORE_SPU, descending=[True, False, False], nulls_last=True)
    of_store = audit.filter(pl.col("str_code").cast(pl.String) == store)
    for rows, owner in ((of_store, "that store"), (audit, "this run")):
        found = [candidate_id(*codes) for codes in rows.select(v.STORE_SPU).head(NEAREST).collect().iter_rows()]
        if found:
            return f"; candidates of {owner}: {', '.join(found)}"
    return "; this run has no candidates"


def compare(old: Run, new: Run) -> Change:
    """Compare the scaled candidates and the key figures of two scalings; candidates by quantity, descending."""
    before, after = _scaled(old), _scaled(new)
    came = after.join(before, on=v.STORE_SPU, how="anti")
    gone = before.join(after, on=v.STORE_SPU, how="anti")
    sentence = f"{after.height - came.height:,} candidates are scaled in both."
    return Change(key_figures(old, new), sentence, (_listed("scaled now", came), _listed("no longer scaled", gone)))


def _scaled(run: Run) -> pl.DataFrame:
    with raising_damage(run):
        rows = table(run, shapes.AUDIT).filter(pl.col("status").cast(pl.String) == v.SCALED)
        as_text = (pl.col(name).cast(pl.String) for name in (*v.STORE_SPU, "scaling_tier"))
        return rows.select(*as_text, QUANTITY).collect()


def _listed(title: str, rows: pl.DataFrame) -> Grid:
    ranked = rows.sort(QUANTITY, *v.STORE_SPU, descending=[True, False, False])
    cells = [
        (candidate_id(store, spu), one_decimal(units), tier or "–") for store, spu, tier, units in ranked.iter_rows()
    ]
    return Grid(("candidate", "units", "tier"), cells, numbers=("units",), title=title)


def _report(registry: Registry, run: Run, settings: RunSettings) -> str:
    return report(run, explained(run, table(run, shapes.AUDIT)))


def _load(path: Path | None, assignments: Assigned) -> GrowthSettings:
    return load_as(GrowthSettings, path, assignments)


def _exports(run: Run) -> Mapping[str, str]:
    files = (shapes.RECOMMENDATIONS, shapes.AUDIT, shapes.PEERS, shapes.SUPPLY_PLAN)
    return {file.removesuffix(".parquet"): file for file in files}


DESK = Desk(
    name=v.DESK,
    purpose="says what may grow and by how much, within caps",
    rank=2,
    load=_load,
    promised=lambda: growth_contracts((v.STORE_SPU_SALES, v.CLUSTERS, v.STEP11)),
    models={"": GrowthSettings, "discover": DiscoverSettings, "backtest": BacktestSettings},
    headline=_headline,
    shown=_shown,
    explain=explain,
    compare=compare,
    report=_report,
    report_settings=ReportSettings,
    run="engine.growth.desk:run",
    result="engine.outputs.growth.result:Scaling",
    subjects="engine.decisions.growth.candidates:CANDIDATES",
    pages="panel_app.pages.growth:PAGES",
    style="panel_app.pages.growth:CSS",
    page_settings="panel_app.stores.growth_settings:GrowthPageSettings",
    lookup="panel_app.lookup.growth:LOOKUP",
    stages=STAGES,
    alerts=ALERTS,
    exports=_exports,
    moment=str,
)
