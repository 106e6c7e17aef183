"""Detect, calibrated: episodes that chance does not explain (specification, section 9).

In: `Panel` with `expected`, `Demand`. Out: one row per case: pair, first, last (days of the panel),
log_likelihood_ratio, p_value and q_value (null for episodes that are over).
"""

import numpy as np
import polars as pl

from engine.arrays import Floats, Integers
from engine.kernels import rows
from engine.kernels.compiling import given
from engine.kernels.likelihood_ratio import past_log_likelihood_ratio
from engine.kernels.records import FoundSpans, Spans
from engine.kernels.runs import stretches
from engine.settings.shelf.calibrated import DemandSettings, EpisodeSettings
from engine.shelf.calibrated.chance import Chances, least_chances, p_values, q_values
from engine.shelf.calibrated.dark import Dark, darkest, mark
from engine.shelf.calibrated.expect import Demand, open_episodes
from engine.shelf.calibrated.neighbours import neighbour_weights
from engine.shelf.calibrated.null import NullDistribution, weighing_of
from engine.shelf.panel import Panel


def detect(
    panel: Panel,
    found: Demand,
    null: NullDistribution,
    demand: DemandSettings,
    episode: EpisodeSettings,
    ended_on: Integers | None = None,
) -> tuple[pl.DataFrame, Chances]:
    """Open episodes up to the false discovery rate of the settings, and past ones of a large log likelihood ratio.

    ended_on: day from which a pair is not judged any more, (pairs,), n_days where it is to the end.
    """
    ended = np.full(panel.pairs.height, panel.n_days) if ended_on is None else ended_on
    log_likelihood_ratio, first = open_episodes(panel, found, demand, episode)
    tried = np.flatnonzero(panel.judged & (found.learnt_units > 0) & (ended == panel.n_days))
    chances = Chances(*(np.full(log_likelihood_ratio.size, np.nan) for _ in range(3)))
    chances.log_likelihood_ratio[tried] = log_likelihood_ratio[tried]
    chances.p_values[tried] = p_values(found, found.level, log_likelihood_ratio, null)[tried]
    weight = neighbour_weights(panel, chances.p_values[tried], tried, episode)
    least = least_chances(found, null, episode)[tried]
    weighed = chances.p_values[tried] / weight
    chances.q_values[tried] = q_values(weighed, episode.max_fdr, panel.together, least / weight)
    is_open = np.nan_to_num(chances.q_values, nan=1.0) <= episode.max_fdr
    pair = np.flatnonzero(is_open)
    opened = pl.DataFrame(
        {
            "pair": pair,
            "first": first[pair],
            "last": np.full(pair.size, panel.n_days - 1),
            "log_likelihood_ratio": log_likelihood_ratio[pair],
            "p_value": chances.p_values[pair],
            "q_value": chances.q_values[pair],
        }
    )
    past = _past(panel, found, demand, episode, np.where(is_open, first, ended))
    return pl.concat([opened, past], how="diagonal").sort("pair", "first"), chances


def _past(
    panel: Panel, found: Demand, demand: DemandSettings, settings: EpisodeSettings, end: Integers
) -> pl.DataFrame:
    """Stretches that were over before each pair's `end` and that chance does not explain, in both depths.

    A stretch begins on any of a pair's days, and a likelihood ratio exceeds e^x with a chance of at most e^-x from
    each of them (Ville 1939). The rate of false findings is held over the pairs, as that of the open episodes.
    """
    sales = found.sales(panel)
    days = found.usable.sum(axis=1, dtype=np.int64)
    # Below this a chance is 1 and no bound is reached.
    least = np.minimum(np.log(np.maximum(2.0 * days, 1.0)), settings.closed_log_likelihood_ratio)
    least = np.where(panel.judged, least, np.inf)
    peaks, deep_peaks = (darkest(sales, depth, least) for depth in (demand.dark_depth, demand.fallen_depth))
    best = np.maximum(peaks, deep_peaks)
    bounds = np.where(panel.judged, _bound(panel, best, days, settings), np.inf)
    dark = mark(sales, demand.dark_depth, peaks, bounds, panel.memory)
    dark = dark.and_also(mark(sales, demand.fallen_depth, deep_peaks, bounds, panel.memory))
    columns = _stretches(dark, end, settings.closed_days)
    against_before = _against_before(panel, found, demand, settings, *columns)
    kept = np.flatnonzero(against_before >= settings.before_log_likelihood_ratio)
    pair, first, last = (column[kept] for column in columns)
    return pl.DataFrame({"pair": pair, "first": first, "last": last, "log_likelihood_ratio": best[pair]})


def _bound(panel: Panel, best: Floats, days: Integers, settings: EpisodeSettings) -> float:
    """Log likelihood ratio from which a past stretch is no chance; infinite where none is.

    best: of each pair's stretches, (pairs,). days: on which one may begin, (pairs,).
    """
    tried, together = np.flatnonzero(panel.judged), panel.together
    chances = np.minimum(2.0 * days[tried] * np.exp(-best[tried]), 1.0)
    is_found = q_values(chances, settings.max_fdr, together) <= settings.max_fdr
    smallest = -together.largest(-float(best[tried][is_found].min(initial=np.inf)))
    return max(smallest, settings.closed_log_likelihood_ratio)


def _stretches(dark: Dark, end: Integers, min_days: int) -> list[Integers]:
    """Pair, first and last day of every dark stretch of at least so many days before each pair's `end`."""
    none = np.empty(0, np.int64)
    blocks: dict[int, list[Integers]] = {}

    def look(block: slice) -> None:
        of = (dark.days[block], end[dark.pairs[block]], min_days)
        count = stretches(*of, FoundSpans(none, none, none))
        some = FoundSpans(*(np.empty(count, np.int64) for _ in range(3)))
        stretches(*of, some)
        blocks[block.start] = [dark.pairs[some.rows + block.start], some.firsts, some.lasts]

    rows.in_blocks(look, dark.pairs.size)
    found = [blocks[start] for start in sorted(blocks)]
    return [np.concatenate([none, *(part[place] for part in found)]) for place in range(3)]


def _against_before(
    panel: Panel,
    found: Demand,
    demand: DemandSettings,
    settings: EpisodeSettings,
    pair: Integers,
    first: Integers,
    last: Integers,
) -> Floats:
    """Log likelihood ratios of stretches against the days before: a rise since then makes no earlier day a fall."""
    log_likelihood_ratio = np.empty(pair.size)

    sales = found.sales(panel)
    how = (demand.before_decay_factor, demand.left_out_variance, weighing_of(settings, found.level_drift))

    def weigh(block: slice) -> None:
        stretches_of = given(Spans(pair, first, last), block)
        past_log_likelihood_ratio(sales, *how, stretches_of, log_likelihood_ratio[block])

    rows.in_blocks(weigh, pair.size)
    return log_likelihood_ratio
