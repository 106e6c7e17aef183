"""A desk of a few dozen lines: visitors and receipts in, the stores where visitors do not buy out.

It registers itself by an entry point, and no shared room knows of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import Field

from engine.contracts.contract import Column, Consequence, Contract, Kind
from engine.decisions.subjects import Subject, SubjectKind, in_order
from engine.delivery.tables import Delivered, open_tables, verify, where
from engine.errors import InputError, NotFoundError
from engine.outputs.alertable import Alertable
from engine.outputs.alertable import found as findings
from engine.outputs.compare import Change, key_figures
from engine.outputs.desks import Desk, Explanation
from engine.outputs.document import render
from engine.outputs.read import DATA_QUALITY, SUMMARY, summary, table
from engine.outputs.result import Result
from engine.outputs.shown import Grid, line
from engine.outputs.write import write_json, write_parquet
from engine.runs.journal import Journal
from engine.runs.publish import Making, publish
from engine.settings.frozen import DeskSettings, RunSettings
from engine.settings.loading import load_as

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.runs.registry import Registry, Run

QUIET = "quiet_stores.parquet"
STORE = Column("store_id", Kind.ID, null=Consequence.STOP)
CONTRACTS = {
    name: Contract(name, ("store_id",), (STORE, Column(count, Kind.NUMBER, null=Consequence.QUARANTINE, low=0)))
    for name, count in (("visitors", "visitors"), ("receipts", "receipts"))
}


class ToySettings(DeskSettings):
    profile: str = "plain"
    max_buying_share: float = Field(0.2, gt=0, le=1, description="A store where fewer visitors buy is quiet.")


class ToyReportSettings(RunSettings):
    stores: int = Field(5, ge=1, le=100, description="Stores shown.")


def run(
    place: Delivered,
    out: Path,
    settings: ToySettings,
    moment: str | None = None,
    *,
    force: bool = False,
    watch: Callable[[str], None] | None = None,
) -> Result:
    """Publish the quiet stores of one day."""
    journal = Journal(watch)
    with journal.stage("check"):
        sources, problems = open_tables(place, CONTRACTS)
        problems += verify(sources)[0]
        if problems:
            raise InputError(problems)
    prints = {name: dict(source.fingerprints) for name, source in sources.items()}

    def write(folder: Path) -> dict[str, Any]:
        with journal.stage("compare"):
            joined = sources["visitors"].usable().join(sources["receipts"].usable(), on="store_id")
            share = pl.col("receipts") / pl.col("visitors")
            quiet = joined.with_columns(share=share).filter(share < settings.max_buying_share).sort("store_id")
            found = quiet.collect()
        write_parquet(found, folder / QUIET)
        rows = {name: source.complaints()["rows"] for name, source in sources.items()}
        write_json({"quiet": found.height, "stores": rows["visitors"]}, folder / SUMMARY)
        told = {name: {"read": count} for name, count in rows.items()}
        write_json({"rows": told, "warnings": []}, folder / DATA_QUALITY)
        return {"quiet": found.height}

    return Result(
        *publish(out, Making("toy", moment or "today", settings, prints, where(place)), journal, write, force=force)
    )


def write_toy(
    folder: Path, visitors: Sequence[float] = (100, 80, 10), receipts: Sequence[float] = (5, 40, 1)
) -> Path:
    """Write what the desk reads, a visitors' and a receipts' file: stores 1, 2 and so on."""
    folder.mkdir(parents=True)
    stores = range(1, len(visitors) + 1)
    pl.DataFrame({"store_id": stores, "visitors": visitors}).write_parquet(folder / "visitors.parquet")
    pl.DataFrame({"store_id": stores, "receipts": receipts}).write_csv(folder / "receipts.csv")
    return folder


def explain(found: Run, name: str) -> Explanation:
    rows = table(found, QUIET).filter(pl.col("store_id").cast(pl.String) == name).collect().to_dicts()
    if not rows:
        raise NotFoundError(f"there is no quiet store {name!r} in run {found.run_id}")
    return Explanation(rows[0], [line(f"Of {rows[0]['visitors']:g} visitors {rows[0]['receipts']:g} bought.")])


def compare(old: Run, new: Run) -> Change:
    before, after = (table(each, QUIET).collect() for each in (old, new))
    came = after.join(before, on="store_id", how="anti")["store_id"].cast(pl.String).to_list()
    return Change(key_figures(old, new), f"{len(came)} stores came.", (Grid(("store",), [(one,) for one in came]),))


def report(registry: Registry, found: Run, settings: RunSettings) -> str:
    return render(Path(__file__).with_name("report.html"), quiet=summary(found)["quiet"])


def quiet_stores(run: Run) -> pl.DataFrame:
    title = pl.format("store {}", "store_id")
    return findings(table(run, QUIET), (("store_id",), ("share",)), title, "store_id")


def subjects(found: Run, names: Sequence[str]) -> list[Subject]:
    known = table(found, QUIET).select(pl.col("store_id").cast(pl.String)).collect()["store_id"]
    made = {name: Subject("quiet", found.run_id, name, attributes={"store": name}) for name in known}
    return in_order(found, made, names, "quiet store")


QUIET_STORES = SubjectKind("quiet", "quiet store", {"holiday": "It was closed."}, subjects)
DESK = Desk(
    name="toy",
    purpose="finds stores where visitors do not buy",
    rank=9,
    load=lambda path, assignments: load_as(ToySettings, path, assignments),
    models={"": ToySettings, "report": ToyReportSettings},
    headline=lambda manifest: f"{manifest['quiet']} quiet",
    shown=lambda found: [line(f"{summary(found)['quiet']} quiet stores")],
    explain=explain,
    compare=compare,
    report=report,
    report_settings=ToyReportSettings,
    views=lambda found: {"quietest": "select * from quiet_stores order by share limit 1"},
    run="tests.toy.desk:run",
    subjects="tests.toy.desk:QUIET_STORES",
    pages="tests.toy.pages:PAGES",
    style="tests.toy.pages:CSS",
    page_settings="tests.toy.pages:ToyPageSettings",
    moment=str,
    alerts={"stores": Alertable("quiet store", "quiet stores", ("store_id",), ("share",), quiet_stores)},
)
