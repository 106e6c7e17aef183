"""Registry: what every feature is made of, so that policies are predicates over facts and not over names."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["count", "money", "share", "ratio", "days", "score", "flag"]


@dataclass(frozen=True)
class Feature:
    """One column of the feature matrix.

    name: as the reference dossier names it where it does. family: the rows of its table. source: the table it is
    computed from. scope: `all` or `div` (see `vocabulary.whitespace`); a `div` feature differs from division to
    division. kind: what its values are; decides how a linear model fills what is missing. window_days: days from the
    first to the last event it sees, None for the whole life. lag_days: days between the last event it sees and the
    cutoff. uses_target: whether the division's own sales enter. monotone: +1 or -1 where the chance to buy is
    constrained to rise or fall with it, 0 where it is free. twin: the lagged feature that SAFE puts in its place, ""
    for none. is_embedding: whether it comes from a factorisation, which SAFE leaves out.
    """

    name: str
    family: str
    source: str
    scope: Literal["all", "div"]
    kind: Kind
    window_days: int | None = None
    lag_days: int = 0
    uses_target: bool = False
    monotone: Literal[-1, 0, 1] = 0
    twin: str = ""
    is_embedding: bool = False
