"""Neighbours on the globe, and the ones among them that sell over their expectation."""

import math

import numpy as np

from engine.kernels.compiling import inner, kernel
from engine.kernels.types import Flags1D, Flags2D, Floats1D, Floats2D, Integers1D, Integers2D, Marks1D, Out

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
    sold = hoped = 0.0
    days = 0
    for day in range(max(end - window + 1, 0), end + 1):
        if not (np.isnan(units[day]) or np.isnan(expected[day])):
            sold += units[day]
            hoped += expected[day]
            days += 1
    return sold / hoped if days >= min_days and hoped > 0 else np.nan


@inner
def _insert(
    ratios: Out[Floats1D],
    kms: Out[Floats1D],
    stores: Out[Integers1D],
    ratio: float,
    km: float,
    store: int,
    tolerance: float,
) -> None:
    """Insert into lists kept by ratio descending, distance ascending, store ascending."""
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
def high_performers(
    units: Floats2D,
    expected: Floats2D,
    judged: Marks1D,
    pair_store: Integers1D,
    pair_sku: Integers1D,
    pair_starts: Integers1D,
    neighbour_starts: Integers1D,
    neighbours: Integers1D,
    neighbour_km: Floats1D,
    rows: Integers1D,
    ends: Integers1D,
    window: int,
    min_days: int,
    high_ratio: float,
    tolerance: float,
    counts: Out[Integers1D],
    ratios: Out[Floats2D],
    kms: Out[Floats2D],
    stores: Out[Integers2D],
) -> None:
    """Neighbouring stores where the same SKU sells over `high_ratio` of its expectation: how many, and the best.

    units, expected: (n_pairs, n_days). judged: (n_pairs,). pair_store, pair_sku: codes, pairs sorted by both;
    pair_starts: (n_stores + 1,). neighbour_starts, neighbours, neighbour_km: per store its neighbours. rows, ends:
    (n_points,). counts: (n_points,); ratios, kms, stores: (n_points, kept), best first, store -1 when empty; written.
    """
    for point in range(rows.size):
        row = rows[point]
        counts[point] = 0
        stores[point, :] = -1
        ratios[point, :] = np.nan
        kms[point, :] = np.nan
        store = pair_store[row]
        for link in range(neighbour_starts[store], neighbour_starts[store + 1]):
            other = neighbours[link]
            pair = _find(pair_sku, pair_starts[other], pair_starts[other + 1], pair_sku[row])
            if pair < 0 or not judged[pair]:
                continue
            ratio = _ratio(units[pair], expected[pair], ends[point], window, min_days)
            if ratio - high_ratio > tolerance * ratio:
                counts[point] += 1
                _insert(ratios[point], kms[point], stores[point], ratio, neighbour_km[link], other, tolerance)


@inner
def _rise(
    units: Floats1D,
    expected: Floats1D,
    usable: Flags1D,
    begin: int,
    before_end: int,
    first: int,
    last: int,
    dispersion: float,
    unit: float,
) -> tuple[float, float, float]:
    """Ratio of sales to expectation in [first, last] against [begin, before_end), the rise in standard errors, and
    in units; NaN without sales before. The level of the expectation cancels: a rise long learnt still shows.
    """
    sold = hoped = squares = sold_before = hoped_before = 0.0
    for day in range(max(begin, 0), last + 1):
        if usable[day] and day < before_end:
            sold_before += units[day]
            hoped_before += expected[day]
        elif usable[day] and day >= first:
            sold += units[day]
            hoped += expected[day]
            squares += expected[day] ** 2
    if not (sold_before > 0.0 and hoped_before > 0.0 and hoped > 0.0):
        return np.nan, np.nan, np.nan
    share = sold_before / hoped_before
    usual = share * hoped
    variance = unit * usual + dispersion * share * share * squares + usual * usual * unit / sold_before
    return sold / usual, (sold - usual) / math.sqrt(variance), sold - usual


@kernel
def risen_neighbours(
    units: Floats2D,
    expected: Floats2D,
    usable: Flags2D,
    dispersion: Floats1D,
    unit: Floats1D,
    judged: Marks1D,
    pair_store: Integers1D,
    pair_sku: Integers1D,
    pair_starts: Integers1D,
    neighbour_starts: Integers1D,
    neighbours: Integers1D,
    neighbour_km: Floats1D,
    rows: Integers1D,
    firsts: Integers1D,
    lasts: Integers1D,
    before_days: int,
    gap_days: int,
    high_ratio: float,
    errors: float,
    tolerance: float,
    counts: Out[Integers1D],
    strength: Out[Floats2D],
    ratios: Out[Floats2D],
    kms: Out[Floats2D],
    stores: Out[Integers2D],
) -> None:
    """Neighbouring stores whose sales of the SKU rose as the episode came: how many, how surely, and the best.

    Arrays as in `high_performers` and `evidence.open_evidence`. before_days, gap_days: a neighbour's ordinary days
    are those from before_days until gap_days before the first one. high_ratio, errors: a rise counts above this
    ratio and so many standard errors. counts: (n_episodes,). strength: (n_episodes, 2), the rise of the best `kept`
    neighbours together in standard errors, and the units of all that count. Written.
    """
    for episode in range(rows.size):
        row, first, last = rows[episode], firsts[episode], lasts[episode]
        counts[episode] = 0
        strength[episode] = 0.0
        stores[episode, :] = -1
        ratios[episode, :] = np.nan
        kms[episode, :] = np.nan
        store = pair_store[row]
        best = np.zeros(ratios.shape[1])
        for link in range(neighbour_starts[store], neighbour_starts[store + 1]):
            other = neighbours[link]
            pair = _find(pair_sku, pair_starts[other], pair_starts[other + 1], pair_sku[row])
            if not (pair >= 0 and judged[pair]):
                continue
            days = (first - before_days, first - gap_days, first, last)
            scatter = (dispersion[pair], unit[pair])
            ratio, sigmas, excess = _rise(units[pair], expected[pair], usable[pair], *days, *scatter)
            if not (ratio > high_ratio and sigmas > errors):
                continue
            counts[episode] += 1
            strength[episode, 1] += excess
            smallest = np.argmin(best)
            best[smallest] = max(best[smallest], sigmas)
            _insert(ratios[episode], kms[episode], stores[episode], ratio, neighbour_km[link], other, tolerance)
        strength[episode, 0] = best.sum() / math.sqrt(best.size)
