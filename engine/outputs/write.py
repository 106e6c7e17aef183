"""Writing run folders: frames and JSON, byte for byte the same for the same content."""

import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl


def write_parquet(frame: pl.DataFrame, file: Path) -> None:
    """One Parquet file, zstd. The frame is laid out anew first: chunks must leave no trace in the bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    frame.rechunk().write_parquet(file, compression="zstd", statistics=True)


def write_csv(frame: pl.DataFrame, file: Path) -> None:
    """One CSV file with a header; null and empty text are both an empty field."""
    frame.with_columns(pl.col(pl.String).replace("", None)).write_csv(file)


def write_json(content: Mapping[str, object], file: Path) -> None:
    """One JSON object, indented, keys in their order."""
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
