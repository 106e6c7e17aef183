"""Rain and warmth are kinds of days as a calendar has them, and are learnt only where that is asked for."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from engine.memory import Memory
from engine.settings.shelf.night import load
from engine.shelf import calibrated
from engine.shelf.check import check
from engine.shelf.desk import panel_plan
from engine.shelf.panel import panel
from tests.planted.small import AS_OF, FIRST_DAY, N_DAYS, STORES, small_chain, write_parquet

LEARN = "demand.occasions.learn_weather=true"
DAYS = [FIRST_DAY + timedelta(days=day) for day in range(N_DAYS)]


def weather(**columns: list[float | None]) -> pl.DataFrame:
    """A row a store and day, the same in every store."""
    of_days = pl.DataFrame({"date": DAYS, **columns})
    return pl.DataFrame({"store_id": STORES}).join(of_days, how="cross")


@pytest.fixture
def told(tmp_path):
    """The panel of the small chain and what is learnt of it; further words are settings."""

    def learnt(table: pl.DataFrame | None, *assignments: str):
        folder = tmp_path / f"in-{len(list(tmp_path.iterdir()))}"
        write_parquet(folder, small_chain() | ({} if table is None else {"weather": table}))
        settings = load(assignments=assignments)
        known = panel(check(folder, AS_OF), panel_plan(settings), Memory())
        null = calibrated.null_distribution(settings.demand, settings.episode)
        return calibrated.expect(known, settings.demand, settings.episode, null)

    return learnt


def kinds_by_date(demand) -> dict[date, set[str]]:
    """The kinds of every day of the last store, counted from the first day of the chain."""
    first_day = demand.occasions.happened.shape[1] - N_DAYS
    found: dict[date, set[str]] = {}
    for row in demand.occasions.rows.filter(store=len(STORES) - 1).iter_rows(named=True):
        found.setdefault(DAYS[row["day"] - first_day], set()).add(row["kind"])
    return found


def test_rain_is_parted_at_its_bounds(told):
    rain = [0.0, 0.9, 1.0, 4.9, 5.0, 14.9, 15.0, None, *[0.0] * (N_DAYS - 8)]
    _, demand = told(weather(rain_millimetres=rain), LEARN)
    expected = {DAYS[2]: 1, DAYS[3]: 1, DAYS[4]: 5, DAYS[5]: 5, DAYS[6]: 15}
    assert kinds_by_date(demand) == {day: {f"rain from {bound} mm"} for day, bound in expected.items()}


def test_warmth_is_held_against_the_days_before(told):
    """By a slow definition: the mean of the known ones of 14 days before, of which half have to be known."""
    random = np.random.default_rng(5)
    drawn = random.normal(12.0, 4.0, N_DAYS)
    degrees = [None if day % 11 == 3 else float(one) for day, one in enumerate(drawn)]
    _, demand = told(weather(temperature_celsius=degrees), LEARN)
    expected = {}
    for day in range(N_DAYS):
        before = [one for one in degrees[max(day - 14, 0) : day] if one is not None]
        if len(before) < 7 or degrees[day] is None:
            continue
        departure = degrees[day] - sum(before) / len(before)
        bound = 6 if abs(departure) >= 6 else 3
        if abs(departure) >= 3:
            expected[DAYS[day]] = {f"{'warmer' if departure > 0 else 'colder'} than of late by {bound} °C"}
    assert len(expected) > 10
    assert kinds_by_date(demand) == expected


def test_weather_is_read_and_not_learnt_unless_that_is_asked_for(told):
    wet = weather(rain_millimetres=[float(day % 9) for day in range(N_DAYS)])
    read, demand = told(wet)
    without, _ = told(None)
    assert read.accounts["weather"].used == wet.height
    assert demand.occasions.rows.is_empty()
    assert read.array("expected").tolist() == without.array("expected").tolist()


@pytest.mark.slow
def test_what_rain_does_is_learnt_and_shrunk_hard(told):
    """Sales of the small chain do not know of rain: its factor stays near 1, and the nearer the heavier its prior."""
    wet = weather(rain_millimetres=[8.0 * (day % 5 == 2) for day in range(N_DAYS)])
    away = []
    for prior in (1, 2000):
        _, demand = told(wet, LEARN, f"demand.occasions.weather_prior_units={prior}", "demand.occasions.prior_days=0")
        assert demand.occasions.kinds == ("rain from 5 mm",)
        away.append(np.abs(demand.occasion - 1.0).max())
    assert 0.0 < away[1] < 0.5 * away[0]


def test_unknown_stores_days_after_the_night_and_cells_are_counted(told):
    rows = pl.DataFrame(
        {
            "store_id": [1, 77, 1, 2],
            "date": [AS_OF, AS_OF, AS_OF + timedelta(days=1), AS_OF],
            "temperature_celsius": [None, 1.0, 1.0, 1.0],
            "rain_millimetres": [2.0, 2.0, 2.0, -1.0],
        }
    )
    before = weather(temperature_celsius=[9.0] * N_DAYS, rain_millimetres=[0.0] * N_DAYS).filter(
        pl.col("date") < AS_OF
    )
    read, _ = told(pl.concat([before, rows.cast({"store_id": pl.Int64})]))
    n = before.height
    account = read.accounts["weather"]
    assert (account.read, account.used, account.outside_panel, account.quarantined) == (n + 4, n + 1, 1, 2)
    assert account.unknown["temperature_celsius"] == 1
    assert set(account.reasons) == {"date is after the as-of day", "rain_millimetres is not between 0 and 2000"}
