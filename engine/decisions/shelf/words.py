"""Words of what is decided on cases, and of what stores answer."""

from dataclasses import dataclass
from typing import Final

from engine.vocabulary import shelf as v

CASE: Final = "case"
"""The kind of subject, as entries have it."""

REASONS: Final = {
    "not_dark": "The shelf is fine: nothing is wrong there.",
    "known_already": "It is known and being worked on.",
    "season": "Lower sales are expected: season, weather or a holiday.",
    "assortment_change": "The product is leaving the range, or was replaced.",
    "supply_problem": "The supplier cannot deliver: the store can do nothing.",
    "wrong_data": "The figures behind it are wrong.",
    "wrong_cause": "Something else is the cause.",
    "wrong_action": "The action does not suit.",
    "not_worth_it": "It would cost more than it brings.",
    "other": "Something else: see the comment.",
}
"""Why a case is rejected."""


@dataclass(frozen=True)
class Answer:
    """What a store can say of a product it looked for.

    wording: in plain words. is_dark: whether that is a dark shelf; None when it does not tell. cause: which of the
    causes it speaks for, None where it names none.
    """

    wording: str
    is_dark: bool | None
    cause: str | None = None


ANSWERS: Final = {
    "empty_backroom": Answer("Shelf empty, the backroom had it", True, v.NOT_ON_SHELF),
    "phantom_stock": Answer("Counted zero: the stock record is wrong", True, v.NOT_ON_SHELF),
    "hidden_or_misplaced": Answer("In the store, but hidden or in the wrong place", True, v.NOT_ON_SHELF),
    "damaged": Answer("There, but damaged or past its date", True, v.CONVERSION_DROP),
    "price_label_wrong": Answer("Price label wrong or missing", True, v.PRICE_TOO_HIGH),
    "offer_not_shown": Answer("The offer is not set up or not signed", True, v.PROMO_INEFFECTIVE),
    "poor_place": Answer("Moved to a poor place, or given less room", True, v.CONVERSION_DROP),
    "on_shelf_fine": Answer("On the shelf and fine", False),
    "not_carried": Answer("No longer carried here", False),
    "not_found": Answer("Looked for and not found, stock unknown", None),
    "not_checked": Answer("Not checked", None),
}
"""In the order in which they are offered."""
NOT_CHECKED: Final = "not_checked"
"""Nobody looked: it is asked again."""


LOOK: Final = "look"
COUNT: Final = "count"
LABEL: Final = "label"
OFFER: Final = "offer"


@dataclass(frozen=True)
class Check:
    """What a store is asked to do about a product. kind: which of the settings says how long it takes. likely: the
    keys of `ANSWERS` that are offered first.
    """

    kind: str
    question: str
    likely: tuple[str, str, str]


_LOOK: Final = "Is it on the shelf, whole and easy to see? If not, look in the backroom."
_COUNT: Final = Check(
    COUNT,
    "Count shelf and backroom: is there as much as the system says?",
    ("on_shelf_fine", "phantom_stock", "empty_backroom"),
)
LOOK_FOR_IT: Final = Check(LOOK, _LOOK, ("on_shelf_fine", "empty_backroom", "hidden_or_misplaced"))
CHECKS: Final = {
    v.CONVERSION_DROP: Check(LOOK, _LOOK, ("on_shelf_fine", "poor_place", "damaged")),
    v.PRICE_TOO_HIGH: Check(
        LABEL, "Is the price label there and right?", ("on_shelf_fine", "price_label_wrong", "not_found")
    ),
    v.PROMO_INEFFECTIVE: Check(
        OFFER, "Is the offer set up and signed?", ("on_shelf_fine", "offer_not_shown", "empty_backroom")
    ),
    v.OVERSTOCK: _COUNT,
    v.MISALLOCATION: _COUNT,
}
"""By cause; of every other one, and of a product drawn at random, `LOOK_FOR_IT`. Each offers what speaks for its
cause, and that all is well, before the rest."""
