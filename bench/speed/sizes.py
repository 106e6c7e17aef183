"""The chains that are measured: five sizes, simulated once and kept outside the repository."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.parquet import ParquetFile, ParquetWriter

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
        """Eight hexadecimal digits of the plan, of the code that simulates it and, of copies, of what writes them."""
        hashed = hashlib.blake2b(self.plan.model_dump_json().encode(), digest_size=4)
        files = sorted(Path(engine.synth.__path__[0]).glob("*.py"))
        for file in [*files, Path(__file__)] if self.copies > 1 else files:
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
    """The tables of a chain several times, a file a copy: its stores are the same, its SKUs are others.

    The files are written as the simulated ones are, in the same groups of rows: to read a row takes as long.
    """
    for file in simulated.glob("*.parquet"):
        rows = ParquetFile(file)
        place = rows.schema_arrow.get_field_index("sku_id")
        (out / file.stem).mkdir(parents=True)
        for copy in range(size.copies if place >= 0 else 1):
            path = out / file.stem / f"{copy}.parquet"
            with ParquetWriter(path, rows.schema_arrow, compression="zstd", store_schema=False) as writer:
                for some in map(rows.read_row_group, range(rows.num_row_groups)):
                    writer.write_table(_of_copy(some, place, copy * size.plan.skus))


def _of_copy(rows: pa.Table, place: int, further: int) -> pa.Table:
    """Rows of other SKUs. place: of the column of SKUs, below 0 where there is none. further: added to the id."""
    return rows if place < 0 else rows.set_column(place, "sku_id", pc.add(rows.column(place), further))
