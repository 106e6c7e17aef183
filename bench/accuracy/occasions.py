"""What a calendar and the weather are worth: the same nights with the table and without it.

Chains of open episodes in which fairs or the weather move what categories sell, or in which they move nothing and the
table says so all the same; and the recorded stock-outs around the holidays of their country.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from bench.accuracy import open_chains, recorded
from bench.accuracy.ablation import Variant, night
from bench.accuracy.chains import LAST_DAY
from bench.accuracy.nights import imputed
from engine.arrays import Floats
from engine.settings.shelf.calibrated import CalibratedSettings, OccasionSettings
from engine.shelf.holidays import holiday_place, write_holidays
from engine.vocabulary import shelf as v

STORES, SEEDS = 60, range(51, 55)
DAYS = open_chains.DAYS
FAIR_DAYS = (5, 14, 15, 27, 38, 39, 52, 60, 71, 72, 83, 88, 89)
"""The last two days of the chain among them: a night after a fair and on one."""
FAIR_SIGMA = 0.5
"""How far fairs move the sales of a category: of the logarithm."""
RAIN_SHARE, RAIN_MILLIMETRES = 0.35, 6.0
"""Days of a region with rain, and how much of it falls then in the mean."""
WARMTH_MEMORY, WARMTH_SIGMA = 0.7, 3.0
"""Temperature from day to day around its course: what stays of a departure, and how far new ones are, in degrees."""
WARMTH_EFFECT, RAIN_EFFECT = 0.25, 0.15
"""How far ten degrees beyond the ordinary, and a rainy day, move a category: of the logarithm."""
EVERYTHING = OccasionSettings(learn_events=True, learn_holidays=True, learn_weather=True)
RECORDED_PLACE = "CN"
RECORDED_SPAN = dt.date(2024, 3, 1), dt.date(2024, 6, 30)
AROUND_HOLIDAYS = [dt.date(2024, 6, day) for day in (8, 9, 10, 11)]
"""The Dragon Boat Festival, the only holiday that has others before it in the panel."""


@dataclass(frozen=True)
class Told:
    """A table that a night may be told, and how many times its units every shelf sells for it, (pairs, days)."""

    table: Mapping[str, pl.DataFrame]
    times: Floats


def of_fairs(seed: int) -> Told:
    """Fairs in every other region."""
    random = np.random.default_rng([seed, 1])
    of_category = np.exp(random.normal(0.0, FAIR_SIGMA, open_chains.CATEGORIES))
    store, category = _places()
    regions = range(0, STORES // open_chains.STORES_PER_REGION, 2)
    here = np.isin(store // open_chains.STORES_PER_REGION, regions)[:, None] & np.isin(np.arange(DAYS), FAIR_DAYS)
    dates = pl.DataFrame({"date": [_date(day) for day in FAIR_DAYS], "kind": "fair"})
    named = pl.DataFrame({"region": [f"region {region}" for region in regions]})
    return Told({v.CALENDAR: dates.join(named, how="cross")}, np.where(here, of_category[category][:, None], 1.0))


def of_weather(seed: int) -> Told:
    """Weather of every region; a category answers to warmth and to rain in its own way."""
    random = np.random.default_rng([seed, 2])
    regions = STORES // open_chains.STORES_PER_REGION
    warmth = np.zeros((regions, DAYS))
    for day in range(1, DAYS):
        warmth[:, day] = WARMTH_MEMORY * warmth[:, day - 1] + random.normal(0.0, WARMTH_SIGMA, regions)
    rain = np.where(random.random(warmth.shape) < RAIN_SHARE, random.exponential(RAIN_MILLIMETRES, warmth.shape), 0.0)
    of_warmth, of_rain = (random.normal(0.0, sigma, open_chains.CATEGORIES) for sigma in (WARMTH_EFFECT, RAIN_EFFECT))
    store, category = _places()
    region = store // open_chains.STORES_PER_REGION
    logarithm = of_warmth[category][:, None] * warmth[region] / 10 + of_rain[category][:, None] * (rain[region] > 1)
    stores = np.arange(STORES)
    table = pl.DataFrame(
        {
            "store_id": np.repeat(stores, DAYS),
            "date": [_date(day) for day in range(DAYS)] * STORES,
            "temperature_celsius": (10 + warmth)[stores // open_chains.STORES_PER_REGION].ravel(),
            "rain_millimetres": rain[stores // open_chains.STORES_PER_REGION].ravel(),
        }
    )
    return Told({v.WEATHER: table}, np.exp(logarithm))


KINDS: Mapping[str, Callable[[int], Told]] = {"events": of_fairs, "weather": of_weather}
WAYS = ("moves sales, not told", "moves sales, told", "moves nothing, not told", "moves nothing, told")


def of_planted() -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Each kind in each way, a night a seed."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for kind, made in KINDS.items():
        found[kind] = {way: [] for way in WAYS}
        for seed in SEEDS:
            told, usual = made(seed), open_chains.drawn(STORES, 0.0, seed)
            chains = (open_chains.lifted(usual, told.times, seed), usual)
            for number, way in enumerate(WAYS):
                found[kind][way].append(_scored(chains[number // 2], told.table if number % 2 else {}))
    return found


def of_recorded(folder: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Recorded stock-outs without and with the holidays of the country: seven Sundays, and days around a holiday."""
    truth = recorded.read_truth(folder / "truth.parquet")
    found: dict[str, dict[str, dict[str, float]]] = {}
    with TemporaryDirectory() as scratch:
        told = Path(scratch)
        for table in (v.SALES, v.INVENTORY, v.PRICING, v.STORES, v.SKUS):
            (told / f"{table}.parquet").symlink_to((folder / f"{table}.parquet").resolve())
        write_holidays([holiday_place(RECORDED_PLACE)], *RECORDED_SPAN, told / f"{v.CALENDAR}.csv")
        for span, days in (("seven nights", recorded.NIGHTS), ("around a holiday", AROUND_HOLIDAYS)):
            found[span] = {}
            for way, place in (("not told", folder), ("told", told)):
                nights = [night(Variant(way, {"occasions": EVERYTHING}), imputed(place, day)) for day in days]
                alerts = recorded.verdicts(nights, truth)
                found[span][way] = recorded.counts(alerts, recorded.stock_outs(nights, alerts, truth))
    return found


def _scored(chain: open_chains.OpenChain, table: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A night that learns whatever it is told, against what a night that knew every rate would find."""
    usual = CalibratedSettings()
    settings = usual.model_copy(update={"demand": usual.demand.model_copy(update={"occasions": EVERYTHING})})
    alerts = open_chains.alerts_over(chain, settings, table)
    scored = open_chains.scored(alerts, open_chains.truth(chain, settings.episode.max_fdr))
    return {name: scored[name] for name in ("alerts", "right", "findable", "found", "precision", "recall")}


def _places() -> tuple[Any, Any]:
    """Store and category of every pair."""
    pairs = np.arange(STORES * open_chains.SKUS)
    return pairs // open_chains.SKUS, pairs % open_chains.SKUS % open_chains.CATEGORIES


def _date(day: int) -> dt.date:
    return LAST_DAY - dt.timedelta(days=DAYS - 1 - day)
