"""Artifacts: what a stage publishes, named before it is written, so that a stage computes and publishing writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

Content = pl.DataFrame | Mapping[str, object] | Sequence[Mapping[str, object]] | str | bytes
"""A table (.parquet, .csv), a JSON object (.json), lines of JSON (.jsonl), a text (.txt), or bytes (.png, .npy)."""


@dataclass(frozen=True)
class Artifact:
    """One file of a run folder. path: below it, with `/`; its ending says how the content is written."""

    path: str
    content: Content
