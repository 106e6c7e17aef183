"""A fault: what happens to the tables of a chain on their way, and what a night has to make of it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl

from bench.faults.chain import Chain, Pair

Delivery = Mapping[str, pl.DataFrame | bytes]
"""What is delivered: a frame by the name of its CSV file without the ending, or the bytes of a file by its name."""
Draw = np.random.Generator

DONE, REFUSED, LATER = 0, 2, 75
"""Exit codes of a night."""


@dataclass(frozen=True)
class Fault:
    """One way in which a delivery goes wrong. what: in words, for the page.

    make: the delivery of a chain with the fault. exits: exit codes that are right. tells: a pattern that what is
    told in the first lines has to hold; empty when nothing must be told. is_ordinary: no fault at all, so
    that nothing may be told. plain_sku: what the plain chain calls a SKU.
    """

    what: str
    make: Callable[[Chain, Draw], Delivery]
    exits: tuple[int, ...] = (DONE,)
    tells: str = ""
    is_ordinary: bool = False
    plain_sku: Callable[[str], str] = str

    @property
    def name(self) -> str:
        """One word for it."""
        return self.make.__name__

    def deliver(self, chain: Chain, folder: Path, seed: int = 1) -> Path:
        """Write the faulty delivery of a chain into a new folder. The same chain and seed write the same bytes."""
        return write(folder, self.make(chain, np.random.default_rng(seed)))

    def is_reported(self, notices: str) -> bool:
        """Whether the first lines say what has to be said, and nothing where nothing has happened."""
        return not notices if self.is_ordinary else re.search(self.tells, notices, re.IGNORECASE) is not None

    def by_plain_ids(self, at_risk: Mapping[Pair, float]) -> dict[Pair, float]:
        """Money by store-SKU, under the ids of the plain chain."""
        return {(store, self.plain_sku(sku)): amount for (store, sku), amount in at_risk.items()}


def plain(chain: Chain) -> Delivery:
    """The delivery as it should be."""
    return dict(chain.tables)


def changed(chain: Chain, **files: pl.DataFrame | bytes) -> Delivery:
    """The delivery with some tables in another state, or further files."""
    return {**chain.tables, **files}


def write(folder: Path, delivery: Delivery) -> Path:
    """The files of a delivery in a folder of their own."""
    folder.mkdir(parents=True)
    for name, content in delivery.items():
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            content.write_csv(folder / f"{name}.csv")
    return folder


def of(pair: Pair) -> pl.Expr:
    """The rows of a store-SKU."""
    return (pl.col("store_id") == pair[0]) & (pl.col("sku_id") == pair[1])


def on(chain: Chain, back: int) -> pl.Expr:
    """The rows of the day so many days before the last."""
    return pl.col("date") == chain.day(back)


def since(chain: Chain, back: int) -> pl.Expr:
    """The rows of the last days, from the one so many days before the last on."""
    return pl.col("date") >= chain.day(back)


def some(frame: pl.DataFrame, share: float, draw: Draw, among: pl.Expr | None = None) -> pl.Series:
    """Whether each row is drawn: a share of those among which is drawn."""
    drawn = pl.Series(draw.random(frame.height) < share)
    return drawn if among is None else drawn & frame.select(among).to_series()


def appended(frame: pl.DataFrame, **cells: object) -> pl.DataFrame:
    """The rows and one more; cells that are not given are null."""
    row = pl.DataFrame({name: [cells.get(name)] for name in frame.columns}, schema=frame.schema)
    return pl.concat([frame, row])


def as_csv(frame: pl.DataFrame) -> bytes:
    """A table as the bytes of its CSV file."""
    return frame.write_csv().encode()


def as_parquet(frame: pl.DataFrame) -> bytes:
    """A table as the bytes of its Parquet file."""
    file = BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


def without(chain: Chain, table: str) -> dict[str, pl.DataFrame | bytes]:
    """The delivery without a table, which comes in files of its own."""
    return {name: frame for name, frame in chain.tables.items() if name != table}
