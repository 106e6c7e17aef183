"""Calibrate: from scores to chances that come true, learned on a later block than the model was.

In: rows of the calibration cutoff with the scores of a model that never saw them. Out: a calibrator, and how each
method did on customers that it did not see. Isotonic regression from many buyers on, Platt's sigmoid below; the beta
family (Kull and others 2017) is recorded as a challenger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from engine.arrays import Flags, Floats, Integers
from engine.one_thread import one_thread
from engine.settings.whitespace.modeling import ModelSettings
from engine.whitespace import metrics

ISOTONIC: Final = "isotonic"
PLATT: Final = "platt"
BETA: Final = "beta"
METHODS: Final = (ISOTONIC, PLATT, BETA)
POOLED: Final = "pooled"
"""The scope of a calibrator that divisions share."""
NEWTON_STEPS: Final = 25
LOOSE: Final = 1e3
"""Inverse penalty of a sigmoid: none to speak of, yet finite where few buyers are parted from all others."""
CERTAIN: Final = 1e-6
"""No score is nearer to 0 or 1 than this before its logarithm is taken."""


@dataclass(frozen=True)
class Calibrator:
    """From a score to a chance, never falling, then moved by `shift` in log odds.

    points: of isotonic regression, (2, n_points), scores and chances. weights: of the other methods, applied to the
    logarithms of their `_columns`; the intercept last. scope: whose rows it was fitted on, "pooled" or a division's.
    """

    method: str
    scope: str
    positives: int
    points: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
    weights: tuple[float, ...] = ()
    shift: float = 0.0

    def apply(self, scores: Floats) -> Floats:
        """The chance of each score."""
        if self.method == ISOTONIC:
            chances = _centred(scores, *(np.array(one) for one in self.points))
        else:
            chances = expit(_columns(self.method, scores) @ np.array(self.weights[:-1]) + self.weights[-1])
        return expit(logit(chances) + self.shift) if self.shift else chances

    def rises(self) -> bool:
        """Whether a higher score is a higher chance; isotonic regression always is."""
        return self.method == ISOTONIC or all(weight > 0 for weight in self.weights[:-1])

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        return dict(vars(self))

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Calibrator":
        """The same again from what it told."""
        low, high = fields["points"]
        return cls(**{**fields, "points": (tuple(low), tuple(high)), "weights": tuple(fields["weights"])})


def calibrate(
    labels: Flags, scores: Floats, scope: str, settings: ModelSettings, weights: Floats | None = None
) -> Calibrator:
    """The calibrator of some rows, by the method that their number of buyers allows.

    weights: how much each row counts, (n_rows,); all the same without. Raises ValueError for rows of one class.
    """
    return fit_method(method_for(int(labels.sum()), settings), labels, scores, scope, weights)


def method_for(positives: int, settings: ModelSettings) -> str:
    """Isotonic regression overfits where buyers are few."""
    return ISOTONIC if positives >= settings.isotonic_from_positives else PLATT


def fit_method(method: str, labels: Flags, scores: Floats, scope: str, weights: Floats | None = None) -> Calibrator:
    """A calibrator by one method. Raises ValueError for rows of one class."""
    counted = np.ones(labels.size) if weights is None else weights
    positives = int(labels.sum())
    if positives in {0, labels.size}:
        raise ValueError(f"{scope}: {labels.size} calibration rows of one class; buyers and others are needed")
    if method == ISOTONIC:
        chances = IsotonicRegression(out_of_bounds="clip").fit(scores, labels, counted).predict(scores)
        levels, block = np.unique(chances, return_inverse=True)
        centres = np.bincount(block, scores * counted) / np.bincount(block, counted)
        # Nobody is certain: a chance of 0 or 1 is that of one more row of the other class.
        edge = 1 / (labels.size + 2)
        sure = np.clip(levels, edge, 1 - edge)
        return Calibrator(method, scope, positives, (tuple(centres.tolist()), tuple(sure.tolist())))
    with one_thread():
        model = LogisticRegression(C=LOOSE, max_iter=1000).fit(_columns(method, scores), labels, counted)
    return Calibrator(method, scope, positives, weights=(*model.coef_[0].tolist(), float(model.intercept_[0])))


def calibrators(
    rows: pl.DataFrame, earlier: pl.DataFrame, divisions: Sequence[str], settings: ModelSettings
) -> Mapping[str, Calibrator]:
    """The calibrator of every division; none where all rows together are of one class.

    rows: division, label, p_raw, of these divisions; one without a row takes the pooled calibrator. earlier: the same
    and cutoff, of rolling origins. A division with `pooled_below_positives` buyers or more has its own, the others
    share the pooled one; either way a division lies off the pooled chances by as much as it does again and again,
    over the earlier cutoffs and this one: what a single half year shows is mostly passing.
    """
    labels, scores = _columns_of(rows)
    if not labels.any() or labels.all():
        return {}
    pooled = calibrate(labels, scores, POOLED, settings)
    parts = {name: _columns_of(_named(rows, name)) for name in divisions}
    now = {name: _gap(labels, pooled.apply(scores)) for name, (labels, scores) in parts.items()}
    lasting = _lasting([*_earlier_gaps(earlier, divisions), now])
    found = {name: replace(pooled, shift=lasting[name]) for name in divisions}
    for name, (labels, scores) in parts.items():
        if settings.pooled_below_positives <= labels.sum() < labels.size:
            own = calibrate(labels, scores, name, settings)
            # Nobody is ranked the other way round because one half year was: the pooled curve stays then.
            if own.rises():
                found[name] = replace(own, shift=lasting[name] - now[name][0])
    return found


def calibrated(rows: pl.DataFrame, of: Mapping[str, Calibrator]) -> Floats:
    """The chance of every row, (n_rows,); its raw score where its division has no calibrator.

    rows: division, p_raw.
    """
    chances, divisions = rows["p_raw"].to_numpy().copy(), rows["division"].cast(pl.String)
    for name, calibrator in of.items():
        ours = (divisions == name).to_numpy()
        chances[ours] = calibrator.apply(chances[ours])
    return chances


def cross_calibrated(
    rows: pl.DataFrame, earlier: pl.DataFrame, groups: tuple[Integers, Integers], settings: ModelSettings
) -> Floats:
    """The chance of every row by calibrators that did not see its customer, (n_rows,).

    rows, earlier: as `calibrators` takes them. groups: of the customers of both, (n_rows,).
    """
    chances = np.full(rows.height, np.nan)
    divisions = rows["division"].cast(pl.String).unique().sort().to_list()
    for group in np.unique(groups[0]):
        inside = groups[0] == group
        others = (rows.filter(pl.Series(~inside)), earlier.filter(pl.Series(groups[1] != group)))
        of = calibrators(*others, divisions, settings)
        chances[inside] = calibrated(rows.filter(pl.Series(inside)), of)
    return chances


def comparison(labels: Flags, scores: Floats, groups: Integers, settings: ModelSettings) -> list[dict[str, Any]]:
    """How every method does on customers that it did not see, and the raw scores beside them. Grain: method.

    Keys: method, chosen, brier, log_loss, cal_mae, relative_cal_error; nothing for rows of one class.
    """
    if not labels.any() or labels.all():
        return []
    chosen, bins = method_for(int(labels.sum()), settings), settings.calibration_bins
    entries = []
    for method in ("raw", *METHODS):
        chances = scores if method == "raw" else _crossed(method, labels, scores, groups)
        entries.append(
            {
                "method": method,
                "chosen": method == chosen,
                "brier": metrics.brier(labels, chances),
                "log_loss": metrics.log_loss(labels, chances),
                "cal_mae": metrics.cal_mae(labels, chances, bins),
                "relative_cal_error": metrics.relative_cal_error(labels, chances, bins),
            }
        )
    return entries


def logit(chances: Floats) -> Floats:
    """Log odds; a chance nearer to 0 or 1 than `CERTAIN` counts as so near."""
    sure = np.clip(chances, CERTAIN, 1 - CERTAIN)
    return np.asarray(np.log(sure / (1 - sure)))


def _crossed(method: str, labels: Flags, scores: Floats, groups: Integers) -> Floats:
    """The chance of each row by a method that did not see its customer, else the share of buyers among the others."""
    chances = np.full(labels.size, np.nan)
    for group in np.unique(groups):
        inside, others = groups == group, groups != group
        known = labels[others]
        if known.any() and not known.all():
            chances[inside] = fit_method(method, known, scores[others], "cross-fitted").apply(scores[inside])
        else:
            chances[inside] = known.mean() if known.size else labels.mean()
    return chances


def _centred(scores: Floats, centres: Floats, chances: Floats) -> Floats:
    """Isotonic regression between the centres of its steps (Oron and Flournoy 2017), so that the order of scores is
    kept; beyond the first and the last centre the log odds go on as those of the scores do.
    """
    beyond = logit(scores) - logit(np.clip(scores, centres[0], centres[-1]))
    return np.asarray(expit(logit(np.interp(scores, centres, chances)) + beyond))


def _columns_of(rows: pl.DataFrame) -> tuple[Flags, Floats]:
    return rows["label"].cast(pl.UInt8).to_numpy(), rows["p_raw"].to_numpy()


def _named(rows: pl.DataFrame, division: str) -> pl.DataFrame:
    return rows.filter(pl.col("division").cast(pl.String) == division)


def _earlier_gaps(earlier: pl.DataFrame, divisions: Sequence[str]) -> list[dict[str, tuple[float, float]]]:
    """The gap of every division at every earlier cutoff, from a sigmoid of all divisions at that cutoff."""
    gaps = []
    for cutoff in earlier["cutoff"].unique().sort():
        rows = earlier.filter(pl.col("cutoff") == cutoff)
        labels, scores = _columns_of(rows)
        if labels.any() and not labels.all():
            pooled = fit_method(PLATT, labels, scores, POOLED)
            parts = {name: _columns_of(_named(rows, name)) for name in divisions}
            gaps.append({name: _gap(labels, pooled.apply(scores)) for name, (labels, scores) in parts.items()})
    return gaps


def _gap(labels: Flags, chances: Floats) -> tuple[float, float]:
    """Log odds by which rows lie off their chances, and its variance: one more row is taken to be as expected."""
    weight = float((chances * (1 - chances)).sum()) + 1
    margins, gap = logit(chances), 0.0
    for _ in range(NEWTON_STEPS):
        moved = expit(margins + gap)
        slope = float(labels.sum() - moved.sum()) - gap
        gap += float(np.clip(slope / (float((moved * (1 - moved)).sum()) + 1), -1, 1))
    return gap, 1 / weight


def _lasting(gaps: Sequence[Mapping[str, tuple[float, float]]]) -> dict[str, float]:
    """What of each division's gaps lasts: their mean over cutoffs, drawn to 0 by the spread around it.

    Gaps are a lasting effect of the division plus a passing one of each cutoff plus chance, all around 0. Variances
    are by moments: that of the means, less what the passing part and chance add to them.
    """
    names = list(gaps[0])
    found = np.array([[one[name] for one in gaps] for name in names])
    values, chance = found[..., 0], found[..., 1]
    means, count = values.mean(axis=1), len(gaps)
    if len(names) < 2:
        return dict.fromkeys(names, 0.0)
    # A division that had a shock passes more than others: its own spread counts as much as that of all.
    around = values.var(axis=1, ddof=1) if count > 1 else np.full(len(names), values.var(ddof=1))
    noise = np.maximum((around + around.mean()) / 2, chance.mean(axis=1)) / count
    between = max(0.0, float((means**2).mean() - noise.mean()))
    return dict(zip(names, (means * between / np.maximum(between + noise, 1e-12)).tolist(), strict=True))


def _columns(method: str, scores: Floats) -> Floats:
    """What the margin is linear in: the log odds, or for the beta family both logarithms."""
    if method == PLATT:
        return logit(scores)[:, None]
    sure = np.clip(scores, CERTAIN, 1 - CERTAIN)
    return np.column_stack((np.log(sure), -np.log1p(-sure)))
