"""Occasions: what a calendar or the weather says of a day, and what that does to a category's sales.

In: `Panel` with `outside`. Out: `Occasions`, the kinds of days that each group of store-SKUs has; and from the sums
of clean days a factor for every category and kind, shrunk toward the chain's, and that toward 1.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.arrays import Floats, Integers, Marks
from engine.blocks.together import Together
from engine.delivery.tables import EXAMPLES
from engine.errors import Problem
from engine.settings.shelf.calibrated import OccasionSettings
from engine.shelf.outside import PLACES, ROWS
from engine.shelf.panel import Panel
from engine.vocabulary import shelf as v

ROUNDS = 3
"""Of all kinds in turn: those that share no day are told at once."""


@dataclass(frozen=True)
class Occasions:
    """Which kinds of days each group of store-SKUs has: those of one category to which the same happened.

    group: of each pair (pairs,). category: of each group (groups,). rows: what happened where, as `Outside.calendar`
    has it, kinds that are not learnt included. kinds: those that are. prior_units: of each of these (kinds,).
    prior_days: of any of them. sets: which kinds have met on a day (sets, kinds), the first one is none of them.
    happened: the set of each group and day (groups, days). past_days: with each kind, the last day apart (kinds,).
    notices: what is odd about it. Kinds, sets, past days and notices are those of the whole chain.
    """

    group: Integers
    category: Integers
    rows: pl.DataFrame
    kinds: tuple[str, ...]
    prior_units: Floats
    prior_days: float
    sets: Marks
    happened: NDArray[np.int32]
    past_days: Integers
    notices: tuple[Problem, ...] = ()

    def product(self, factor: Floats) -> Floats:
        """What the kinds of each day do together, (groups, days). factor: (categories, kinds)."""
        return np.asarray(self.product_of_sets(factor)[self.category[:, None], self.happened])

    def product_of_sets(self, factor: Floats) -> Floats:
        """What the kinds of each set do together, (categories, sets)."""
        product = np.ones((len(factor), len(self.sets)))
        for kind in range(len(self.kinds)):
            product[:, self.sets[:, kind]] *= factor[:, kind, None]
        return product

    def sums(self, tables: Floats, n_categories: int) -> Floats:
        """Sums of tables of groups and days by category and set, (tables, categories, sets).

        tables: (tables, groups, days), parts of exact sums. The last day is left out: it is the one that is judged.
        """
        place = (self.category[:, None] * len(self.sets) + self.happened)[:, :-1].ravel()
        n_places = n_categories * len(self.sets)
        sums = [np.bincount(place, table[:, :-1].ravel(), n_places) for table in tables]
        return np.asarray(np.stack(sums).reshape(len(tables), n_categories, -1), np.float64)


def occasions(panel: Panel, category: Integers, n_categories: int, settings: OccasionSettings) -> Occasions:
    """The kinds of days that the calendar and the weather make, as far as the settings let them be learnt.

    category: of each pair, below n_categories.
    """
    together = panel.together
    calendar, notices = _without_everyday(panel, settings.max_days_share)
    weather = calendar.clear()
    if settings.learn_weather:
        weather = together.once(lambda: _of_weather(panel, settings))
    is_holiday = pl.col("kind").is_in(v.HOLIDAYS)
    is_learnt = (is_holiday & settings.learn_holidays) | (~is_holiday & settings.learn_events)
    learnt = ((calendar.filter(is_learnt), settings.prior_units), (weather, settings.weather_prior_units))
    own = {kind: units for rows, units in learnt for kind in rows["kind"].unique()}
    prior = {kind: units for of_block in together.gathered(own) for kind, units in of_block.items()}
    kinds = tuple(sorted(prior))
    rows = pl.concat([calendar, weather])
    learnable = rows.filter(pl.col("kind").is_in(kinds))
    group, of_group, places = _groups(panel, category, n_categories, learnable)
    number = pl.DataFrame(
        {"kind": kinds, "number": np.arange(len(kinds))}, schema={"kind": pl.String, "number": pl.Int64}
    )
    cells = matched(learnable, places).join(number, on="kind").select("number", "group", "day").unique()
    sets, happened = _sets(cells, (of_group.size, panel.n_days), len(kinds), together)
    return Occasions(
        group=group,
        category=of_group,
        rows=rows,
        kinds=kinds,
        prior_units=np.array([prior[kind] for kind in kinds]),
        prior_days=settings.prior_days,
        sets=sets,
        happened=happened,
        past_days=_past_days(cells, len(kinds), panel.n_days, together),
        notices=(*panel.outside.notices, *notices),
    )


def _sets(
    cells: pl.DataFrame, shape: tuple[int, int], n_kinds: int, together: Together
) -> tuple[Marks, NDArray[np.int32]]:
    """Which kinds meet on some day in the chain, (sets, kinds), and the set of every group and day of the block.

    cells: number (of a kind), group and day of everything that happens. shape: groups and days.
    """
    found, sets = np.zeros(shape, np.int32), list[tuple[int, ...]]([()])
    for (kind,), of_kind in cells.sort("number").group_by("number", maintain_order=True):
        group, day = of_kind["group"].to_numpy(), of_kind["day"].to_numpy()
        met = np.flatnonzero(np.bincount(found[group, day]))
        extended = np.zeros(len(sets), np.int32)
        extended[met] = len(sets) + np.arange(met.size)
        sets += [(*sets[one], int(kind)) for one in met]
        found[group, day] = extended[found[group, day]]
    left = np.flatnonzero(np.bincount(found.ravel()))
    every = sorted({(), *itertools.chain.from_iterable(together.gathered([sets[one] for one in left]))})
    place = {one: number for number, one in enumerate(every)}
    marks = np.zeros((len(every), n_kinds), np.bool_)
    for number, one in enumerate(every):
        marks[number, list(one)] = True
    return marks, np.array([place.get(one, 0) for one in sets], np.int32)[found]


def _past_days(cells: pl.DataFrame, n_kinds: int, n_days: int, together: Together) -> Integers:
    """Number of days that have each kind anywhere in the chain, the last day apart, (kinds,)."""
    has = np.zeros((n_kinds, n_days), np.int64)
    has[cells["number"].to_numpy(), cells["day"].to_numpy()] = 1
    return np.asarray((together.added(has)[:, :-1] > 0).sum(axis=1))


def learn(of: Occasions, sums: Floats) -> Floats:
    """The factor of every category and kind, (categories, kinds), each in turn given the others.

    sums: (4, categories, sets), of the chain's clean cells: units and expected units without any kind, in units of
    sale, each in two parts. The last day teaches nothing: it is the one that is judged.
    """
    sold, sold_rest, expected, expected_rest = sums
    sold, expected = sold + sold_rest, expected + expected_rest
    factor = np.ones((len(sold), len(of.kinds)))
    for _ in range(ROUNDS):
        for kind in range(len(of.kinds)):
            has = of.sets[:, kind]
            others = of.product_of_sets(factor)[:, has] / factor[:, kind, None]
            units, due = sold[:, has].sum(axis=1), (expected[:, has] * others).sum(axis=1)
            prior_share = of.prior_days / max(of.past_days[kind], 1)
            factor[:, kind] = _shrunk(units, due, of.prior_units[kind], prior_share)
    return factor


def _shrunk(units: Floats, due: Floats, prior_units: float, prior_share: float) -> Floats:
    """Ratio of each category toward the chain's, and that toward 1. prior_share: of the due units, beside the prior.

    A kind of few days tells them, and not days of the kind, however many units were sold on them.
    """
    prior = prior_units + prior_share * due
    of_chain = prior_units + prior_share * due.sum()
    chain = (units.sum() + of_chain) / (due.sum() + of_chain)
    return np.asarray((units + prior * chain) / (due + prior))


def matched(rows: pl.DataFrame, places: pl.DataFrame, *further: str) -> pl.DataFrame:
    """Every row of what happened with every place that it holds for.

    rows: as `Outside.calendar`. places: any columns and store, sku and category, positions. further: columns that
    have to be equal, too.
    """
    columns = list(dict.fromkeys(["kind", "name", "day", *places.columns]))
    found = [pl.DataFrame(schema={**rows.schema, **places.schema}).select(columns)]
    limits = pl.concat_list(pl.col(name).is_not_null() for name in PLACES)
    for (limited,), part in rows.with_columns(limits=limits).group_by("limits", maintain_order=True):
        keys = [*(name for name, is_limited in zip(PLACES, limited, strict=True) if is_limited), *further]
        mine = part.select(dict.fromkeys(["kind", "name", "day", *keys]).keys())
        joined = mine.join(places, on=keys) if keys else mine.join(places, how="cross")
        found.append(joined.select(columns))
    return pl.concat(found)


def _groups(
    panel: Panel, category: Integers, n_categories: int, rows: pl.DataFrame
) -> tuple[Integers, Integers, pl.DataFrame]:
    """Group of each pair, category of each group, and a place for each group."""
    store, sku = panel.codes("store"), panel.codes("sku")
    if rows.is_empty():
        nowhere = pl.DataFrame(schema=dict.fromkeys(("group", *PLACES), pl.Int64))
        return category, np.arange(n_categories), nowhere
    of_store, of_sku = (
        _profiles(rows, name, n) for name, n in (("store", panel.stores.height), ("sku", panel.skus.height))
    )
    key = (category * (of_store.max(initial=0) + 1) + of_store[store]) * (of_sku.max(initial=0) + 1) + of_sku[sku]
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    places = {"group": np.arange(first.size), "store": store[first], "sku": sku[first], "category": category[first]}
    return group, category[first], pl.DataFrame(places)


def _profiles(rows: pl.DataFrame, name: str, n: int) -> Integers:
    """A number for what is limited to each store or SKU, (n,): equal where it is the same, 0 where nothing is."""
    others = ["kind", "day", *(place for place in PLACES if place != name)]
    limited = (
        rows.filter(pl.col(name).is_not_null()).select(name, *others).unique().sort(name, *others, nulls_last=True)
    )
    one = pl.concat_str((pl.col(other).cast(pl.String).fill_null("") for other in others), separator="\t")
    profile = limited.group_by(name, maintain_order=True).agg(one.str.join("\n").alias("all"))
    found = np.zeros(n, np.int64)
    found[profile[name].to_numpy()] = profile["all"].rank("dense").to_numpy()
    return found


def _without_everyday(panel: Panel, max_days_share: float) -> tuple[pl.DataFrame, tuple[Problem, ...]]:
    """The calendar without kinds that some place has nearly every day: of those nobody can tell an ordinary day."""
    calendar = panel.outside.calendar
    places = (pl.col(name) for name in PLACES)
    of_places = calendar.group_by("kind", *places).agg(days=pl.col("day").n_unique())
    own = of_places.group_by("kind").agg(pl.col("days").max())
    days = panel.together.rows(own).group_by("kind").agg(pl.col("days").max())
    often = days.filter(pl.col("days") > max_days_share * panel.n_days).sort("kind")
    if often.is_empty():
        return calendar, ()
    what = (
        f"kinds are on more than {100 * max_days_share:g}% of the {panel.n_days} days of a place: they teach nothing"
    )
    advice = "name what happens now and then, or allow it with  --set demand.occasions.max_days_share=1"
    examples = tuple(f"{kind}: {count} days" for kind, count in often.head(EXAMPLES).iter_rows())
    problem = Problem(v.CALENDAR, what, advice, often.height, days.height, examples)
    return calendar.filter(~pl.col("kind").is_in(often["kind"].implode())), (problem,)


def _of_weather(panel: Panel, settings: OccasionSettings) -> pl.DataFrame:
    """The days of every store with rain, and those warmer or colder than of late, as rows of a calendar."""
    departure = _departures(panel.outside.temperature_celsius, settings.usual_weather_days)
    warmer, colder = settings.departure_bounds_celsius, settings.departure_bounds_celsius
    parts = [
        *_binned(panel.outside.rain_millimetres, settings.rain_bounds_millimetres, "rain from {:g} mm"),
        *_binned(departure, warmer, "warmer than of late by {:g} °C"),
        *_binned(-departure, colder, "colder than of late by {:g} °C"),
    ]
    return pl.concat([pl.DataFrame(schema=ROWS), *parts])


def _binned(values: Floats, bounds: tuple[float, ...], wording: str) -> list[pl.DataFrame]:
    """A frame for each bound: the store's days from it to below the next one. values: (stores, days), NaN unknown."""
    found = []
    for low, high in zip(bounds, (*bounds[1:], np.inf), strict=True):
        store, day = np.nonzero((values >= low) & (values < high))
        kind = wording.format(low)
        frame = pl.DataFrame({"store": store, "day": day}).with_columns(kind=pl.lit(kind), name=pl.lit(kind))
        found.append(frame.with_columns(sku=pl.lit(None), category=pl.lit(None)).select(ROWS.keys()).cast(ROWS))
    return found


def _departures(temperature: Floats, usual_days: int) -> Floats:
    """How far each day is from the mean of the days before it; NaN where fewer than half of those are known."""
    known = ~np.isnan(temperature)
    values = np.where(known, temperature, 0.0)
    totals, counts = np.zeros_like(values), np.zeros_like(values)
    for back in range(1, usual_days + 1):
        totals[:, back:] += values[:, :-back]
        counts[:, back:] += known[:, :-back]
    usual = np.divide(totals, counts, out=np.full_like(totals, np.nan), where=2 * counts >= usual_days)
    return np.asarray(temperature - usual)
