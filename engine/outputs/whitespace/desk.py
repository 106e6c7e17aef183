"""The record of the whitespace desk: what shared verbs and pages ask of it."""

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.contracts.contract import Contract
from engine.contracts.whitespace import whitespace_contracts
from engine.errors import NotFoundError
from engine.outputs.compare import Change, key_figures
from engine.outputs.desks import Desk, Explanation
from engine.outputs.money import currency_of, money
from engine.outputs.names import joined, parted
from engine.outputs.read import raising_damage, summary, table
from engine.outputs.shown import Grid, Part, Shown, Style, line
from engine.outputs.whitespace import shapes
from engine.outputs.whitespace.alerts import ALERTS
from engine.outputs.whitespace.report import ReportSettings, report
from engine.runs.registry import Registry, Run
from engine.settings.frozen import RunSettings
from engine.settings.loading import Assigned, load_as
from engine.settings.whitespace.inputs import InputSettings
from engine.settings.whitespace.run import WhitespaceSettings
from engine.vocabulary import whitespace as v

STAGES: Final = {
    "check": "opening the tables",
    "label": "labelling the past",
    "features": "computing features",
    "train": "training",
    "gauntlet": "running the gauntlet",
    "prequential": "following frozen models",
    "ablate": "leaving features out",
    "forward": "validating forward",
    "rank": "ranking",
    "publish": "publishing",
}
NEAREST: Final = 5
"""Gaps named when the one asked for is not there."""
DIVISIONS_SHOWN: Final = 20
STYLES: Final[Mapping[str, Style]] = {v.PASS: "good", v.WARN: "warning", v.FAIL: "alarm", v.ERROR: "alarm"}
TOLD: Final = (
    ("chance to buy within the horizon", "p_icp"),
    ("worth of a purchase", "expected_gp_if_buys"),
    ("expected worth", "value"),
    ("blended score", "score"),
    ("challenger's score", "score_challenger"),
    ("basket lift, percentile", "lift_norm"),
    ("similarity to owners, percentile", "als_norm"),
    ("worth, percentile", "EV_norm"),
)
"""Figures of a gap in the order in which they are told."""
MONEY: Final = frozenset({"expected_gp_if_buys", "value"})
"""Those of them that are amounts."""


def _headline(manifest: Mapping[str, Any]) -> str:
    verb, verdict = manifest.get("verb", "run"), manifest.get("verdict")
    said = [] if verb == "run" else [str(verb)]
    if isinstance(manifest.get("selected"), int) and isinstance(manifest.get("candidates"), int):
        said.append(f"{manifest['selected']:,} of {manifest['candidates']:,} candidates to call")
    if verdict:
        said.append(f"gauntlet {verdict}")
    if "models_as_of" in manifest:
        said.append(f"by the models of {manifest['models_as_of']}")
    return ", ".join(said) or "–"


def _shown(run: Run) -> Shown:
    """The key figures of a run, those of its stages that it did."""
    figures = summary(run)
    blocks: list[Any] = [line(Part(str(figures["cutoff"]), "strong"), f"  {_headline(run.manifest)}.")]
    if "expected_gp" in figures:
        brought = money(figures["expected_gp"], currency_of(run.manifest))
        blocks.append(line(f"The calls should bring {brought}; {figures['held_out']:,} more are held out."))
    if run.holds(shapes.METRICS):
        blocks.append(_metrics(run, figures))
    if "verdict" in figures:
        blocks += _checks(run)
    return blocks


def _metrics(run: Run, figures: Mapping[str, Any]) -> Grid:
    """The figures of all divisions together, then of each, those with the most buyers first."""
    verdicts = figures.get("verdicts", {})
    with raising_damage(run):
        rows = table(run, shapes.METRICS).collect().sort("positives", "division", descending=[True, False])
    ordered = pl.concat([rows.filter(pl.col("division") == ""), rows.filter(pl.col("division") != "")])
    cells = []
    for row in ordered.head(DIVISIONS_SHOWN + 1).iter_rows(named=True):
        verdict = verdicts.get(row["division"], figures.get("verdict", "") if not row["division"] else "")
        cells.append(
            (
                row["division"] or "all together",
                f"{row['positives']:,}",
                *(_figure(row[name]) for name in ("average_precision", "lift@10", "relative_cal_error")),
                row["champion"] or "–",
                Part(verdict or "–", STYLES.get(verdict, "plain")),
            )
        )
    numbers = ("buyers", "average precision", "lift at 10%", "calibration error / prevalence")
    return Grid(("division", *numbers, "model", "verdict"), cells, numbers, "Out of time")


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _checks(run: Run) -> list[Any]:
    """What is wrong of all divisions together, one line a check; nothing where all is well."""
    if not run.holds(shapes.CHECKS):
        return []
    with raising_damage(run):
        rows = table(run, shapes.CHECKS).filter(pl.col("division") == "", pl.col("status") != v.PASS).collect()
    cells = [
        (row["check"], row["measure"] or "–", Part(row["status"], STYLES.get(row["status"], "plain")), row["note"])
        for row in rows.iter_rows(named=True)
    ]
    return [Grid(("check", "measure", "status", ""), cells, title="Gauntlet: what is not PASS")] if cells else []


def _ranking(run: Run) -> pl.LazyFrame:
    """The ranking of a run, ids as text. Raises NotFoundError where the run did not rank."""
    name = shapes.ranking_file(dt.date.fromisoformat(run.as_of))
    if not run.holds(name):
        raise NotFoundError(f"run {run.run_id} did not rank; runs that did:  darkshelf runs list")
    return table(run, name).with_columns(pl.col(v.PAIR).cast(pl.String))


def explain(run: Run, name: str) -> Explanation:
    """A gap by its id, customer and division. Raises NotFoundError with gaps there are."""
    customer, division = (*parted(name), "")[:2]
    with raising_damage(run):
        ranking = _ranking(run)
        is_it = (pl.col(v.CUSTOMER) == customer) & (pl.col(v.DIVISION) == division)
        rows = ranking.filter(is_it).collect().to_dicts()
    if not rows:
        raise NotFoundError(f"there is no gap {name!r} in run {run.run_id}{_nearest(ranking, customer)}")
    row = rows[0]
    who = row.get("customer_name") or customer
    title = line(Part(f"{division} for {who}", "strong"), f"  rank {row['rank']:,}, {_state(row)}")
    shown: list[Any] = [title, line(Part(f"gap {name}", "faint")), line()]
    if row.get("nba_reason"):
        shown.append(line(row["nba_reason"]))
    currency = currency_of(run.manifest)
    figures = [
        (words, money(row.get(key), currency) if key in MONEY else _figure(row.get(key))) for words, key in TOLD
    ]
    shown.append(Grid(("", "value"), figures, ("value",)))
    reasons = json.loads(row.get("reason_codes") or "[]")
    cells = [(code["feature"], str(code["direction"]), f"{code['share']:.0%}") for code in reasons]
    if cells:
        shown.append(Grid(("reason", "direction", "share of the score"), cells, ("share of the score",)))
    return Explanation({"gap": row}, shown)


def _state(row: Mapping[str, Any]) -> str:
    if row.get("excluded_because"):
        return f"not to be called: {row['excluded_because']}"
    if row["is_selected"]:
        return "to be called"
    return "held out at random" if row["is_held_out"] else "not on the list"


def _nearest(ranking: pl.LazyFrame, customer: str) -> str:
    """Gaps of the same customer, else of the run, the best first."""
    ordered = ranking.sort("rank").select(v.PAIR)
    for rows, owner in ((ordered.filter(pl.col(v.CUSTOMER) == customer), "that customer"), (ordered, "this run")):
        found = [joined(*ids) for ids in rows.head(NEAREST).collect().iter_rows()]
        if found:
            return f"; gaps of {owner}: {', '.join(found)}"
    return "; this run has no gaps"


def compare(old: Run, new: Run) -> Change:
    """Compare the lists and the key figures of two runs; gaps by rank."""
    before, after = _called(old), _called(new)
    came, gone = after.join(before, on=v.PAIR, how="anti"), before.join(after, on=v.PAIR, how="anti")
    sentence = f"{after.height - came.height:,} gaps are on both lists."
    return Change(
        key_figures(old, new), sentence, (_listed("on the list now", came, new), _listed("no longer", gone, old))
    )


def _called(run: Run) -> pl.DataFrame:
    if not run.holds(shapes.ranking_file(dt.date.fromisoformat(run.as_of))):
        return pl.DataFrame(schema={**dict.fromkeys(v.PAIR, pl.String), "rank": pl.Int64, "value": pl.Float64})
    with raising_damage(run):
        return _ranking(run).filter("is_selected").select(*v.PAIR, "rank", "value").collect()


def _listed(title: str, rows: pl.DataFrame, run: Run) -> Grid:
    currency = currency_of(run.manifest)
    cells = [
        (joined(customer, division), f"{rank:,}", money(value, currency))
        for customer, division, rank, value in rows.sort("rank").iter_rows()
    ]
    return Grid(("gap", "rank", "value"), cells, numbers=("rank", "value"), title=title)


def _views(run: Run) -> Mapping[str, str]:
    """The ranking by a name that needs no quotes."""
    day = dt.date.fromisoformat(run.as_of)
    named = {"ranking": shapes.ranking_file(day), "holdout": shapes.holdout_file(day)}
    there = {name: file for name, file in named.items() if run.holds(file)}
    return {name: f'select * from "{file.removesuffix(".parquet")}"' for name, file in there.items()}


def _report(registry: Registry, run: Run, settings: RunSettings) -> str:
    assert isinstance(settings, ReportSettings)
    return report(run, settings)


def _load(path: Path | None, assignments: Assigned) -> WhitespaceSettings:
    return load_as(WhitespaceSettings, path, assignments)


def _exports(run: Run) -> Mapping[str, str]:
    day = dt.date.fromisoformat(run.as_of)
    files = {"ranking": shapes.ranking_file(day), "holdout": shapes.holdout_file(day)}
    return {**files, "metrics": shapes.METRICS, "checks": shapes.CHECKS}


def _promised() -> Mapping[str, Contract]:
    inputs = InputSettings()
    return whitespace_contracts(inputs.first_day(), inputs.max_line_amount)


DESK = Desk(
    name=v.DESK,
    purpose="says which customers will buy what they do not buy yet",
    rank=3,
    load=_load,
    promised=_promised,
    models={"": WhitespaceSettings},
    headline=_headline,
    shown=_shown,
    explain=explain,
    compare=compare,
    report=_report,
    report_settings=ReportSettings,
    run="engine.whitespace.desk:run",
    result="engine.outputs.whitespace.result:Ranked",
    subjects="engine.decisions.whitespace.gaps:GAPS",
    pages="panel_app.pages.whitespace:PAGES",
    page_settings="panel_app.stores.whitespace_settings:WhitespacePageSettings",
    style="panel_app.pages.whitespace:CSS",
    lookup="panel_app.lookup.whitespace:LOOKUP",
    views=_views,
    stages=STAGES,
    alerts=ALERTS,
    exports=_exports,
    options=frozenset({"cluster"}),
)
