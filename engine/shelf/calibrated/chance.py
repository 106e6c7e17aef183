"""Chance: how likely so large a log likelihood ratio is by chance, and how many findings that makes false.

In: every store-SKU's log likelihood ratio. Out: p-values and, across the night, q-values (specification, section 9);
and what the chances of the whole chain say together.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.arrays import Floats
from engine.blocks.together import Together
from engine.kernels import rows
from engine.kernels.compiling import given
from engine.kernels.darkness import Levels, largest_log_likelihood_ratio
from engine.settings.shelf.calibrated import EpisodeSettings
from engine.shelf.calibrated.expect import Demand
from engine.shelf.calibrated.null import NullDistribution, weighing_of

BINS = 20
"""Of the histogram of p-values."""
BODY = (0.1, 0.5)
"""P-values too large for a finding and too small for a shelf that sells."""
SLACK = 1.25
"""So many times the p-values that chance leaves in the body are still believed to be chance."""


@dataclass(frozen=True)
class Chances:
    """Every store-SKU's chance tonight.

    log_likelihood_ratio, p_values, q_values: (pairs,), NaN where a pair is not judged. q_values: 1 where it is above
    the rate of the settings.
    """

    log_likelihood_ratio: Floats
    p_values: Floats
    q_values: Floats


@dataclass(frozen=True)
class Tonight:
    """What the chances of the whole chain say together.

    bound: the largest p-value that would have been a finding; the rate without any. threshold: the largest that was
    one; without findings what a lone one would have to show. report: as `report` tells it.
    """

    bound: float
    threshold: float
    report: dict[str, Any]


def tonight(chances: Chances, max_fdr: float, together: Together) -> Tonight:
    """What every block's chances say together. max_fdr: what is a finding has at most this q-value."""
    is_found = np.nan_to_num(chances.q_values, nan=1.0) <= max_fdr
    found = together.joined(chances.p_values[is_found])
    rates = together.joined(chances.q_values[is_found])
    tried = together.count(int((~np.isnan(chances.p_values)).sum()))
    threshold = float(found.max()) if found.size else max_fdr / max(tried, 1)
    return Tonight(_bound(found, rates, max_fdr), threshold, report(chances, together))


def _bound(chances: Floats, rates: Floats, max_fdr: float) -> float:
    """The largest p-value that would have been a finding, from those that were and their q-values.

    The share of tests a finding takes is its q-value over its p-value.
    """
    largest = chances.max(initial=0.0)
    if not largest > 0.0:
        return max_fdr
    return float(max_fdr * largest / rates[chances == largest].min())


def p_values(found: Demand, level: Floats, log_likelihood_ratio: Floats, null: NullDistribution) -> Floats:
    """Chance of at least this log likelihood ratio of a store-SKU to which nothing happened; 1 at a ratio of 0.

    level: units a day before the episode. Starts and depths searched and the learning of the level are accounted for.
    """
    known_days = found.usable.sum(axis=1, dtype=np.int64)
    chances = null.chances(log_likelihood_ratio, level / found.unit, found.dispersion, known_days)
    # A likelihood ratio exceeds e^x with a chance of at most e^-x wherever one starts to look (Ville 1939): a table
    # for ideal counts must not promise more than that.
    return np.maximum(chances, np.exp(-np.maximum(log_likelihood_ratio, 0.0)))


def least_chances(found: Demand, null: NullDistribution, episode: EpisodeSettings) -> Floats:
    """The smallest p-value that each store-SKU could have had: that of the most telling shelf without any sale."""
    most = np.empty(found.level.size)
    weighing = weighing_of(episode, found.level_drift)
    levels = Levels(found.level / found.unit, found.learnt_units, found.dispersion)

    def look(block: slice) -> None:
        largest_log_likelihood_ratio(given(levels, block), weighing, episode.min_days, episode.max_days, most[block])

    rows.in_blocks(look, most.size)
    return p_values(found, found.level, most, null)


def q_values(chances: Floats, max_rate: float, together: Together, least: Floats | None = None) -> Floats:
    """Smallest false discovery rate at which each would be found in the whole chain (Benjamini and Hochberg 1995).

    Exact up to `max_rate`, and 1 above it: a p-value above a rate is never found at it, so that few have to be held
    against one another. least: the smallest p-value that each could have had. Counts are discrete: what could not be
    found at a threshold cannot be found falsely there and is not counted among the tests (Gilbert 2005). Without it,
    everything could.
    """
    low = np.flatnonzero(chances <= max_rate)
    every = together.joined(chances[low])
    ordered = together.once(lambda: np.sort(every))
    least = np.zeros(chances.size) if least is None else np.minimum(least, chances)
    tests = together.added(np.searchsorted(np.sort(least), ordered, side="right"))

    def rates() -> Floats:
        ratio = ordered * tests / np.arange(1, ordered.size + 1)
        return np.asarray(np.minimum.accumulate(ratio[::-1])[::-1])

    found = np.minimum(together.once(rates)[np.searchsorted(ordered, chances[low])], 1.0)
    q = np.ones(chances.size)
    q[low] = np.where(found <= max_rate, found, 1.0)
    return q


def report(chances: Chances, together: Together) -> dict[str, Any]:
    """The night's p-values for its report: a histogram, and whether chance explains those of no finding.

    Where nothing happened p-values are spread evenly, or lie to the right because counts are coarse; many more
    between 0.1 and 0.5 than chance leaves there tell that the expectation does not fit, and then no rate is claimed.
    """
    known = chances.p_values[~np.isnan(chances.p_values)]
    counts, edges = np.histogram(known, bins=BINS, range=(0.0, 1.0))
    in_body = np.count_nonzero((known > BODY[0]) & (known <= BODY[1]))
    *in_bins, in_body, tried = together.added(np.append(counts, [in_body, known.size])).tolist()
    body = in_body / max(tried, 1)
    return {
        "p_values": {"edges": [round(float(edge), 2) for edge in edges], "counts": in_bins},
        "share_in_body": round(body, 4),
        "is_null_plausible": body <= (BODY[1] - BODY[0]) * SLACK,
    }
