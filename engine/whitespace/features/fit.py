"""Fit: vocabularies, priors, rates and caps, learnt from the rows of one training cutoff."""

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl

from engine.arrays import Floats
from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features import bgnbd, embeddings, encoders
from engine.whitespace.features.ledger import GROSS_PROFIT, LINES, Ledger
from engine.whitespace.features.lifecycle import history
from engine.whitespace.features.matrix import Matrix
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.spans import LIFE
from engine.whitespace.features.state import State
from engine.whitespace.features.view import View


def fitted(ledger: Ledger, cutoff: dt.date, settings: FeatureSettings) -> State:
    """The state before caps, which are those of the features that it makes."""
    sales = ledger.tables.transactions
    empty = State({}, 1.0, 1.0, 1.0, {}, {}, {})
    view = View(ledger, cutoff, empty, settings)
    lines = view.sums("div", LIFE, LINES).sum(axis=0)
    profit = sales.filter(pl.col("gross_profit_cents") > 0)["gross_profit_cents"].median()
    state = State(
        seen={
            "cutoff": cutoff.isoformat(),
            "customers": int(view.present.sum()),
            "transactions": sales.height,
            "newest_order_date": str(sales["order_date"].max()),
            "newest_known_at": str(sales["known_at"].max()),
        },
        line_profit=float(profit) / 100 if isinstance(profit, int | float) else 1.0,
        customer_profit=_median(view.sums("all", "24m", GROSS_PROFIT)),
        pair_profit_cap=_quantile(view.sums("div", "24m", GROSS_PROFIT), 0.99),
        vocabularies=vocabularies(view),
        division_shares={
            name: float(share) for name, share in zip(ledger.divisions, lines / max(lines.sum(), 1), strict=True)
        },
        purchase_rates={scope: bgnbd.fitted(history(scope, view)) for scope in ("all", "div")},
    )
    if "embeddings" not in settings.families:
        return state
    return replace(state, frames=embeddings.frames(view))


def vocabularies(view: View) -> dict[str, tuple[str, ...]]:
    """The levels that have columns of their own, most common first, ties by name."""
    settings, ledger = view.settings, view.ledger
    buyers = view.owns(LIFE).sum(axis=0)
    known = ledger.customers_known.filter(pl.Series(view.present))
    texts = {name: ledger.texts(name).filter(pl.col("visible") <= view.cutoff)[name] for name in ("branch", "rep")}
    named = {level: known[level] for level in encoders.LEVELS} | texts
    named |= {"assets": view.tables.assets["product"], "contact_actions": view.tables.contacts["action"]}
    limits = {"assets": settings.named_assets}
    levels = {name: _of_texts(column, limits.get(name, settings.named_levels)) for name, column in named.items()}
    item = view.bought("12m").item
    skus = ledger.skus.gather(ledger.sku_of_item[item])
    return levels | {
        "divisions": _most_common(list(ledger.divisions), buyers, settings.wide_divisions),
        "skus": _of_texts(skus, settings.named_skus),
    }


def _of_texts(column: pl.Series, limit: int) -> tuple[str, ...]:
    counts = column.drop_nulls().cast(pl.String).value_counts(name="n")
    return _most_common(counts[column.name].to_list(), counts["n"].to_numpy(), limit)


def _median(values: Floats) -> float:
    """Of what is above zero; one where nothing is."""
    return _quantile(values, 0.5)


def _quantile(values: Floats, share: float) -> float:
    """An order statistic of what is above zero; one where nothing is."""
    above = np.sort(values[values > 0], axis=None)
    return float(above[int(share * (above.size - 1))]) if above.size else 1.0


def _most_common(names: list[str], counts: np.ndarray, limit: int) -> tuple[str, ...]:
    ordered = sorted((-int(count), name) for name, count in zip(names, counts, strict=True) if count > 0)
    return tuple(name for _, name in ordered[:limit])


def with_caps(state: State, matrix: Matrix, registry: tuple[Feature, ...], share: float) -> State:
    """The state with the caps of money: the values beyond which the given share of those that bought lies."""
    caps = {}
    for feature in registry:
        if feature.kind != "money":
            continue
        table = matrix.customers if feature.scope == "all" else matrix.pairs
        values = table[feature.name].drop_nulls().to_numpy()
        values = np.sort(values[values != 0])
        if values.size:
            # Of the order statistics, the one within: an outlier moves a cap by one customer's place at the most.
            beyond = int(np.ceil(share * (values.size - 1)))
            caps[feature.name] = (float(values[beyond]), float(values[values.size - 1 - beyond]))
    return replace(state, caps=caps)


def with_missing(state: State, matrix: Matrix, registry: tuple[Feature, ...]) -> State:
    """The state with the features whose absence has a flag: known on some rows only, and one of those alike."""
    names, reported = [], set()
    for feature in registry:
        table = matrix.customers if feature.scope == "all" else matrix.pairs
        unknown = table[feature.name].is_null()
        pattern = (feature.scope, unknown.to_numpy().tobytes())
        if 0 < unknown.sum() < table.height and pattern not in reported:
            reported.add(pattern)
            names.append(feature.name)
    return replace(state, missing=tuple(names))
