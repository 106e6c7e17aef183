"""Challenger: a logistic regression on the four components, learned from what was bought after earlier cutoffs.

In: scored rows of earlier cutoffs with outcomes. Out: its score for candidates, and a comparison with the champion on
the latest cutoffs, each time by a challenger that knew only outcomes that were known then. It is promoted only where
it beats the champion at what the champion is for, money where it ranks by value and buyers where it ranks by score,
with an interval above 0; and it touches no ranking unless the settings ask for it.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from engine.arrays import Floats, Marks
from engine.one_thread import one_thread
from engine.resampling import Clusters
from engine.settings.whitespace.ranking import RankingSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.ranking.components import PARTS
from engine.whitespace.ranking.outcomes import (
    CODE,
    GAINED,
    best_of,
    calls_of,
    caught,
    comparable,
    draws,
    estimates,
    known,
)
from engine.whitespace.ranking.value import VALUE


@dataclass(frozen=True)
class Challenger:
    """coefficients: of the components, in the order of `PARTS`; None where nothing could be learned.

    table: a row a cutoff and one for all of them together. is_promoted: whether it is proved better.
    """

    coefficients: tuple[float, ...] | None
    intercept: float
    table: pl.DataFrame
    is_promoted: bool

    def score(self, candidates: pl.DataFrame) -> pl.Series:
        """`score_challenger` of rows with the components: a chance; null where nothing could be learned."""
        if self.coefficients is None:
            return pl.repeat(None, candidates.height, dtype=pl.Float64, eager=True).alias("score_challenger")
        linear = self.intercept + _matrix(candidates) @ np.array(self.coefficients)
        return pl.Series("score_challenger", 1 / (1 + np.exp(-linear)))


NONE = Challenger(None, 0.0, pl.DataFrame(), is_promoted=False)
"""Nobody challenges."""


def challenger(past: pl.DataFrame, priority: str, as_of: dt.date, settings: RankingSettings) -> Challenger:
    """Learn from every outcome known at `as_of`, and compare on the latest cutoffs.

    past: customer_id, division, cutoff, window_end, label, net_gp_window, the components and the champion's
    `priority`. Table columns: cutoff (null: together), rows, positives, trained_rows, overlap (Jaccard of the two
    lists), capture and revenue_capture of both, and the differences of them with `_low` and `_high`; status.
    """
    rows = known(past.filter(pl.col("window_end") <= as_of))
    latest = rows[v.CUTOFF].unique().sort().tail(settings.challenger.cutoffs)
    compared = [_compared(rows, cutoff, priority, settings) for cutoff in latest]
    table, together = _table(compared, rows, settings)
    proof = together.get("revenue_difference_low" if priority == VALUE else "difference_low")
    weights = _fitted(rows, settings.challenger.inverse_penalty)
    if weights is None:
        return Challenger(None, 0.0, table, is_promoted=False)
    is_better = proof is not None and proof > 0
    return Challenger(tuple(map(float, weights[1:])), float(weights[0]), table, is_better)


@dataclass(frozen=True)
class _Compared:
    """One cutoff: its rows with both lists, or none where there was nothing to learn from yet."""

    cutoff: dt.date
    trained_rows: int
    rows: pl.DataFrame | None


def _compared(every: pl.DataFrame, cutoff: dt.date, priority: str, settings: RankingSettings) -> _Compared:
    earlier = every.filter(pl.col("window_end") <= cutoff)
    weights = _fitted(earlier, settings.challenger.inverse_penalty)
    if weights is None:
        return _Compared(cutoff, earlier.height, None)
    rows = every.filter(pl.col(v.CUTOFF) == cutoff, comparable(priority))
    if rows.is_empty():
        return _Compared(cutoff, earlier.height, None)
    calls = calls_of(rows.height, settings.capacity.capacity_percent / 100)
    return _Compared(
        cutoff,
        earlier.height,
        rows.with_columns(
            is_champions=pl.Series(best_of(rows[priority].to_numpy(), calls)),
            is_challengers=pl.Series(best_of(_matrix(rows) @ weights[1:], calls)),
        ),
    )


def _fitted(rows: pl.DataFrame, inverse_penalty: float) -> Floats | None:
    """Intercept and coefficients; None where there is only one outcome to learn from."""
    from sklearn.linear_model import LogisticRegression

    if rows["label"].n_unique() < 2:
        return None
    # One thread: the order of adding, and with it the last bit, hangs on their number.
    with one_thread():
        model = LogisticRegression(C=inverse_penalty, max_iter=1000).fit(_matrix(rows), rows["label"].to_numpy())
    return np.concatenate([model.intercept_, model.coef_[0]]).astype(np.float64)


def _matrix(rows: pl.DataFrame) -> Floats:
    return np.asarray(rows.select(PARTS).to_numpy(), np.float64)


def _table(
    compared: list[_Compared], every: pl.DataFrame, settings: RankingSettings
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """A line a cutoff and one for all together, and the latter by itself."""
    customers = draws(every, settings) if every.height else None
    parts = [each.rows for each in compared if each.rows is not None]
    lines = [
        {v.CUTOFF: each.cutoff, "trained_rows": each.trained_rows, **_line(each.rows, customers)} for each in compared
    ]
    together = _line(pl.concat(parts) if parts else None, customers)
    lines.append({v.CUTOFF: None, "trained_rows": None, **together})
    schema = {v.CUTOFF: pl.Date(), "status": pl.String()}
    return pl.DataFrame(lines, schema_overrides=schema, infer_schema_length=None), together


def _line(rows: pl.DataFrame | None, customers: Clusters | None) -> dict[str, Any]:
    if rows is None or customers is None:
        return {"status": "no earlier outcomes"}
    lists: dict[str, Marks] = {name: rows[f"is_{name}s"].to_numpy() for name in ("champion", "challenger")}
    bought, money_won = (rows[name].cast(pl.Float64).to_numpy() for name in ("label", GAINED))
    differences = {
        name: customers.difference(
            rows[CODE], (weight * lists["challenger"], weight), (weight * lists["champion"], weight)
        )
        for name, weight in (("difference", bought), ("revenue_difference", money_won))
    }
    captures = {f"{name}_capture": caught(rows, picked, customers) for name, picked in lists.items()}
    money = {f"{name}_revenue_capture": caught(rows, picked, customers, GAINED) for name, picked in lists.items()}
    both, either = (lists["champion"] & lists["challenger"]).sum(), (lists["champion"] | lists["challenger"]).sum()
    return {
        "status": "compared",
        "rows": rows.height,
        "positives": int(bought.sum()),
        "overlap": round(float(both / either), 4),
        **estimates({**captures, **money, **differences}),
    }
