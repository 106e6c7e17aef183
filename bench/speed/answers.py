"""Whether two detections found the same cases."""

from pathlib import Path

import polars as pl

SHOWN = 3
"""Cases named of those that one side alone has."""


def load(file: Path) -> pl.DataFrame:
    """The cases of a file, sorted: store_id, sku_id, first_date, last_date."""
    dates = pl.col("first_date", "last_date").cast(pl.Date)
    return pl.read_parquet(file, glob=False).select("store_id", "sku_id", dates).sort(pl.all())


def differences(ours: pl.DataFrame, theirs: pl.DataFrame) -> list[str]:
    """A sentence for each side that has cases which the other has not."""
    alone = {
        "ours": ours.join(theirs, on=ours.columns, how="anti"),
        "theirs": theirs.join(ours, on=ours.columns, how="anti"),
    }
    differing = [
        f"{side} alone has {cases.height}: {cases.head(SHOWN).rows()}" for side, cases in alone.items() if len(cases)
    ]
    return differing or ([] if ours.height == theirs.height else [f"{ours.height} and {theirs.height} cases"])


def assert_same(ours: Path, theirs: Path, stores: int | None = None) -> None:
    """Raise AssertionError unless two files hold the same cases. stores: theirs has only the first so many."""
    mine = load(ours)
    if stores is not None:
        mine = mine.filter(pl.col("store_id") <= stores)
    wrong = differences(mine, load(theirs))
    if wrong:
        raise AssertionError(f"{theirs.name}: {'; '.join(wrong)}")
