"""`darkshelf tasks`, `answers`, `decisions`, `accuracy`, `feedback`: what was decided, and what stores said."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from cli.console import answer, out, table
from cli.options import AsJson, Assignments, ConfigFile, Out, RunId, path
from engine.decisions import words as w
from engine.outputs.money import money

if TYPE_CHECKING:
    from engine.decisions.shelf.accuracy import Accuracy
    from engine.decisions.shelf.experiment import Experiment
    from engine.decisions.shelf.recovery import Recovery
    from engine.decisions.shelf.settings import LoopSettings
    from engine.decisions.shelf.tasks import Plan
    from engine.decisions.store import Decisions

app = typer.Typer(help="List and export what was decided.", no_args_is_help=True, rich_markup_mode=None)
answers_app = typer.Typer(help="Take in what stores answered.", no_args_is_help=True, rich_markup_mode=None)
Database = Annotated[
    str | None,
    typer.Option(
        "--decisions",
        metavar="URL",
        envvar=w.DATABASE_VARIABLE,
        help="The database, such as postgresql://USER@HOST/NAME; by default SQLite beside the runs.",
    ),
]
File = Annotated[Path | None, typer.Option("--file", parser=path, help="Write to this file, .csv or .parquet.")]


def tasks(
    out_folder: Out,
    run_id: RunId = None,
    store: Annotated[str | None, typer.Option("--store", help="One store id; by default every store.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0, max=1440, help="Minutes that a store has today.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", parser=path, help="Write the form to fill in, .csv or .parquet."),
    ] = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    database: Database = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Plan what each store checks today: the most worth for its minutes, and a few products drawn at random.

    Example:  darkshelf tasks --out data/runs --store 12 --minutes 45

    Another:  darkshelf tasks --out data/runs --file checks.csv
    """
    from engine.decisions.shelf import tasks as planning
    from engine.outputs.read import find_run
    from engine.outputs.spreadsheet import export
    from engine.vocabulary.shelf import DESK as SHELF

    settings = _settings(config, assignments)
    run = find_run(out_folder, run_id, SHELF)
    plan = planning.plan(_open(out_folder, database), run, settings.tasks, store_id=store, minutes=minutes)
    if file is not None:
        export(plan.form(), file)
    if as_json:
        answer(asdict(plan))
    elif file is not None:
        out.print(f"{plan.form().height:,} checks in {len(plan.stores):,} stores → {file}", soft_wrap=True)
    else:
        _show_plan(plan)


@answers_app.command("import")
def import_answers(
    file: Annotated[Path, typer.Argument(parser=path, help="CSV or Parquet, such as a filled-in form of tasks.")],
    out_folder: Out,
    database: Database = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Keep the answers of a file. Every problem is listed at once, and then nothing is kept; twice is as once.

    Example:  darkshelf answers import checks.csv --out data/runs
    """
    from engine.decisions.shelf.answer_file import import_answers

    done = import_answers(_open(out_folder, database), out_folder, file)
    if as_json:
        answer(asdict(done))
        return
    out.print(
        f"{done.rows:,} rows: {done.new:,} new answers, {done.known:,} known already, {done.blank:,} not answered.",
        soft_wrap=True,
    )


@app.command("list")
def list_decisions(
    out_folder: Out,
    run_id: RunId = None,
    database: Database = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List what is in effect on the cases or candidates of a run, the latest change first.

    Example:  darkshelf decisions list --out data/runs
    """
    from engine.outputs.read import find_run

    run = find_run(out_folder, run_id)
    decisions = _open(out_folder, database)
    state = decisions.state(run.run_id)
    latest = state.sort("changed_at", "subject_id", descending=[True, False])
    if as_json:
        answer({"run_id": run.run_id, "decisions": latest.to_dicts()})
        return
    rows = table("case", "decision", "reason", "assigned to", "by", "comment")
    for row in latest.iter_rows(named=True):
        cells = ("subject_id", "decision", "reason", "assigned_to", "changed_by", "comment")
        rows.add_row(*(Text(row[cell] or "–") for cell in cells))
    out.print(rows if rows.row_count else Text(f"nothing was decided on {run.run_id} yet"))


@app.command("export")
def export_decisions(
    out_folder: Out,
    file: Annotated[Path, typer.Option("--file", parser=path, help="Write to this file, .csv or .parquet.")],
    run_id: RunId = None,
    database: Database = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write every entry on a run, undone ones too, oldest first.

    Example:  darkshelf decisions export --out data/runs --file decisions.csv
    """
    from engine.outputs.read import find_run
    from engine.outputs.spreadsheet import export

    run = find_run(out_folder, run_id)
    entries = _open(out_folder, database).entries(run.run_id)
    export(entries, file)
    if as_json:
        answer({"run_id": run.run_id, "file": str(file), "entries": entries.height})
        return
    out.print(f"{entries.height:,} entries → {file}", soft_wrap=True)


def accuracy(
    out_folder: Out,
    run_id: Annotated[str | None, typer.Option("--run", help="A run id; by default every night.")] = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    database: Database = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say how right the nights were, by what stores answered, and what accepted actions brought.

    Example:  darkshelf accuracy --out data/runs
    """
    from engine.decisions.shelf import accuracy as answered
    from engine.decisions.shelf import experiment, recovery
    from engine.decisions.shelf.nights import currency_of_nights

    settings, decisions = _settings(config, assignments), _open(out_folder, database)
    wanted = None if run_id is None else [run_id]
    found = answered.measure(decisions, out_folder, settings.accuracy, wanted)
    brought = recovery.measure(decisions, out_folder, settings.recovery, wanted)
    tried = experiment.measure(decisions, out_folder, settings.recovery, wanted)
    if as_json:
        answer({"accuracy": _facts(found), "recovery": _facts(brought), "experiment": _facts(tried)})
        return
    currency = currency_of_nights(out_folder, wanted)
    _show_accuracy(found)
    _show_recovery(brought, currency)
    _show_experiment(tried, currency)


def feedback(
    out_folder: Out,
    file: Annotated[Path, typer.Option("--file", parser=path, help="Write to this file, .parquet, .csv or .xlsx.")],
    database: Database = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write what stores answered on open cases, for the next night to learn from.

    Example:  darkshelf feedback --out data/runs --file feedback.parquet

    Then:  darkshelf run data/tonight --out data/runs --feedback feedback.parquet
    """
    from engine.decisions.shelf import feedback as learning
    from engine.outputs.spreadsheet import export

    found = learning.feedback(_open(out_folder, database), out_folder)
    export(found.rows, file)
    if as_json:
        counts = {"silent": found.silent, "other": found.other, "gone": found.gone}
        answer({"file": str(file), "answers": found.rows.height, "left_out": counts})
        return
    left_out = (
        f"left out: {found.silent:,} that do not tell, {found.other:,} of nights without a calibrated confidence, "
        f"{found.gone:,} of nights that are gone"
    )
    out.print(f"{found.rows.height:,} answers → {file} ({left_out})", soft_wrap=True)
    if found.rows.is_empty():
        out.print("There is nothing to learn from yet. A night that is given this file runs as without it.")


def _open(out_folder: Path, url: str | None) -> "Decisions":
    from engine.decisions.store import open_decisions

    return open_decisions(out_folder, url)


def _settings(config: Path | None, assignments: list[str] | None) -> "LoopSettings":
    from engine.decisions.shelf.settings import LoopSettings
    from engine.settings.loading import load_as

    return load_as(LoopSettings, config, assignments or [])


def _facts(found: Any) -> dict[str, Any]:
    """A result as JSON holds it, frames as lists of rows."""
    import polars as pl

    facts = asdict(found)
    return {name: value.to_dicts() if isinstance(value, pl.DataFrame) else value for name, value in facts.items()}


def _show_plan(plan: "Plan") -> None:
    for sheet in plan.stores:
        heading = Text(f"store {sheet.store_id}", style="bold").append(f"  {sheet.store_name or ''}", "not bold")
        out.print(heading)
        rows = table("", "category", "SKU", "product", "check", "minutes", numbers=("minutes",))
        for group in sheet.groups:
            for task in group.waiting:
                cells = (task.category or "–", task.sku_id, task.sku_name or "–", task.check)
                rows.add_row(str(task.order), *map(Text, cells), f"{task.minutes:g}")
        out.print(rows)
        answered = f" {sheet.answered:,} of its checks are answered already." if sheet.answered else ""
        planned = f"{sheet.minutes_planned:g} of {sheet.minutes_available:g} minutes, walks included."
        out.print(f"{planned}{answered}\n", soft_wrap=True)
    if plan.left_out_rejected or plan.left_out_answered:
        rejected, answered_before = plan.left_out_rejected, plan.left_out_answered
        out.print(f"Left out: {rejected:,} cases that were rejected, {answered_before:,} answered in the last days.")
    if plan.left_out_withheld:
        out.print(f"Withheld by lot, to measure what actions bring: {plan.left_out_withheld:,} accepted cases.")


def _show_accuracy(found: "Accuracy") -> None:
    out.print(f"{found.conclusive:,} of {found.asked:,} answers on open cases tell, in {found.nights:,} nights.")
    rows = table("", "answers", "dark", "precision", "interval", "promised", "", numbers=("answers", "dark"))
    for row in found.parts.iter_rows(named=True):
        if row["part"] == "store" and row["precision"] is None:
            continue  # Of hundreds of stores most have few answers.
        interval = (
            f"{_percent(row['precision_low'])} to {_percent(row['precision_high'])}" if row["precision"] else "–"
        )
        name = "all" if row["part"] == "all" else f"{row['part']} {row['name']}"
        figures = (f"{row['answers']:,}", f"{row['dark']:,}", _percent(row["precision"]), interval)
        rows.add_row(Text(name), *figures, _percent(row["promised"]), row["verdict"] or "–")
    out.print(rows)
    sampled = found.drawn
    if sampled is not None:
        wording = f"{_percent(sampled.estimate)} ({_percent(sampled.low)} to {_percent(sampled.high)})"
        out.print(f"Of all open cases, by the {sampled.answers:,} drawn at random: {wording}.", soft_wrap=True)
    recall = found.recall
    if recall.estimate is None:
        out.print(f"Recall is not known yet: {recall.why_not}.", soft_wrap=True)
    else:
        wording = f"{_percent(recall.estimate)} ({_percent(recall.low)} to {_percent(recall.high)})"
        out.print(f"Of all dark shelves the nights found {wording}.", soft_wrap=True)


def _show_recovery(found: "Recovery", currency: str) -> None:
    out.print(
        f"{found.acted:,} cases were acted on: {found.cases.height:,} compared with others like them, "
        f"{found.waiting:,} wait for a later night, {found.unmatched:,} have none alike.",
        soft_wrap=True,
    )
    if found.money is not None:
        mean, low, high = (money(one, currency) for one in (found.money.mean, found.money.low, found.money.high))
        promised = "" if found.promised_money is None else f", {money(found.promised_money, currency)} promised"
        out.print(f"An action brought {mean} ({low} to {high}) a day more than none did{promised}.", soft_wrap=True)


def _show_experiment(found: "Experiment", currency: str) -> None:
    """What lots told; nothing where none were drawn."""
    drawn = found.acted + found.withheld + found.waiting + found.unknown
    if not drawn:
        return
    out.print(
        f"{drawn:,} accepted cases were drawn by lot: {found.acted:,} acted on and {found.withheld:,} withheld are "
        f"compared, {found.waiting:,} wait for a later night, {found.unknown:,} have no sales to compare.",
        soft_wrap=True,
    )
    if found.money is not None:
        mean, low, high = (money(one, currency) for one in (found.money.mean, found.money.low, found.money.high))
        out.print(f"By lot, acting brought {mean} ({low} to {high}) a day more than withholding.", soft_wrap=True)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f}%"
