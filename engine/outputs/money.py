"""Money: amounts in words for people."""

WHOLE_FROM = 1000
"""Amounts from here on are told without cents."""


def money(amount: float | None, currency: str = "$") -> str:
    """An amount with its currency; a dash when it is unknown."""
    if amount is None:
        return "–"
    return f"{currency}{amount:,.0f}" if abs(amount) >= WHOLE_FROM else f"{currency}{amount:,.2f}"
