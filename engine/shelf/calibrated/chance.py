"""Chance: how likely evidence as strong as this is where nothing happened (specification, section 9).

In: the evidence of every store-SKU. Out: p-values that account for the search over starts and depths and for the level
having been learnt, and q-values across the night.
"""

import hashlib
import os
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.config import DemandSettings, EpisodeSettings
from engine.kernels import demand as demand_kernel
from engine.kernels import evidence as evidence_kernel
from engine.kernels import rows
from engine.shelf.calibrated.expect import Demand

Floats = NDArray[np.float64]

LEVELS = np.geomspace(0.02, 200.0, 25)
"""Bounds of the bands of level, units of sale a day."""
DISPERSIONS = (0.0, 0.03, 0.1, 0.3, 1.0)
HISTORIES = (28, 90)
"""Days known, short and long."""
TAILS = np.geomspace(0.5, 2e-4, 28)
"""Chances whose evidence is tabulated; beyond the last, every further unit of evidence divides the chance by e."""
SERIES = 240_000
"""Simulated store-SKUs of each dispersion and history, over all levels."""
SHIPPED = Path(__file__).with_name("null_evidence.parquet")


def p_values(found: Demand, history_days: NDArray[np.int64], evidence: Floats, table: pl.DataFrame) -> Floats:
    """Chance of at least this evidence from a store-SKU to which nothing happened; 1 without evidence.

    history_days: known days of each pair. table: as `null_table` gives it.
    """
    level = np.clip(np.digitize(np.nan_to_num(found.level) / found.unit, LEVELS) - 1, 0, LEVELS.size - 2)
    dispersion = np.minimum(np.searchsorted(DISPERSIONS, found.dispersion - TOLERANCE), len(DISPERSIONS) - 1)
    history = np.where(history_days < sum(HISTORIES) / 2, 0, 1)
    cell = (dispersion * len(HISTORIES) + history) * (LEVELS.size - 1) + level
    bounds = np.stack(table["evidence"].to_list())
    chances = np.ones(evidence.size)
    log_tails = np.log(TAILS)
    for number in np.unique(cell):
        members = np.flatnonzero((cell == number) & (evidence > 0))
        curve = np.maximum.accumulate(bounds[number])
        beyond = np.maximum(evidence[members] - curve[-1], 0.0)
        chances[members] = np.exp(np.interp(evidence[members], curve, log_tails) - beyond)
    # A likelihood ratio exceeds e^x with a chance of at most e^-x wherever one starts to look (Ville 1939): a table for
    # ideal counts must not promise more than that.
    return np.maximum(chances, np.exp(-np.maximum(evidence, 0.0)))


def q_values(chances: Floats) -> Floats:
    """Smallest false discovery rate at which each would be found (Benjamini and Hochberg 1995)."""
    order = np.argsort(chances, kind="stable")
    ratio = chances[order] * chances.size / np.arange(1, chances.size + 1)
    q = np.empty(chances.size)
    q[order] = np.minimum(np.minimum.accumulate(ratio[::-1])[::-1], 1.0)
    return q


def null_table(demand: DemandSettings, episode: EpisodeSettings) -> pl.DataFrame:
    """Evidence by chance where nothing happened: dispersion, history, level, evidence (a list along `TAILS`).

    Simulated once for given settings: shipped for the defaults, else kept in the user's cache folder.
    """
    return _table(_fingerprint(demand, episode), demand, episode)


@lru_cache(maxsize=4)
def _table(fingerprint: str, demand: DemandSettings, episode: EpisodeSettings) -> pl.DataFrame:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "darkshelf"
    for file in (SHIPPED, kept := cache / f"null-evidence-{fingerprint}.parquet"):
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
    of_episode = episode.model_dump(include={"depths", "depth_weights", "max_ratio", "min_days", "max_days"})
    of_demand = demand.model_dump(include={"rounds", "day_memory", "long_day_memory", "level_prior_units", "dark_depth", "dark_evidence", "new_normal_days"})
    return hashlib.blake2b(repr((of_episode, of_demand, SERIES, TAILS.tolist())).encode(), digest_size=8).hexdigest()


def simulate(demand: DemandSettings, episode: EpisodeSettings) -> pl.DataFrame:
    """The table of `null_table`, from negative binomial store-SKUs of constant level, learnt and judged as real ones."""
    cells = []
    for number, dispersion in enumerate(DISPERSIONS):
        for history in HISTORIES:
            random = np.random.default_rng([number, history])
            level = np.exp(random.uniform(np.log(LEVELS[0]), np.log(LEVELS[-1]), SERIES))
            units = _draw(random, level, dispersion, history)
            learnt, evidence = _judge(units, dispersion, demand, episode)
            band = np.clip(np.digitize(learnt, LEVELS) - 1, 0, LEVELS.size - 2)
            for place in range(LEVELS.size - 1):
                of_band = evidence[band == place]
                bounds = np.quantile(of_band, 1 - TAILS, method="higher") if of_band.size else np.zeros(TAILS.size)
                cells.append({"dispersion": dispersion, "history": history, "level": place, "evidence": bounds})
    return pl.DataFrame(cells, schema_overrides={"evidence": pl.List(pl.Float64)})


def _draw(random: np.random.Generator, level: Floats, dispersion: float, n_days: int) -> Floats:
    mean = np.repeat(level[:, None], n_days, axis=1)
    if dispersion == 0:
        return random.poisson(mean).astype(np.float64)
    return random.negative_binomial(1 / dispersion, 1 / (1 + dispersion * mean)).astype(np.float64)


def _judge(
    units: Floats, dispersion: float, demand: DemandSettings, episode: EpisodeSettings
) -> tuple[Floats, Floats]:
    """Level and evidence of series without any factor."""
    level, evidence = np.empty(len(units)), np.empty(len(units))

    def judge_block(block: slice) -> None:
        some = np.ascontiguousarray(units[block])
        n, n_days = some.shape
        none, ones = np.zeros(n, np.int64), (np.ones((1, n_days)), np.ones((1, 1)), *[np.ones((1, n_days))] * 2)
        offers, usable, dark = (np.full(some.shape, value, np.uint8) for value in (0, 1, 0))
        factor, expected, spread = np.empty(some.shape), np.empty(some.shape), np.full(n, dispersion)
        memory = (demand.day_memory, demand.long_day_memory, demand.level_prior_units)
        for _ in range(demand.rounds):
            clean = _clean(dark, demand)
            demand_kernel.levels(
                some, clean, offers, none, none, none, *ones, *memory, level[block], factor, expected
            )
            rule = (demand.dark_depth, demand.dark_evidence)
            evidence_kernel.mark_dark(some, expected, usable, spread, 1.0, *rule, dark)
        weigh = (np.array(episode.depths), np.array(episode.depth_weights), episode.max_ratio)
        days = (episode.min_days, episode.max_days)
        learnt, first = np.empty(n), np.empty(n, np.int64)
        history = (some, factor, usable, _clean(dark, demand), spread, 1.0, *memory)
        evidence_kernel.open_evidence(*history, *weigh, *days, evidence[block], learnt, first, expected)
        last = np.minimum(first, n_days - 1)
        level[block] = expected[np.arange(n), last]

    rows.in_blocks(judge_block, len(units))
    return level, evidence


def _clean(dark: NDArray[np.uint8], demand: DemandSettings) -> NDArray[np.uint8]:
    is_new_normal = dark.sum(axis=1) > demand.new_normal_days
    return ((dark == 0) | is_new_normal[:, None]).astype(np.uint8)


TOLERANCE = 1e-9
"""A dispersion that is one of the table's own counts as that one."""


if __name__ == "__main__":
    defaults = DemandSettings(), EpisodeSettings()
    simulate(*defaults).with_columns(fingerprint=pl.lit(_fingerprint(*defaults))).write_parquet(SHIPPED)
