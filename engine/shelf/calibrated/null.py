"""Null: how large log likelihood ratios get where nothing happened, by simulation.

Simulated once for given settings, by dispersion, length of history and level: shipped for the defaults, else kept in
the user's cache folder. Both searches are answered: over the starts and depths of an open episode, and over the
stretches of a panel that are left out of learning.
"""

import hashlib
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from engine.arrays import Floats, Integers
from engine.blocks.together import Together
from engine.kernels import rows
from engine.kernels.compiling import given
from engine.kernels.demand import levels
from engine.kernels.likelihood_ratio import EpisodeRule, darkest_stretch, open_log_likelihood_ratio
from engine.kernels.records import Borrowed, Factors, Weighing
from engine.kernels.sales import Cells, Sales
from engine.settings.shelf.calibrated import DemandSettings, EpisodeSettings
from engine.shelf.measures import Whole, packed

LEVELS = np.geomspace(0.02, 200.0, 25)
"""Bounds of the bands of level, units of sale a day."""
DISPERSIONS = np.array([0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0])
HISTORIES = (28, 90)
"""Days known, short and long."""
TAILS = np.geomspace(0.5, 2e-4, 28)
"""Chances whose log likelihood ratio is tabulated; beyond the last, each further unit divides the chance by e."""
DARK_TAILS = np.geomspace(0.9, 1e-3, 24)
"""The same of the darkest stretch of a panel."""
SERIES = 240_000
"""Simulated store-SKUs of each dispersion and history, over all levels."""
SHIPPED = Path(__file__).with_name("null_distribution.parquet")
TOLERANCE = 1e-9
"""A dispersion that is one of the table's own counts as that one."""


@dataclass(frozen=True)
class NullDistribution:
    """Log likelihood ratios where nothing happened.

    open: of an open episode, exceeded with each chance of `TAILS`, (dispersions, histories, bands, tails).
    dark: the same of the darkest stretch of a panel and `DARK_TAILS`, (dispersions, bands, tails).
    """

    open: Floats
    dark: Floats

    def chances(
        self, log_likelihood_ratio: Floats, units_a_day: Floats, dispersion: Floats, history_days: Integers
    ) -> Floats:
        """Chance of at least this log likelihood ratio of an open episode; 1 at 0."""
        spread, band = _cell(units_a_day, dispersion)
        history = np.where(history_days < sum(HISTORIES) / 2, 0, 1)
        cell = np.ravel_multi_index((spread, history, band), self.open.shape[:3])
        curves = self.open.reshape(-1, TAILS.size)
        found = np.ones(log_likelihood_ratio.size)
        for number, members in _by_cell(cell):
            members = members[log_likelihood_ratio[members] > 0]
            beyond = np.maximum(log_likelihood_ratio[members] - curves[number, -1], 0.0)
            found[members] = np.exp(np.interp(log_likelihood_ratio[members], curves[number], np.log(TAILS)) - beyond)
        return found

    def needed(self, chance: float, units_a_day: Floats, dispersion: Floats, history_days: Integers) -> Floats:
        """Log likelihood ratio of an open episode that has this chance: what `chances` gives, the other way round."""
        spread, band = _cell(units_a_day, dispersion)
        history = np.where(history_days < sum(HISTORIES) / 2, 0, 1)
        tails = -np.log(TAILS)
        beyond = max(-math.log(chance) - float(tails[-1]), 0.0)
        at_chance = np.apply_along_axis(
            lambda curve: np.interp(-math.log(chance), tails, curve) + beyond, -1, self.open
        )
        return np.asarray(at_chance[spread, history, band])

    def dark_bounds(
        self, peaks: Floats, units_a_day: Floats, dispersion: Floats, false_share: float, together: Together
    ) -> Floats:
        """Log likelihood ratio from which at most a share of the darkest stretches is what chance alone would show.

        Infinite where there is none.

        peaks: that of each pair's darkest stretch. Pairs of one dispersion and level are compared with the table,
        those of the whole chain together.
        """
        cell = np.ravel_multi_index(_cell(units_a_day, dispersion), self.dark.shape[:2])
        curves = self.dark.reshape(-1, DARK_TAILS.size)
        below, members = np.zeros(curves.shape, np.int64), np.bincount(cell, minlength=len(curves))
        for number, those in _by_cell(cell):
            below[number] = np.searchsorted(np.sort(peaks[those]), curves[number])
        below, members = together.added(below), together.added(members)
        seen = 1.0 - below / np.maximum(members, 1)[:, None]
        is_enough = (false_share * seen >= DARK_TAILS) & (seen > 0)
        first = np.argmax(is_enough, axis=1)
        bounds = np.where(is_enough.any(axis=1), curves[np.arange(len(curves)), first], np.inf)
        return np.asarray(bounds[cell])


def _by_cell(cell: Integers) -> Iterator[tuple[int, Integers]]:
    """The cells of the table that anybody is in, ascending, and who is in each. cell: of everybody."""
    # Numbers of two bytes are sorted by their digits, in the time of a few looks at all.
    order = np.argsort(cell.astype(np.int16), kind="stable")
    numbers, first = np.unique(cell[order], return_index=True)
    return zip(numbers.tolist(), np.split(order, first)[1:], strict=True)


def null_distribution(demand: DemandSettings, episode: EpisodeSettings) -> NullDistribution:
    """The table for these settings, simulated when nobody has done so yet."""
    table = _table(_fingerprint(demand, episode), demand, episode)
    shape = (DISPERSIONS.size, len(HISTORIES), LEVELS.size - 1)
    curves = table["open"].explode().to_numpy().reshape(*shape, TAILS.size)
    dark = table["dark"].explode().to_numpy().reshape(*shape, DARK_TAILS.size)
    return NullDistribution(curves, dark[:, -1])


def simulate(demand: DemandSettings, episode: EpisodeSettings) -> pl.DataFrame:
    """Log likelihood ratios of negative binomial store-SKUs of constant level, learnt and judged as real ones.

    One row per dispersion, history and band of level, in this order: open (a list along `TAILS`), dark
    (`DARK_TAILS`).
    """
    cells = []
    for number, dispersion in enumerate(DISPERSIONS):
        for history in HISTORIES:
            units = _draw(np.random.default_rng([number, history]), float(dispersion), history)
            level, log_likelihood_ratio, peaks = _judge(units, float(dispersion), demand, episode)
            curves = [_quantiles(some, TAILS) for some in _by_band(level, log_likelihood_ratio)]
            darks = [_quantiles(some, DARK_TAILS) for some in _by_band(level, peaks)]
            cells += [{"open": curve, "dark": dark} for curve, dark in zip(curves, darks, strict=True)]
    return pl.DataFrame(cells, schema_overrides={name: pl.List(pl.Float64) for name in ("open", "dark")})


def weighing_of(episode: EpisodeSettings, level_drift: float) -> Weighing:
    """How a log likelihood ratio is weighed, as kernels take it. level_drift: relative variance gained a day."""
    log_depths = np.array([math.log(depth) for depth in episode.depths])
    return given(Weighing(level_drift, np.array(episode.depths), log_depths, np.array(episode.depth_weights)))


def rule_of(episode: EpisodeSettings) -> EpisodeRule:
    """What counts as an open episode, as kernels take it."""
    shortest_and_longest = (episode.min_days, episode.max_days)
    return EpisodeRule(
        episode.max_ratio, episode.closing_log_likelihood_ratio, episode.start_slack, *shortest_and_longest
    )


@lru_cache(maxsize=4)
def _table(fingerprint: str, demand: DemandSettings, episode: EpisodeSettings) -> pl.DataFrame:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "darkshelf"
    for file in (SHIPPED, kept := cache / f"null-distribution-{fingerprint}.parquet"):
        if file.exists():
            table = pl.read_parquet(file)
            if table["fingerprint"][0] == fingerprint:
                return table
    table = simulate(demand, episode).with_columns(fingerprint=pl.lit(fingerprint))
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        table.write_parquet(partial := kept.with_suffix(f".{os.getpid()}"))
        partial.rename(kept)
    except OSError:
        return table  # A folder that cannot be written costs the next night the same simulation, nothing else.
    return table


def _fingerprint(demand: DemandSettings, episode: EpisodeSettings) -> str:
    of_episode = episode.model_dump(
        include={"depths", "depth_weights", "max_ratio", "closing_log_likelihood_ratio", "min_days", "max_days"}
    )
    of_demand = demand.model_dump(
        include={
            "day_decay_factor",
            "long_day_decay_factor",
            "level_prior_units",
            "dark_depth",
            "before_decay_factor",
        }
    )
    return hashlib.blake2b(
        repr((of_episode, of_demand, SERIES, TAILS.tolist(), DISPERSIONS.tolist())).encode(), digest_size=8
    ).hexdigest()


def _cell(units_a_day: Floats, dispersion: Floats) -> tuple[Integers, Integers]:
    """Row and column of the table: dispersion rounded up, band of the level."""
    spread = np.minimum(np.searchsorted(DISPERSIONS, dispersion - TOLERANCE), DISPERSIONS.size - 1)
    return spread, np.clip(np.digitize(np.nan_to_num(units_a_day), LEVELS) - 1, 0, LEVELS.size - 2)


def _draw(random: np.random.Generator, dispersion: float, n_days: int) -> Floats:
    level = np.exp(random.uniform(np.log(LEVELS[0]), np.log(LEVELS[-1]), SERIES))
    mean = np.repeat(level[:, None], n_days, axis=1)
    if dispersion == 0:
        return random.poisson(mean).astype(np.float64)
    return random.negative_binomial(1 / dispersion, 1 / (1 + dispersion * mean)).astype(np.float64)


def _by_band(level: Floats, values: Floats) -> list[Floats]:
    band = np.clip(np.digitize(np.nan_to_num(level), LEVELS) - 1, 0, LEVELS.size - 2)
    return [values[band == place] for place in range(LEVELS.size - 1)]


def _quantiles(values: Floats, tails: Floats | list[float]) -> Floats:
    if not values.size:
        return np.zeros(len(tails))
    return np.asarray(np.quantile(values, 1 - np.asarray(tails), method="higher"))


def _judge(
    units: Floats, dispersion: float, demand: DemandSettings, episode: EpisodeSettings
) -> tuple[Floats, Floats, Floats]:
    """Level of each series, log likelihood ratio of an open episode, and of its darkest stretch.

    Every day is learnt from: stretches as dark as chance makes them are what a night over such a chain leaves in,
    too.
    """
    level, log_likelihood_ratio, peaks = (np.empty(len(units)) for _ in range(3))

    def judge(block: slice) -> None:
        series = _Series(units[block], dispersion, demand)
        series.learn(level[block])
        series.mark(level[block], peaks[block])
        series.weigh(episode, level[block], log_likelihood_ratio[block])

    rows.in_blocks(judge, len(units))
    return level, log_likelihood_ratio, peaks


class _Series:
    """Simulated store-SKUs without any factor, in the words of the kernels."""

    def __init__(self, units: Floats, dispersion: float, demand: DemandSettings) -> None:
        n, n_days = units.shape
        self._demand, self._every = demand, np.arange(n)
        self._usable, no_offer = np.ones(units.shape, np.uint8), np.zeros(units.shape, np.uint8)
        one_group, no_factor = np.zeros(n, np.int64), np.ones((1, n_days))
        sold = packed(Whole(np.ascontiguousarray(units)))
        self._cells = given(Cells(sold, self._usable, no_offer, one_group, one_group, one_group, np.ones(n)))
        self._factors = given(Factors(no_factor, no_factor, no_factor, no_factor))
        self._spread, self._nothing = np.full(n, dispersion), np.zeros(n)

    def learn(self, level: Floats) -> None:
        """Fill in the level."""
        demand, alone = self._demand, given(Borrowed(self._nothing, self._nothing, self._nothing))
        how = (demand.day_decay_factor, demand.long_day_decay_factor, demand.level_prior_units)
        levels(self._cells, self._every, self._factors, *how, alone, level, np.empty(level.size))

    def mark(self, level: Floats, peaks: Floats) -> None:
        """Fill in the log likelihood ratio of the darkest stretch."""
        least = np.zeros(peaks.size)
        darkest_stretch(self._sales(level), self._every, self._demand.dark_depth, least, peaks)

    def weigh(self, episode: EpisodeSettings, level: Floats, log_likelihood_ratio: Floats) -> None:
        """Fill in the log likelihood ratio of an open episode."""
        first = np.empty(len(level), np.int64)
        how = (
            self._demand.before_decay_factor,
            self._demand.left_out_variance,
            weighing_of(episode, 0.0),
            rule_of(episode),
        )
        open_log_likelihood_ratio(self._sales(level), self._every, *how, log_likelihood_ratio, first)

    def _sales(self, level: Floats) -> Sales:
        scatter = (self._spread, self._nothing, self._nothing)
        return given(Sales(self._cells, self._factors, level, self._usable, *scatter))


if __name__ == "__main__":
    defaults = DemandSettings(), EpisodeSettings()
    simulate(*defaults).with_columns(fingerprint=pl.lit(_fingerprint(*defaults))).write_parquet(SHIPPED)
