"""Fingerprint: sixteen hexadecimal digits of what a table or a JSON object holds, equal where the content is."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

DIGEST_BYTES = 8


def of_frame(table: pl.DataFrame) -> str:
    """Of names, types and values, however the table lies in memory, and whatever is stored under nulls."""
    return Columns.of(table).together()


@dataclass(frozen=True)
class Columns:
    """The fingerprints of the columns of a table. types: names of their types. values: of their values; both by name,
    in the order of the table.
    """

    types: Mapping[str, str]
    values: Mapping[str, str]

    @classmethod
    def of(cls, table: pl.DataFrame) -> "Columns":
        """Those of a table."""
        columns = list(table.iter_columns())
        return cls(
            {column.name: str(column.dtype.base_type()) for column in columns},
            {column.name: of_column(column) for column in columns},
        )

    def together(self) -> str:
        """The fingerprint of the table."""
        return _of(f"{name}:{self.types[name]}:{values}" for name, values in self.values.items())

    def differing(self, other: "Columns") -> tuple[str, ...]:
        """The columns whose values differ, sorted; those that only one table has are among them."""
        ours, theirs = self.values, other.values
        return tuple(name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name))


def of_column(column: pl.Series) -> str:
    """Of the values of one column; 0 and -0 are the same, and so are all NaN."""
    text = column.dtype in {pl.String, pl.Categorical, pl.Enum}
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    # A table has hundreds of columns, few of which hold nulls: NumPy asks for no plan of a query.
    nulls = column.is_null().to_numpy() if column.null_count() else np.zeros(len(column), np.bool_)
    digest.update(nulls.tobytes())
    if text:
        lengths = column.cast(pl.String).fill_null("")
        digest.update(lengths.str.len_bytes().to_numpy().tobytes())
        digest.update("".join(lengths).encode())
        return digest.hexdigest()
    # Features are numbers as they are: to ask for those behind a type is a query a column.
    is_number = column.dtype.is_float() or column.dtype.is_integer()
    digest.update(_plain(column if is_number else column.to_physical()).tobytes())
    return digest.hexdigest()


def _plain(values: pl.Series) -> NDArray[Any]:
    """The values with 0 in place of nulls and of -0, and one NaN for all."""
    known = values.fill_null(strategy="zero") if values.null_count() else values
    # Adding 0 turns -0 into 0; Polars leaves that addition out.
    plain = known.to_numpy() + np.zeros(1, known.to_numpy().dtype)
    if values.dtype.is_float():
        plain[np.isnan(plain)] = np.nan
    return plain


def of_json(content: object) -> str:
    """Of an object, whatever the order of its keys."""
    return _of([json.dumps(content, sort_keys=True, ensure_ascii=True, default=str)])


def number(*parts: object) -> int:
    """A number of 64 bits from some words, to seed what is drawn for them."""
    return int(_of(map(str, parts)), 16)


def _of(parts: Iterable[str]) -> str:
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for part in parts:
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()
