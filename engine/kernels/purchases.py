"""Purchases of many buyers in many spans of days at once, in one walk over their lines.

A group is whatever lines are gathered by, a customer or a customer and division. Days are whole numbers. A line
counts only where it is visible: known by the day that everything is seen from.
"""

from typing import NamedTuple

import numpy as np

from engine.kernels.compiling import inner, kernel
from engine.kernels.types import Counts2D, Days1D, Floats2D, Integers1D, Integers2D, Integers3D, Marks1D, Out


class Cells(NamedTuple):
    """What groups bought by day, sorted by group and day.

    starts: (n_groups + 1,), where the cells of each group begin. day, visible: (n_cells,), when it happened and from
    when it was known. measures: (n_cells, n_measures), whole numbers.
    """

    starts: Integers1D
    day: Days1D
    visible: Days1D
    measures: Integers2D


class Lines(NamedTuple):
    """What customers bought line by line, sorted by customer and item, the days of an item in any order.

    starts: (n_customers + 1,). item, day, visible: (n_lines,). measures: (n_lines, n_measures), whole numbers.
    """

    starts: Integers1D
    item: Days1D
    day: Days1D
    visible: Days1D
    measures: Integers2D


class Sight(NamedTuple):
    """From when one looks, and how days fall into bins.

    today: nothing later counts. first: the day of the first entry of `bins`; earlier days are in the first bin.
    bins: (n_days,), the bin of each day until today.
    """

    today: int
    first: int
    bins: Integers1D


@kernel
def sums_by_bin(cells: Cells, sight: Sight, sums: Out[Integers3D]) -> None:
    """Sums of the measures of every group in every bin of days.

    sums: (n_groups, n_bins, n_measures), zeros; added to.
    """
    for group in range(cells.starts.size - 1):
        for cell in range(cells.starts[group], cells.starts[group + 1]):
            day = cells.day[cell]
            if day > sight.today or cells.visible[cell] > sight.today:
                continue
            place = sight.bins[max(day - sight.first, 0)]
            for measure in range(cells.measures.shape[1]):
                sums[group, place, measure] += cells.measures[cell, measure]


@kernel
def last_days(cells: Cells, today: int, ends: Integers1D, lasts: Out[Integers2D]) -> None:
    """The last day of every group on or before each of some days.

    ends: (n_ends,). lasts: (n_groups, n_ends), -1 where there is none; written.
    """
    for group in range(cells.starts.size - 1):
        lasts[group, :] = -1
        for cell in range(cells.starts[group], cells.starts[group + 1]):
            if cells.visible[cell] > today:
                continue
            for end in range(ends.size):
                if cells.day[cell] <= ends[end]:
                    lasts[group, end] = cells.day[cell]


FIRST, ORDERS, LAST, TWICE_MEDIAN_GAP, MONTHS = range(5)
"""What `rhythms` writes of a group, by column."""


@kernel
def rhythms(cells: Cells, today: int, month_days: int, months: int, rhythm: Out[Integers2D]) -> None:
    """How regularly every group buys: first and last day, distinct days, twice the median gap, months with one.

    month_days, months: of how many spans of how many days before today those with a purchase are counted. rhythm:
    (n_groups, 5), columns FIRST, ORDERS, LAST, TWICE_MEDIAN_GAP, MONTHS; -1 where there is none; written.
    """
    for group in range(cells.starts.size - 1):
        begin, end = cells.starts[group], cells.starts[group + 1]
        gaps = np.empty(max(end - begin, 1), np.int64)
        seen = np.zeros(months, np.uint8)
        first, last, orders = -1, -1, 0
        for cell in range(begin, end):
            day = cells.day[cell]
            if cells.visible[cell] > today or day > today or day == last:
                continue
            if orders == 0:
                first = day
            else:
                gaps[orders - 1] = day - last
            last = day
            orders += 1
            if today - day < months * month_days:
                seen[(today - day) // month_days] = 1
        rhythm[group, FIRST], rhythm[group, ORDERS], rhythm[group, LAST] = first, orders, last
        rhythm[group, MONTHS] = seen.sum()
        if orders < 2:
            rhythm[group, TWICE_MEDIAN_GAP] = -1
            continue
        ordered = np.sort(gaps[: orders - 1])
        middle = (orders - 1) // 2
        low = ordered[middle] if (orders - 1) % 2 else ordered[middle - 1]
        rhythm[group, TWICE_MEDIAN_GAP] = low + ordered[middle]


@kernel
def distinct_items(
    lines: Lines, sight: Sight, windows: Integers2D, kind: Integers1D, counts: Out[Integers3D]
) -> None:
    """How many different items of every kind each customer bought within each window.

    windows: (n_windows, 2), first bin and the one after the last. kind: (n_items,), of every item. counts:
    (n_customers, n_kinds, n_windows), zeros; added to.
    """
    for customer in range(lines.starts.size - 1):
        line = lines.starts[customer]
        while line < lines.starts[customer + 1]:
            item = lines.item[line]
            bits = np.uint64(0)
            while line < lines.starts[customer + 1] and lines.item[line] == item:
                day = lines.day[line]
                if day <= sight.today and lines.visible[line] <= sight.today:
                    bits |= np.uint64(1) << np.uint64(sight.bins[max(day - sight.first, 0)])
                line += 1
            for window in range(windows.shape[0]):
                width = np.uint64(windows[window, 1] - windows[window, 0])
                reach = ((np.uint64(1) << width) - np.uint64(1)) << np.uint64(windows[window, 0])
                if bits & reach:
                    counts[customer, kind[item], window] += 1


@kernel
def bought_items(
    lines: Lines,
    today: int,
    after: int,
    until: int,
    owner: Out[Integers1D],
    item: Out[Integers1D],
    first: Out[Integers1D],
    sums: Out[Integers2D],
) -> int:
    """What every customer bought of every item in (after, until], since when, with the sums of its measures.

    owner, item, first: (n,), sums: (n, n_measures), sorted by customer and item; first is a day; written as far as
    they reach, so that a call with empty arrays counts. Returns how many there are.
    """
    count = 0
    for customer in range(lines.starts.size - 1):
        line = lines.starts[customer]
        while line < lines.starts[customer + 1]:
            code = lines.item[line]
            found = False
            while line < lines.starts[customer + 1] and lines.item[line] == code:
                day = lines.day[line]
                if after < day <= until and lines.visible[line] <= today:
                    if not found and count < owner.size:
                        owner[count], item[count], first[count] = customer, code, day
                        sums[count, :] = 0
                    found = True
                    if count < owner.size:
                        first[count] = min(first[count], day)
                        for measure in range(lines.measures.shape[1]):
                            sums[count, measure] += lines.measures[line, measure]
                line += 1
            count += found
    return count


@inner
def _sorted_by_day(
    lines: Lines,
    customer: int,
    within: tuple[int, int, int],
    place: Integers1D,
    ends: Out[Integers1D],
    baskets: Out[Integers1D],
) -> None:
    """The places of what a customer ordered, day by day, those of a day in the order of the lines.

    within: today, after, until. ends: (n_days + 1,), where each day ends in `baskets`; written.
    """
    today, after, until = within
    ends[:] = 0
    for line in range(lines.starts[customer], lines.starts[customer + 1]):
        day = lines.day[line]
        if after < day <= until and lines.visible[line] <= today and place[lines.item[line]] >= 0:
            ends[day - after] += 1
    for day in range(1, ends.size):
        ends[day] += ends[day - 1]
    for line in range(lines.starts[customer], lines.starts[customer + 1]):
        day = lines.day[line]
        if after < day <= until and lines.visible[line] <= today and place[lines.item[line]] >= 0:
            baskets[ends[day - after - 1]] = place[lines.item[line]]
            ends[day - after - 1] += 1


@kernel
def ordered_together(
    lines: Lines, today: int, after: int, until: int, place: Integers1D, counts: Out[Counts2D]
) -> None:
    """How often two items were ordered by one customer on one day in (after, until].

    place: (n_items,), the row and column of an item, rising with the item; -1 for one that does not count. counts:
    (n_places, n_places), symmetric, 0 where an item meets itself; written.
    """
    days, most = until - after, 0
    for customer in range(lines.starts.size - 1):
        most = max(most, lines.starts[customer + 1] - lines.starts[customer])
    ends, baskets = np.empty(days + 1, np.int64), np.empty(most, np.int64)
    counts[:] = 0
    for customer in range(lines.starts.size - 1):
        _sorted_by_day(lines, customer, (today, after, until), place, ends, baskets)
        begin = 0
        for day in range(days):
            # Items come in their order, so that one that is there again follows itself.
            size = 0
            for line in range(begin, ends[day]):
                if size == 0 or baskets[line] != baskets[begin + size - 1]:
                    baskets[begin + size] = baskets[line]
                    size += 1
            for one in range(begin, begin + size):
                row = counts[baskets[one]]
                for other in range(one + 1, begin + size):
                    row[baskets[other]] += 1
            begin = ends[day]
    for row in range(counts.shape[0]):
        for column in range(row):
            counts[row, column] = counts[column, row]


@kernel
def first_days(cells: Cells, counts: Integers1D, today: int, after: int, until: int, firsts: Out[Integers1D]) -> None:
    """The first day in (after, until] of every group on which something counts.

    counts: (n_cells,), above 0 for what does. firsts: (n_groups,), -1 where there is none; written.
    """
    for group in range(cells.starts.size - 1):
        firsts[group] = -1
        for cell in range(cells.starts[group], cells.starts[group + 1]):
            day = cells.day[cell]
            if after < day <= until and cells.visible[cell] <= today and counts[cell] > 0:
                firsts[group] = day
                break


class Basket(NamedTuple):
    """Who bought which items, and which kinds.

    starts: (n_customers + 1,), where the items of each customer begin. item: (n,). since: (n,), the day after which
    the customer must have begun with a kind for it to count with the item; -1 for whenever. kind: (n_items,), of
    every item. began: (n_customers, n_kinds), the day of the first purchase of a kind, -1 for none.
    """

    starts: Integers1D
    item: Integers1D
    since: Integers1D
    kind: Integers1D
    began: Integers2D


@kernel
def owners_by_item(basket: Basket, both: Out[Integers2D], buyers: Out[Integers1D]) -> None:
    """How many buyers every item has, and how many of them began with each kind after the day that counts.

    both: (n_items, n_kinds), buyers: (n_items,), zeros; added to.
    """
    for customer in range(basket.starts.size - 1):
        for place in range(basket.starts[customer], basket.starts[customer + 1]):
            item = basket.item[place]
            buyers[item] += 1
            for kind in range(both.shape[1]):
                both[item, kind] += basket.began[customer, kind] > basket.since[place]


class Shrinkage(NamedTuple):
    """How a lift is estimated. support: buyers an item needs. weight: expected owners' worth of belief in no lift."""

    support: int
    weight: float


@kernel
def lifts(
    basket: Basket,
    both: Integers2D,
    buyers: Integers1D,
    rule: Shrinkage,
    best: Out[Floats2D],
    mean: Out[Floats2D],
    top: Out[Floats2D],
    kept: int,
) -> None:
    """How much likelier than others the buyers of a customer's items are to own a kind: best, mean, sum of the top.

    Of an item's buyers those count as owners who began after the day that counts. Items of the kind itself say
    nothing and are left out, and so is the customer from all counts. A lift is owners over expected owners, both with
    the weight of no lift added. best, mean, top: (n_customers, n_kinds), NaN without an item of enough support; top
    adds the `kept` largest; written.
    """
    n_customers, n_kinds = basket.began.shape
    shoppers = 0
    for customer in range(n_customers):
        shoppers += basket.starts[customer + 1] > basket.starts[customer]
    owners = np.zeros(n_kinds, np.int64)
    for customer in range(n_customers):
        for kind in range(n_kinds):
            owners[kind] += basket.began[customer, kind] >= 0
    largest = np.empty(kept)
    for customer in range(n_customers):
        begin, end = basket.starts[customer], basket.starts[customer + 1]
        for kind in range(n_kinds):
            began = basket.began[customer, kind]
            others = shoppers - (1 if end > begin else 0)
            rate = (owners[kind] - (began >= 0)) / others if others > 0 else 0.0
            largest[:] = 0.0
            total, count, high, smallest = 0.0, 0, np.nan, 0
            for place in range(begin, end):
                item = basket.item[place]
                if basket.kind[item] == kind or buyers[item] - 1 < rule.support:
                    continue
                expected = rate * (buyers[item] - 1)
                own = 1 if began > basket.since[place] else 0
                lift = (both[item, kind] - own + rule.weight) / (expected + rule.weight)
                total += lift
                count += 1
                high = lift if np.isnan(high) else max(high, lift)
                if lift > largest[smallest]:
                    largest[smallest] = lift
                    smallest = int(np.argmin(largest))
            best[customer, kind] = high
            mean[customer, kind] = total / count if count else np.nan
            top[customer, kind] = largest.sum() if count else np.nan


@kernel
def nearest(vectors: Floats2D, present: Marks1D, kept: int, others: Out[Integers2D], likeness: Out[Floats2D]) -> None:
    """The nearest others of every point by the product of unit vectors, nearest first, ties by number.

    vectors: (n_points, n_axes), of length one, or zero where unknown: such a point has no neighbours and is none.
    present: (n_points,), who may be a neighbour. others, likeness: (n_points, kept), -1 and NaN where there are
    fewer; written.
    """
    n_points, n_axes = vectors.shape
    known = np.zeros(n_points, np.uint8)
    for point in range(n_points):
        for axis in range(n_axes):
            if vectors[point, axis] != 0.0:
                known[point] = 1
    for point in range(n_points):
        others[point, :] = -1
        likeness[point, :] = np.nan
        if not known[point]:
            continue
        filled = 0
        for other in range(n_points):
            if other == point or not known[other] or not present[other]:
                continue
            product = 0.0
            for axis in range(n_axes):
                product += vectors[point, axis] * vectors[other, axis]
            if filled == kept and not product > likeness[point, kept - 1]:
                continue
            place = min(filled, kept - 1)
            while place > 0 and product > likeness[point, place - 1]:
                others[point, place] = others[point, place - 1]
                likeness[point, place] = likeness[point, place - 1]
                place -= 1
            others[point, place], likeness[point, place] = other, product
            filled = min(filled + 1, kept)


class Tastes(NamedTuple):
    """What customers bought by item, sorted by customer. starts: (n_customers + 1,). item, lines: (n,).

    division, category: (n_items,), of every item; category -1 where unknown.
    """

    starts: Integers1D
    item: Integers1D
    lines: Integers1D
    division: Integers1D
    category: Integers1D


@kernel
def taste_likeness(tastes: Tastes, mix: Floats2D, likeness: Out[Floats2D]) -> None:
    """How like a division's mix of categories a customer's purchases of other divisions are: the cosine of both.

    mix: (n_divisions, n_categories), of length one. likeness: (n_customers, n_divisions), NaN where nothing else was
    bought; written.
    """
    n_divisions, n_categories = mix.shape
    for customer in range(tastes.starts.size - 1):
        whole = np.zeros(n_categories)
        own = np.zeros((n_divisions, n_categories))
        for place in range(tastes.starts[customer], tastes.starts[customer + 1]):
            category = tastes.category[tastes.item[place]]
            if category >= 0:
                whole[category] += tastes.lines[place]
                own[tastes.division[tastes.item[place]], category] += tastes.lines[place]
        for division in range(n_divisions):
            product, square = 0.0, 0.0
            for category in range(n_categories):
                bought = whole[category] - own[division, category]
                product += bought * mix[division, category]
                square += bought * bought
            likeness[customer, division] = product / np.sqrt(square) if square > 0.0 else np.nan
