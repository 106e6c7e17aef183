"""Bootstrap: figures of scores with intervals, and of two scores against each other, by drawing customers again.

In: rows with a label, money and a score. Out: figures by name, and their replicates. All scores that are compared
take the same draws, so that what is common to them falls out of the difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.arrays import Floats, Integers
from engine.kernels.cluster_bootstrap import OVERALL, PER_SHARE, replicate_figures
from engine.resampling import Clusters, Estimate
from engine.vocabulary import whitespace as v

CAL_MAE = "cal_mae"
OVERALL_FIGURES = ("auc", "average_precision", "brier", "log_loss", CAL_MAE, "prevalence")
"""As the kernel's columns lie."""
SHARE_FIGURES = ("lift", "precision", "capture", "rev_lift", "rev_capture", "realized_gp")
"""The same for each share of the list; `lift@10` is the lift of its best tenth."""


@dataclass(frozen=True)
class Replicated:
    """Figures by name, and by name their replicates, (replicates,); NaN where only one class was there."""

    values: Mapping[str, float]
    drawn: Mapping[str, Floats]

    def estimate(self, name: str, customers: Clusters) -> Estimate:
        """A figure with its interval; NaN where there is none.

        `cal_mae` is a mean of absolute errors, which noise can only raise: every replicate has the noise of drawing
        on top of that of the rows, and the plain percentiles lie above the figure. The reverse ones of the basic
        interval would lie below it, for the same reason. Its replicates are therefore freed of what drawing adds on
        average, the bootstrap's estimate of bias (Efron and Tibshirani 1993, section 10.2), and end at 0: the
        interval is of the figure as rows of this number show it, their noise included.
        """
        value, drawn = self.values[name], self.drawn[name]
        if name == CAL_MAE and np.isfinite(drawn).any():
            drawn = np.maximum(drawn - (np.nanmean(drawn) - value), 0.0)
        return customers.estimate(value, drawn)


@dataclass(frozen=True)
class Difference:
    """How much better one score is than another by one figure, and the standard error of that."""

    value: float
    standard_error: float

    def exceeds_error(self) -> bool:
        """Whether the first is better by more than one standard error; never where that is not known."""
        return bool(self.value > self.standard_error)


def replicate(rows: pl.DataFrame, score: str, customers: Clusters, percents: Sequence[int], bins: int) -> Replicated:
    """The figures of a score on rows of any grain that has customers.

    rows: customer_id, label (0 or 1), net_gp_window (money; null counts as none) and the score, a chance that is
    never null. percents: shares of the list for the figures named `…@K`. bins: of the calibration error.
    """
    order = np.argsort(-rows[score].to_numpy(), kind="stable")
    ordered = rows[order]
    scores = ordered[score].cast(pl.Float64).to_numpy()
    starts = np.concatenate(([0], np.flatnonzero(np.diff(scores)) + 1, [scores.size]))[: None if scores.size else 1]
    labels = ordered["label"].cast(pl.UInt8).to_numpy()
    money = ordered["net_gp_window"].fill_null(0.0).cast(pl.Float64).to_numpy()
    codes = customers.codes(ordered[v.CUSTOMER])
    once = np.ones((1, customers.draws.shape[1]), np.int64)

    def figures(draws: Integers) -> Floats:
        out = np.empty((draws.shape[0], OVERALL + PER_SHARE * len(percents)))
        shares = np.array(percents, np.int64)
        replicate_figures(codes, labels, money, starts, scores[starts[:-1]], draws, shares, bins, out)
        return out

    names = figure_names(percents)
    value, drawn = figures(once)[0], figures(customers.draws)
    return Replicated(
        dict(zip(names, value.tolist(), strict=True)), {name: drawn[:, place] for place, name in enumerate(names)}
    )


def figure_names(percents: Sequence[int]) -> tuple[str, ...]:
    """The names of all figures, in the order of the kernel's columns."""
    return (*OVERALL_FIGURES, *(f"{name}@{percent}" for percent in percents for name in SHARE_FIGURES))


def difference(first: Sequence[Replicated], second: Sequence[Replicated], name: str) -> Difference:
    """Mean over periods of a figure of one score less that of another, by the same draws of the same customers.

    first, second: a period each, in the same order. Replicates in which a period has one class only are left out.
    """
    value = float(np.mean([one.values[name] - other.values[name] for one, other in zip(first, second, strict=True)]))
    drawn = np.mean([one.drawn[name] - other.drawn[name] for one, other in zip(first, second, strict=True)], axis=0)
    known = drawn[np.isfinite(drawn)]
    return Difference(value, float(known.std(ddof=1)) if known.size > 1 else float("nan"))
