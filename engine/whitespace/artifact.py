"""Artifacts: what a stage publishes, named before it is written, so that a stage computes and publishing writes."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.arrays import Floats

Content = pl.DataFrame | Mapping[str, object] | Sequence[Mapping[str, object]] | str | bytes
"""A table (.parquet, .csv), a JSON object (.json), lines of JSON (.jsonl), a text (.txt), or bytes (.png, .npy)."""


@dataclass(frozen=True)
class Artifact:
    """One file of a run folder. path: below it, with `/`; its ending says how the content is written."""

    path: str
    content: Content


def as_npy(array: Floats) -> bytes:
    """An array as the content of a .npy file."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()
