"""Neighbours on the globe, and the ones among them that sell over their expectation."""

import math
from typing import NamedTuple

import numpy as np

from engine.kernels.compiling import inner, kernel
from engine.kernels.records import Spans
from engine.kernels.rises import two_rates
from engine.kernels.sales import N_WORKED_WITH, Row, Sales, row_of
from engine.kernels.steps import fit_of
from engine.kernels.types import Floats1D, Floats2D, Integers1D, Integers2D, Marks1D, Out

EARTH_RADIUS_KM = 6371.0


@kernel
def haversine_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Great-circle distance of two points given in degrees (haversine formula, R = 6371 km)."""
    north, other_north = math.radians(latitude), math.radians(other_latitude)
    across = math.sin((other_north - north) / 2) ** 2
    along = math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    chord = across + math.cos(north) * math.cos(other_north) * along
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, chord)))


@kernel
def pairs_within(
    latitude: Floats1D,
    longitude: Floats1D,
    by_latitude: Integers1D,
    radius_km: float,
    points: Out[Integers1D],
    others: Out[Integers1D],
    km: Out[Floats1D],
) -> int:
    """Every ordered pair of points within the radius, inclusive; returns how many there are.

    latitude, longitude: (n_points,), degrees. by_latitude: the points that have a place, ascending by latitude; the
    sweep looks only as far north as the radius reaches. points, others, km: written as far as they reach, so that
    a call with empty arrays counts.
    """
    # As far north as the radius reaches, and a little more: rounding must lose no point on the edge.
    band = math.degrees(radius_km / EARTH_RADIUS_KM) * (1 + 1e-9)
    count = 0
    for position in range(by_latitude.size):
        here = by_latitude[position]
        for next_position in range(position + 1, by_latitude.size):
            there = by_latitude[next_position]
            if latitude[there] - latitude[here] > band:
                break
            distance = haversine_km(latitude[here], longitude[here], latitude[there], longitude[there])
            if distance <= radius_km:
                if count + 1 < points.size:
                    points[count], others[count], km[count] = here, there, distance
                    points[count + 1], others[count + 1], km[count + 1] = there, here, distance
                count += 2
    return count


@inner
def _find(values: Integers1D, first: int, last: int, wanted: int) -> int:
    """Place of a value in [first, last), ascending; -1 where it is not there."""
    end = last
    while first < last:
        middle = (first + last) // 2
        if values[middle] < wanted:
            first = middle + 1
        else:
            last = middle
    return first if first < end and values[first] == wanted else -1


@inner
def _ratio(units: Floats1D, expected: Floats1D, end: int, window: int, min_days: int) -> float:
    """Mean units over mean expectation on the days both are known, NaN with too few days or nothing expected."""
    sold = expected_units = 0.0
    days = 0
    for day in range(max(end - window + 1, 0), end + 1):
        if not (np.isnan(units[day]) or np.isnan(expected[day])):
            sold += units[day]
            expected_units += expected[day]
            days += 1
    return sold / expected_units if days >= min_days and expected_units > 0 else np.nan


class Neighbourhood(NamedTuple):
    """Who sells what, and who neighbours whom.

    judged: (n_pairs,). pair_store, pair_sku: (n_pairs,), codes, pairs sorted by both; pair_starts: (n_stores + 1,),
    where the pairs of each store begin. starts: (n_stores + 1,), where the neighbours of each store begin in `stores`
    and their distances in `km`.
    """

    judged: Marks1D
    pair_store: Integers1D
    pair_sku: Integers1D
    pair_starts: Integers1D
    starts: Integers1D
    stores: Integers1D
    km: Floats1D


class Best(NamedTuple):
    """The neighbours that count, of every point: how many (n_points,), and ratio, distance and store of the best.

    The latter (n_points, kept), best first: ratio descending, distance ascending, store ascending; NaN and store -1
    where there are fewer. All written.
    """

    counts: Out[Integers1D]
    ratios: Out[Floats2D]
    kms: Out[Floats2D]
    stores: Out[Integers2D]


@inner
def _pair_at(around: Neighbourhood, link: int, row: int) -> int:
    """The judged pair of a neighbour and the row's own SKU, -1 without one."""
    other = around.stores[link]
    first, last = around.pair_starts[other], around.pair_starts[other + 1]
    pair = _find(around.pair_sku, first, last, around.pair_sku[row])
    return pair if pair >= 0 and around.judged[pair] else -1


@inner
def _begin(best: Best, point: int) -> None:
    """No neighbour counts yet."""
    best.counts[point] = 0
    best.stores[point, :] = -1
    best.ratios[point, :] = np.nan
    best.kms[point, :] = np.nan


@inner
def _count(best: Best, point: int, ratio: float, km: float, store: int, tolerance: float) -> None:
    """Count a neighbour, and keep it where it belongs among the best."""
    ratios, kms, stores = best.ratios[point], best.kms[point], best.stores[point]
    best.counts[point] += 1
    # From the last place upward; who stands behind the new one moves down by one, and the last one out.
    place = ratios.size
    while place > 0:
        before = place - 1
        tied = abs(ratio - ratios[before]) <= tolerance * ratio
        better = ratio > ratios[before] and not tied
        if not (stores[before] < 0 or better or (tied and (km, store) < (kms[before], stores[before]))):
            break
        if place < ratios.size:
            ratios[place], kms[place], stores[place] = ratios[before], kms[before], stores[before]
        place = before
    if place < ratios.size:
        ratios[place], kms[place], stores[place] = ratio, km, store


@kernel
def neighbour_pairs(around: Neighbourhood, rows: Integers1D, pairs: Out[Integers1D]) -> int:
    """The judged pairs of the neighbours of some rows and of their own SKUs; returns how many, repeated ones too.

    pairs: written as far as it reaches, so that a call with an empty array counts.
    """
    count = 0
    for row in rows:
        store = around.pair_store[row]
        for link in range(around.starts[store], around.starts[store + 1]):
            pair = _pair_at(around, link, row)
            if pair >= 0:
                if count < pairs.size:
                    pairs[count] = pair
                count += 1
    return count


class SellingOver(NamedTuple):
    """When a neighbour sells over its expectation.

    window_days, min_days: of those up to a point, and how many of them have to be known. high_ratio: of units to
    expected units. tolerance: relative, within which ratios are the same.
    """

    window_days: int
    min_days: int
    high_ratio: float
    tolerance: float


@kernel
def high_performers(
    units: Floats2D,
    expected: Floats2D,
    pairs: Integers1D,
    around: Neighbourhood,
    rows: Integers1D,
    ends: Integers1D,
    rule: SellingOver,
    best: Best,
) -> None:
    """Neighbouring stores where the same SKU sells over its expectation: how many, and the best.

    units, expected: (n_known, n_days), NaN unknown, of the neighbours alone. pairs: (n_known,), who these are,
    ascending. rows, ends: (n_points,).
    """
    for point in range(rows.size):
        _begin(best, point)
        store = around.pair_store[rows[point]]
        for link in range(around.starts[store], around.starts[store + 1]):
            pair = _pair_at(around, link, rows[point])
            if pair < 0:
                continue
            known = _find(pairs, 0, pairs.size, pair)
            ratio = _ratio(units[known], expected[known], ends[point], rule.window_days, rule.min_days)
            if ratio - rule.high_ratio > rule.tolerance * ratio:
                _count(best, point, ratio, around.km[link], around.stores[link], rule.tolerance)


class Rising(NamedTuple):
    """When a neighbour's sales rose as an episode came.

    before_days, gap_days: its ordinary days are those from before_days until gap_days before the first one.
    high_ratio, errors: a rise counts above this ratio and so many standard errors. fit_begin, fit_end: log likelihood
    ratios between which it counts less and less, by the day on which it began. after_days: so late after the
    first one it may have begun. tolerance: relative, within which ratios are the same.
    """

    before_days: int
    gap_days: int
    high_ratio: float
    errors: float
    fit_begin: float
    fit_end: float
    after_days: int
    tolerance: float


@inner
def _counts(of: Row, day: int, first: int) -> bool:
    """Whether a day tells of a rise: before an episode it has to be one that may be learnt from."""
    return bool(of.usable[day] if day >= first else of.clean[day])


@inner
def _day_fit(of: Row, first: int, last: int, rule: Rising) -> float:
    """How well a pair's rise fits an episode's beginning, from 0 to 1.

    What speaks against it is by how much the likeliest day of the rise is likelier than the likeliest one of those
    from gap_days before the first to after_days after it, in log likelihood ratios of two rates to one, divided by
    how far sales scatter beyond counts (quasi-likelihood, Wedderburn 1974).
    """
    units, expected = of.units, of.expected
    begin = max(first - rule.before_days, 0)
    all_sold = all_expected = 0.0
    days = 0
    for day in range(begin, last + 1):
        if _counts(of, day, first):
            all_sold += units[day]
            all_expected += expected[day]
            days += 1
    if days == 0:
        return 0.0
    sold = expected_units = likeliest = fitting = 0.0
    for day in range(begin, last + 1):
        gain = two_rates(sold, expected_units, all_sold - sold, all_expected - expected_units)
        likeliest = max(likeliest, gain)
        if first - rule.gap_days <= day <= first + rule.after_days:
            fitting = max(fitting, gain)
        if _counts(of, day, first):
            sold += units[day]
            expected_units += expected[day]
    scatter = of.unit + of.dispersion * all_expected / days
    return fit_of((likeliest - fitting) / scatter, rule.fit_begin, rule.fit_end)


@inner
def _rise(of: Row, first: int, last: int, rule: Rising) -> tuple[float, float, float]:
    """Ratio of a pair's sales to its expectation in [first, last] against the days before, the rise in standard
    errors, and in units; NaN without sales before. The level of the expectation cancels: a rise long learnt still
    shows.
    """
    units, expected, usable, clean = of.units, of.expected, of.usable, of.clean
    dispersion, unit = of.dispersion, of.unit
    begin, before_end = first - rule.before_days, first - rule.gap_days
    sold = expected_units = squares = sold_before = expected_before = 0.0
    for day in range(max(begin, 0), last + 1):
        # Back from a fall of its own is no rise.
        if clean[day] and day < before_end:
            sold_before += units[day]
            expected_before += expected[day]
        elif usable[day] and day >= first:
            sold += units[day]
            expected_units += expected[day]
            squares += expected[day] ** 2
    if not (sold_before > 0.0 and expected_before > 0.0 and expected_units > 0.0):
        return np.nan, np.nan, np.nan
    share = sold_before / expected_before
    usual = share * expected_units
    variance = unit * usual + dispersion * share * share * squares + usual * usual * unit / sold_before
    return sold / usual, (sold - usual) / math.sqrt(variance), sold - usual


@kernel
def risen_neighbours(
    sales: Sales,
    around: Neighbourhood,
    episodes: Spans,
    rule: Rising,
    strength: Out[Floats2D],
    best: Best,
) -> None:
    """Neighbouring stores whose sales of the SKU rose as the episode came: how many, how surely, and the best.

    strength: (n_episodes, 2), the rise of the best `kept` neighbours together in standard errors, and the units of
    all that count; written.
    """
    room = np.empty((N_WORKED_WITH, sales.usable.shape[1]))
    for episode in range(episodes.rows.size):
        row, first, last = episodes.rows[episode], episodes.firsts[episode], episodes.lasts[episode]
        _begin(best, episode)
        strength[episode] = 0.0
        store = around.pair_store[row]
        surest = np.zeros(best.ratios.shape[1])
        for link in range(around.starts[store], around.starts[store + 1]):
            pair = _pair_at(around, link, row)
            if pair < 0:
                continue
            of = row_of(sales, pair, room)
            ratio, sigmas, excess = _rise(of, first, last, rule)
            if not (ratio > rule.high_ratio and sigmas > rule.errors):
                continue
            fit = _day_fit(of, first, last, rule)
            if not fit > 0.0:
                continue
            sigmas *= fit
            excess *= fit
            strength[episode, 1] += excess
            smallest = np.argmin(surest)
            surest[smallest] = max(surest[smallest], sigmas)
            _count(best, episode, ratio, around.km[link], around.stores[link], rule.tolerance)
        # Independent rises, each in its own standard errors, make one together (Stouffer).
        strength[episode, 0] = surest.sum() / math.sqrt(surest.size)
