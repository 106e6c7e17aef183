"""Scenarios: what lists of several sizes and kinds would have caught, each with an interval.

In: scored rows with their outcomes. Out: a row a list. Three kinds: the best share of all (top_percent), so many of
each rep (per_rep), and the share in turns over segments (hybrid_segment). In every draw of customers each list is
made anew by its own rule, and all lists see the same draws.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from engine.arrays import Floats, Integers
from engine.kernels.drawn_lists import drawn_lists
from engine.resampling import Clusters
from engine.settings.whitespace.horizons import ForwardSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.gauntlet.scores import known
from engine.whitespace.ranking.limits import NOBODY
from engine.whitespace.ranking.value import VALUE

Mode = Literal["top_percent", "per_rep", "hybrid_segment"]
BY_MONEY: Final = "expected_gp"
BY_CHANCE: Final = "capture"
"""What lists are made and ordered by: expected money where chances are honest, else the share of buyers caught."""
MEASURES: Final = ("precision", "capture", "expected_gp", "realized_gp", "rev_capture")
SCHEMA: Final = pl.Schema(
    {
        "division": pl.String,
        "mode": pl.String,
        "k_percent": pl.Int64,
        "accounts_per_rep": pl.Int64,
        "segment": pl.String,
        "groups": pl.Int64,
        "rows": pl.Int64,
        "positives": pl.Int64,
        "contacts": pl.Int64,
        **{f"{name}{end}": pl.Float64 for name in MEASURES for end in ("", "_low", "_high")},
        "expected_gp_norm": pl.Float64,
        "capture_gain": pl.Float64,
        "capture_gain_low": pl.Float64,
        "capture_gain_high": pl.Float64,
        "cal_mae": pl.Float64,
        "rank_by": pl.String,
        "marginal_per_contact": pl.Float64,
        "rank": pl.Int64,
    }
)
"""Grain: division (empty: all together), mode, k_percent or accounts_per_rep; sorted by rank. segment: the column
that hybrid lists take turns over. precision: share of the list that bought. capture, rev_capture: share of all buyers
and of all money. expected_gp, realized_gp: money. expected_gp_norm: share of what all rows are expected to bring.
capture_gain: beyond the plain list of as many. marginal_per_contact: of `rank_by`, for each call beyond the next
smaller list of the mode; the largest ranks first, so that the longest list does not always win."""


@dataclass(frozen=True)
class _Plan:
    """One list that could be made. group: the column that its room is shared out by, "" for none."""

    mode: Mode
    size: int
    group: str

    def capacity(self, sizes: Integers) -> tuple[Integers, Integers]:
        """Room of each group and calls in all. sizes: (replicates, n_groups), rows. Both: as many replicates."""
        rows = sizes.sum(axis=1)
        if self.mode == "per_rep":
            room = np.minimum(sizes, self.size)
            return room, room.sum(axis=1)
        calls = np.maximum(rows * self.size // 100, 1)
        if self.mode == "top_percent":
            return calls[:, None].repeat(sizes.shape[1], axis=1), calls
        return _turns(sizes, calls)[:, None].repeat(sizes.shape[1], axis=1), calls


@dataclass(frozen=True)
class _List:
    """Measures of a list, (replicates,) each, first the list itself."""

    plan: _Plan
    groups: int
    contacts: Floats
    measures: dict[str, Floats]


def scenarios(
    rows: pl.DataFrame,
    customers: Clusters,
    division: str,
    cal_mae: float,
    is_calibrated: bool,
    settings: ForwardSettings,
) -> pl.DataFrame:
    """The table of one division, or of all together. Columns: `SCHEMA`.

    rows: customer_id, division, label, net_gp_window, p_icp, p_raw, value (expected money), rep, and the segment
    columns. is_calibrated: whether chances are honest enough to rank by money.
    """
    rank_by = BY_MONEY if is_calibrated else BY_CHANCE
    keys = [VALUE, "p_icp", "p_raw"] if is_calibrated else ["p_icp", "p_raw", VALUE]
    ordered = rows.sort([*keys, *v.PAIR], descending=[True, True, True, False, False])
    lists = [_made(ordered, customers, plan) for plan in _plans(ordered, settings)] if ordered.height else []
    entries = list(_entries(lists, ordered, customers, division, rank_by))
    table = pl.DataFrame(entries, {name: kind for name, kind in SCHEMA.items() if name != "rank"}, orient="row")
    ranked = table.with_columns(cal_mae=pl.lit(cal_mae, pl.Float64).fill_nan(None)).sort(
        "marginal_per_contact", "mode", "contacts", descending=[True, False, False], nulls_last=True
    )
    return ranked.with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64)).select(SCHEMA.names())


def segment_column(rows: pl.DataFrame, settings: ForwardSettings) -> str:
    """The first of the columns that parts the rows; "" where none does."""
    names = (name for name in settings.segment_columns if name in rows.columns and rows[name].n_unique() > 1)
    return next(names, "")


def _plans(rows: pl.DataFrame, settings: ForwardSettings) -> list[_Plan]:
    segment = segment_column(rows, settings)
    return [
        *(_Plan("top_percent", percent, "") for percent in sorted(settings.capacity_percents)),
        *(_Plan("per_rep", accounts, "rep") for accounts in sorted(settings.accounts_per_rep)),
        *(_Plan("hybrid_segment", percent, segment) for percent in sorted(settings.capacity_percents) if segment),
    ]


def _turns(sizes: Integers, calls: Integers) -> Integers:
    """The rounds after which groups that take turns have used up the calls, (replicates,). sizes: at least the calls
    in all.
    """
    low, high = np.zeros(calls.size, np.int64), calls.copy()
    while (low < high).any():
        middle = (low + high) // 2
        enough = np.minimum(sizes, middle[:, None]).sum(axis=1) >= calls
        low, high = np.where(enough, low, middle + 1), np.where(enough, middle, high)
    return high


def _made(rows: pl.DataFrame, customers: Clusters, plan: _Plan) -> _List:
    """A list of the rows, best first, and those of every draw."""
    codes = customers.codes(rows[v.CUSTOMER].cast(pl.String))
    groups = _groups(rows, plan.group)
    values = rows.select(
        pl.col("label").cast(pl.Float64), pl.col(VALUE).cast(pl.Float64), pl.col("net_gp_window").fill_null(0.0)
    ).to_numpy()
    draws = np.vstack((np.ones((1, customers.draws.shape[1]), np.int64), customers.draws))
    n_groups = int(groups.max()) + 1
    per_cluster = np.zeros((draws.shape[1], n_groups), np.int64)
    np.add.at(per_cluster, (codes, groups), 1)
    sizes = draws @ per_cluster
    room, calls = plan.capacity(sizes)
    out = np.empty((draws.shape[0], 1 + values.shape[1]))
    drawn_lists(codes, groups, np.ascontiguousarray(values), draws, np.ascontiguousarray(room), calls, out)
    totals = np.zeros((draws.shape[1], values.shape[1]))
    np.add.at(totals, codes, values)
    bought, expected, money = (draws @ totals).T
    with np.errstate(divide="ignore", invalid="ignore"):
        measures = {
            "precision": out[:, 1] / out[:, 0],
            "capture": np.where(bought > 0, out[:, 1] / bought, np.nan),
            "expected_gp": out[:, 2],
            "realized_gp": out[:, 3],
            "rev_capture": np.where(money > 0, out[:, 3] / money, np.nan),
            "expected_gp_norm": np.where(expected > 0, out[:, 2] / expected, np.nan),
        }
    return _List(plan, n_groups, out[:, 0], measures)


def _groups(rows: pl.DataFrame, column: str) -> Integers:
    """The group of each row; one for all without a column."""
    if not column:
        return np.zeros(rows.height, np.int64)
    return rows[column].cast(pl.String).fill_null(NOBODY).rank("dense").to_numpy().astype(np.int64) - 1


def _entries(
    lists: Sequence[_List], rows: pl.DataFrame, customers: Clusters, division: str, rank_by: str
) -> Iterator[dict[str, object]]:
    plain = {one.plan.size: one.measures["capture"] for one in lists if one.plan.mode == "top_percent"}
    smaller: dict[Mode, _List] = {}
    for one in lists:
        plan, is_rep = one.plan, one.plan.mode == "per_rep"
        gain = one.measures["capture"] - plain[plan.size] if plan.mode == "hybrid_segment" else np.array([np.nan] * 2)
        entry: dict[str, object] = {
            "division": division,
            "mode": plan.mode,
            "k_percent": None if is_rep else plan.size,
            "accounts_per_rep": plan.size if is_rep else None,
            "segment": plan.group if plan.mode == "hybrid_segment" else "",
            "groups": one.groups,
            "rows": rows.height,
            "positives": int(rows["label"].sum()),
            "contacts": int(one.contacts[0]),
            "expected_gp_norm": known(one.measures["expected_gp_norm"][0]),
            "rank_by": rank_by,
            "marginal_per_contact": _marginal(one, smaller.get(plan.mode), rank_by),
        }
        for name, drawn in {**{name: one.measures[name] for name in MEASURES}, "capture_gain": gain}.items():
            estimate = customers.estimate(float(drawn[0]), drawn[1:])
            entry |= {
                name: known(estimate.value),
                f"{name}_low": known(estimate.low),
                f"{name}_high": known(estimate.high),
            }
        smaller[plan.mode] = one
        yield entry


def _marginal(one: _List, before: _List | None, rank_by: str) -> float | None:
    """What each call beyond a smaller list brings; 0 where there is no further call."""
    value, calls = float(one.measures[rank_by][0]), float(one.contacts[0])
    if before is not None:
        value, calls = value - float(before.measures[rank_by][0]), calls - float(before.contacts[0])
    return known(value / calls) if calls > 0 else 0.0
