"""Response: how much more sells for a lower price, learnt from the chain's own price changes.

In: `Panel`, `Demand`. Out: one response a category, shrunk toward the chain's, with its interval. Units on days at
another price are held against the expected units without the factors of the offer and of the SKU's day: a price that
changes in every store on one day must not be taken for the SKU's own day.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import polars as pl

from engine.arrays import Floats, Integers
from engine.blocks.together import Together
from engine.kernels import rows
from engine.kernels.compiling import given
from engine.kernels.response import Changed, FoundChanged, Priced, changed_days, response_sums
from engine.settings.shelf.calibrated import ResponseSettings
from engine.settings.shelf.common import RecommendSettings
from engine.shelf.calibrated.expect import Demand
from engine.shelf.panel import Panel
from engine.vocabulary import shelf as v

CATEGORY, CHAIN, ASSUMED = "category", "chain", "assumed"
"""Where a response was learnt; assumed: nowhere, it is the setting."""
LIFT_PRIOR = 1.0
"""Information, as of so many units on promotion, that a promotion by itself changes nothing."""
FEWEST_CLUSTERS = 3
"""Of no more SKUs a variance can be told."""
N_CHANGED = len(Changed._fields) - 1
"""What is known of every changed day."""
TINY = 1e-12
MAX_STEP = 1.0
"""A Newton step that overshoots is cut to this."""
MAX_SLOPE = 20.0


@dataclass(frozen=True)
class Response:
    """What each category's sales answer to price. Rows are those of `Demand.weekday`, the last without category.

    table: category (null for the last), price_response, price_response_low, price_response_high (null when assumed),
    price_response_basis, promo_lift (share gained by a promotion at the same price), skus (whose price changed) and
    changed_days (store-SKU-days at another price).
    """

    table: pl.DataFrame


@dataclass(frozen=True)
class Slopes:
    """Estimates and their variances by category, (categories,); the variance is infinite where nothing was seen."""

    price: Floats
    price_variance: Floats
    lift: Floats
    lift_variance: Floats


def price_response(
    panel: Panel, found: Demand, settings: ResponseSettings, recommend: RecommendSettings, level: float
) -> Response:
    """The response of every category. level: of the interval.

    A category of too few changed SKUs takes the chain's response; where the chain's is not known well enough either,
    that of the settings is assumed.
    """
    categories, together = [*panel.categories, None], panel.together
    own_skus = np.full(panel.skus.height, len(categories) - 1)
    own_skus[panel.codes("sku")] = found.category
    of_sku = together.joined(own_skus)
    slopes, changed = np.zeros((len(categories), 2)), _changed_days(panel, found, settings)
    for _ in range(settings.rounds):
        sums = together.joined(_sums_by_sku(panel, found, changed, slopes))
        slopes = _next_slopes(slopes, sums, of_sku, together)
    sums = together.joined(_sums_by_sku(panel, found, changed, slopes))
    z = NormalDist().inv_cdf((1 + level) / 2)
    return together.once(lambda: _response(categories, slopes, sums, of_sku, settings, recommend, z))


def _next_slopes(slopes: Floats, sums: Floats, of_sku: Integers, together: Together) -> Floats:
    return together.once(lambda: (slopes + _step(sums, of_sku, len(slopes))).clip(-MAX_SLOPE, MAX_SLOPE))


def _response(
    categories: Sequence[str | None],
    slopes: Floats,
    sums: Floats,
    of_sku: Integers,
    settings: ResponseSettings,
    recommend: RecommendSettings,
    z: float,
) -> Response:
    """The response by the slopes and what every SKU of the chain says of them."""
    changed = np.bincount(of_sku, sums[:, 5] > 0, len(categories)).astype(np.float64)
    days = np.bincount(of_sku, sums[:, 5], len(categories))
    table = _table_of(_variances(slopes, sums, of_sku), changed, settings, recommend, z)
    return Response(
        table.with_columns(
            category=pl.Series(categories, dtype=pl.String),
            skus=changed.astype(np.int64),
            changed_days=days.astype(np.int64),
        ).select("category", *v.PRICE_RESPONSE_COLUMNS, "promo_lift", "skus", "changed_days")
    )


class Mean(NamedTuple):
    """What groups have in common. variance: of the mean itself; between: of the groups' true values around it."""

    value: float
    variance: float
    between: float


def common_mean(estimates: Floats, variances: Floats) -> Mean:
    """The mean of a random effect (DerSimonian and Laird 1986); infinite variances say nothing.

    0 with infinite variance when no group says anything.
    """
    known = np.isfinite(variances)
    if not known.any():
        return Mean(0.0, math.inf, 0.0)
    between = _between(estimates[known], variances[known])
    weights = 1.0 / (variances[known] + between)
    return Mean(float(weights @ estimates[known] / weights.sum()), float(1.0 / weights.sum()), between)


def shrunk(estimates: Floats, variances: Floats, mean: Mean) -> tuple[Floats, Floats]:
    """Estimates toward their mean, and their variances; an infinite variance takes the mean."""
    known = np.isfinite(variances)
    own = np.where(known, variances, 1.0)
    lent = np.where(known, own / (own + mean.between), 1.0)
    values = (1 - lent) * estimates + lent * mean.value
    return values, np.where(known, (1 - lent) * own, mean.between) + lent**2 * mean.variance


def _between(estimates: Floats, variances: Floats) -> float:
    """Variance of the true values among groups, beyond what the estimates' own errors explain."""
    weights = 1.0 / variances
    total = weights.sum()
    spread = weights @ (estimates - weights @ estimates / total) ** 2
    room = total - (weights @ weights) / total
    return float(max(0.0, (spread - (estimates.size - 1)) / room)) if room > 0 else 0.0


def _changed_days(panel: Panel, found: Demand, settings: ResponseSettings) -> dict[int, Changed]:
    """The days that every step asks, by the first row of each block of rows."""
    parts: dict[int, tuple[Integers, Floats]] = {}
    bounds = -math.log1p(-settings.min_change_pct / 100), math.log(settings.max_change_ratio)
    weekday, store_day = found.factors.weekday, found.store_day

    def find(block: slice) -> None:
        n_rows = block.stop - block.start
        starts, room = np.empty(n_rows + 1, np.int64), np.empty((N_CHANGED, n_rows * panel.n_days))
        factors = (weekday, store_day, *bounds)
        count = changed_days(_priced(panel, found, block), *factors, FoundChanged(starts, *room))
        parts[block.start] = starts, room[:, :count].copy()

    rows.in_blocks(find, panel.pairs.height)
    # In one piece: under a limit every array is a file that is open.
    days = panel.memory.empty((N_CHANGED, sum(part.shape[1] for _, part in parts.values())))
    changed, first = {}, 0
    for begin, (starts, part) in parts.items():
        some = days[:, first : first + part.shape[1]]
        some[:] = part
        changed[begin], first = given(Changed(starts, *some)), first + part.shape[1]
    return changed


def _sums_by_sku(panel: Panel, found: Demand, changed: dict[int, Changed], slopes: Floats) -> Floats:
    """The kernel's sums, added up per SKU of the block in the order of its stores: (skus, 6)."""
    sums, of_group = np.empty((panel.pairs.height, 6)), slopes[found.occasions.category]

    def add(block: slice) -> None:
        of_rows = (changed[block.start], found.unit[block], found.occasions.group[block])
        response_sums(*of_rows, of_group, sums[block])

    rows.in_blocks(add, len(sums))
    sku, n_skus = panel.codes("sku"), panel.skus.height
    return np.stack([np.bincount(sku, column, n_skus) for column in sums.T], axis=1)


def _priced(panel: Panel, found: Demand, block: slice) -> Priced:
    """What the kernel asks of some pairs."""
    return given(
        Priced(
            panel.array("price", block),
            panel.array("promo", block),
            found.usual_price[block],
            panel.array("units", block),
            found.usable[block],
            found.clean[block],
            found.unit[block],
            found.occasions.group[block],
            panel.codes("store")[block],
        )
    )


def _information(sums: Floats, group: Integers, n_groups: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Information of price, of both, of promotion, and its determinant, by group."""
    price, both, promo = (np.bincount(group, sums[:, place], n_groups).astype(np.float64) for place in (2, 3, 4))
    promo += LIFT_PRIOR
    return price, both, promo, price * promo - both**2


def _step(sums: Floats, group: Integers, n_groups: int) -> Floats:
    """One Newton step of both slopes, (groups, 2); 0 where the data say nothing."""
    price, both, promo, determinant = _information(sums, group, n_groups)
    of_price, of_promo = (np.bincount(group, sums[:, place], n_groups) for place in (0, 1))
    known = determinant > TINY
    safe = np.where(known, determinant, 1.0)
    joint = np.stack([promo * of_price - both * of_promo, price * of_promo - both * of_price], axis=1) / safe[:, None]
    lift_alone = np.stack([np.zeros(n_groups), of_promo / promo], axis=1)
    return np.where(known[:, None], joint, lift_alone).clip(-MAX_STEP, MAX_STEP)


def _variances(slopes: Floats, sums: Floats, group: Integers) -> Slopes:
    """Variances with SKUs as clusters, never less than what counts alone scatter.

    What shifts a SKU's demand shifts it in every store: stores that change a price together are one trial.
    """
    n_groups = len(slopes)
    price, both, promo, determinant = _information(sums, group, n_groups)
    safe = np.where(determinant > TINY, determinant, 1.0)
    variances = []
    for own, other, mine, theirs in ((promo, both, 0, 1), (price, both, 1, 0)):
        influence = (own[group] * sums[:, mine] - other[group] * sums[:, theirs]) / safe[group]
        clusters = np.bincount(group, influence != 0, n_groups)
        # Few clusters: the variance of a t distribution of one less degree of freedom, which needs more than two.
        few = clusters / np.maximum(clusters - FEWEST_CLUSTERS, 1)
        spread = np.bincount(group, influence**2, n_groups) * few
        is_estimable = (determinant > TINY) & (clusters > FEWEST_CLUSTERS)
        variances.append(np.where(is_estimable, np.maximum(spread, own / safe), np.inf))
    return Slopes(slopes[:, 0], variances[0], slopes[:, 1], variances[1])


def _table_of(
    estimated: Slopes, changed: Floats, settings: ResponseSettings, recommend: RecommendSettings, z: float
) -> pl.DataFrame:
    """Response, interval, basis and lift by category."""
    of_price = common_mean(estimated.price, estimated.price_variance)
    is_known = changed.sum() >= settings.min_skus and math.sqrt(of_price.variance) <= settings.max_error
    is_own = (changed >= settings.min_skus) & (np.sqrt(estimated.price_variance) <= settings.max_error)
    own_variance = np.where(is_own, estimated.price_variance, np.inf)
    slope, variance = shrunk(estimated.price, own_variance, of_price)
    lift, _ = shrunk(estimated.lift, estimated.lift_variance, common_mean(estimated.lift, estimated.lift_variance))
    error = z * np.sqrt(variance)
    learnt = pl.DataFrame(
        {"price_response": -slope, "price_response_low": -slope - error, "price_response_high": -slope + error}
    ).select(pl.all().clip(0.0, settings.max_response))
    basis = np.where(is_own, CATEGORY, CHAIN if is_known else ASSUMED)
    is_learnt = pl.Series(basis != ASSUMED)
    return learnt.select(
        pl.when(is_learnt).then("price_response").otherwise(recommend.price_response).alias("price_response"),
        *(pl.when(is_learnt).then(f"price_response_{end}").alias(f"price_response_{end}") for end in ("low", "high")),
        price_response_basis=pl.Series(basis, dtype=pl.String),
        promo_lift=np.expm1(lift),
    )
