"""Delta: exported tables as Delta tables, each replaced by run in one commit.

In: frames by table. Out: tables that are made when they are not there, and get columns that came later.
"""

from collections.abc import Mapping

import polars as pl

from engine.export.tables import RUN_ID
from engine.places.delta import EXTRA, delta_table, told
from engine.places.extras import needed
from engine.places.place import Place


def to_delta(tables: Mapping[str, pl.DataFrame], run_id: str, place: Place) -> None:
    """Write the rows of a run in place of those that were exported of it before; those of other runs stay.

    Readers of one table see it before or after; tables follow each other. Raises InputError and TryLaterError.
    """
    library = needed("deltalake", EXTRA, str(place))
    with told(place, "exported to"):
        for name, rows in tables.items():
            library.write_deltalake(
                delta_table(place, name),
                rows,
                mode="overwrite",
                predicate=f"{RUN_ID} = '{run_id}'",
                partition_by=[RUN_ID],
                schema_mode="merge",
            )
