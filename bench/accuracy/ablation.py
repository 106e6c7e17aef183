"""What each part of the calibrated profile is worth: the same nights without it.

A part is switched off by a setting wherever one can: a factor whose prior outweighs all sales stays at 1. The search
correction and the dispersion have no such setting; they are taken out of the night's own functions here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.backtest.replay import Night
from engine.blocks.together import ALONE
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import calibrated
from engine.shelf.calibrated.chance import q_values
from engine.shelf.calibrated.null import NullDistribution
from engine.shelf.panel import Panel
from engine.vocabulary import shelf as v

Floats = NDArray[np.float64]
ALL = 1e12
"""Prior sales that no chain has."""
EVERYTHING = 1 - 1e-9
"""A rate of false findings at which every episode is one."""


class BoundAlone(NullDistribution):
    """A table that knows nothing: p-values are Ville's bound."""

    def chances(self, log_likelihood_ratio: Floats, *_: Any) -> Floats:
        """Nothing is too unlikely."""
        return np.zeros(log_likelihood_ratio.size)


@dataclass(frozen=True)
class Variant:
    """The profile without a part. demand, episode, events: settings that switch it off. null: what becomes of the
    table. dispersion: what becomes of each pair's dispersion. table_alone: leave out Ville's bound.
    """

    what: str
    demand: dict[str, Any] | None = None
    episode: dict[str, Any] | None = None
    events: dict[str, Any] | None = None
    null: Callable[[NullDistribution], NullDistribution] = lambda table: table
    dispersion: Callable[[Floats], Floats] = lambda some: some
    table_alone: bool = False

    @property
    def settings(self) -> CalibratedSettings:
        """The settings of the night."""
        defaults = CalibratedSettings()
        parts = {"demand": self.demand, "episode": self.episode, "events": self.events}
        return defaults.model_copy(
            update={name: getattr(defaults, name).model_copy(update=part or {}) for name, part in parts.items()}
        )


WHOLE = "the whole profile"
VARIANTS = (
    Variant(WHOLE),
    Variant("weekday", {"weekday_prior_units": ALL}),
    Variant("offer (price and promotion)", {"offer_prior_units": ALL}),
    Variant("store-day", {"store_prior_units": ALL}),
    Variant("SKU-day", {"sku_prior_units": ALL}),
    Variant("dark days left out of learning", {"dark_false_share": 1e-9}),
    Variant("lasting level (shrinkage of the recent one)", {"level_prior_units": 0.0}),
    Variant("forgetting (a level of late)", {"day_decay_factor": 0.99}),
    Variant("the level of the days before (open episodes left out of learning)", {"open_log_likelihood_ratio": ALL}),
    Variant("lasting falls to a part left out of learning", {"fallen_log_likelihood_ratio": ALL}),
    Variant("doubt about a level whose days were left out", {"left_out_variance": 0.0}),
    Variant("returns from a rise excluded", events={"rise_log_likelihood_ratio": ALL}),
    Variant("drift (levels that hold)", {"level_drift": 0.0, "drift_ratio": 0.0, "usual_drift": 0.0}),
    Variant("neighbours (every store for itself)", episode={"neighbour_cap": 1.0}),
    Variant("dispersion by category and band (one for the chain)", {"dispersion_prior_share": 1e9}),
    Variant("dispersion (counts are Poisson)", dispersion=np.zeros_like),
    Variant("search correction by table (Ville's bound alone)", null=lambda t: BoundAlone(t.open, t.dark)),
    Variant("Ville's bound (the table alone)", table_alone=True),
)


def night(variant: Variant, chain: Panel) -> Night:
    """The alerts of a variant over a imputed panel."""
    runs = cases(variant, chain)
    opened = runs.filter(pl.col("last") == chain.n_days - 1, pl.col("q_value").is_not_null())
    alerts = opened.select(*v.PAIR, detection_date=_date(chain, "first"))
    share = max(alerts.height, 1) / max(int(chain.judged.sum()), 1)
    return Night(chain.as_of, alerts, variant.settings.episode.max_fdr * share)


def planted(variant: Variant, chain: Panel, truth: pl.DataFrame) -> dict[str, int]:
    """Cases of a variant and those that touch a planted episode; planted episodes and those that a case touches."""
    found = cases(variant, chain).select(
        *v.PAIR, first=_date(chain, "first"), last=_date(chain, "last"), case=pl.int_range(pl.len())
    )
    touching = found.join(truth.with_row_index("episode"), on=v.PAIR).filter(
        pl.col("first") <= pl.col("last_date"), pl.col("last") >= pl.col("first_date")
    )
    return {
        "cases": found.height,
        "right": touching["case"].n_unique(),
        "episodes": truth.height,
        "found": touching["episode"].n_unique(),
    }


def cases(variant: Variant, chain: Panel) -> pl.DataFrame:
    """The episodes that a variant keeps, open and over: store, SKU, first, last, q_value."""
    settings = variant.settings
    null = calibrated.null_distribution(settings.demand, settings.episode)
    chain, found = calibrated.expect(chain, settings.demand, settings.episode, null)
    found = replace(found, dispersion=variant.dispersion(found.dispersion))
    rate = settings.episode.max_fdr
    episode = settings.episode.model_copy(update={"max_fdr": EVERYTHING}) if variant.table_alone else settings.episode
    runs, chances = calibrated.detect(chain, found, variant.null(null), settings.demand, episode)
    course = calibrated.course(chain, found, settings.pattern)
    happened = (settings.events, settings.pattern, settings.episode.max_ratio)
    runs, _ = calibrated.exclude(chain, found, course, runs, *happened)
    if variant.table_alone:
        tried = np.flatnonzero(~np.isnan(chances.p_values))
        history = found.usable.sum(axis=1, dtype=np.int64)
        by_table = null.chances(
            chances.log_likelihood_ratio[tried],
            (found.level / found.unit)[tried],
            found.dispersion[tried],
            history[tried],
        )
        kept = pl.Series(tried[q_values(by_table, rate, ALONE) <= rate])
        runs = runs.filter(pl.col("q_value").is_null() | pl.col("pair").is_in(kept.implode()))
    pairs = chain.pairs.select(v.PAIR)[runs["pair"].to_numpy()]
    return pairs.hstack(runs.select("first", "last", "q_value"))


def _date(chain: Panel, day: str) -> pl.Expr:
    return pl.lit(chain.first_day) + pl.duration(days=pl.col(day))
