"""Writing run folders: frames and JSON, byte for byte the same for the same content."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

PROBE_BYTES = 1 << 20
"""What a disk is asked to take after a failure, to hear its reason."""


def write_parquet(frame: pl.DataFrame, file: Path) -> None:
    """One Parquet file, zstd. The frame is laid out anew first: chunks must leave no trace in the bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with _failing_as_os_error(file):
        frame.rechunk().write_parquet(file, compression="zstd", compression_level=1)


@contextmanager
def appended_parquet(file: Path) -> Iterator[Callable[[pl.DataFrame], None]]:
    """A function that adds the rows of a frame to one Parquet file, zstd: a row group a frame."""
    writers: list[pq.ParquetWriter] = []

    def add(frame: pl.DataFrame) -> None:
        rows = frame.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        if not writers:
            writers.append(pq.ParquetWriter(file, rows.schema, compression="zstd", compression_level=1))
        writers[0].write_table(rows, row_group_size=max(rows.num_rows, 1))

    with ExitStack() as closing:
        closing.callback(lambda: [writer.close() for writer in writers])
        yield add


def write_csv(frame: pl.DataFrame, file: Path) -> None:
    """One CSV file with a header; null and empty text are both an empty field."""
    with _failing_as_os_error(file):
        frame.with_columns(pl.col(pl.String).replace("", None)).write_csv(file)


def write_json(content: Mapping[str, object], file: Path) -> None:
    """One JSON object, indented, keys in their order."""
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


@contextmanager
def _failing_as_os_error(file: Path) -> Iterator[None]:
    """A full disk is an OSError whoever meets it: Polars takes it for a fault of the Parquet format."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        with file.open("ab") as stream:
            stream.write(bytes(PROBE_BYTES))  # If the disk does not take this either, it says why itself.
        raise OSError(f"{file.name}: {str(error).splitlines()[0]}") from error
