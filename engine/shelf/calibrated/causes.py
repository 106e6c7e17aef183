"""Causes, calibrated: what explains the missing units of an episode (specification, sections 6 and 9).

In: `Panel`, `Demand`, `Course`, measured cases. Out: the cases with what `cause_measures` measures, the signals, one
score from 0 to 100 per cause, the primary cause and the secondary ones.

A fall is the logarithm of what is left of the sales, so that its parts add up. First the store's and the chain's part
is split off; the rest is the shelf's own. Events come before symptoms: price, promotion, stock, neighbours and an
empty shelf explain all of the own fall as far as their sign is strong, their day fits the day on which the fall
began, and their pattern reaches. Views and conversion fall with the sales whatever took them; they share what no
event explains.
A score is the share of the fall that a cause explains.
"""

import numpy as np
import polars as pl

from engine.arrays import Integers
from engine.kernels import causes, neighbours, rows, steps
from engine.kernels.causes import Course
from engine.kernels.compiling import given
from engine.kernels.records import Spans
from engine.settings.shelf.calibrated import PatternSettings
from engine.settings.shelf.common import CauseSettings
from engine.shelf.calibrated.expect import Demand
from engine.shelf.calibrated.measure import episodes_of
from engine.shelf.cause_measures import (
    as_lists,
    measures_of_cases,
    neighbourhood,
    points_at_a_time,
)
from engine.shelf.naming import name_causes
from engine.shelf.panel import Panel
from engine.shelf.points import Points
from engine.stats import quotient, ratio
from engine.vocabulary import shelf as v
from engine.vocabulary.common import TIE_TOLERANCE

Range = tuple[float, float]
SMALLEST_SHARE = 0.02
"""A fall is told no deeper than to this share."""
OWN_EVENTS = (v.PRICE_TOO_HIGH, v.OVERSTOCK, v.PROMO_INEFFECTIVE, v.MISALLOCATION, v.NOT_ON_SHELF)
"""What may have happened to the shelf itself; symptoms yield to it."""


def diagnose(
    panel: Panel, found: Demand, course: Course, cases: pl.DataFrame, of: CauseSettings, pattern: PatternSettings
) -> pl.DataFrame:
    """Signals, scores, primary and secondary causes of every case. Without any good score the cause is null."""
    points = Points(panel, cases["pair"].to_numpy(), cases["last"].to_numpy())
    measured = [
        cases,
        measures_of_cases(points, of),
        _sums(panel, found, course, cases, pattern),
        _neighbours(panel, found, cases, of, pattern),
        _steps(panel, found, cases, pattern),
    ]
    return (
        pl.concat(measured, how="horizontal")
        .lazy()
        .with_columns(*_signals(pattern))
        .with_columns(*_falls(pattern))
        .with_columns(*_shares())
        .with_columns(*_strengths(pattern))
        .with_columns(_lag("price"), _lag("promo"), *_events(pattern))
        .with_columns(pl.max_horizontal(score(cause) for cause in OWN_EVENTS).alias("of_events"))
        .with_columns(*_symptoms(pattern), *_wide())
        # A negative zero is no less than 0 and would read as -0.
        .with_columns(pl.col(score(cause)).fill_null(0.0).clip(0.0, of.max_score).abs() for cause in v.ALL_CAUSES)
        .drop(*_WORKINGS, *(f"sum_{name}" for name in causes.SIGNALS))
        .collect()
        .pipe(name_causes, v.ALL_CAUSES, of)
        .with_columns(_views_are_symptom(pattern))
        .pipe(_without_idle_lift)
        .drop("usual_offer_share", "views_fall", "fall")
    )


def signals_of(
    panel: Panel, found: Demand, course: Course, runs: pl.DataFrame, pattern: PatternSettings
) -> pl.DataFrame:
    """The signals of episodes and what their store and the chain explain of them, before anything else is asked."""
    return (
        _sums(panel, found, course, runs, pattern)
        .lazy()
        .with_columns(*_signals(pattern))
        .with_columns(*_falls(pattern))
        .with_columns(*_wide())
        .select(*_SIGNALS, score(v.STORE_WIDE), score(v.CHAIN_WIDE))
        .collect()
    )


def score(cause: str) -> str:
    """The column of a cause's score."""
    return f"score_{cause}"


def _sums(
    panel: Panel, found: Demand, course: Course, cases: pl.DataFrame, settings: PatternSettings
) -> pl.DataFrame:
    """The columns of `causes.SIGNALS`, a row a case."""
    pair, first, last = (cases[name].to_numpy() for name in ("pair", "first", "last"))
    sums = np.empty((pair.size, len(causes.SIGNALS)))

    looking = causes.Looking(
        settings.before_days,
        settings.gap_days,
        settings.stock_near_days,
        settings.stock_far_days,
        settings.group_spread,
        settings.group_prior_units,
    )
    of_chain = (given(found.factors), given(course), looking)

    def add(block: slice) -> None:
        causes.episode_signals(
            _observed(panel, found, pair[block]), *of_chain, episodes_of(first[block], last[block]), sums[block]
        )

    rows.in_blocks(add, pair.size)
    # Stock that stands still because its feed does proves nothing.
    is_stale = panel.feeds[v.INVENTORY].is_stale[panel.codes("store")[pair]]
    for name in ("stock_moves", "stock_pairs"):
        sums[is_stale, causes.SIGNALS.index(name)] = 0.0
    return pl.DataFrame({f"sum_{name}": sums[:, place] for place, name in enumerate(causes.SIGNALS)})


def _observed(panel: Panel, found: Demand, pair: Integers) -> causes.Observed:
    """All that is known of some pairs."""
    return given(
        causes.Observed(
            panel.array("units", pair),
            panel.array("expected", pair),
            found.usable[pair],
            found.clean[pair],
            panel.array("price", pair),
            panel.array("promo", pair),
            panel.array("impressions", pair),
            panel.array("on_hand", pair),
            found.offers[pair],
            found.occasions.group[pair],
            panel.codes("store")[pair],
            panel.codes("sku")[pair],
            found.usual_price[pair],
        )
    )


def _neighbours(
    panel: Panel, found: Demand, cases: pl.DataFrame, of: CauseSettings, settings: PatternSettings
) -> pl.DataFrame:
    """Stores nearby whose sales of the SKU rose as the episode came.

    neighbours_over: how many. neighbour_stores (ids as text), neighbour_km, neighbour_ratios: the best, by ratio.
    neighbour_rise: of the best together, in standard errors. neighbour_units: that they sold beyond the usual.
    """
    pair, first, last = (cases[name].to_numpy() for name in ("pair", "first", "last"))
    shape = (pair.size, of.misallocation.kept_stores)
    counts, strength = np.empty(pair.size, np.int64), np.empty((pair.size, 2))
    ratios, kms, stores = np.empty(shape), np.empty(shape), np.empty(shape, np.int64)

    sales = found.sales(panel)
    around = neighbourhood(panel, of.misallocation.radius_km)
    rule = neighbours.Rising(
        settings.before_days,
        settings.stock_far_days,
        of.misallocation.high_ratio,
        settings.neighbour_errors,
        *settings.day_fit,
        settings.gap_days,
        TIE_TOLERANCE,
    )

    def look(block: slice) -> None:
        best = neighbours.Best(counts[block], ratios[block], kms[block], stores[block])
        episodes = given(Spans(pair, first, last), block)
        neighbours.risen_neighbours(sales, around, episodes, rule, strength[block], best)

    rows.in_blocks(look, pair.size, points_at_a_time(around))
    near = stores >= 0
    ids = panel.stores["store_id"].cast(pl.String).gather(stores[near])
    return pl.DataFrame(
        {
            "neighbours_over": counts,
            "neighbour_stores": as_lists(ids, near),
            "neighbour_km": as_lists(pl.Series(kms[near]), near),
            "neighbour_ratios": as_lists(pl.Series(ratios[near]), near),
            "neighbour_rise": strength[:, 0],
            "neighbour_units": strength[:, 1],
        }
    )


def _steps(panel: Panel, found: Demand, cases: pl.DataFrame, settings: PatternSettings) -> pl.DataFrame:
    """When the price rose and promotion began, as far as the fall may have begun on that day.

    price_lag_days, promo_lag_days: days from the first day of the episode, negative before it. price_step,
    promo_step: height. price_fit, promo_fit: 0 to 1. Null without a rise on a day that fits.
    """
    pair, first, last = (cases[name].to_numpy() for name in ("pair", "first", "last"))
    heights = np.empty((pair.size, len(_STEPS)))
    sales = found.sales(panel)
    rule = steps.Stepping(
        settings.before_days,
        settings.price_step_days,
        settings.promo_step_days,
        settings.gap_days,
        *settings.day_fit,
        SMALLEST_SHARE,
    )

    def look(block: slice) -> None:
        some, episodes = pair[block], given(Spans(pair, first, last), block)
        offered = (panel.array("price", some), panel.array("promo", some))
        steps.fitting_steps(*offered, sales, rule, episodes, heights[block])

    rows.in_blocks(look, pair.size)
    return pl.DataFrame(heights, schema=_STEPS).fill_nan(None)


def _signals(settings: PatternSettings) -> tuple[pl.Expr, ...]:
    """What changed, as shares of what was: null where either side is unknown."""
    views_expected = _sum("views_exposure") * ratio(_sum("views_before"), _sum("views_exposure_before"))
    before = ratio(_sum("price_before"), _sum("price_days_before"))
    elsewhere = ratio(_sum("elsewhere_before"), _sum("elsewhere_days_before"))
    stock = ratio(_sum("stock"), _sum("stock_days"))
    prior = settings.prior_views
    return (
        ratio(_sum("sold"), _sum("expected_units")).alias("units_share"),
        ratio(_sum("sold"), _sum("expected_at_usual_offer")).alias("promoted_share"),
        ratio(_sum("expected_at_usual_offer"), _sum("expected_units")).alias("usual_offer_share"),
        ratio(_sum("views") + prior, views_expected + prior).alias("views_share"),
        before.alias("usual_price"),
        ratio(ratio(_sum("price"), _sum("price_days")), before).alias("price_share"),
        ratio(ratio(_sum("elsewhere"), _sum("elsewhere_days")), elsewhere).alias("price_share_elsewhere"),
        ratio(_sum("promo_days"), _sum("days")).alias("promo_days_share"),
        ratio(_sum("promo_days_before"), _sum("days_before")).alias("promo_days_share_before"),
        stock.alias("stock_at_start"),
        ratio(stock, ratio(_sum("stock_before"), _sum("stock_days_before"))).alias("stock_share"),
        ratio(stock, ratio(_sum("expected_at_usual_offer"), _sum("days"))).alias("cover_at_start_days"),
        ratio(_sum("stock_moves"), _sum("stock_pairs")).alias("stock_moves_share"),
        ratio(_sum("store_share"), _sum("expected_units")).alias("store_share_left"),
        ratio(_sum("sku_share"), _sum("expected_units")).alias("chain_share_left"),
        ratio(_sum("sold_before"), _sum("expected_before")).alias("before_share"),
    )


def _falls(settings: PatternSettings) -> tuple[pl.Expr, ...]:
    prior = settings.prior_units
    return (
        _fall(quotient(_sum("sold") + prior, _sum("expected_alone") + prior)).alias("fall"),
        _fall(pl.col("store_share_left")).alias("store_fall"),
        _fall(pl.col("chain_share_left")).alias("chain_fall"),
        _fall(pl.col("views_share")).fill_null(0.0).alias("views_fall"),
    )


def _shares() -> tuple[pl.Expr, ...]:
    """own_fall: what neither store nor chain explain. own_part: its share of the fall. views_part: the share of it
    that shows in the views, nothing where no views are known.
    """
    of_others = pl.col("store_fall") + pl.col("chain_fall")
    own = (pl.col("fall") - of_others).clip(lower_bound=0.0)
    return (
        own.alias("own_fall"),
        ratio(own, pl.col("fall")).fill_null(0.0).alias("own_part"),
        ratio(pl.col("views_fall"), own).clip(0.0, 1.0).fill_null(0.0).alias("views_part"),
    )


def _strengths(settings: PatternSettings) -> tuple[pl.Expr, ...]:
    """How strong the sign of every event is, from 0 to 1; a sign that cannot be known is none."""
    rise = pl.min_horizontal(
        pl.col("price_share"),
        quotient(pl.col("price_share"), pl.col("price_share_elsewhere")),
        1 + pl.col("price_step"),
    )
    promoted = pl.col("promo_days_share") - pl.col("promo_days_share_before").fill_null(0.0)
    began = pl.min_horizontal(promoted, pl.col("promo_step"))
    without_lift = _weakness(pl.col("promoted_share"), settings.promo_lift)
    return (
        rise.alias("price_rise"),
        (_strength(rise - 1, settings.price_rise) * pl.col("price_fit").fill_null(0.0)).alias("price_sign"),
        (_strength(began, settings.promo_share) * without_lift * pl.col("promo_fit").fill_null(0.0)).alias(
            "promo_sign"
        ),
        _stock_sign(settings).alias("stock_sign"),
        _strength(pl.col("neighbour_rise"), settings.neighbour_strength).alias("neighbour_sign"),
        _empty_sign(settings).alias("empty_sign"),
    )


def _lag(event: str) -> pl.Expr:
    """When an event came, where that is a sign."""
    return pl.when(pl.col(f"{event}_sign") > 0).then(f"{event}_lag_days").alias(f"{event}_lag_days")


def _stock_sign(settings: PatternSettings) -> pl.Expr:
    """Long cover that grew as the fall came. Cover that had long been long has no day: it is a reason of shoppers who
    came and did not buy, and none where nobody counts them.
    """
    came = pl.when(pl.col("views_share").is_not_null()).then(1 - pl.col("views_part")).otherwise(0.0)
    has_grown = _strength(pl.col("stock_share"), settings.stock_growth)
    is_long = _strength(pl.col("cover_at_start_days"), settings.cover_days)
    return is_long * pl.max_horizontal(has_grown, settings.long_cover_strength * came)


def _empty_sign(settings: PatternSettings) -> pl.Expr:
    """Next to nothing was sold and stock stood still. Shoppers who see less of it, and not nothing, saw it there."""
    sells_nothing = _weakness(pl.col("units_share"), settings.dark_share)
    no_movement = _weakness(pl.col("stock_moves_share"), settings.stock_moves)
    unseen = _weakness(pl.col("views_share"), settings.dark_share)
    return sells_nothing * no_movement * (1 - pl.col("views_part") * (1 - unseen))


def _events(settings: PatternSettings) -> tuple[pl.Expr, ...]:
    """What each event explains of the fall: of all that is the shelf's own, as far as its pattern reaches."""
    lost = _sum("expected_units") - _sum("sold")
    reach = {
        v.PRICE_TOO_HIGH: settings.price_response * pl.col("price_rise").log(),
        v.OVERSTOCK: pl.lit(settings.overstock_fall),
        v.PROMO_INEFFECTIVE: pl.lit(settings.promo_fall),
        v.MISALLOCATION: pl.lit(settings.neighbour_fall),
    }
    signs = {
        v.PRICE_TOO_HIGH: pl.col("price_sign"),
        v.OVERSTOCK: pl.col("stock_sign"),
        v.PROMO_INEFFECTIVE: pl.col("promo_sign"),
        v.MISALLOCATION: pl.col("neighbour_sign") * ratio(pl.col("neighbour_units"), lost).clip(0.0, 1.0),
    }
    explained = {
        cause: (sign * ratio(reach[cause], pl.col("own_fall")).clip(0.0, 1.0)).fill_null(0.0)
        for cause, sign in signs.items()
    }
    # An empty shelf is what remains when nothing else that could explain it has changed.
    others = pl.max_horizontal(explained.values())
    explained[v.NOT_ON_SHELF] = pl.col("empty_sign") * (1 - others)
    return tuple((100 * pl.col("own_part") * part).alias(score(cause)) for cause, part in explained.items())


def _symptoms(settings: PatternSettings) -> tuple[pl.Expr, ...]:
    """Fewer views, and fewer bought of those there were: how sales fell, for what no event explains."""
    unexplained = (100 * pl.col("own_part") - pl.col("of_events")).clip(lower_bound=0.0)
    reach = ratio(pl.lit(settings.conversion_fall), pl.col("own_fall")).clip(0.0, 1.0)
    is_known = pl.col("views_share").is_not_null()
    return (
        (unexplained * pl.col("views_part")).alias(score(v.TRAFFIC_DROP)),
        pl.when(is_known).then(unexplained * (1 - pl.col("views_part")) * reach).alias(score(v.CONVERSION_DROP)),
    )


def _views_are_symptom(settings: PatternSettings) -> pl.Expr:
    """Whether the views fell with the sales that an event took."""
    is_event = ~pl.col("primary_cause").is_in([v.CONVERSION_DROP, v.TRAFFIC_DROP])
    shown = ratio(pl.col("views_fall"), pl.col("fall")) >= settings.symptom_share
    return (is_event & shown).fill_null(value=False).alias("views_are_symptom")


def _wide() -> tuple[pl.Expr, ...]:
    """What was not this shelf's own: a weak store, a weak SKU."""
    fall = pl.col("fall")
    return (
        (100 * ratio(pl.col("store_fall"), fall)).alias(score(v.STORE_WIDE)),
        (100 * ratio(pl.col("chain_fall"), fall)).alias(score(v.CHAIN_WIDE)),
    )


def _without_idle_lift(cases: pl.DataFrame) -> pl.DataFrame:
    """The cases with what an idle promotion took: sales of the usual offer at its price, no lift that never came.

    Losses keep their relative error, and never become less than nothing.
    """
    expected, sold, share = (
        pl.col(name) for name in ("expected_daily_units", "actual_daily_units", "usual_offer_share")
    )
    is_idle = (pl.col("primary_cause") == v.PROMO_INEFFECTIVE) & (share < 1) & (share * expected > sold)
    left = pl.when(is_idle).then(quotient(share * expected - sold, expected - sold)).otherwise(1.0)
    dearer = pl.max_horizontal(ratio(pl.col("usual_price"), pl.col("price")), pl.lit(1.0))
    return (
        cases.with_columns(left=left, dearer=pl.when(is_idle).then(dearer).otherwise(1.0))
        .with_columns(
            pl.when(is_idle).then(share * expected).otherwise(expected).alias("expected_daily_units"),
            *(pl.col(name) * pl.col("left") for name in _LOST_UNITS),
            *(pl.col(name) * pl.col("left") * pl.col("dearer") for name in _LOST_MONEY),
        )
        .with_columns(
            underperformance_pct=pl.when(is_idle)
            .then(100 * (1 - quotient(sold, expected)))
            .otherwise("underperformance_pct")
        )
        .drop("left", "dearer")
    )


_LOST_UNITS = ("gap_units", "lost_units", "lost_units_low", "lost_units_high")
_LOST_MONEY = ("revenue_at_risk", "revenue_at_risk_low", "revenue_at_risk_high", "projected_30d_loss")
_SIGNALS = (
    "units_share",
    "before_share",
    "price_share",
    "stock_share",
    "cover_at_start_days",
    "store_share_left",
    "chain_share_left",
)
_STEPS = ("price_lag_days", "price_step", "price_fit", "promo_lag_days", "promo_step", "promo_fit")
_WORKINGS = (
    "store_fall",
    "chain_fall",
    "own_fall",
    "own_part",
    "views_part",
    "of_events",
    "price_rise",
    "price_sign",
    "promo_sign",
    "stock_sign",
    "neighbour_sign",
    "empty_sign",
    "neighbour_rise",
    "price_step",
    "price_fit",
    "promo_step",
    "promo_fit",
)


def _sum(name: str) -> pl.Expr:
    return pl.col(f"sum_{name}")


def _fall(share: pl.Expr) -> pl.Expr:
    """-ln of the share left, from 0."""
    return -share.clip(SMALLEST_SHARE, 1.0).log()


def _strength(value: pl.Expr, between: Range) -> pl.Expr:
    """0 up to the range's begin, 1 from its end on; unknown is 0."""
    start, end = between
    return ((value - start) * (1 / (end - start))).clip(0.0, 1.0).fill_null(0.0)


def _weakness(value: pl.Expr, between: Range) -> pl.Expr:
    """1 up to the range's begin, 0 from its end on; unknown is 0."""
    start, end = between
    return ((end - value) * (1 / (end - start))).clip(0.0, 1.0).fill_null(0.0)
