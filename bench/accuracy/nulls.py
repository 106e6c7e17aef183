"""Nights over chains in which nothing happened: what is found there is false, and p-values should be even.

P-values of counts cannot be even: a log likelihood ratio of 0 has p-value 1. Before they are tested, those of 0
are drawn from what the positive ones leave, as a randomised test does. That is done with the chances of the table.
Published p-values are also kept above Ville's bound: of them is asked only that they are not too small too often.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.accuracy import chains
from bench.accuracy.nights import alerts, days_of, imputed
from bench.accuracy.rivals import RULES
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.settings.shelf.classic import ClassicSettings
from engine.shelf import calibrated
from engine.shelf.method import method_of
from engine.shelf.panel import Panel

Floats = NDArray[np.float64]
DAYS = 90
RATES = (0.10, 0.01)
KS_5_PERCENT, KS_1_PERCENT = 1.358, 1.628
"""Kolmogorov's distance times the square root of the number of values exceeds these with that chance."""


def night(mix: str, store_skus: int, seed: int, *, with_rivals: bool = False) -> dict[str, Any]:
    """One night over one chain: findings at each rate, tests of the p-values, and false alerts of the rivals."""
    with TemporaryDirectory() as room:
        folder = chains.write(Path(room) / "chain", mix, store_skus, DAYS, seed)
        chain = imputed(folder, chains.LAST_DAY)
        ours = judged(chain, CalibratedSettings(), seed)
        figures = {"mix": mix, "seed": seed, "store_skus": chain.pairs.height, **ours}
        if with_rivals:
            false = {name: alerts(chain, rule, days_of(chain)).height for name, rule in RULES.items()}
            figures["rivals"] = {"classic": _classic(chain), **false}
        return figures


def _classic(chain: Panel) -> int:
    """Open cases of the classic profile."""
    method = method_of(ClassicSettings())
    runs, _ = method.detect(*method.expect(chain))
    return int((runs["last"] == chain.n_days - 1).sum())


def judged(chain: Panel, settings: CalibratedSettings, seed: int) -> dict[str, Any]:
    """Findings at each rate, and how even the p-values are."""
    null = calibrated.null_distribution(settings.demand, settings.episode)
    chain, found = calibrated.expect(chain, settings.demand, settings.episode, null)
    _, chances = calibrated.detect(chain, found, null, settings.demand, settings.episode)
    tried = ~np.isnan(chances.p_values)
    published, log_likelihood_ratio = chances.p_values[tried], chances.log_likelihood_ratio[tried]
    rate, spread = (found.level / found.unit)[tried], found.dispersion[tried]
    history = found.usable.sum(axis=1, dtype=np.int64)[tried]
    of_table = null.chances(log_likelihood_ratio, rate, spread, history)
    largest = null.chances(np.full(log_likelihood_ratio.size, 1e-12), rate, spread, history)
    even = randomised(of_table, largest, np.random.default_rng([seed, 1]))
    return {
        "findings": {f"{level:g}": int((chances.q_values[tried] <= level).sum()) for level in RATES},
        "smallest_p": float(published.min()),
        "table": evenness(even),
        "published": evenness(published),
    }


def randomised(p_values: Floats, largest: Floats, random: np.random.Generator) -> Floats:
    """P-values with those of the atom drawn evenly from it. largest: the p-value of the smallest ratio there is."""
    in_atom = (p_values >= largest) & ((p_values >= 1) | np.isclose(p_values, largest))
    drawn = largest + (1 - largest) * random.random(p_values.size)
    return np.where(in_atom, drawn, p_values)


def evenness(p_values: Floats) -> dict[str, float]:
    """Kolmogorov and Smirnov's distances from even p-values, times the root of their number.

    both: in either direction. too_small: only where there are more small p-values than there may be. below_*: share
    of the p-values not above it.
    """
    ordered, n = np.sort(p_values), p_values.size
    over = np.arange(1, n + 1) / n - ordered
    under = ordered - np.arange(n) / n
    return {
        "both": float(max(over.max(), under.max()) * np.sqrt(n)),
        "too_small": float(max(over.max(), 0.0) * np.sqrt(n)),
        **{f"below_{level:g}": float((ordered <= level).mean()) for level in (0.001, 0.01, 0.1, 0.5)},
    }


def summary(nights: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All nights together: with any finding false the whole night is, so the rate is the share of such nights."""
    return {
        "nights": len(nights),
        "store_skus": sum(one["store_skus"] for one in nights),
        "rate": {
            f"{level:g}": float(np.mean([one["findings"][f"{level:g}"] > 0 for one in nights])) for level in RATES
        },
        "findings": {f"{level:g}": sum(one["findings"][f"{level:g}"] for one in nights) for level in RATES},
        **{
            kind: {
                "even": float(np.mean([one[kind]["both"] <= KS_1_PERCENT for one in nights])),
                "not_too_small": float(np.mean([one[kind]["too_small"] <= KS_1_PERCENT for one in nights])),
                **{
                    name: float(np.mean([one[kind][name] for one in nights]))
                    for name in ("below_0.001", "below_0.01", "below_0.1", "below_0.5")
                },
            }
            for kind in ("table", "published")
        },
    }
