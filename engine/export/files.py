"""Files: exported tables as a folder of Parquet files, a folder a table and a folder a run in it.

In: frames by table. Out: `TARGET/shelf_cases/run_id=RUN/rows.parquet`, here or in an object store.
"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from engine.disk import PARTIAL, raised_as_output_error, refuse_a_file, sync
from engine.outputs.write import write_parquet
from engine.places.objects import ObjectFolder
from engine.places.place import Place

FILE: Final = "rows.parquet"
UNTOUCHED: Final = "What was exported before is as it was."


def to_folder(tables: Mapping[str, pl.DataFrame], run_id: str, folder: Path) -> None:
    """Write the rows of a run in place of those that were exported of it before; those of other runs stay.

    Every file is on disk before the first takes its place. Raises InputError where the target is a file, OutputError.
    """
    refuse_a_file(folder, "name a folder to export into")
    with raised_as_output_error(folder, UNTOUCHED):
        ready: dict[Path, Path] = {}
        try:
            for name, rows in tables.items():
                file = folder / _place(name, run_id)
                ready[file] = file.with_name(f".{FILE}{PARTIAL}")
                write_parquet(rows, ready[file])
                sync(ready[file])
            for file, partial in ready.items():
                partial.replace(file)
                sync(file.parent)
        finally:
            for partial in ready.values():
                partial.unlink(missing_ok=True)


def to_objects(tables: Mapping[str, pl.DataFrame], run_id: str, place: Place) -> None:
    """The same into a folder of an object store: each file is replaced whole. Raises as `ObjectFolder`."""
    objects = ObjectFolder(place)
    with TemporaryDirectory(prefix="darkshelf-") as folder:
        to_folder(tables, run_id, Path(folder))
        for name in tables:
            objects.put(_place(name, run_id), Path(folder) / _place(name, run_id))


def _place(table: str, run_id: str) -> str:
    return f"{table}/run_id={run_id}/{FILE}"
