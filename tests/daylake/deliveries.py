"""Chains cut into deliveries, and a lake beside the folder of the same rows."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import polars as pl

from engine.lake.ingest import Ingestion, ingest
from engine.lake.manifest import open_lake
from engine.outputs.shelf import shapes
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from tests.command import data_files, published
from tests.planted.small import write_parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from pathlib import Path

    from engine.settings.shelf.night import Settings

Tables = dict[str, pl.DataFrame]
SALES = "sales_transactions"


def within(tables: Mapping[str, pl.DataFrame], first: date, last: date) -> Tables:
    """The rows of some days; tables without dates as they are."""
    return {
        name: frame.filter(pl.col("date").is_between(first, last)) if "date" in frame.columns else frame
        for name, frame in tables.items()
    }


class Chain:
    """A place for one lake and its deliveries. whole: a lake that the small chain was taken into."""

    def __init__(self, place: Path, whole: Path | None = None) -> None:
        self.place = place
        self.whole = whole
        self.lake = place / "lake"
        self.deliveries = 0

    def delivery(self, tables: Mapping[str, pl.DataFrame], write: Callable[..., Path] = write_parquet) -> Path:
        """A new folder with some tables."""
        self.deliveries += 1
        return write(self.place / f"delivery-{self.deliveries}", tables)

    def ingest(
        self,
        tables: Mapping[str, pl.DataFrame],
        write: Callable[..., Path] = write_parquet,
        settings: Settings | None = None,
    ) -> Ingestion:
        """Take a delivery in."""
        return ingest(self.delivery(tables, write), self.lake, (settings or CalibratedSettings()).ingest)

    def begin_with_small_chain(self) -> None:
        """Take the small chain in: a copy of the lake that it came to once."""
        assert self.whole is not None
        shutil.copytree(self.whole, self.lake)

    def night(self, as_of: date | None = None, settings: Settings | None = None) -> dict[str, bytes]:
        """The results of a night over the lake."""
        chosen = settings or CalibratedSettings()
        return results(
            desk.run(open_lake(self.lake), self.place / "out", chosen, as_of, force=True, allow_partial=True).folder
        )

    def content(self) -> dict[str, bytes]:
        """Every byte of the lake."""
        return published(self.lake)


def results(folder: Path) -> dict[str, bytes]:
    """Every file of a run that its input decides, the account of its rows too."""
    return data_files(folder) | {shapes.DATA_QUALITY: (folder / shapes.DATA_QUALITY).read_bytes()}


def night_over(
    folder: Path, out: Path, as_of: date | None = None, settings: Settings | None = None
) -> dict[str, bytes]:
    """The results of a night over a folder."""
    return results(desk.run(folder, out, settings or CalibratedSettings(), as_of, allow_partial=True).folder)


def differences(found: Mapping[str, bytes], expected: Mapping[str, bytes]) -> list[str]:
    """The names of files that one side alone has or that differ."""
    return [name for name in sorted({*found, *expected}) if found.get(name) != expected.get(name)]
