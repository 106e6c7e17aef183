"""The files of a chain: one a table, in the input format, cut into row groups by row counts alone."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from gzip import GzipFile
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from engine.errors import OutputError
from engine.synth.plan import FILE_FORMATS, FileFormat
from engine.vocabulary.shelf import IMPRESSIONS, INVENTORY, PRICING, SALES, SKUS, STORES

TRUTH: Final = "truth"

_PAIR_DAY: Final = [("store_id", pa.int64()), ("sku_id", pa.int64()), ("date", pa.date32())]

SCHEMAS: Final = {
    SALES: pa.schema(
        [*_PAIR_DAY, ("units_sold", pa.float32()), ("revenue", pa.float64()), ("promo_flag", pa.bool_())]
    ),
    INVENTORY: pa.schema([*_PAIR_DAY, ("quantity_on_hand", pa.float32())]),
    PRICING: pa.schema(
        [*_PAIR_DAY, ("price", pa.float64()), ("promo_flag", pa.bool_()), ("promo_type", pa.string())]
    ),
    IMPRESSIONS: pa.schema([*_PAIR_DAY, ("impression_count", pa.int32())]),
    STORES: pa.schema(
        [
            ("store_id", pa.int64()),
            ("store_name", pa.string()),
            ("latitude", pa.float64()),
            ("longitude", pa.float64()),
            ("region", pa.string()),
        ]
    ),
    SKUS: pa.schema(
        [
            ("sku_id", pa.int64()),
            ("sku_name", pa.string()),
            ("category", pa.string()),
            ("brand", pa.string()),
            ("cost", pa.float64()),
        ]
    ),
    TRUTH: pa.schema(
        [
            ("store_id", pa.int64()),
            ("sku_id", pa.int64()),
            ("cause", pa.string()),
            ("first_date", pa.date32()),
            ("last_date", pa.date32()),
            ("normal_daily_units", pa.float64()),
            ("lost_units", pa.float64()),
            ("lost_revenue", pa.float64()),
            ("ordinary_daily_units", pa.float64()),
            ("units_share", pa.float64()),
            ("regular_price", pa.float64()),
            ("price_share", pa.float64()),
            ("unit_cost", pa.float64()),
            ("offer_response", pa.float64()),
            ("surplus_units", pa.float64()),
            ("runs_on", pa.bool_()),
        ]
    ),
}
"""Columns of every table of a chain. The truth is Parquet whatever the format of the others."""

ROW_GROUP_ROWS: Final = 2**19
GZIP_LEVEL: Final = 4
"""A tenth larger than the tightest level makes them, in an eighth of its time."""


@contextmanager
def chain_files(out: Path, file_format: FileFormat) -> Iterator[dict[str, "TableFile"]]:
    """The tables of a chain, open for appending, by name; they reach the folder when all of them are whole.

    Tables of an earlier chain in the folder are replaced, also those of another format. Raises OutputError when
    the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=out, prefix=".partial-") as partial, ExitStack() as open_files:
            yield {name: open_files.enter_context(TableFile(Path(partial), name, file_format)) for name in SCHEMAS}
            open_files.close()
            for stale in (f"{name}.{each}" for name in SCHEMAS for each in FILE_FORMATS):
                (out / stale).unlink(missing_ok=True)
            for path in Path(partial).iterdir():
                path.rename(out / path.name)
    except OSError as error:
        raise OutputError(f"{out}: the chain cannot be written: {error}") from error


class TableFile:
    """One file. Rows are held back until a whole row group is there, so blocks leave no trace in the bytes."""

    def __init__(self, folder: Path, name: str, file_format: FileFormat) -> None:
        self.rows = 0
        self._schema = SCHEMAS[name]
        self._held = self._schema.empty_table()
        self._open_files = ExitStack()
        own_format = "parquet" if name == TRUTH else file_format
        path = folder / f"{name}.{own_format}"
        if own_format == "parquet":
            # Without the Arrow schema in the file a dictionary column reads back as the plain strings it is.
            writer = pyarrow.parquet.ParquetWriter(path, self._schema, compression="zstd", store_schema=False)
        else:
            sink = self._open_files.enter_context(pa.OSFile(str(path), "wb"))
            if own_format == "csv.gz":
                sink = self._open_files.enter_context(
                    GzipFile(filename="", mode="wb", fileobj=sink, compresslevel=GZIP_LEVEL, mtime=0)
                )
            writer = pyarrow.csv.CSVWriter(sink, self._schema)
        self._writer = self._open_files.enter_context(writer)

    def append(self, columns: Mapping[str, Any] | Sequence[Any]) -> None:
        """Add rows, given as columns by name or in the order of the schema."""
        table = pa.table(columns, schema=self._schema)
        self.rows += table.num_rows
        self._held = pa.concat_tables([self._held, table])
        while self._held.num_rows >= ROW_GROUP_ROWS:
            self._write(self._held.slice(0, ROW_GROUP_ROWS))
            self._held = self._held.slice(ROW_GROUP_ROWS)

    def _write(self, table: pa.Table) -> None:
        self._writer.write_table(table.combine_chunks())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._open_files:
            if kind is None and self._held.num_rows:
                self._write(self._held)
