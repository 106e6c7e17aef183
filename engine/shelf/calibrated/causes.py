"""Causes, calibrated: what explains the missing units of an episode (specification, sections 6 and 9).

In: `Panel`, `Demand`, `Course`, measured cases. Out: the cases with what `cause_measures` measures, the signals, one
score from 0 to 100 per cause, the primary cause and the secondary ones.

A fall is the logarithm of what is left of the sales, so that its parts add up. First the store's and the chain's part
is split off, then the part of the views; what remains was lost because shoppers who came did not buy. Price,
promotion, stock, neighbours and an empty shelf explain that part as far as their own sign is strong and their own
pattern reaches; a drop of conversion is what remains of it. A score is the share of the fall that a cause explains.
"""

import numpy as np
import polars as pl

from engine.kernels import causes, neighbours, rows
from engine.kernels.causes import Course
from engine.kernels.compiling import given
from engine.kernels.records import Spans
from engine.settings.shelf.calibrated import PatternSettings
from engine.settings.shelf.common import CauseSettings
from engine.shelf.calibrated.expect import Demand
from engine.shelf.cause_measures import as_lists, measures_of_cases, neighbourhood
from engine.shelf.naming import name_causes
from engine.shelf.panel import Panel
from engine.shelf.points import Points
from engine.stats import ratio
from engine.vocabulary import shelf as v
from engine.vocabulary.common import TIE_TOLERANCE

Range = tuple[float, float]
SMALLEST_SHARE = 0.02
"""A fall is told no deeper than to this share."""
OWN_REASONS = (v.PRICE_TOO_HIGH, v.OVERSTOCK, v.PROMO_INEFFECTIVE, v.MISALLOCATION, v.NOT_ON_SHELF)
"""Why shoppers who came did not buy; a drop of conversion yields to them."""


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
    ]
    return (
        pl.concat(measured, how="horizontal")
        .lazy()
        .with_columns(*_signals(pattern))
        .with_columns(*_falls(pattern))
        .with_columns(*_shares())
        .with_columns(*_strengths(pattern))
        .with_columns(*_reasons(pattern))
        .with_columns(_conversion(pattern), (100 * pl.col("unseen")).alias(score(v.TRAFFIC_DROP)), *_wide())
        .with_columns(pl.col(score(cause)).fill_null(0.0).clip(0.0, of.max_score) for cause in v.ALL_CAUSES)
        .drop(*_WORKINGS, *(f"sum_{name}" for name in causes.SIGNALS))
        .collect()
        .pipe(name_causes, v.ALL_CAUSES, of)
        .pipe(_without_idle_lift)
        .drop("usual_offer_share")
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

    observed = causes.Observed(
        panel.array("units"),
        panel.array("expected"),
        found.usable,
        found.clean,
        panel.array("price"),
        panel.array("promo"),
        panel.array("impressions"),
        panel.array("on_hand"),
        found.offers,
        found.category,
        panel.codes("store"),
        panel.codes("sku"),
        found.usual_price,
    )
    looking = causes.Looking(
        settings.before_days,
        settings.gap_days,
        settings.stock_near_days,
        settings.stock_far_days,
        settings.group_spread,
        settings.group_prior_units,
    )
    of_chain = (given(observed), given(found.factors), given(course), looking)

    def add(block: slice) -> None:
        causes.episode_signals(*of_chain, given(Spans(pair, first, last), block), sums[block])

    rows.in_blocks(add, pair.size)
    # Stock that stands still because its feed does proves nothing.
    is_stale = panel.feeds[v.INVENTORY].is_stale[panel.codes("store")[pair]]
    for name in ("stock_moves", "stock_pairs"):
        sums[is_stale, causes.SIGNALS.index(name)] = 0.0
    return pl.DataFrame({f"sum_{name}": sums[:, place] for place, name in enumerate(causes.SIGNALS)})


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

    sales = given(found.sales(panel.array("units"), panel.array("expected")))
    around = neighbourhood(panel, of.misallocation.radius_km)
    rule = neighbours.Rising(
        settings.before_days,
        settings.stock_far_days,
        of.misallocation.high_ratio,
        settings.neighbour_errors,
        TIE_TOLERANCE,
    )

    def look(block: slice) -> None:
        best = neighbours.Best(counts[block], ratios[block], kms[block], stores[block])
        episodes = given(Spans(pair, first, last), block)
        neighbours.risen_neighbours(sales, around, episodes, rule, strength[block], best)

    rows.in_blocks(look, pair.size)
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
        _fall((_sum("sold") + prior) / (_sum("expected_alone") + prior)).alias("fall"),
        _fall(pl.col("store_share_left")).alias("store_fall"),
        _fall(pl.col("chain_share_left")).alias("chain_fall"),
        _fall(pl.col("views_share")).fill_null(0.0).alias("views_fall"),
    )


def _shares() -> tuple[pl.Expr, ...]:
    """own_fall: what neither store nor chain explain. unbought: the share of the fall lost on shoppers who came."""
    of_others = pl.col("store_fall") + pl.col("chain_fall")
    own = (pl.col("fall") - of_others).clip(lower_bound=0.0)
    own_part = ratio(own, pl.col("fall")).fill_null(0.0)
    views_part = ratio(pl.col("views_fall"), own).clip(0.0, 1.0).fill_null(0.0)
    return (
        own.alias("own_fall"),
        (own_part * views_part).alias("unseen"),
        (own_part * (1 - views_part)).alias("unbought"),
    )


def _strengths(settings: PatternSettings) -> tuple[pl.Expr, ...]:
    """How strong the sign of every cause is, from 0 to 1; a sign that cannot be known is none."""
    rise = pl.min_horizontal(pl.col("price_share"), pl.col("price_share") / pl.col("price_share_elsewhere"))
    promoted = pl.col("promo_days_share") - pl.col("promo_days_share_before").fill_null(0.0)
    is_long = _strength(pl.col("cover_at_start_days"), settings.cover_days)
    has_grown = _strength(pl.col("stock_share"), settings.stock_growth)
    return (
        rise.alias("price_rise"),
        _strength(rise - 1, settings.price_rise).alias("price_sign"),
        (_strength(promoted, settings.promo_share) * _weakness(pl.col("promoted_share"), settings.promo_lift)).alias(
            "promo_sign"
        ),
        (is_long * pl.max_horizontal(has_grown, pl.lit(settings.long_cover_strength))).alias("stock_sign"),
        _strength(pl.col("neighbour_rise"), settings.neighbour_strength).alias("neighbour_sign"),
        (
            _weakness(pl.col("units_share"), settings.dark_share)
            * _weakness(pl.col("stock_moves_share"), settings.stock_moves)
        ).alias("empty_sign"),
    )


def _reasons(settings: PatternSettings) -> tuple[pl.Expr, ...]:
    """Of the share lost on shoppers who came, what each sign explains as far as its pattern reaches."""
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
    return tuple((100 * pl.col("unbought") * part).alias(score(cause)) for cause, part in explained.items())


def _conversion(settings: PatternSettings) -> pl.Expr:
    """Views held and fewer bought: it says how sales fell, and yields to what says why."""
    why = pl.max_horizontal(score(cause) for cause in OWN_REASONS) / 100
    reach = ratio(pl.lit(settings.conversion_fall), pl.col("own_fall")).clip(0.0, 1.0)
    is_known = pl.col("views_share").is_not_null()
    points = 100 * pl.col("unbought") * reach * (1 - settings.conversion_yields * why)
    return pl.when(is_known).then(points).alias(score(v.CONVERSION_DROP))


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
    left = pl.when(is_idle).then((share * expected - sold) / (expected - sold)).otherwise(1.0)
    dearer = pl.max_horizontal(ratio(pl.col("usual_price"), pl.col("price")), pl.lit(1.0))
    return (
        cases.with_columns(left=left, dearer=pl.when(is_idle).then(dearer).otherwise(1.0))
        .with_columns(
            pl.when(is_idle).then(share * expected).otherwise(expected).alias("expected_daily_units"),
            *(pl.col(name) * pl.col("left") for name in _LOST_UNITS),
            *(pl.col(name) * pl.col("left") * pl.col("dearer") for name in _LOST_MONEY),
        )
        .with_columns(
            underperformance_pct=pl.when(is_idle).then(100 * (1 - sold / expected)).otherwise("underperformance_pct")
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
_WORKINGS = (
    "fall",
    "store_fall",
    "chain_fall",
    "views_fall",
    "own_fall",
    "unseen",
    "unbought",
    "price_rise",
    "price_sign",
    "promo_sign",
    "stock_sign",
    "neighbour_sign",
    "empty_sign",
    "neighbour_rise",
)


def _sum(name: str) -> pl.Expr:
    return pl.col(f"sum_{name}")


def _fall(share: pl.Expr) -> pl.Expr:
    """-ln of the share left, from 0."""
    return -share.clip(SMALLEST_SHARE, 1.0).log()


def _strength(value: pl.Expr, between: Range) -> pl.Expr:
    """0 up to the range's begin, 1 from its end on; unknown is 0."""
    start, end = between
    return ((value - start) / (end - start)).clip(0.0, 1.0).fill_null(0.0)


def _weakness(value: pl.Expr, between: Range) -> pl.Expr:
    """1 up to the range's begin, 0 from its end on; unknown is 0."""
    start, end = between
    return ((end - value) / (end - start)).clip(0.0, 1.0).fill_null(0.0)
