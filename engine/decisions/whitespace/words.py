"""Words of what becomes of the gaps that a ranking recommends to call about."""

from typing import Final

import polars as pl

GAP: Final = "whitespace"
"""The kind of subject, as entries have it: a customer and a division it may buy of."""

CALLED: Final = "called"
BOUGHT: Final = "bought"
REFUSED: Final = "refused"
DO_NOT_CALL: Final = "do_not_call"
VERDICTS: Final = (CALLED, BOUGHT, REFUSED, DO_NOT_CALL)
"""Called and not yet answered; called and bought; called in vain; never to be called again."""

REASONS: Final = {
    REFUSED: "The customer was called and does not want it.",
    DO_NOT_CALL: "The customer does not want to be called.",
    "buys_elsewhere": "The customer buys it somewhere else.",
    "no_use": "The customer has no use for the division.",
    "wrong_data": "The figures behind it are wrong.",
    "other": "Something else: see the comment.",
}
"""Why a gap is rejected."""

VERDICT_SCHEMA: Final = pl.Schema(
    {"customer_id": pl.String(), "division": pl.String(), "verdict": pl.String(), "decided_on": pl.Date()}
)
"""Verdicts as a frame, a row a gap of a run."""
