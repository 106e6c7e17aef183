"""Feedback: correct the confidence of a night's cases by what stores answered on earlier ones.

In: a file of `darkshelf feedback`. Out: a `Recalibration`; no change without a file, and of too few answers.
"""

import datetime as dt
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import polars as pl

from engine.contracts.contract import Column, Consequence, Contract, Kind, Rule
from engine.decisions.shelf.curve import UNCHANGED, Curve, fit
from engine.delivery.source import UNREADABLE, DataFile, open_source
from engine.delivery.tables import broken_files, verify
from engine.errors import InputError
from engine.settings.shelf.calibrated import Certainty
from engine.stats import round_half_up

TABLE = "feedback"
KEY = ("run_id", "case_id")
STOP = Consequence.STOP
CONTRACT = Contract(
    TABLE,
    KEY,
    (
        Column("run_id", Kind.TEXT, null=STOP),
        Column("case_id", Kind.TEXT, null=STOP),
        Column("confidence", Kind.NUMBER, null=STOP, low=0, high=1, fault=STOP),
        Column("is_dark", Kind.FLAG, null=STOP),
        Column("answered_on", Kind.DATE, null=STOP),
    ),
    (Rule("the case is there twice", "case_id", pl.struct(KEY).is_duplicated(), STOP, "keep one row of each case"),),
    required=False,
)
"""Of a new site nobody has answered yet: the file is there and has no rows."""


@dataclass(frozen=True)
class Recalibration:
    """The curve that confidences are corrected by. fingerprint: of the answers, None of no file."""

    curve: Curve = UNCHANGED
    answers: int = 0
    fingerprint: str | None = None

    def corrected(self, cases: pl.DataFrame) -> pl.DataFrame:
        """The cases with their `confidence_score`, percent, corrected."""
        if self.curve == UNCHANGED:
            return cases
        confidence = self.curve.applied(cases["confidence_score"].to_numpy() / 100)
        percent = round_half_up(pl.col("confidence_score") * 100, decimals=1)
        return cases.with_columns(confidence_score=confidence).with_columns(percent)

    def described(self) -> dict[str, object] | None:
        """What the manifest says of it."""
        if self.fingerprint is None:
            return None
        curve = self.curve
        return {
            "fingerprint": self.fingerprint,
            "answers": self.answers,
            "intercept": curve.intercept,
            "slope": curve.slope,
        }


def learn(file: Path | None, as_of: dt.date, settings: Certainty) -> Recalibration:
    """What the answers of a file teach that were given up to the as-of day; of none, nothing.

    Raises InputError with every problem of the file.
    """
    if file is None:
        return Recalibration()
    source, problems = open_source(CONTRACT, [DataFile(file, file.name, {})], as_text=True)
    stops = problems or verify({TABLE: source})[0]
    if stops:
        raise InputError(stops)
    try:
        rows = source.usable().filter(pl.col("answered_on") <= as_of).sort(KEY).collect()
    except UNREADABLE as error:
        raise InputError(broken_files(source, error)) from error
    curve = fit(rows["confidence"].to_numpy(), rows["is_dark"].to_numpy(), settings)
    return Recalibration(curve, rows.height, _fingerprint(rows))


def _fingerprint(rows: pl.DataFrame) -> str:
    """Sixteen hexadecimal digits that differ when any answer differs, whatever file they came in."""
    hashed = blake2b(digest_size=8)
    for run_id, case_id, confidence, is_dark in rows.select(*KEY, "confidence", "is_dark").iter_rows():
        hashed.update(f"{run_id}\t{case_id}\t{confidence!r}\t{is_dark}\n".encode())
    return hashed.hexdigest()
