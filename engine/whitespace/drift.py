"""Drift: what has changed between the rows that a model learned from and those that it is judged on.

In: training rows and scored rows with their outcomes. Out: figures with their thresholds.
Stability indices and distances of distributions are never 0 even where nothing changed: what chance alone makes of
them, with as many customers, is taken off (Yurdakul and Naranjo 2020).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from scipy.stats import ks_2samp

from engine.arrays import Floats, Singles
from engine.resampling import Clusters
from engine.settings.whitespace.horizons import DriftSettings
from engine.settings.whitespace.modeling import ModelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace import metrics
from engine.whitespace.dataset import Dataset
from engine.whitespace.experiment import chosen
from engine.whitespace.gauntlet.scores import known
from engine.whitespace.gauntlet.verdict import ALL
from engine.whitespace.models import FREE, fit, grid
from engine.whitespace.ranking.value import VALUE
from engine.whitespace.splits import customer_groups
from engine.whitespace.trained import of_division

PSI: Final = "psi"
KS_SCORES: Final = "ks_phat_train_holdout"
KS_OUTCOMES: Final = "ks_p_hat_pos_vs_neg"
MONEY: Final = "realised_to_expected_gp"
MONEY_SHARES: Final = "psi_ev_vs_holdout_gp"
DOMAIN: Final = "domain_auc"
RATE_KEY: Final = (v.DIVISION, v.CUTOFF)
"""What a feature that is the same for all customers of a division is a value of."""
DECILES: Final = 10
HALF: Final = 0.5
"""Rows that an empty bin counts, so that a logarithm can be taken."""
LEAST_SHARE: Final = 1e-6
"""A tenth that brought nothing counts so much, for the same reason."""
KS_BY_CHANCE: Final = 0.8687
"""Mean of Kolmogorov's distribution: the distance of two equal samples, times the root of n m / (n + m)."""
SCHEMA: Final = pl.Schema(
    {
        "division": pl.String,
        "measure": pl.String,
        "of": pl.String,
        "value": pl.Float64,
        "noise": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "threshold": pl.Float64,
        "n_train": pl.Int64,
        "n": pl.Int64,
        "is_flagged": pl.Boolean,
    }
)
"""Grain: division (empty: all together), measure, of. of: the feature, or the tenth of the list by expected money
(1 the best), else empty. noise: what chance alone makes of the value; low, high: its interval; null where there is
none. threshold: null where a measure is told only. n_train, n: customers, pairs of one with a division, or divisions
and cutoffs, whatever a value is of."""


@dataclass(frozen=True)
class Compared:
    """What is compared. train, later: rows of grain customer, division, cutoff with their features; later with label,
    net_gp_window, p_raw and value as well. unseen: division and p of training rows, by models that did not see them.
    names: the features that are compared.
    """

    train: Dataset
    later: Dataset
    unseen: pl.DataFrame
    names: Sequence[str]


@dataclass(frozen=True)
class _Side:
    """Rows, and the features of some scope, (n_rows, n_names)."""

    rows: pl.DataFrame
    names: tuple[str, ...]
    values: Singles

    def only(self, names: Sequence[str]) -> "_Side":
        return _Side(self.rows, tuple(names), self.values[:, [self.names.index(name) for name in names]])

    def of(self, division: str) -> "_Side":
        if division == ALL:
            return self
        ours = (self.rows[v.DIVISION].cast(pl.String) == division).to_numpy()
        return _Side(self.rows.filter(pl.Series(ours)), self.names, self.values[ours])


def drift(
    compared: Compared, divisions: Sequence[str], customers: Clusters, settings: DriftSettings, models: ModelSettings
) -> pl.DataFrame:
    """Every measure of all divisions together and of each. Columns: `SCHEMA`.

    Features of customers alone are compared for all divisions together only: they are the same for each. So are
    features that are the same for all customers of a division: each division is one value of those.
    """
    registry = chosen(compared.train.features.registry, compared.names)
    of_pairs = [feature.name for feature in registry if feature.scope == v.OF_PAIR]
    of_customers = [feature.name for feature in registry if feature.scope == v.OF_CUSTOMER]
    train, later = (_side(one, of_pairs, v.PAIR) for one in (compared.train, compared.later))
    found = [(ALL, row) for row in _features(*_sides(compared, of_customers), of_customers, (v.CUSTOMER,), settings)]
    found.append((ALL, _domain(compared, settings, models)))
    varying = _varying(later)
    rates = [name for name in of_pairs if name not in varying]
    found += [(ALL, row) for row in _features(train.only(rates), later.only(rates), rates, RATE_KEY, settings)]
    for division in (ALL, *divisions):
        ours, theirs = (side.of(division).only(varying) for side in (train, later))
        unseen = compared.unseen if division == ALL else of_division(compared.unseen, division)
        rows = [
            *_features(ours, theirs, varying, v.PAIR, settings),
            *_scores(ours.rows, theirs.rows, unseen["p"].to_numpy(), settings),
            *_money(theirs.rows, customers, settings),
        ]
        found += [(division, row) for row in rows]
    table = pl.DataFrame([{"division": division, **row} for division, row in found], SCHEMA, orient="row")
    return table.sort("division", "measure", "of", maintain_order=True)


def _sides(compared: Compared, names: Sequence[str]) -> tuple[_Side, _Side]:
    """Both sides with the features of customers, each customer once a cutoff, however many divisions it is in."""
    return _side(compared.train, names, (v.CUSTOMER,)), _side(compared.later, names, (v.CUSTOMER,))


def _side(dataset: Dataset, names: Sequence[str], key: Sequence[str]) -> _Side:
    rows = dataset.rows
    if v.DIVISION not in key:
        rows = rows.unique([*key, v.CUTOFF], keep="first", maintain_order=True)
    return _Side(rows, tuple(names), dataset.values(rows, names) if names else np.empty((rows.height, 0), np.float32))


def _varying(side: _Side) -> list[str]:
    """The features that differ between customers of some division."""
    values = pl.DataFrame(side.values, list(side.names)).with_columns(side.rows[v.DIVISION])
    counts = values.group_by(v.DIVISION).agg(pl.all().n_unique())
    return [name for name in side.names if (counts[name] > 1).any()]


def stability_index(train: Floats, later: Floats, bins: int) -> tuple[float, int]:
    """The population stability index of values, and the number of bins that it is over.

    Edges are quantiles of the training values. A value that more than a bin's share of them have, such as 0, and
    what is unknown (NaN) are bins of their own, so that no edge cuts through them.
    """
    known_values = np.sort(train[~np.isnan(train)])
    common = _common(known_values, bins)
    others = known_values[~np.isin(known_values, common)]
    edges = np.unique(np.quantile(others, np.arange(1, bins) / bins)) if others.size else np.empty(0)
    counts = [_counts(values, common, edges) for values in (train, later)]
    used = (counts[0] + counts[1]) > 0
    shares = [np.maximum(one[used], HALF) / max(one.sum(), 1.0) for one in counts]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum()), int(used.sum())


def index_by_chance(bins: int, n_train: int, n_later: int) -> float:
    """The mean of the index where nothing changed."""
    return (bins - 1) * (1 / max(n_train, 1) + 1 / max(n_later, 1))


def _common(ordered: Floats, bins: int) -> Floats:
    """The values that at least a bin's share of the rows have."""
    values, counts = np.unique(ordered, return_counts=True)
    return np.asarray(values[(counts >= max(ordered.size / bins, 2)) & (counts > 1)])


def _counts(values: Floats, common: Floats, edges: Floats) -> Floats:
    """Rows of every bin: one a common value, those between edges, and what is unknown."""
    missing = np.isnan(values)
    some = values[~missing]
    at = np.searchsorted(common, some)
    is_common = np.zeros(some.size, np.bool_)
    if common.size:
        is_common = common[np.minimum(at, common.size - 1)] == some
    parts = (
        np.bincount(at[is_common], minlength=common.size),
        np.bincount(np.searchsorted(edges, some[~is_common], side="left"), minlength=edges.size + 1),
        [missing.sum()],
    )
    return np.concatenate(parts).astype(np.float64)


def _row(measure: str, value: float, n_train: int, n_later: int) -> dict[str, object]:
    """A row of the table in which nothing is flagged."""
    blank = dict.fromkeys(("noise", "low", "high", "threshold"))
    given = {"measure": measure, "of": "", "value": known(value), "n_train": n_train, "n": n_later}
    return {**given, **blank, "is_flagged": False}


def _features(
    train: _Side, later: _Side, names: Sequence[str], key: Sequence[str], settings: DriftSettings
) -> Iterator[dict[str, object]]:
    """The index of every feature beyond chance. What repeats from cutoff to cutoff is counted once as evidence."""
    n_train, n_later = (one.rows.select(key).n_unique() for one in (train, later))
    for place, name in enumerate(names):
        before, after = (one.values[:, place].astype(np.float64) for one in (train, later))
        value, bins = stability_index(before, after, settings.bins)
        noise = index_by_chance(bins, n_train, n_later)
        row = _row(PSI, value, n_train, n_later)
        is_flagged = value - noise > settings.max_psi
        yield row | {"of": name, "noise": noise, "threshold": settings.max_psi, "is_flagged": is_flagged}


def _scores(
    train: pl.DataFrame, later: pl.DataFrame, unseen: Floats, settings: DriftSettings
) -> Iterator[dict[str, object]]:
    """Distances of distributions of scores: unseen training rows to later ones, and buyers to others."""
    scores, bought = later["p_raw"].to_numpy(), later["label"].cast(pl.Boolean).to_numpy()
    n_train, n_later = (one.select(v.PAIR).n_unique() for one in (train, later))
    if unseen.size and scores.size:
        distance = float(ks_2samp(unseen, scores, method="asymp").statistic)
        noise = KS_BY_CHANCE * float(np.sqrt(1 / max(n_train, 1) + 1 / n_later))
        is_flagged = distance - noise > settings.max_ks
        row = _row(KS_SCORES, distance, n_train, n_later)
        yield row | {"noise": noise, "threshold": settings.max_ks, "is_flagged": is_flagged}
    if bought.any() and not bought.all():
        apart = float(ks_2samp(scores[bought], scores[~bought], method="asymp").statistic)
        yield _row(KS_OUTCOMES, apart, n_train, n_later)


def _money(later: pl.DataFrame, customers: Clusters, settings: DriftSettings) -> Iterator[dict[str, object]]:
    """Realised to expected money, of all rows and by tenth of the list by expected money, the best first."""
    rows = later.sort([VALUE, *v.PAIR], descending=[True, False, False])
    ids, n_pairs = rows[v.CUSTOMER].cast(pl.String), rows.select(v.PAIR).n_unique()
    expected, realised = rows[VALUE].cast(pl.Float64), rows["net_gp_window"].fill_null(0.0)
    tenth = np.arange(rows.height) * DECILES // max(rows.height, 1) + 1
    for place in range(DECILES + 1):
        here = pl.Series((tenth == place) | (place == 0), dtype=pl.Boolean)
        estimate = customers.quotient(ids.filter(here), realised.filter(here), expected.filter(here))
        row = _row(MONEY, estimate.value, 0, n_pairs) | {"low": known(estimate.low), "high": known(estimate.high)}
        if place:
            yield row | {"of": str(place)}
        else:
            is_sure = estimate.low > 1 or estimate.high < 1
            is_off = abs(estimate.value - 1) > settings.max_money_gap and is_sure
            # Where nobody bought every draw says 0, however few were expected to: the guard of base rates tells it.
            yield row | {"threshold": settings.max_money_gap, "is_flagged": bool(is_off and later["label"].sum() > 0)}
    shares = [np.maximum(np.bincount(tenth - 1, one.to_numpy(), DECILES), 0.0) for one in (expected, realised)]
    if all(one.sum() > 0 for one in shares):
        first, second = (np.maximum(one / one.sum(), LEAST_SHARE) for one in shares)
        yield _row(MONEY_SHARES, float(((second - first) * np.log(second / first)).sum()), 0, n_pairs)


def _domain(compared: Compared, settings: DriftSettings, models: ModelSettings) -> dict[str, object]:
    """How well later rows can be told from the newest training rows, of customers that the classifier did not see."""
    newest = compared.train.rows[v.CUTOFF].max()
    sides = (compared.train.where(pl.col(v.CUTOFF) == newest), compared.later)
    values, groups, parts = list[Singles](), list[np.ndarray](), list[int]()
    for side in sides:
        step = max(1, side.rows.height // (settings.domain_rows // 2))
        rows = side.rows.select(*v.ROW).gather_every(step)
        values.append(side.values(rows, compared.names))
        groups.append(customer_groups(rows[v.CUSTOMER], models))
        parts.append(rows.height)
    table, group = np.concatenate(values), np.concatenate(groups)
    is_later = np.repeat(np.array([0, 1], np.uint8), parts)
    seen = group != 0
    features = chosen(compared.train.features.registry, compared.names)
    params = grid(FREE, models, pooled=False)[0]
    auc = float("nan")
    if 0 < int(is_later[seen].sum()) < int(seen.sum()):
        model = fit(FREE, table[seen], is_later[seen], features, params, models.seed)
        auc = metrics.auc(is_later[~seen], model.predict(table[~seen]))
    flag = {"threshold": settings.max_domain_auc, "is_flagged": auc > settings.max_domain_auc}
    return _row(DOMAIN, auc, *parts) | flag
