"""Metrics: how well chances rank, how honest they are, and what the best of a list would have brought.

In: labels, scores or chances, and money, arrays of one row each. Rows with the same score share what they hold, so
that no figure depends on the order of rows. NaN where a figure has no meaning: no rows, or one class only.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from sklearn import metrics as library

from engine.arrays import Flags, Floats, Integers

DECILES = 10
"""Parts of a gains table."""


def auc(labels: Flags, scores: Floats) -> float:
    """The chance that a buyer is ranked before a customer who did not buy; a tie counts half."""
    return float(library.roc_auc_score(labels, scores)) if _both(labels) else float("nan")


def average_precision(labels: Flags, scores: Floats) -> float:
    """Mean precision at the places of the buyers (no interpolation)."""
    return float(library.average_precision_score(labels, scores)) if _both(labels) else float("nan")


def brier(labels: Flags, chances: Floats) -> float:
    """Mean squared distance of chance and outcome."""
    return float(np.mean((chances - labels) ** 2)) if labels.size else float("nan")


def brier_skill(labels: Flags, chances: Floats) -> float:
    """1 less the Brier score relative to that of saying the prevalence to everyone: above 0 is better than that."""
    if not _both(labels):
        return float("nan")
    prevalence = float(labels.mean())
    return 1 - brier(labels, chances) / (prevalence * (1 - prevalence))


def log_loss(labels: Flags, chances: Floats) -> float:
    """Mean surprise in nats; a chance of exactly 0 or 1 is moved by 1e-15."""
    if not labels.size:
        return float("nan")
    return float(library.log_loss(labels, np.clip(chances, 1e-15, 1 - 1e-15), labels=[0, 1]))


def cal_mae(labels: Flags, chances: Floats, bins: int) -> float:
    """Mean distance of expected and found buyers over bins of as many rows each, weighted by rows."""
    if not labels.size:
        return float("nan")
    rows, bought, expected = _parts(labels, chances, bins)
    return float(np.abs(expected - bought).sum() / rows.sum())


def relative_cal_error(labels: Flags, chances: Floats, bins: int) -> float:
    """`cal_mae` as a share of the prevalence: 1 is what predicting no buyer at all gets."""
    return cal_mae(labels, chances, bins) / float(labels.mean()) if labels.any() else float("nan")


def lift(labels: Flags, scores: Floats, percent: int) -> float:
    """Share of buyers among the best `percent` of rows, at least one, relative to that among all."""
    if not labels.any():
        return float("nan")
    return _top(scores, labels.astype(np.float64), percent) / _count(labels.size, percent) / float(labels.mean())


def rev_lift(money: Floats, scores: Floats, percent: int) -> float:
    """As `lift`, of money: what a row of the best brought relative to any row; NaN where nothing was earned."""
    if not money.sum() > 0:
        return float("nan")
    return _top(scores, money, percent) / _count(money.size, percent) / float(money.mean())


def summary(labels: Flags, chances: Floats, money: Floats, percents: Sequence[int], bins: int) -> dict[str, object]:
    """Every figure by name, as JSON takes it: null where it has no meaning.

    n, positives, prevalence, auc, average_precision, brier, brier_skill, log_loss, cal_mae, relative_cal_error, and
    for each share of the list lift@K and rev_lift@K.
    """
    figures = {
        "prevalence": float(labels.mean()) if labels.size else float("nan"),
        "auc": auc(labels, chances),
        "average_precision": average_precision(labels, chances),
        "brier": brier(labels, chances),
        "brier_skill": brier_skill(labels, chances),
        "log_loss": log_loss(labels, chances),
        "cal_mae": cal_mae(labels, chances, bins),
        "relative_cal_error": relative_cal_error(labels, chances, bins),
        **{f"lift@{percent}": lift(labels, chances, percent) for percent in percents},
        **{f"rev_lift@{percent}": rev_lift(money, chances, percent) for percent in percents},
    }
    known = {name: value if np.isfinite(value) else None for name, value in figures.items()}
    return {"n": int(labels.size), "positives": int(labels.sum()), **known}


def thresholds(labels: Flags, scores: Floats, money: Floats, percents: Sequence[int]) -> pl.DataFrame:
    """What each share of the list holds. Grain: k_percent.

    Columns: k_percent, count (rows), threshold (the smallest score among them), pos_rate, capture (share of all
    buyers), lift, rev_lift.
    """
    ordered = np.sort(scores)[::-1]
    counts = [_count(labels.size, percent) for percent in percents] if labels.size else [0 for _ in percents]
    found = [_top(scores, labels.astype(np.float64), percent) for percent in percents]
    bought = float(labels.sum()) or float("nan")
    table = {
        "k_percent": list(percents),
        "count": counts,
        "threshold": [float(ordered[count - 1]) if count else float("nan") for count in counts],
        "pos_rate": [one / count if count else float("nan") for one, count in zip(found, counts, strict=True)],
        "capture": [one / bought for one in found],
        "lift": [lift(labels, scores, percent) for percent in percents],
        "rev_lift": [rev_lift(money, scores, percent) for percent in percents],
    }
    return pl.DataFrame(table).with_columns(pl.col(pl.Float64).fill_nan(None))


def gains(labels: Flags, chances: Floats) -> pl.DataFrame:
    """Buyers by tenth of the list, the best first. Grain: decile (1 to 10).

    Columns: decile, bought_in_division_mean, count (rows), p_mean; null where a tenth has no row.
    """
    rows, bought, expected = _parts(labels, chances, DECILES)
    return pl.DataFrame(
        {
            "decile": np.arange(1, DECILES + 1),
            "bought_in_division_mean": _mean(bought, rows),
            "count": rows,
            "p_mean": _mean(expected, rows),
        }
    ).with_columns(pl.col(pl.Float64).fill_nan(None))


def reliability(labels: Flags, chances: Floats, bins: int) -> pl.DataFrame:
    """Expected and found buyers over bins of as many rows each, the lowest chances first. Grain: bin.

    Columns: mean_predicted, fraction_positives, count (rows); bins without a row are left out.
    """
    rows, bought, expected = _parts(labels, chances, bins)
    table = pl.DataFrame(
        {"mean_predicted": _mean(expected, rows), "fraction_positives": _mean(bought, rows), "count": rows}
    )
    return table.reverse().filter(pl.col("count") > 0)


def _both(labels: Flags) -> bool:
    return bool(labels.size and labels.any() and not labels.all())


def _count(rows: int, percent: int) -> int:
    """How many rows a share of the list is: at least one."""
    return max(1, rows * percent // 100)


def _top(scores: Floats, values: Floats, percent: int) -> float:
    """The sum of values over the best rows; rows that tie at the end bring their mean."""
    if not scores.size:
        return 0.0
    reached, total = _running(scores, values)
    return float(np.interp(_count(scores.size, percent), reached, total))


def _parts(labels: Flags, chances: Floats, parts: int) -> tuple[Integers, Floats, Floats]:
    """Rows, found and expected buyers of parts of the list, the best first, as equal as whole rows allow."""
    edges = labels.size * np.arange(parts + 1) // parts
    reached, bought, expected = _running(chances, labels.astype(np.float64), chances)
    return np.diff(edges), np.diff(np.interp(edges, reached, bought)), np.diff(np.interp(edges, reached, expected))


def _running(scores: Floats, *values: Floats) -> tuple[Floats, ...]:
    """Rows and sums of values down to every distinct score, the best first, each from 0."""
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, scores.size > 0)[: scores.size])
    counts = np.ones(scores.size)
    sums = (np.cumsum(one[order])[ends] for one in (counts, *values))
    return tuple(np.concatenate(([0.0], one)) for one in sums)


def _mean(total: Floats, rows: Integers) -> Floats:
    mean: Floats = np.divide(total, rows, out=np.full(rows.size, np.nan), where=rows > 0)
    return mean
