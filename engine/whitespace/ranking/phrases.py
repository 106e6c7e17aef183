"""Phrases: a feature and its value in a few words for a sales person, or none where it says nothing to one."""

import math
import re

from engine.outputs.money import money
from engine.vocabulary import whitespace as v
from engine.whitespace.features.registry import Feature

LONGEST = 60
"""Characters of a phrase."""
DAYS_PER_MONTH = 30.4375
MARK = r"(?:-[0-9a-f]{6})?$"
"""What a slug ends with."""
WORDS = (
    (r"_missing$|^als_f|^i2v|^rep_share|^place__|entropy|tenure_is_cut|unit_price", ""),
    (r"expiring", "equipment{here} that expires soon"),
    (r"^assets.*tenure", "age of equipment{here}"),
    (r"^assets.*since_last_expiration", "time since equipment{here} expired"),
    (r"^assets.*former|^former_owner", "equipment{here} it once had"),
    (r"^assets|^owns_assets", "equipment{here}"),
    (r"^enc__", "what its industry buys here"),
    (r"^xdiv__div.*share", "share of this division in its purchases"),
    (r"new_owner_share", "similar customers that lately began to buy here"),
    (r"owner_likeness|category_likeness|family_likeness", "buys as customers of this division do"),
    (r"^neighbours", "similar customers that buy here"),
    (r"^nearby", "customers nearby that buy here"),
    (r"^popularity", "customers that buy here"),
    (r"^price", "price level fits"),
    (r"^season", "season of its purchases"),
    (r"^trajectory", "trend of its purchases{here}"),
    (r"^mb_lift.*directed", "bought what others buy before this division"),
    (r"^mb_lift|^affinity", "buys what goes with this division"),
    (r"tx_n__(delta|ratio)", "change of orders{here} on the year before"),
    (r"gp_sum__(delta|ratio)", "change of gross profit{here} on the year before"),
    (r"contact_n.*rate_90_30d", "contacts{here} two months ago"),
    (r"rate_90_30d", "purchases{here} two months ago"),
    (r"contact_n", "contacts{here}{window}"),
    (r"^contacts.*days_since", "time since the last contact{here}"),
    (r"^rfm__.*tx_n", "orders{here}{window}"),
    (r"^rfm__.*gp_sum", "gross profit{here}{window}"),
    (r"^rfm__.*gp_mean", "gross profit per order{here}{window}"),
    (r"^margin", "margin{here}{window}"),
    (r"recency_days|last_gap_days", "time since the last order{here}"),
    (r"recency_decay|log_recency", "how lately it ordered{here}"),
    (r"months_since_beyond|ever_bought", "bought here long ago"),
    (r"tenure", "time as a customer{here}"),
    (r"ipi_", "time between orders{here}"),
    (r"order_days", "days with an order{here}"),
    (r"active_months", "active months{here}{window}"),
    (r"overdue", "the next order{here} is due"),
    (r"p_alive|expected_tx", "orders expected{here}"),
    (r"division_nunique", "divisions it buys of{window}"),
    (r"sku_nunique", "different products{here}{window}"),
    (r"return", "returns{here}{window}"),
    (r"^days_since_last_(?P<name>.+?)" + MARK, "time since the last order of {name}"),
    (r"^gp_12m_(?P<name>.+?)" + MARK, "gross profit of {name}{window}"),
    (r"^tx_12m_(?P<name>.+?)" + MARK, "orders of {name}{window}"),
    (r"^(?P<name>[^_]+?)(-[0-9a-f]{6})?_(gp|tx)_share", "share of {name} in its purchases"),
    (r"^sku_qty_12m_(?P<name>.+?)" + MARK, "units of {name}{window}"),
    (r"^sku_gp_(per_unit_)?12m_(?P<name>.+?)" + MARK, "gross profit of {name}{window}"),
    (r"^is_industry_(sub_)?(?P<name>.+?)" + MARK, "industry {name}"),
    (r"^is_(?P<kind>[a-z]+)_(?P<name>.+?)" + MARK, "{kind} {name}"),
)
"""What names mean; the first that fits. Without words: says nothing to a person."""


def phrase(feature: Feature, value: float | None, currency: str) -> str:
    """The feature in words, with its value where it is told in a unit; "" where there is nothing to tell.

    value: None for the words alone. currency: stands before money. What is unknown or 0 is no reason that a person
    understands.
    """
    if value is not None and (math.isnan(value) or (value == 0 and feature.kind != "days")):
        return ""
    text = _words(feature)
    text_of_value = "" if value is None or not text else _value(feature, value, currency)
    return f"{text}{text_of_value}"[:LONGEST]


def _words(feature: Feature) -> str:
    here = " here" if feature.scope == v.OF_PAIR else ""
    for pattern, text in WORDS:
        if found := re.search(pattern, feature.name):
            names = {key: name.replace("-", " ") for key, name in found.groupdict().items()}
            return text.format(here=here, window=_window(feature), **names)
    return re.sub(r"[_\W]+", " ", feature.name).strip()


def _window(feature: Feature) -> str:
    return f" in {round(feature.window_days / DAYS_PER_MONTH)} months" if feature.window_days else ""


def _value(feature: Feature, value: float, currency: str) -> str:
    if feature.kind == "money":
        return f": {money(value, currency)}"
    if feature.kind == "count":
        return f": {value:,.0f}"
    if feature.kind == "share" and "share" in feature.name and 0 <= value <= 1:
        return f": {value:.0%}"
    if feature.kind == "days":
        return f": {value:,.0f} {'months' if 'month' in feature.name else 'days'}"
    return ""
