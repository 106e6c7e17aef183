"""Our own detection: check, panel, expect and detect of a night, nothing after them."""

from pathlib import Path

import numpy as np
import polars as pl

from bench.rivals import compete
from engine.memory import Memory
from engine.settings.shelf.classic import ClassicSettings
from engine.shelf.check import CLASSIC, Intake, check
from engine.shelf.classic.detect import detect
from engine.shelf.classic.expect import expect
from engine.shelf.desk import panel_plan
from engine.shelf.panel import Panel, panel

SETTINGS = ClassicSettings()


def imputed(folder: Path) -> Panel:
    """The panel of a folder."""
    return panel(check(folder, intake=Intake(readings=CLASSIC)), panel_plan(SETTINGS), Memory())


def cases(folder: Path, out: Path, stores: int | None) -> None:
    """Write every case of the folder; `stores` keeps the first so many of the answer, not of the work."""
    chain = expect(imputed(folder), SETTINGS.expect)
    runs = detect(chain, SETTINGS.detect)
    first_day = np.datetime64(chain.first_day)
    found = chain.pairs.select("store_id", "sku_id", "store")[runs["pair"]].with_columns(
        first_date=pl.Series(first_day + runs["first"].to_numpy()),
        last_date=pl.Series(first_day + runs["last"].to_numpy()),
    )
    kept = found if stores is None else found.filter(pl.col("store") < stores)
    kept.drop("store").write_parquet(out)


if __name__ == "__main__":
    compete(cases)
