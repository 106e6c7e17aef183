"""`darkshelf whitespace`: who will buy what it does not buy yet, stage by stage or all of it."""

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import out, progress, table
from cli.decisions import Database
from cli.options import AsJson, Assignments, Cluster, ConfigFile, Input, Out, RunId, path
from engine.vocabulary.whitespace import Diagnosis

if TYPE_CHECKING:
    from engine.outputs.result import Result
    from engine.settings.whitespace.run import WhitespaceSettings

app = typer.Typer(
    help="Say which customers will buy what they do not buy yet.", no_args_is_help=True, rich_markup_mode=None
)
Cutoff = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="Day that is scored as of; by default the newest month end of the input."),
]
Divisions = Annotated[
    list[str] | None, typer.Option("--division", metavar="NAME", help="Of this division alone. Repeatable.")
]
Everything = Annotated[bool, typer.Option("--all", help="Of every division: the default, said aloud.")]
Model = Annotated[
    str | None,
    typer.Option("--model", metavar="RUN", help="The run whose frozen models are used; by default the latest."),
]
Force = Annotated[bool, typer.Option("--force", help="Do again what is published already.")]


def _stage(name: str, purpose: str, *, example: str = "") -> None:
    """Add the verb of a stage: it does that stage by itself, and publishes what came of it as a part of a run."""

    def verb(
        folder: Input,
        out_folder: Out,
        cutoff: Cutoff = None,
        divisions: Divisions = None,
        model: Model = None,
        config: ConfigFile = None,
        assignments: Assignments = None,
        cluster: Cluster = None,
        *,
        everything: Everything = False,
        force: Force = False,
        as_json: AsJson = False,
    ) -> None:
        settings = _settings(config, assignments, divisions, everything=everything)
        _part(name, folder, out_folder, settings, cutoff, model, force=force, cluster=cluster, as_json=as_json)

    words = example or f"darkshelf whitespace {name} data/company --out data/whitespace"
    app.command(name, help=f"{purpose}\n\nExample:  {words}")(verb)


def _settings(
    config: Path | None, assignments: list[str] | None, divisions: list[str] | None, *, everything: bool
) -> "WhitespaceSettings":
    from engine.settings.loading import load_as
    from engine.settings.whitespace.run import WhitespaceSettings

    if everything and divisions:
        raise typer.BadParameter("give either --division or --all")
    chosen = [f"whitespace.labels.divisions={json.dumps(divisions)}"] if divisions else []
    return load_as(WhitespaceSettings, config, [*(assignments or []), *chosen])


def _day(cutoff: str | None) -> dt.date | None:
    try:
        return None if cutoff is None else dt.date.fromisoformat(cutoff)
    except ValueError:
        raise typer.BadParameter(f"{cutoff!r} is no date as YYYY-MM-DD", param_hint="--cutoff") from None


def _part(
    name: str,
    folder: Any,
    out_folder: Path,
    settings: "WhitespaceSettings",
    cutoff: str | None,
    model: str | None,
    *,
    force: bool,
    cluster: str | None,
    as_json: bool,
) -> None:
    """Do one stage and show what came of it; end with 1 where its verdict is FAIL."""
    from engine.outputs.whitespace.desk import DESK
    from engine.whitespace import desk

    with progress(DESK.stages, quiet=as_json) as watch:
        result = desk.part(
            name, folder, out_folder, settings, _day(cutoff), model=model, force=force, cluster=cluster, watch=watch
        )
    _show(result, as_json=as_json)


def _show(result: "Result", *, as_json: bool) -> None:
    from cli.run import as_facts, show_result
    from engine.outputs.whitespace.desk import DESK
    from engine.vocabulary import whitespace as v

    if as_json:
        typer.echo(json.dumps(as_facts(result), ensure_ascii=False))
    else:
        show_result(DESK, result)
    if result.summary.get("verdict") == v.FAIL:
        raise typer.Exit(1)


@app.command()
def synth(
    folder: Annotated[Path, typer.Argument(parser=path, help="A new folder for the tables of the company.")],
    customers: Annotated[int, typer.Option(min=20, help="Customers, in the end.")] = 600,
    months: Annotated[int, typer.Option(min=30, help="Whole months simulated.")] = 54,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another company.")] = 7,
    leaks: Annotated[
        list[str] | None, typer.Option("--leak", help="A leak that is planted, such as future_asset. Repeatable.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """A generated company that sells several divisions, with planted reasons to buy, and the true chances.

    Example:  darkshelf whitespace synth data/company
    """
    from pydantic import ValidationError

    from engine.errors import Problem, SettingsError
    from engine.synth.company.company import company
    from engine.synth.company.plan import CompanyPlan

    try:
        plan = CompanyPlan.model_validate(
            {"customers": customers, "months": months, "seed": seed, "leaks": tuple(leaks or ())}
        )
    except ValidationError as error:
        advice = "see what there is with  darkshelf whitespace synth --help"
        found = [(".".join(map(str, fault["loc"])) or "company", str(fault["msg"])) for fault in error.errors()]
        raise SettingsError([Problem(where, what, advice) for where, what in found]) from None
    made = company(folder, plan)
    rows = {name: each.height for name, each in made.tables.items()}
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "rows": rows, "drivers": made.drivers.to_dicts()}))
        return
    counts = ", ".join(f"{count:,} {name}" for name, count in rows.items())
    out.print(
        f"{counts} in {folder}; {made.drivers.height} reasons to buy are planted.", markup=False, soft_wrap=True
    )


@app.command()
def check(
    folder: Input, config: ConfigFile = None, assignments: Assignments = None, *, as_json: AsJson = False
) -> None:
    """Judge a delivery without working on it: every problem at once, and where every row and cent goes.

    Example:  darkshelf whitespace check data/company
    """
    from cli.run import show_notices
    from engine.whitespace.check import check as judge
    from engine.whitespace.quality import data_quality

    delivery = judge(folder, _settings(config, assignments, None, everything=False).whitespace.inputs)
    quality = data_quality(delivery)
    if as_json:
        typer.echo(json.dumps(quality, ensure_ascii=False, default=str))
        return
    show_notices([dict(notice) for notice in quality["notices"]])  # type: ignore[attr-defined]
    rows = table("division", "decided by", "fate", "rows", "gross profit", numbers=("rows", "gross profit"))
    for row in delivery.reconciliation.iter_rows(named=True):
        cents = row["gross_profit_cents"]
        money = "unknown" if cents is None else f"{cents / 100:,.2f}"
        rows.add_row(row["division"] or "–", row["decided_by"], row["fate"], f"{row['rows']:,}", money)
    out.print(rows)


_stage("label", "What every customer bought within the months after each cutoff, and how sure that is.")
_stage("features", "Compute the features of the day that is scored as of, and what they learned.")
_stage("train", "Train, calibrate and choose the champion of every division.")
_stage("gauntlet", "Put the models to the trial: every check for leaks, pooled and by division.")


@app.command()
def diagnose(
    folder: Input,
    out_folder: Out,
    mode: Annotated[
        Diagnosis,
        typer.Option(
            help="time_adjacency: which features lean on the days right before the cutoff, and what the SAFE policy"
            " would do; importance_stability: whether the same features lead in other samples and eras;"
            " ablation_topk: what is lost without the leading features; label_timing: when buyers first buy."
        ),
    ] = "time_adjacency",
    cutoff: Cutoff = None,
    divisions: Divisions = None,
    model: Model = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    cluster: Cluster = None,
    *,
    everything: Everything = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Look at one thing that explains a model and does not gate it.

    Example:  darkshelf whitespace diagnose data/company --out data/whitespace --mode time_adjacency
    """
    chosen = [*(assignments or []), f"whitespace.gauntlet.diagnosis={mode}"]
    settings = _settings(config, chosen, divisions, everything=everything)
    _part("diagnose", folder, out_folder, settings, cutoff, model, force=force, cluster=cluster, as_json=as_json)


@app.command()
def prequential(
    folder: Input,
    out_folder: Out,
    cutoff: Cutoff = None,
    divisions: Divisions = None,
    model: Model = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    cluster: Cluster = None,
    *,
    quarterly: Annotated[
        bool,
        typer.Option(
            "--quarterly",
            help="Quarter by quarter, from the first day on which the model could be trained up to the newest: with"
            " every quarter that is delivered one more.",
        ),
    ] = False,
    everything: Everything = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Follow a model that was frozen earlier, month end after month end.

    Example:  darkshelf whitespace prequential data/company --out data/whitespace --quarterly
    """
    chosen = ["whitespace.horizons.prequential.quarterly=true"] if quarterly else []
    settings = _settings(config, [*(assignments or []), *chosen], divisions, everything=everything)
    _part("prequential", folder, out_folder, settings, cutoff, model, force=force, cluster=cluster, as_json=as_json)


_stage("ablate", "Hold models without recent features against those with all, on far months too.")
_stage(
    "auto-safe", "Propose, with evidence, which divisions should be trained without recent features; change nothing."
)
_stage("forward", "Hold the deployed models against what was bought after the day that they score.")
_stage("challenger", "Learn a rival score from realised outcomes and compare it on the latest cutoffs.")
_stage("score", "Score every customer and division with frozen models.")
_stage("rank", "Rank the gaps with frozen models and select whom to call.")


@app.command()
def run(
    folder: Input,
    out_folder: Out,
    cutoff: Cutoff = None,
    divisions: Divisions = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    cluster: Cluster = None,
    *,
    everything: Everything = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Do everything as of one day, from labels to the list, and publish it as one run, the latest from then on.

    Example:  darkshelf whitespace run data/company --out data/whitespace --all
    """
    from engine.outputs.whitespace.desk import DESK
    from engine.whitespace import desk

    settings = _settings(config, assignments, divisions, everything=everything)
    with progress(DESK.stages, quiet=as_json) as watch:
        result = desk.run(folder, out_folder, settings, _day(cutoff), force=force, cluster=cluster, watch=watch)
    _show(result, as_json=as_json)


@app.command()
def card(
    out_folder: Out,
    run_id: RunId = None,
    divisions: Divisions = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Assemble the model cards of a run from what it and its parts published, each file with its hash.

    Example:  darkshelf whitespace card --out data/whitespace
    """
    from engine.whitespace.review import cards

    found = cards(out_folder, run_id, divisions or [])
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    rows = table("division", "model", "backing", "gauntlet", "missing", "known limits")
    for each in found:
        model, verdict = each["model"]["best_model"] or "–", each["gauntlet"]["overall"] or "–"
        missing = ", ".join(each["missing"]) or "–"
        rows.add_row(
            each["division"], model, each["backing"] or "–", verdict, missing, " ".join(each["known_limits"])
        )
    out.print(rows)


@app.command()
def gate(out_folder: Out, run_id: RunId = None, *, as_json: AsJson = False) -> None:
    """Say in one table whether a run may be acted on; ends with 1 where it may not. What is missing fails.

    Example:  darkshelf whitespace gate --out data/whitespace
    """
    from engine.vocabulary import whitespace as v
    from engine.whitespace.review import gated

    found = gated(out_folder, run_id)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False))
    else:
        rows = table("gate", "division", "status", "")
        for rule in found.rules:
            rows.add_row(rule.gate, rule.division or "all together", rule.status, rule.note)
        out.print(rows)
        out.print(f"The gate says {found.overall}.")
    if found.overall == v.FAIL:
        raise typer.Exit(1)


@app.command()
def calls(
    folder: Input,
    out_folder: Out,
    run_id: RunId = None,
    database: Database = None,
    *,
    as_json: AsJson = False,
) -> None:
    """What the calls of a list added, by those held out at random, once the months after it are delivered.

    Example:  darkshelf whitespace calls data/company --out data/whitespace
    """
    from dataclasses import asdict

    from engine.decisions.store import open_decisions
    from engine.decisions.whitespace.effect import measure
    from engine.decisions.whitespace.settings import CallEffectSettings
    from engine.outputs.read import find_run
    from engine.vocabulary import whitespace as v
    from engine.whitespace.review import outcomes

    run = find_run(out_folder, run_id, v.DESK)
    bought = outcomes(run, folder)
    found = measure(open_decisions(out_folder, database), run, bought, CallEffectSettings())
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    rows = table("of the gaps of the list", "called", "held out", numbers=("called", "held out"))
    rows.add_row("meant to be", f"{found.to_call:,}", f"{found.held_out:,}")
    rows.add_row("share called", _share(found.called_share), _share(found.called_share_held_out))
    rows.add_row("share that bought", _share(found.bought_share), _share(found.bought_share_held_out))
    out.print(rows)
    if found.added_share is None:
        out.print("Too few were held out to tell what calls added.")
    else:
        added = found.added_share
        out.print(f"Calls added {added.value:+.1%} ({added.low:+.1%} to {added.high:+.1%}) of buyers.")


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


@app.command()
def smoke(
    out_folder: Annotated[Path, typer.Option("--out", parser=path, help="Where the company and the run go.")],
    seed: Annotated[int, typer.Option(min=0)] = 7,
    *,
    as_json: AsJson = False,
) -> None:
    """Everything on a small generated company: a minute that shows whether an installation works.

    Example:  darkshelf whitespace smoke --out data/smoke
    """
    from engine.outputs.whitespace.desk import DESK
    from engine.settings.loading import load_as
    from engine.settings.whitespace.run import WhitespaceSettings
    from engine.synth.company.company import company
    from engine.synth.company.plan import CompanyPlan
    from engine.whitespace import desk
    from engine.whitespace.smoke import SETTINGS

    company(out_folder / "company", CompanyPlan(seed=seed))
    settings = load_as(WhitespaceSettings, None, SETTINGS)
    with progress(DESK.stages, quiet=as_json) as watch:
        result = desk.run(out_folder / "company", out_folder, settings, force=True, watch=watch)
    _show(result, as_json=as_json)
