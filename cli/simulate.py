"""`darkshelf demo` and `darkshelf synth`: a chain that was never there."""

import json
import shlex
import shutil
import time
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import out, progress, table
from cli.options import AsJson, path
from engine.outputs.money import currency_of, money


class FileFormat(Enum):
    """How tables are written."""

    PARQUET = "parquet"
    CSV = "csv"
    CSV_GZ = "csv.gz"


Stores = Annotated[int, typer.Option(min=1, help="Stores of the chain.")]
Skus = Annotated[int, typer.Option(min=1, help="SKUs that every store carries.")]
Days = Annotated[int, typer.Option(min=7, help="Days simulated.")]
Extra = Annotated[
    float,
    typer.Option("--extra-episodes", min=0, max=0.5, help="Share of store-SKUs that go dark beyond the fixed ones."),
]
Seed = Annotated[int, typer.Option(min=0, help="Another seed is another chain.")]


def synth(
    folder: Annotated[Path, typer.Argument(parser=path, metavar="OUT", help="Folder to write the tables into.")],
    stores: Stores = 100,
    skus: Skus = 50,
    days: Days = 90,
    seed: Seed = 7,
    extra_episodes: Extra = 0.0,
    form: Annotated[FileFormat, typer.Option("--format", help="How the tables are written.")] = FileFormat.PARQUET,
    *,
    as_json: AsJson = False,
) -> None:
    """Write the tables of a simulated chain with planted dark shelves, and the truth about them.

    Example:  darkshelf synth data/lake/small --stores 20 --skus 30 --days 60
    """
    from engine.synth.chain import write_chain
    from engine.synth.plan import ChainPlan

    plan = ChainPlan(
        stores=stores, skus=skus, days=days, seed=seed, extra_episodes=extra_episodes, file_format=form.value
    )
    made = write_chain(folder, plan)
    if as_json:
        answer = {"folder": str(folder), "store_skus": made.store_skus, "rows": made.rows, "planted": made.planted}
        typer.echo(json.dumps(answer))
        return
    out.print(
        f"{made.store_skus:,} store-SKUs from {made.first_date} to {made.last_date} in {folder}: "
        f"{sum(made.rows.values()):,} rows, {made.planted:,} dark shelves planted, {money(made.lost_revenue)} lost.",
        markup=False,
        soft_wrap=True,
    )


def demo(
    out_folder: Annotated[Path, typer.Option("--out", parser=path, help="Where the chain and the night go.")] = Path(
        "darkshelf-demo"
    ),
    stores: Stores = 500,
    skus: Skus = 50,
    days: Days = 60,
    seed: Seed = 7,
    extra_episodes: Extra = 0.0,
) -> None:
    """A simulated chain with planted dark shelves, a full night over it, a scorecard, and what may grow.

    Example:  darkshelf demo --out data/demo --seed 11
    """
    import polars as pl

    from cli.run import show_result
    from engine.outputs.shelf import shapes
    from engine.outputs.shelf.desk import DESK
    from engine.settings.shelf.calibrated import CalibratedSettings
    from engine.shelf import desk
    from engine.synth.scorecard import score

    chain = out_folder / "chain"
    synth(chain, stores, skus, days, seed, extra_episodes)
    began = time.perf_counter()
    with progress(DESK.stages, quiet=False) as watch:
        night = desk.run(chain, out_folder, CalibratedSettings(), force=True, watch=watch)
    seconds = time.perf_counter() - began
    out.print()
    show_result(DESK, night)
    cases = pl.read_parquet(night.folder / shapes.CASES, glob=False)
    transfers = pl.read_parquet(night.folder / shapes.TRANSFERS, glob=False)
    card = score(pl.read_parquet(chain / "truth.parquet", glob=False), cases, transfers)
    _show_scorecard(card, seconds, currency_of(night.run.manifest))
    _grow(chain, out_folder / "growth")
    named = cases.filter(pl.col("primary_cause").is_not_null(), pl.col("status") == "open")
    for case_id in (cases if named.is_empty() else named)["case_id"].head(1):
        place = shlex.quote(str(out_folder))
        out.print(f"\nnext:  darkshelf explain {case_id} --out {place}", markup=False, soft_wrap=True)


def _grow(chain: Path, folder: Path) -> None:
    """What the same chain says of growth: its half months, the steps before scaling, and a scaling."""
    from engine.errors import InputError
    from engine.growth import desk
    from engine.growth.upstream.desk import discover
    from engine.outputs.growth.desk import DESK
    from engine.settings.growth.scaling import GrowthSettings
    from engine.settings.growth.upstream import DiscoverSettings
    from engine.synth.half_months import write_half_months

    out.print("\n[bold]Growth[/bold]: what may grow in the same chain, and by how much")
    if not write_half_months(chain, folder / "raw"):
        out.print("The chain has no whole half month: nothing is scaled.")
        return
    shutil.rmtree(folder / "in", ignore_errors=True)
    try:
        discover(folder / "raw", folder / "in", DiscoverSettings())
    except InputError as error:
        # A chain of a few stores has no peers to compare them with.
        out.print(f"Nothing is scaled: {error.problems[0].what}.", markup=False)
        return
    result = desk.run(folder / "in", folder, GrowthSettings(), force=True)
    out.print(
        f"{result.run.as_of}: {DESK.headline(result.run.manifest)}; run {result.run_id} → {result.folder}",
        soft_wrap=True,
        markup=False,
    )


def _show_scorecard(card: Any, seconds: float, currency: str) -> None:
    out.print(f"\n[bold]Scorecard[/bold]: what was planted and what the night made of it, in {seconds:.1f} s")
    numbers = (
        "planted",
        "found",
        "cause right",
        "lost",
        "estimated revenue at risk",
        "undoing it would bring",
        "share of that the actions bring",
        "projected of the actions",
    )
    rows = table("planted cause", *numbers, numbers=numbers)
    for line in (*card.causes, card.total):
        share = "" if line.recovered_share is None else f" ({line.recovered_share:.0%})"
        rows.add_row(
            line.cause,
            f"{line.planted:,}",
            f"{line.found:,}",
            f"{line.right:,}",
            money(line.lost_revenue, currency),
            f"{money(line.revenue_at_risk, currency)}{share}",
            money(line.undoing_brings, currency),
            "–"
            if line.brought_share is None
            else f"{line.brought_share:.0%} ({money(line.actions_bring, currency)})",
            money(line.projected_recovery, currency),
        )
    out.print(rows)
    out.print(f"{card.total.cases:,} of the night's {card.cases:,} cases touch a planted dark shelf.")
