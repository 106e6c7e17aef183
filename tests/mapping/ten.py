"""The ten exports by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.mapping import exports as first
from tests.mapping import more_exports as more

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.mapping.exports import Frames


@dataclass(frozen=True)
class Export:
    """An export. write: makes it of clean tables. mapping: what reads it."""

    write: Callable[[Frames, Path], None]
    mapping: str


TEN = {
    "one wide German file": Export(first.write_wide, first.WIDE_MAPPING),
    "codes as in SAP": Export(first.write_sap, first.sap_mapping()),
    "receipts with returns": Export(first.write_pos, first.POS_MAPPING),
    "folders of days": Export(first.write_hive, first.hive_mapping()),
    "logs of changes": Export(first.write_logs, first.LOG_MAPPING),
    "two dialects": Export(more.write_dialects, more.dialects_mapping()),
    "moments in UTC": Export(more.write_utc, more.utc_mapping()),
    "weights in grams": Export(more.write_grams, more.scaled_mapping(0.001, more.GRAMS)),
    "amounts in cents": Export(more.write_cents, more.scaled_mapping(0.01, more.CENTS)),
    "a schema of a database": Export(more.write_database, more.DATABASE_MAPPING),
}
