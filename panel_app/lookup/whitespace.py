"""What other systems look up of a ranking: its candidates by rank, without further words those to be called."""

from typing import Final

import polars as pl

from engine.errors import NotFoundError
from engine.outputs.names import joined, parted
from engine.vocabulary import whitespace as v
from panel_app.lookup.desk import Lookup, Parameter
from panel_app.stores.whitespace import STATES, TO_CALL, Whitespace

TEXTS: Final = (
    *(*v.PAIR, "customer_name", "state", "segment", "rep", "p_icp_grade", "nba_reason", "excluded_because"),
)
NUMBERS: Final = ("p_icp", "expected_gp_if_buys", "value", "score")
COLUMNS: Final[dict[str, type]] = {"rank": int, **dict.fromkeys(TEXTS, str), **dict.fromkeys(NUMBERS, float)}


def _candidates(whitespace: Whitespace) -> pl.LazyFrame:
    if not whitespace.has_ranking:
        raise NotFoundError(f"the run {whitespace.run_id} did not rank; ask for one that did by  run")
    return whitespace.ranking()


def _named(name: str) -> pl.Expr:
    customer, division = (*parted(name), "")[:2]
    return (pl.col(v.CUSTOMER) == customer) & (pl.col(v.DIVISION) == division)


LOOKUP: Final = Lookup(
    item="gap",
    items="gaps",
    rows=_candidates,
    columns=COLUMNS,
    id_of=lambda row: joined(row[v.CUSTOMER], row[v.DIVISION]),
    named=_named,
    topic="whitespace",
    parameters={
        "customer": Parameter(v.CUSTOMER, "Gaps of one customer, by its id."),
        "division": Parameter(v.DIVISION, "Gaps of one division, by its name."),
        "rep": Parameter("rep", "Gaps of one representative, by name."),
        "state": Parameter("state", "Gaps by what became of them.", STATES, TO_CALL),
    },
)
