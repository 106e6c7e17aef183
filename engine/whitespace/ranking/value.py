"""Value: what a purchase in a division is worth, in money, when it happens: the second part of a hurdle model.

In: rows of earlier cutoffs that bought, with what they brought. Out: a model of E[gross profit | buys], and from it
the expected gross profit of candidates. A customer's purchase is taken to be its division's mean times a power of how
large the customer is; the power is fitted robustly (Huber 1964), large purchases are cut, and the means of small
divisions and segments are drawn toward the mean of all and of the division (empirical Bayes, DerSimonian and Laird
1986), on the logarithmic scale since money spreads in proportion to its mean.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from engine.arrays import Floats
from engine.one_thread import one_thread
from engine.settings.whitespace.ranking import ValueSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.ranking.signals import SIZE

EXPECTED, VALUE = "expected_gp_if_buys", "value"


@dataclass(frozen=True)
class DivisionValue:
    """Of one division: its buyers, their mean at the median size as it is and as drawn toward all, the mean of each
    segment drawn toward it, and where purchases were cut. Money.
    """

    buyers: int
    mean: float
    shrunk: float
    cap: float
    segments: Mapping[str, float]


@dataclass(frozen=True)
class ValueModel:
    """E[gross profit | buys] = mean of segment or division × ((size + median) / (2 × median)) ^ exponent.

    size_median: of the buyers' gross profit in twelve months, money; 0 where none is known. largest_factor: where the
    factor of size is cut. pooled: mean of all. capped_buyers: purchases that were cut.
    """

    exponent: float
    size_median: float
    largest_factor: float
    pooled: float
    divisions: Mapping[str, DivisionValue]
    buyers: int
    capped_buyers: int

    def dump(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def load(cls, facts: Mapping[str, Any]) -> "ValueModel":
        """From what `dump` told."""
        divisions = {name: DivisionValue(**each) for name, each in facts["divisions"].items()}
        return cls(**{**facts, "divisions": divisions})


def fit(rows: pl.DataFrame, settings: ValueSettings) -> ValueModel:
    """The model of those rows that bought.

    rows: customer_id, division, cutoff, segment, label, net_gp_window (money), size_gp_12m (money, null unknown); who
    did not buy says only how large customers are.
    Without a buyer every purchase is worth 1, so that values are chances.
    """
    bought = rows.filter(pl.col("label") == 1, pl.col("net_gp_window") > 0).sort(v.DIVISION, v.CUTOFF, v.CUSTOMER)
    if bought.is_empty():
        return ValueModel(0.0, 0.0, 1.0, 1.0, {}, 0, 0)
    median = _median(bought[SIZE].drop_nulls().filter(bought[SIZE].drop_nulls() > 0))
    exponent = _exponent(bought, median, settings.outlier_scales)
    ratio = bought["net_gp_window"].to_numpy() / _scale(bought[SIZE], median, exponent)
    names = bought[v.DIVISION].cast(pl.String)
    caps = _caps(names, ratio, settings)
    cut = np.minimum(ratio, np.array([caps[name] for name in names]))
    means, pooled = _means(names, bought["segment"].cast(pl.String), cut, settings.significant_digits)
    divisions = {
        name: DivisionValue(buyers, mean, shrunk, _digits(caps[name], settings.significant_digits), segments)
        for name, (buyers, mean, shrunk, segments) in means.items()
    }
    factors = _scale(rows[SIZE], median, exponent)
    largest = _digits(
        float(np.quantile(factors, settings.cap_quantile, method="higher")), settings.significant_digits
    )
    return ValueModel(exponent, median, largest, pooled, divisions, bought.height, int((ratio > cut).sum()))


def value(candidates: pl.DataFrame, model: ValueModel) -> pl.DataFrame:
    """The candidates with `expected_gp_if_buys`, `is_capped` and `value` = p_icp × that; money, never null.

    candidates: division, segment, p_icp, size_gp_12m. Within a division nobody is worth more than a customer at the
    quantile of sizes that the model was learned on: where that lies does not depend on today's largest.
    """
    factors = _scale(candidates[SIZE], model.size_median, model.exponent)
    is_capped = pl.Series(factors > model.largest_factor)
    scale = pl.Series(np.minimum(factors, model.largest_factor))
    base = [
        _of(model, str(division), str(segment))
        for division, segment in candidates.select(v.DIVISION, "segment").rows()
    ]
    expected = (pl.Series(base, dtype=pl.Float64) * scale).alias(EXPECTED)
    return candidates.with_columns(expected, is_capped=is_capped).with_columns(
        (pl.col("p_icp") * pl.col(EXPECTED)).alias(VALUE)
    )


def _of(model: ValueModel, division: str, segment: str) -> float:
    found = model.divisions.get(division)
    return model.pooled if found is None else found.segments.get(segment, found.shrunk)


def _median(values: pl.Series) -> float:
    """Of two in the middle the lower: one outlier changes it by one place at most."""
    return float(values.quantile(0.5, "lower") or 0.0)


def _scale(size: pl.Series, median: float, exponent: float) -> Floats:
    """How much more than at the median size a customer brings; 1 where its size is not known."""
    if not median > 0:
        return np.ones(len(size))
    known = size.fill_null(median).clip(0.0).to_numpy()
    return np.asarray(((known + median) / (2 * median)) ** exponent, np.float64)


def _exponent(bought: pl.DataFrame, median: float, outlier_scales: float) -> float:
    """The power of size that purchases go with, from 0 to 1, division by division; two decimals are known at best."""
    from sklearn.linear_model import HuberRegressor

    if not median > 0 or bought.height < 3:
        return 0.0
    logs = bought.select(
        v.DIVISION,
        size=((pl.col(SIZE).fill_null(median).clip(0.0) + median) / (2 * median)).log(),
        spent=pl.col("net_gp_window").log(),
    )
    centred = logs.select((pl.col(name) - pl.col(name).median().over(v.DIVISION)) for name in ("size", "spent"))
    size, spent = centred["size"].to_numpy(), centred["spent"].to_numpy()
    if np.ptp(size) == 0 or np.ptp(spent) == 0:
        return 0.0
    # One thread: the order of adding, and with it the last bit, hangs on their number.
    with one_thread():
        line = HuberRegressor(epsilon=outlier_scales, alpha=0.0, max_iter=1000).fit(size[:, None], spent)
    return round(float(np.clip(line.coef_[0], 0.0, 1.0)), 2)


def _caps(names: pl.Series, ratio: Floats, settings: ValueSettings) -> dict[str, float]:
    """Where purchases are cut: at the quantile of the division's, of all where it has few. An order statistic: what
    lies above it may be of any size.
    """
    of_all = float(np.quantile(ratio, settings.cap_quantile, method="lower"))
    found: dict[str, float] = {}
    for name in names.unique().sort():
        own = ratio[(names == name).to_numpy()]
        enough = own.size >= settings.min_buyers
        found[name] = float(np.quantile(own, settings.cap_quantile, method="lower")) if enough else of_all
    return found


def _means(
    names: pl.Series, segments: pl.Series, cut: Floats, digits: int
) -> tuple[dict[str, tuple[int, float, float, dict[str, float]]], float]:
    """By division: buyers, mean, shrunk mean and shrunk means of segments; and the mean of all."""
    by_division = _groups(names)
    logs, sizes, spread = _log_means(cut, list(by_division.values()))
    pooled = float(np.average(logs, weights=sizes))
    shrunk = _shrunk(logs, sizes, spread, np.full(logs.size, pooled))
    cells = [
        (place, segment, rows[inner])
        for place, rows in enumerate(by_division.values())
        for segment, inner in _groups(segments.gather(rows)).items()
    ]
    cell_logs, cell_sizes, _ = _log_means(cut, [rows for _, _, rows in cells])
    drawn = _shrunk(cell_logs, cell_sizes, spread, shrunk[[place for place, _, _ in cells]])
    of_cells = [(place, segment, _money(log, digits)) for (place, segment, _), log in zip(cells, drawn, strict=True)]
    found = {
        name: (
            int(sizes[place]),
            _money(logs[place], digits),
            _money(shrunk[place], digits),
            {segment: money for at, segment, money in of_cells if at == place},
        )
        for place, name in enumerate(by_division)
    }
    return found, _money(pooled, digits)


def _groups(names: pl.Series) -> dict[str, Any]:
    """The places of each name, by name in order."""
    texts = names.to_numpy()
    return {str(name): np.flatnonzero(texts == name) for name in names.unique().sort()}


def _log_means(cut: Floats, groups: list[Any]) -> tuple[Floats, Floats, float]:
    """The logarithm of each group's mean, the groups' sizes, and the squared relative spread within groups."""
    means = np.array([cut[rows].mean() for rows in groups])
    sizes = np.array([rows.size for rows in groups], np.float64)
    relative = [((cut[rows] / mean - 1) ** 2).sum() for rows, mean in zip(groups, means, strict=True)]
    spread = float(np.sum(relative) / max(sizes.sum() - len(groups), 1.0))
    return np.log(means), sizes, spread


def _shrunk(logs: Floats, sizes: Floats, spread: float, toward: Floats) -> Floats:
    """Each logarithm drawn toward another: the more, the fewer rows it is of and the less groups really differ."""
    if logs.size < 2 or not spread > 0:
        return logs if not spread > 0 else toward.copy()
    weights = sizes / spread
    excess = float(np.sum(weights * (logs - toward) ** 2)) - (logs.size - 1)
    between = max(excess / float(weights.sum() - (weights**2).sum() / weights.sum()), 0.0)
    own = between / (between + spread / sizes)
    return np.asarray(own * logs + (1 - own) * toward, np.float64)


def _money(log: float, digits: int) -> float:
    return _digits(math.exp(log), digits)


def _digits(amount: float, digits: int) -> float:
    """Rounded to so many significant digits."""
    return float(f"{amount:.{digits}g}")
