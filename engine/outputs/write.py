"""Writing run folders: frames and JSON, byte for byte the same for the same content."""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Full, Queue
from typing import BinaryIO, Literal

import polars as pl
from polars.io.plugins import register_io_source

from engine.outputs.spreadsheet import neutralised

COMPRESSION_LEVEL = 1
"""Of zstd: the files are read once or twice, and higher levels cost more time than they save."""
ROWS_PER_GROUP = 50_000
"""Of a file that is written in parts: a reader who wants few rows reads few more."""
MOST_ROWS_PER_GROUP = 122_880
"""Of a file whose rows are counted before they are written."""
WIDE_ROWS_PER_GROUP = 2_000
"""The same where a row holds whole series: one of 100,000 is read in a hundredth of the time."""
PATIENCE_SECONDS = 0.05
"""So often a caller who waits for the writer looks whether it failed."""
PROBE_BYTES = 1 << 20
"""What a disk is asked to take after a failure, to hear its reason."""


def write_parquet(frame: pl.DataFrame, file: Path, rows_per_group: int | None = None) -> None:
    """One Parquet file, zstd. The frame is laid out anew first: chunks must leave no trace in the bytes.

    rows_per_group: by default as Polars has it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with _failing_as_os_error(file):
        frame.rechunk().write_parquet(
            file, compression="zstd", compression_level=COMPRESSION_LEVEL, row_group_size=rows_per_group
        )


def write_arrow(frame: pl.DataFrame, file: Path, rows_per_batch: int) -> None:
    """One Arrow file for what a run itself reads again, some rows at a time. Numbers then need no decoding.

    Texts and lists mostly repeat themselves: a table that has any is compressed, to a seventh of its room.
    """
    has_texts_or_lists = any(kind == pl.String or kind.is_nested() for kind in frame.schema.values())
    compression: Literal["lz4", "uncompressed"] = "lz4" if has_texts_or_lists else "uncompressed"
    with _failing_as_os_error(file):
        frame.write_ipc(file, compression=compression, record_batch_size=rows_per_batch)


def evenly(rows: int, most: int = MOST_ROWS_PER_GROUP) -> int:
    """So many rows at a time, at most `most`, that all parts are about equal."""
    parts = max(-(-rows // most), 1)
    return max(-(-rows // parts), 1)


@contextmanager
def appended_parquet(file: Path, rows_per_group: int = ROWS_PER_GROUP) -> Iterator[Callable[[pl.DataFrame], None]]:
    """A function that adds the rows of a frame to one Parquet file, zstd.

    The file is written beside the caller's work, at most one frame behind; all columns are compressed at a time.
    Raises OSError, at the next frame or at the end, when the file cannot be written.
    """
    frames: Queue[pl.DataFrame | None] = Queue(maxsize=1)
    with ThreadPoolExecutor(1) as pool:
        writings: list[Future[None]] = []

        def add(frame: pl.DataFrame | None) -> None:
            if not writings and frame is not None:
                writings.append(pool.submit(_write_all, frames, frame.schema, file, rows_per_group))
            while writings and not _put(frames, frame):
                if writings[0].done():
                    writings[0].result()

        try:
            yield add
        finally:
            add(None)
        for writing in writings:
            writing.result()


def _put(frames: Queue[pl.DataFrame | None], frame: pl.DataFrame | None) -> bool:
    """Whether the queue had room for the frame before long."""
    try:
        frames.put(frame, timeout=PATIENCE_SECONDS)
    except Full:
        return False
    return True


def _write_all(frames: Queue[pl.DataFrame | None], schema: pl.Schema, file: Path, rows_per_group: int) -> None:
    """Write the frames of the queue up to the first None."""

    def rows(*_: object) -> Iterator[pl.DataFrame]:
        while (frame := frames.get()) is not None:
            yield frame.rechunk()

    with _failing_as_os_error(file):
        register_io_source(rows, schema=schema).sink_parquet(
            file,
            compression="zstd",
            compression_level=COMPRESSION_LEVEL,
            row_group_size=rows_per_group,
            maintain_order=True,
        )


def write_csv(frame: pl.DataFrame, file: Path) -> None:
    """One CSV file with a header, see `write_csv_rows`."""
    with appended_csv(file) as add:
        add(frame)


@contextmanager
def appended_csv(file: Path) -> Iterator[Callable[[pl.DataFrame], None]]:
    """A function that adds the rows of a frame to one CSV file with a header: see `write_csv_rows`."""
    with file.open("wb") as stream:

        def add(frame: pl.DataFrame) -> None:
            with _failing_as_os_error(file):
                write_csv_rows(frame, stream, header=not stream.tell())

        yield add


def write_csv_rows(frame: pl.DataFrame, stream: BinaryIO, *, header: bool) -> None:
    """The rows of a frame as CSV into an open file; null and empty text are both an empty field.

    People open such files in spreadsheets: a text that begins like a formula is told to be text.
    """
    neutralised(frame).with_columns(pl.col(pl.String).replace("", None)).write_csv(stream, include_header=header)


def write_json(content: Mapping[str, object], file: Path) -> None:
    """One JSON object, indented, keys in their order."""
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


@contextmanager
def _failing_as_os_error(file: Path) -> Iterator[None]:
    """A full disk is an OSError with its number: Polars takes it for a fault of the format, or tells it in words."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        if getattr(error, "errno", None) is not None:
            raise
        with file.open("ab") as stream:
            stream.write(bytes(PROBE_BYTES))  # If the disk does not take this either, it says why itself.
        raise OSError(f"{file.name}: {str(error).splitlines()[0]}") from error
