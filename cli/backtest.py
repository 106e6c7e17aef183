"""`darkshelf backtest`: how right the nights of the past were, in figures."""

import datetime as dt
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import err, out, table
from cli.options import AsJson, Assignments, Cluster, ConfigFile, Folder, path

Estimate = list[float | None]
Share = Annotated[float, typer.Option("--inject", min=0, max=0.5, help="Share of store-SKUs planted; 0 plants none.")]
Truth = Annotated[
    Path | None,
    typer.Option(parser=path, help="Known episodes, a Parquet file with store_id, sku_id, first_date and last_date."),
]
Last = Annotated[dt.datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The last night.")]


def backtest(
    folder: Folder,
    out_folder: Annotated[Path, typer.Option("--out", parser=path, help="Where the figures go.")],
    share: Share = 0.1,
    truth: Truth = None,
    every: Annotated[int, typer.Option(min=1, help="Days from a night to the next.")] = 7,
    nights: Annotated[int, typer.Option(min=1, help="At most so many nights, the latest ones.")] = 6,
    last: Last = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed plants other episodes.")] = 0,
    profile: Annotated[str | None, typer.Option(help="How shelves are judged: calibrated or classic.")] = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    cluster: Cluster = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Replay nights over your own history with planted dark shelves and score them; your tables stay untouched.

    Episodes are planted by removing units from a copy of the sales. What was dark in your data already counts as a
    false alert: precision is the least it can be.

    Example:  darkshelf backtest data/tonight --out data/backtest --every 7 --nights 8

    On workers:  darkshelf backtest data/tonight --out data/backtest --cluster local:4

    Another:  darkshelf backtest data/lake/small --out data/backtest --truth data/lake/small/truth.parquet --inject 0
    """
    from engine.backtest.backtest import backtest as replayed
    from engine.backtest.plan import BacktestPlan, Injection
    from engine.settings.shelf.night import load as load_shelf

    chosen = [*(assignments or []), *([f"profile={profile}"] if profile else [])]
    injection = Injection(share=share, seed=seed) if share > 0 else None
    plan = BacktestPlan(every_days=every, nights=nights, last=last.date() if last else None, injection=injection)
    with err.status("replaying nights") as status:
        found = replayed(
            folder,
            out_folder,
            load_shelf(config, chosen),
            plan,
            truth,
            cluster=cluster,
            watch=lambda day: status.update(f"replayed the night of {day}"),
        )
    if as_json:
        typer.echo(json.dumps(found))
        return
    _show(found)
    out.print(f"figures, alerts, events and episodes are in {out_folder}", markup=False, soft_wrap=True)


def _show(found: dict[str, Any]) -> None:
    nights = found["nights"]
    out.print(
        f"Nights: {len(nights)}, from {nights[0]} to {nights[-1]}; {found['store_skus']:,} store-SKUs with "
        f"{found['episodes']:,} known episodes. An alert that touches none of them counts as false, "
        "whatever was dark already. In brackets: 95% intervals over stores.",
        soft_wrap=True,
    )
    numbers = ("alerts", "precision", "open episodes", "recall", "recall, worth it", "days to alert", "at best")
    rows = table("units a day", *numbers, numbers=numbers)
    for band in found["bands"]:
        rows.add_row(
            band["band"],
            f"{band['alerts']:,}",
            _share(band["precision"]),
            f"{band['events']:,}",
            _share(band["recall"]),
            _share(band["worth_recall"]),
            _days(band["delay_days"]),
            _days(band["floor_days"]),
        )
    out.print(rows)
    money, error = found["money"], found["calibration_error"]
    if money["alerts"]:
        out.print(
            f"Revenue at risk of {money['alerts']:,} right alerts: off by {_share(money['median_error'])} in the "
            f"middle, {_share(money['total_ratio'])} in total; its interval holds the loss in "
            f"{_share(money['coverage'])}.",
            soft_wrap=True,
        )
    if error is not None:
        brier = found["brier"][0]
        out.print(f"Confidence: Brier score {brier:.3f}, expected calibration error {error:.3f}.", soft_wrap=True)


def _share(estimate: Estimate) -> str:
    value, low, high = estimate
    if value is None:
        return "–"
    return f"{value:.0%}" if low is None or high is None else f"{value:.0%} ({low:.0%} to {high:.0%})"


def _days(estimate: Estimate) -> str:
    value = estimate[0]
    return "–" if value is None else f"{value:g}"
