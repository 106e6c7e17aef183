"""Nights of every contender over one folder: our two profiles through the desk, the rivals on the imputed panel."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from bench.accuracy.rivals import RULES, Days, Rule
from engine.backtest.replay import Night, by_desk, replay
from engine.memory import Memory
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.settings.shelf.classic import ClassicSettings
from engine.settings.shelf.night import Settings
from engine.shelf.check import check
from engine.shelf.desk import panel_plan
from engine.shelf.panel import Panel, panel
from engine.vocabulary import shelf as v

OURS: dict[str, Settings] = {"calibrated": CalibratedSettings(), "classic": ClassicSettings()}


def contenders(folder: Path, days: Sequence[dt.date], runs: Path) -> dict[str, list[Night]]:
    """Everybody's nights, by name; runs: where the desk may publish."""
    found = {name: replay(folder, days, by_desk(settings, runs)) for name, settings in OURS.items()}
    found |= {name: [] for name in RULES}
    for day in days:
        chain = imputed(folder, day)
        seen = days_of(chain)
        for name, rule in RULES.items():
            found[name].append(Night(day, alerts(chain, rule, seen)))
    return found


def imputed(folder: Path, as_of: dt.date) -> Panel:
    """The panel of a night, as the desk makes it."""
    settings = CalibratedSettings()
    return panel(check(folder, as_of), panel_plan(settings), Memory())


def days_of(chain: Panel) -> Days:
    """What the rivals see of a panel."""
    units = chain.array("units")
    known = ~np.isnan(units) & (chain.array("in_stock") == 1)
    return Days(units, known, unit_of_sale(units, known))


def unit_of_sale(units: np.ndarray, known: np.ndarray) -> float:
    """1 where sales are whole numbers, else the middle of variance over mean of the store-SKUs."""
    sold = np.where(known, units, np.nan)
    if not np.fmod(np.nan_to_num(sold), 1.0).any():
        return 1.0
    some = sold[known.sum(axis=1) > 1]
    mean = np.nanmean(some, axis=1)
    return float(np.median(np.nanvar(some[mean > 0], axis=1) / mean[mean > 0]))


def alerts(chain: Panel, rule: Rule, seen: Days) -> pl.DataFrame:
    """A rule's alerts among the judged store-SKUs: store, SKU, detection_date."""
    first = rule(seen)
    pair = np.flatnonzero((first < seen.n_days) & chain.judged)
    day = np.datetime64(chain.first_day) + first[pair]
    return chain.pairs.select(v.PAIR)[pair].with_columns(detection_date=pl.Series(day.astype("datetime64[D]")))
