"""Words: the closed vocabularies of deciding and answering, each word with what it says to a person."""

from dataclasses import dataclass
from typing import Final

from engine.vocabulary import shelf as v

DATABASE_VARIABLE: Final = "DARKSHELF_DECISIONS"
"""The environment variable in which doors look for the URL of the database."""

CASE: Final = "case"
GROWTH: Final = "growth"
KINDS: Final = (CASE, GROWTH)
"""What can be decided on: a case of a shelf night, a candidate of a growth run."""

ACCEPT: Final = "accept"
REJECT: Final = "reject"
MODIFY: Final = "modify"
ASSIGN: Final = "assign"
COMMENT: Final = "comment"
UNDO: Final = "undo"
VERDICTS: Final = (ACCEPT, REJECT, MODIFY)
ACTS: Final = (*VERDICTS, ASSIGN, COMMENT, UNDO)

UNDECIDED: Final = "undecided"
DECISIONS: Final = {ACCEPT: "accepted", REJECT: "rejected", MODIFY: "modified"}
"""What a subject is after each verdict; without one that stands it is `undecided`."""

CASE_REASONS: Final = {
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
GROWTH_REASONS: Final = {
    "no_space": "The store has no space for more.",
    "no_demand": "The store's customers do not ask for it.",
    "no_supply": "More cannot be delivered.",
    "assortment_change": "The product is leaving the range, or was replaced.",
    "wrong_data": "The figures behind it are wrong.",
    "wrong_peers": "The stores it is compared with are not alike.",
    "other": "Something else: see the comment.",
}
REASONS: Final = {CASE: CASE_REASONS, GROWTH: GROWTH_REASONS}
"""Why a subject is rejected, by its kind."""
OTHER: Final = "other"


@dataclass(frozen=True)
class Answer:
    """What a store can say of a product it looked for.

    says: in plain words. is_dark: whether that is a dark shelf; None when it does not tell. cause: which of the
    causes it speaks for, None where it names none.
    """

    says: str
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
    """What a store is asked to do about a product. kind: which of the settings says how long it takes."""

    kind: str
    says: str


LOOK_FOR_IT: Final = Check(LOOK, "Is it on the shelf, whole and easy to see? If not, look in the backroom.")
CHECKS: Final = {
    v.PRICE_TOO_HIGH: Check(LABEL, "Is the price label there and right?"),
    v.PROMO_INEFFECTIVE: Check(OFFER, "Is the offer set up and signed?"),
    v.OVERSTOCK: Check(COUNT, "Count shelf and backroom: is there as much as the system says?"),
    v.MISALLOCATION: Check(COUNT, "Count shelf and backroom: is there as much as the system says?"),
}
"""By cause; of every other one, and of a product drawn at random, `LOOK_FOR_IT`."""
