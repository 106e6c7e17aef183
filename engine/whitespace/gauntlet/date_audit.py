"""Feature-date audit: no event that entered a feature happened or became known after its cutoff (G2).

The dates are recorded by the features while they aggregate, not read from names. A feature that says nothing of where
it comes from fails: it may have seen anything, such as the labels of the rows it is validated on.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Final

import polars as pl

from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.features.matrix import Features, Matrix
from engine.whitespace.features.state import State
from engine.whitespace.gauntlet.files import named
from engine.whitespace.gauntlet.shapes import DATE_AUDIT
from engine.whitespace.gauntlet.verdict import ALL, CheckResult, findings, found

NAME: Final = "feature_date_audit"
FITTED: Final = "fitted state"
OK, LEAK, UNKNOWN = "OK", "LEAK", "UNKNOWN"


def date_audit(features: Features, state: State, fitted_at: dt.date, cutoff: dt.date) -> CheckResult:
    """Check the newest dates of every feature and source at every cutoff, and of the state.

    fitted_at: the last tuning cutoff, which the state may not see beyond. cutoff: that of the run.
    """
    matrices = [audited(matrix, features.names()) for matrix in _in_order(features)]
    table = pl.concat([*matrices, of_state(state, fitted_at)])
    wrong = table.filter(pl.col("status") != OK)
    rows = findings(
        (ALL, f"{row['feature']} at {row[v.CUTOFF]}", _what(row), 1) for row in wrong.iter_rows(named=True)
    )
    file = Artifact(named(NAME, ALL, cutoff, ".csv"), table)
    return found(NAME, rows, f"{table.height:,} dates on or before their cutoffs", artifacts=(file,))


def audited(matrix: Matrix, names: Iterable[str]) -> pl.DataFrame:
    """The newest dates of each feature and source at one cutoff, with OK, LEAK or UNKNOWN.

    A feature into which no event entered has sources, but no dates: it is OK.
    """
    newest = pl.max_horizontal("latest_event", "latest_known")
    expected = pl.DataFrame({"feature": list(names)}, {"feature": pl.String})
    features_seen = matrix.seen.with_columns(pl.col("feature").cast(pl.String))
    table = expected.join(features_seen, on="feature", how="full", coalesce=True, maintain_order="left_right")
    status = (
        pl.when(pl.col("source").is_null())
        .then(pl.lit(UNKNOWN))
        .when(newest > matrix.cutoff)
        .then(pl.lit(LEAK))
        .otherwise(pl.lit(OK))
    )
    return table.select(
        "feature",
        pl.col("source").cast(pl.String),
        latest_event_date="latest_event",
        latest_known_date="latest_known",
        cutoff=pl.lit(matrix.cutoff),
        status=status.cast(DATE_AUDIT["status"]),
    )


def of_state(state: State, fitted_at: dt.date) -> pl.DataFrame:
    """The newest dates of the rows that the state was fitted on; UNKNOWN where it does not say."""
    dates = [state.seen.get(name) for name in ("newest_order_date", "newest_known_at")]
    days = [dt.date.fromisoformat(str(day)) if day else None for day in dates]
    newest = max((day for day in days if day), default=None)
    status = UNKNOWN if newest is None else LEAK if newest > fitted_at else OK
    row = (FITTED, v.TRANSACTIONS, *days, fitted_at, status)
    return pl.DataFrame([row], DATE_AUDIT, orient="row")


def _in_order(features: Features) -> list[Matrix]:
    return [features.matrices[cutoff] for cutoff in sorted(features.matrices)]


def _what(row: dict[str, object]) -> str:
    if row["status"] == UNKNOWN:
        return "does not say which events entered it"
    newest = f"event of {row['latest_event_date']}, known {row['latest_known_date']}"
    return f"saw {row['source']} after the cutoff: {newest}"
