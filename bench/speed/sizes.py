"""The chains that are measured: five sizes, simulated once and kept outside the repository."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

import engine.synth
from engine.synth.chain import write_chain
from engine.synth.plan import ChainPlan


@dataclass(frozen=True)
class Size:
    """One chain of 90 days.

    name: its store-SKUs in words. copies: how many times the simulated chain is delivered, every copy with SKUs of
    its own and in files of its own, as simulating so many would take longer than measuring them.
    """

    name: str
    plan: ChainPlan
    copies: int = 1

    @property
    def store_skus(self) -> int:
        """Store-SKUs of the chain."""
        return self.plan.stores * self.plan.skus * self.copies

    @property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits of the plan and of the code that simulates it."""
        hashed = hashlib.blake2b(self.plan.model_dump_json().encode(), digest_size=4)
        for file in sorted(Path(engine.synth.__path__[0]).glob("*.py")):
            hashed.update(file.read_bytes())
        return hashed.hexdigest()


SIZES = {
    size.name: size
    for size in (
        Size("10k", ChainPlan(stores=200, skus=50, days=90)),
        Size("100k", ChainPlan(stores=2000, skus=50, days=90)),
        Size("400k", ChainPlan(stores=4000, skus=100, days=90)),
        Size("1m", ChainPlan(stores=10_000, skus=100, days=90)),
        Size("10m", ChainPlan(stores=10_000, skus=100, days=90), copies=10),
    )
}
"""By name, smallest first."""


def data_home() -> Path:
    """Where chains are kept: `DARKSHELF_BENCH_DATA`, else a cache folder of the user."""
    return Path(os.environ.get("DARKSHELF_BENCH_DATA") or Path.home() / ".cache" / "darkshelf" / "bench")


def as_csv(size: Size) -> Size:
    """The same chain with its tables in CSV."""
    return Size(f"{size.name}-csv", size.plan.model_copy(update={"file_format": "csv"}))


def chain(size: Size) -> Path:
    """The folder of a size's tables, simulated when it is not there yet; it appears whole or not at all."""
    folder = data_home() / f"{size.name}-{size.fingerprint}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent, prefix=".partial-") as partial:
            made = Path(partial) / size.name
            if size.copies > 1:
                _write_copies(chain(_simulated(size)), made, size)
            else:
                write_chain(made, size.plan)
            made.rename(folder)
    return folder


def _simulated(size: Size) -> Size:
    return next(one for one in SIZES.values() if one.plan == size.plan and one.copies == 1)


def _write_copies(simulated: Path, out: Path, size: Size) -> None:
    """The tables of a chain several times, a file a copy: its stores are the same, its SKUs are others."""
    for file in simulated.glob("*.parquet"):
        rows = pl.scan_parquet(file, glob=False)
        has_skus = "sku_id" in rows.collect_schema()
        for copy in range(size.copies if has_skus else 1):
            copied = rows.with_columns(sku_id=pl.col("sku_id") + copy * size.plan.skus) if has_skus else rows
            copied.sink_parquet(out / file.stem / f"{copy}.parquet", mkdir=True)
