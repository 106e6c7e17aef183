"""A night between an input folder and an output folder, and what a refusal has to look like."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from tests.command import darkshelf, data_files, latest_data, latest_quality, published
from tests.planted.small import small_chain, write_csv, write_parquet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import polars as pl

    from tests.command import Answer

SALES = "sales_transactions"
INVENTORY = "inventory_snapshot"
MEASURES = (
    (SALES, "units_sold"),
    (SALES, "revenue"),
    (INVENTORY, "quantity_on_hand"),
    ("pricing", "price"),
    ("impressions", "impression_count"),
    ("stores", "latitude"),
    ("skus", "cost"),
)
IDS = ("store_id", "sku_id")
NUMBERED = re.compile(r" +\d+\. ")
REQUIRED = (SALES, INVENTORY)


@dataclass
class Night:
    """An input folder with the small chain, an output folder with last night's run, and the command between them."""

    folder: Path
    out: Path
    capsys: Any

    def csv(self, **tables: pl.DataFrame) -> None:
        """Write the chain as CSV, some tables replaced."""
        write_csv(self.folder, small_chain() | tables)

    def parquet(self, **tables: pl.DataFrame) -> None:
        """Write the chain as Parquet, some tables replaced."""
        write_parquet(self.folder, small_chain() | tables)

    def edit(self, table: str, change: Callable[[bytes], bytes]) -> None:
        """Change the bytes of a table's only file."""
        file = next(self.folder.glob(f"{table}.*"))
        file.write_bytes(change(file.read_bytes()))

    def add_lines(self, table: str, *lines: str) -> None:
        """Append lines to a CSV table."""
        self.edit(table, lambda content: content + "".join(f"{line}\n" for line in lines).encode())

    def run(self, *words: object) -> Answer:
        """Run the night."""
        return darkshelf(self.capsys, "run", self.folder, "--out", self.out, *words)

    def passes(self, *words: object) -> dict[str, bytes]:
        """Run the night, which must go well; its data files."""
        answer = self.run(*words)
        assert answer.code == 0, answer.err
        return latest_data(self.out)

    def quality(self, *words: object) -> dict[str, Any]:
        """Run the night, which must go well; its data-quality report."""
        self.passes(*words)
        return latest_quality(self.out)

    def refuses(self, *words: object, code: int = 2) -> str:
        """Run the night, which must end with one message and leave what was published alone; the message."""
        before = published(self.out)
        answer = self.run(*words)
        assert answer.code == code, answer
        assert_one_message(answer)
        as_json = self.run(*words, "--json")
        assert (as_json.code, as_json.err) == (code, "")
        assert as_json.json()["exit_code"] == code
        assert as_json.json()["error"] == answer.complaint.removeprefix("darkshelf: ")
        assert published(self.out) == before, "a refused night left a trace"
        return answer.complaint

    def refuses_input(self, *words: object) -> str:
        """`refuses`, and `check` finds the same problems, if not more."""
        message = self.refuses(*words)
        checked = darkshelf(self.capsys, "check", self.folder, *words, "--json")
        assert (checked.code, checked.err) == (2, "")
        found = "\n".join(checked.json()["problems"])
        assert all(line.partition(". ")[2] in found for line in message.splitlines() if NUMBERED.match(line))
        return message


def assert_one_message(answer: Answer) -> None:
    """One complaint, nothing on stdout, no traceback."""
    assert answer.out == ""
    assert re.findall(r"^darkshelf: ", answer.err, re.MULTILINE) == ["darkshelf: "], answer.err
    assert answer.complaint.startswith("darkshelf: "), answer.err
    assert "Traceback" not in answer.err


def data_of(folder: Path, write: Callable[..., Path]) -> dict[str, bytes]:
    return data_files(desk.run(write(folder / "in", small_chain()), folder / "out", CalibratedSettings()).folder)


def latest(out: Path) -> str:
    return (out / "LATEST").read_text().strip()


def warned(quality: dict[str, Any], beginning: str) -> bool:
    return any(warning.startswith(beginning) for warning in quality["warnings"])


def without_quarantine(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if not name.startswith("quarantine")}


def csv_of(night: Night) -> Path:
    night.passes()
    return night.out / "runs" / latest(night.out) / "dark_shelf_cases.csv"


def packed_gz(file: Path) -> None:
    file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))


def packed_zst(file: Path) -> None:
    with pa.CompressedOutputStream(str(file.with_name(f"{file.name}.zst")), "zstd") as stream:
        stream.write(file.read_bytes())
