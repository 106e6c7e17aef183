"""Assets: what a customer owns, what of it is under subscription, what soon expires, and how old it is.

An asset counts from the day it was bought and known; its expiry is the one known at the cutoff, so that a renewal
recorded later does not show. An asset belongs to the division whose product it is.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import polars as pl

from engine.arrays import Floats, Integers, Marks
from engine.settings.whitespace.features import FeatureSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.features.column import SCOPES, Column, Facts, facts_of
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.state import State
from engine.whitespace.features.view import Scope, View, kept
from engine.whitespace.features.windows import over
from engine.whitespace.slug import slug

FAMILY = "assets"
EXPIRING_DAYS = (30, 60, 90)
EARLIEST = dt.date(1996, 1, 1)
"""A purchase before this is a mistake in the books."""


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family; none where no assets were delivered for the training rows."""
    if not state.vocabularies["assets"]:
        return
    for scope in SCOPES:
        yield from _of_scope(scope, facts_of(FAMILY, scope, source=v.ASSETS))
    facts = facts_of(FAMILY, "all", source=v.ASSETS)
    for product in state.vocabularies["assets"]:
        yield from _of_product(product, facts)


def _of_scope(scope: Scope, facts: Facts) -> Iterator[Column]:
    name = "assets" if scope == v.OF_CUSTOMER else "assets__div_"
    for measure, chosen in (("active", _active), ("on_subs", _on), ("off_subs", _off), ("former", _off)):
        yield Column(Feature(f"{name}_{measure}_total", kind="count", **facts), partial(_quantity, scope, chosen))
    yield Column(Feature(f"{name}_subs_share_total", kind="share", **facts), partial(_share, scope, _on, _dated))
    for days in EXPIRING_DAYS:
        soon = partial(_expiring, days)
        yield Column(Feature(f"{name}_expiring_{days}d", kind="count", **facts), partial(_quantity, scope, soon))
        yield Column(
            Feature(f"{name}_expiring_{days}d_share", kind="share", **facts), partial(_share, scope, soon, _active)
        )
    yield Column(Feature(f"{name}_tenure_days", kind="days", **facts), partial(_days, scope, pl.col("age").max()))
    since = pl.col("left").filter(pl.col("left") < 0).max().neg()
    yield Column(Feature(f"{name}_days_since_last_expiration", kind="days", **facts), partial(_days, scope, since))
    yield Column(
        Feature(f"{name}_bad_purchase_share", kind="share", **facts), partial(_share, scope, _too_early, _every)
    )


def _of_product(product: str, facts: Facts) -> Iterator[Column]:
    ours, mark = partial(_of, product), slug(product)
    for measure, chosen in (("rollup", ours), ("on_subs", _both(ours, _on)), ("off_subs", _both(ours, _off))):
        yield Column(
            Feature(f"assets_{measure}_{mark}", kind="count", **facts), partial(_quantity, v.OF_CUSTOMER, chosen)
        )
    share = Feature(f"assets_subs_share_{mark}", kind="share", **facts)
    yield Column(share, partial(_share, v.OF_CUSTOMER, _both(ours, _on), _both(ours, _dated)))


class Assets(NamedTuple):
    """The assets known at the cutoff, (n_assets,): group, product as a position in the vocabulary, -1 when it is not
    there, quantity, days of age and left till expiry, NaN unknown or without.

    places: the position of each product. early: more days of age than this are a mistake in the books.
    """

    group: Integers
    product: Integers
    quantity: Integers
    age: Floats
    left: Floats
    places: Mapping[str, int]
    early: float


Chosen = Callable[[Assets], Marks]


def _every(assets: Assets) -> Marks:
    return np.ones(assets.group.size, np.bool_)


def _active(assets: Assets) -> Marks:
    return ~_off(assets)


def _on(assets: Assets) -> Marks:
    return assets.left >= 0


def _off(assets: Assets) -> Marks:
    return assets.left < 0


def _dated(assets: Assets) -> Marks:
    return ~np.isnan(assets.left)


def _expiring(days: int, assets: Assets) -> Marks:
    return (assets.left >= 1) & (assets.left <= days)


def _too_early(assets: Assets) -> Marks:
    return assets.age > assets.early


def _of(product: str, assets: Assets) -> Marks:
    return np.equal(assets.product, assets.places[product])


def _both(one: Chosen, other: Chosen) -> Chosen:
    return lambda assets: one(assets) & other(assets)


@kept
def owned(view: View, scope: Scope) -> pl.DataFrame:
    """The assets known at the cutoff: group, product, quantity, and days of age and left till expiry."""
    assets = view.tables.assets
    assets = assets.with_columns(
        group=pl.Series(view.codes(assets), dtype=pl.Int64),
        quantity=pl.col("quantity").fill_null(1).cast(pl.Int64),
        age=(pl.lit(view.cutoff) - pl.col("purchase_date")).dt.total_days(),
        left=(pl.col("expiration_date") - pl.lit(view.cutoff)).dt.total_days(),
    )
    if scope == v.OF_CUSTOMER:
        return assets
    place = pl.col("product").replace_strict(division_of_product(view), default=None, return_dtype=pl.Int64)
    group = pl.col("group") * view.ledger.shape[1] + place
    return assets.with_columns(group=group).drop_nulls("group")


@kept
def division_of_product(view: View) -> dict[str, int]:
    """The code of the division that each product is of, those without one left out."""
    places = {name: place for place, name in enumerate(view.ledger.divisions)}
    known = view.ledger.skus_known.select("sku_id", pl.col(v.DIVISION).cast(pl.String)).drop_nulls()
    return {product: places[division] for product, division in known.iter_rows() if division in places}


@kept
def _assets(view: View, scope: Scope) -> Assets:
    """What is owned, as arrays: a hundred columns are sums of a part of them."""
    found, products = owned(view, scope), view.state.vocabularies["assets"]
    places = {product: place for place, product in enumerate(products)}
    place = found["product"].replace_strict(places, default=-1, return_dtype=pl.Int64)
    age, left = (found[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in ("age", "left"))
    early = float((view.cutoff - EARLIEST).days)
    return Assets(found["group"].to_numpy(), place.to_numpy(), found["quantity"].to_numpy(), age, left, places, early)


def _summed(scope: Scope, chosen: Chosen, view: View) -> Floats:
    assets = _assets(view, scope)
    some = chosen(assets)
    sums = np.bincount(assets.group[some], assets.quantity[some], minlength=view.groups(scope))
    return view.shaped(scope, sums.astype(np.float64))


def _quantity(scope: Scope, chosen: Chosen, view: View) -> Floats:
    """Units of the chosen assets, NaN for who never had any."""
    return np.where(_owns(view, scope), _summed(scope, chosen, view), np.nan)


@kept
def _owns(view: View, scope: Scope) -> Marks:
    return _summed(scope, _every, view) > 0


def _share(scope: Scope, chosen: Chosen, among: Chosen, view: View) -> Floats:
    """Units of the chosen assets of those among which they are."""
    return over(_summed(scope, _both(chosen, among), view), _summed(scope, among, view))


def _days(scope: Scope, days: pl.Expr, view: View) -> Floats:
    found = owned(view, scope).group_by("group").agg(days.cast(pl.Float64).alias("days"))
    values = np.full(view.groups(scope), np.nan)
    values[found["group"].to_numpy()] = found["days"].fill_null(float("nan")).to_numpy()
    return view.shaped(scope, values)
