"""Words of what is decided on candidates to grow."""

from typing import Final

CANDIDATE: Final = "growth"
"""The kind of subject, as entries have it."""

REASONS: Final = {
    "no_space": "The store has no space for more.",
    "no_demand": "The store's customers do not ask for it.",
    "no_supply": "More cannot be delivered.",
    "assortment_change": "The product is leaving the range, or was replaced.",
    "wrong_data": "The figures behind it are wrong.",
    "wrong_peers": "The stores it is compared with are not alike.",
    "other": "Something else: see the comment.",
}
"""Why a candidate is rejected; a comment has to say more."""
