"""Writing run folders: frames and JSON, byte for byte the same for the same content."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import polars as pl


def write_parquet(frame: pl.DataFrame, file: Path) -> None:
    """One Parquet file, zstd. The frame is laid out anew first: chunks must leave no trace in the bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with _failing_as_os_error(file):
        frame.rechunk().write_parquet(file, compression="zstd", compression_level=1)


def write_csv(frame: pl.DataFrame, file: Path) -> None:
    """One CSV file with a header; null and empty text are both an empty field."""
    with _failing_as_os_error(file):
        frame.with_columns(pl.col(pl.String).replace("", None)).write_csv(file)


def write_json(content: Mapping[str, object], file: Path) -> None:
    """One JSON object, indented, keys in their order."""
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


@contextmanager
def _failing_as_os_error(file: Path) -> Iterator[None]:
    """A full disk is an OSError whoever meets it; Polars tells of it as a fault of the Parquet format."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        told = str(error).splitlines()[0]
        reason = re.search(r"IO error: (.*?)(?: \(os error \d+\))?$", told)
        raise OSError(f"{file.name}: {reason[1] if reason else told + ' (is the disk full?)'}") from error
