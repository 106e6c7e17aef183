"""Money: amounts in words for people."""

from collections.abc import Mapping
from typing import Any

from engine.vocabulary.common import DOLLARS

WHOLE_FROM = 1000
"""Amounts from here on are told without cents."""


def money(amount: float | None, currency: str = DOLLARS) -> str:
    """An amount with its currency before it; a dash when it is unknown."""
    if amount is None:
        return "–"
    return f"{currency}{amount:,.0f}" if abs(amount) >= WHOLE_FROM else f"{currency}{amount:,.2f}"


def currency_of(manifest: Mapping[str, Any]) -> str:
    """The currency that a run was told, from its manifest; older ones say none."""
    return str(manifest.get("settings", {}).get("currency", DOLLARS))
