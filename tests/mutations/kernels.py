"""Operators and constants inside the kernels: sections 2 to 6 and 8."""

from __future__ import annotations

from tests.mutations.mutation import Mutation


def kernel(name: str) -> tuple[str, tuple[str, ...]]:
    """File and tests of a kernel."""
    return f"engine/kernels/{name}.py", (f"tests/kernels/test_{name}.py",)


SETTLE, SETTLE_TESTS = kernel("settle")
EXPECTATION, EXPECTATION_TESTS = kernel("expectation")
RUNS, RUNS_TESTS = kernel("runs")
WINDOWS, WINDOWS_TESTS = kernel("windows")
NEIGHBOURS, NEIGHBOURS_TESTS = kernel("neighbours")
BOOTSTRAP, BOOTSTRAP_TESTS = kernel("bootstrap")
CELLS, CELLS_TESTS = kernel("cells")

KERNELS = (
    Mutation(CELLS, "word = flags[row] + 1 if", "word = flags[row] if", "the bits of a pricing flag", CELLS_TESTS),
    Mutation(
        CELLS,
        "revenue_from <= day < n_days - 1:",
        "revenue_from <= day < n_days:",
        "revenue of the as-of day",
        CELLS_TESTS,
    ),
    Mutation(SETTLE, "0 < gap <= longest", "0 < gap < longest", "gaps of exactly the longest length", SETTLE_TESTS),
    Mutation(SETTLE, "/ (gap + 1)", "/ gap", "the slope over a gap", SETTLE_TESTS),
    Mutation(
        SETTLE,
        "day - last_sale <= sales_days",
        "day - last_sale < sales_days",
        "the last day stock is inferred",
        SETTLE_TESTS,
    ),
    Mutation(
        SETTLE, "if units[day] > 0:", "if units[day] >= 0:", "a sale of nothing as a sign of stock", SETTLE_TESTS
    ),
    Mutation(
        SETTLE,
        "in_stock[day] = on_hand[day] > min_on_hand",
        "in_stock[day] = on_hand[day] >= min_on_hand",
        "the strict minimum of stock",
        SETTLE_TESTS,
    ),
    Mutation(
        SETTLE,
        "or on_hand[day] > min_on_hand:",
        "or on_hand[day] >= min_on_hand:",
        "listing by an empty snapshot",
        SETTLE_TESTS,
    ),
    Mutation(
        SETTLE,
        "for day in range(listed[row], n_days):",
        "for day in range(n_days):",
        "zeros before the listing",
        SETTLE_TESTS,
    ),
    Mutation(SETTLE, "0.0 if of_store == DELIVERED else np.nan", "0.0", "zeros on closed days", SETTLE_TESTS),
    Mutation(
        SETTLE,
        "(pricing == 0 and promo[row, day] == 1)",
        "promo[row, day] & 1 == 1",
        "a pricing flag overruled by sales",
        SETTLE_TESTS,
    ),
    Mutation(
        EXPECTATION,
        "abs(past[day] - mean[day]) <= bound[day]",
        "abs(past[day] - mean[day]) < bound[day] * 0.999",
        "values on the edge",
        EXPECTATION_TESTS,
    ),
    Mutation(
        EXPECTATION,
        "sigmas * math.sqrt(total[day] / (count[day] - 1))",
        "sigmas * math.sqrt(total[day] / count[day])",
        "ddof of the deviation",
        EXPECTATION_TESTS,
    ),
    Mutation(
        EXPECTATION,
        "later[place] -= earlier[place]",
        "later[place] -= 0.0",
        "the sums of a sliding window",
        EXPECTATION_TESTS,
    ),
    Mutation(
        EXPECTATION,
        "_raise_to(peaks, peaks[window - span :])",
        "_raise_to(peaks, peaks[0:])",
        "the peak of a sliding window",
        EXPECTATION_TESTS,
    ),
    Mutation(
        EXPECTATION,
        "or lowest[day] + mean[day] > bound[day]",
        "",
        "outliers below, of whole numbers",
        EXPECTATION_TESTS,
    ),
    Mutation(
        EXPECTATION,
        "reach = sigmas * math.sqrt(squares[day] / (several * (several - 1.0)))",
        "reach = sigmas * math.sqrt(squares[day] / (several * several))",
        "ddof of the bound, of whole numbers",
        EXPECTATION_TESTS,
    ),
    Mutation(
        EXPECTATION,
        "expected[row, day] = work[0, day] if work[2, day] >= min_kept",
        "expected[row, day] = work[0, day] if work[2, day] > min_kept",
        "the fewest kept days",
        EXPECTATION_TESTS,
    ),
    Mutation(
        EXPECTATION,
        "_add_within(series[:-lag], mean[lag:]",
        "_add_within(series[:-lag], mean[:-lag]",
        "whose mean trims",
        EXPECTATION_TESTS,
    ),
    Mutation(
        EXPECTATION,
        "squares[day] / (count[day] - 1)) if",
        "squares[day] / count[day]) if",
        "ddof of the standard error",
        EXPECTATION_TESTS,
    ),
    Mutation(
        EXPECTATION,
        "first = max(day - window, 0)",
        "first = max(day - window + 1, 0)",
        "the first day of the baseline",
        EXPECTATION_TESTS,
    ),
    Mutation(
        EXPECTATION,
        "reach = sigmas * math.sqrt(squares / (count - 1)) if",
        "reach = sigmas * math.sqrt(squares / count) if",
        "ddof of the baseline",
        EXPECTATION_TESTS,
    ),
    Mutation(
        RUNS,
        "bound - units > tolerance * bound",
        "bound - units >= -tolerance * bound",
        "exact ties with the dark ratio",
        RUNS_TESTS,
    ),
    Mutation(RUNS, "return in_stock == 1 and", "return", "shelves out of stock", RUNS_TESTS),
    Mutation(
        RUNS, "if length >= min_days:", "if length > min_days:", "runs of exactly the shortest length", RUNS_TESTS
    ),
    Mutation(RUNS, "row, day - length, day - 1", "row, day - length, day", "the last day of a run", RUNS_TESTS),
    Mutation(
        WINDOWS,
        "while day >= 0 and seen < days:",
        "while day > 0 and seen < days:",
        "day 0 in promo windows",
        WINDOWS_TESTS,
    ),
    Mutation(WINDOWS, "seen < days:", "seen <= days:", "the length of promo windows", WINDOWS_TESTS),
    Mutation(
        WINDOWS,
        "flags, 1, ends[point], promo_days",
        "flags, 1, ends[point] - 1, promo_days",
        "the promo day itself",
        WINDOWS_TESTS,
    ),
    Mutation(
        WINDOWS, "series[day] > series[day - 1]", "series[day] >= series[day - 1]", "a rise of nothing", WINDOWS_TESTS
    ),
    Mutation(
        WINDOWS,
        "if not (np.isnan(a) or np.isnan(b)):",
        "if not np.isnan(a):",
        "days with one of two measures",
        WINDOWS_TESTS,
    ),
    Mutation(WINDOWS, "        if group < 0:\n            continue\n", "", "rows without a group", WINDOWS_TESTS),
    Mutation(
        NEIGHBOURS,
        "EARTH_RADIUS_KM = 6371.0",
        "EARTH_RADIUS_KM = 6378.1",
        "the radius of the earth",
        NEIGHBOURS_TESTS,
    ),
    Mutation(
        NEIGHBOURS,
        "math.cos(north) * math.cos(other_north) * along",
        "math.cos(north) * math.cos(north) * along",
        "meridians that draw together",
        NEIGHBOURS_TESTS,
    ),
    Mutation(
        NEIGHBOURS, "if distance <= radius_km:", "if distance < radius_km:", "the radius itself", NEIGHBOURS_TESTS
    ),
    Mutation(
        NEIGHBOURS,
        "math.degrees(radius_km / EARTH_RADIUS_KM)",
        "math.degrees(radius_km / EARTH_RADIUS_KM) / 2",
        "the band of the sweep",
        NEIGHBOURS_TESTS,
    ),
    Mutation(
        NEIGHBOURS,
        "if days >= min_days and hoped > 0",
        "if days > min_days and hoped > 0",
        "the fewest days of a neighbour",
        NEIGHBOURS_TESTS,
    ),
    Mutation(
        NEIGHBOURS, "max(end - window + 1, 0)", "max(end - window, 0)", "the window of a neighbour", NEIGHBOURS_TESTS
    ),
    Mutation(
        NEIGHBOURS,
        "ratio - high_ratio > tolerance * ratio",
        "ratio - high_ratio >= -tolerance * ratio",
        "ties with the high ratio",
        NEIGHBOURS_TESTS,
    ),
    Mutation(
        NEIGHBOURS,
        "(km, store) < (kms[before], stores[before])",
        "(store, km) < (stores[before], kms[before])",
        "equal ratios by distance",
        NEIGHBOURS_TESTS,
    ),
    Mutation(
        NEIGHBOURS,
        "if pair < 0 or not judged[pair]:",
        "if pair < 0:",
        "neighbours that are not judged",
        NEIGHBOURS_TESTS,
    ),
    Mutation(
        BOOTSTRAP, "0x9E3779B97F4A7C15", "0x9E3779B97F4A7C16", "the increment of the generator", BOOTSTRAP_TESTS
    ),
    Mutation(BOOTSTRAP, "0x94D049BB133111EB", "0x94D049BB133111ED", "the mixing of the generator", BOOTSTRAP_TESTS),
    Mutation(BOOTSTRAP, "n - (blocks - 1) * block, cut", "block, cut", "the last block cut", BOOTSTRAP_TESTS),
    Mutation(
        BOOTSTRAP,
        "low_at, high_at = tail * (values.size - 1),",
        "low_at, high_at = tail * values.size,",
        "the type of percentile",
        BOOTSTRAP_TESTS,
    ),
)
