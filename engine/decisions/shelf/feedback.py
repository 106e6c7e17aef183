"""Feedback: what was answered on open cases, as a file that the next night learns from.

In: open cases with an answer that tells. Out: one row per case, with the confidence that the built-in curve gave it,
whatever feedback its own night had read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from engine.decisions.shelf import answers
from engine.decisions.shelf.accuracy import answered_cases
from engine.decisions.shelf.curve import Curve
from engine.decisions.shelf.nights import shelf_nights
from engine.decisions.store import Decisions

FEEDBACK_SCHEMA: Final = pl.Schema(
    {
        "run_id": pl.String(),
        "case_id": pl.String(),
        "confidence": pl.Float64(),
        "is_dark": pl.Boolean(),
        "answered_on": pl.Date(),
    }
)


@dataclass(frozen=True)
class Feedback:
    """Answers to learn from. rows: `FEEDBACK_SCHEMA`. silent: answers that do not tell. other: of nights whose
    confidence is no probability. gone: of nights that are not published any more or cannot be read.
    """

    rows: pl.DataFrame
    silent: int
    other: int
    gone: int


def feedback(decisions: Decisions, out: Path, run_ids: Sequence[str] | None = None) -> Feedback:
    """The answers on the open cases of nights, all of them or those named."""
    asked = answered_cases(decisions, out, run_ids)
    answered = asked.drop_nulls("is_dark")
    nights = {run.run_id: run.manifest for run in shelf_nights(out, run_ids)}
    parts = [
        rows.with_columns(confidence=_built_in(rows["confidence_score"], nights[rows["run_id"][0]]))
        for rows in answered.drop_nulls("confidence_score").partition_by("run_id", maintain_order=True)
    ]
    chosen = [rows.select(*FEEDBACK_SCHEMA) for rows in parts]
    rows = pl.concat([pl.DataFrame(schema=FEEDBACK_SCHEMA), *chosen]).sort("run_id", "case_id")
    gone = answers.latest(decisions, run_ids).filter(~pl.col("run_id").is_in(list(nights))).height
    return Feedback(rows, asked.height - answered.height, answered.height - rows.height, gone)


def _built_in(percent: pl.Series, manifest: Mapping[str, Any]) -> pl.Series:
    """What the built-in curve said, 0 to 1, before the feedback that the night itself had read."""
    confidence = percent.to_numpy() / 100
    learnt = manifest.get("feedback")
    if learnt is None:
        return pl.Series(confidence)
    return pl.Series(np.round(Curve(learnt["intercept"], learnt["slope"]).taken_back(confidence), 6))
