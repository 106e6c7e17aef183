"""Slug: a division as a part of file names, never the same for two divisions."""

import hashlib
import re

READABLE = 40
"""Characters of a division's name that its slug shows."""


def slug(division: str) -> str:
    """A name of letters, digits and dashes for a division: readable, and with a mark of the whole name.

    "Jem Beverage Company / Western Son" and "Jem Beverage Company - Western Son" get different ones.
    """
    words = re.sub(r"[^A-Za-z0-9]+", "-", division).strip("-")[:READABLE].rstrip("-") or "division"
    return f"{words}-{hashlib.blake2b(division.encode(), digest_size=3).hexdigest()}"
