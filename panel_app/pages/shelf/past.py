"""The past of a case: the cases of its store-SKU night by night, and what was decided on each."""

from typing import Any

from engine.decisions.state import fold
from panel_app.pages.shelf.decided import UNTOUCHED
from panel_app.session import Session
from panel_app.state import View, address
from panel_app.stores.shelf import Night, Nights


def past(session: Session, case: dict[str, Any]) -> list[dict[str, Any]]:
    """A row per case of the pair, newest night first, with its decision and address.

    Of a night that is gone its decisions are left: then every figure is None, and so is the address.
    """
    night = session.shown(Night)
    pair = (case["store_id"], case["sku_id"])
    entries = session.decisions.history_of_pair(*pair)
    states = {(row["run_id"], row["subject_id"]): row for row in fold(entries).iter_rows(named=True)}
    days = dict(entries.select("run_id", "as_of").iter_rows())
    rows = []
    for row in session.store(Nights).history(*pair, night.run_id):
        state = states.pop((row["run_id"], row["case_id"]), UNTOUCHED)
        href = address(View(page="case", run=row["run_id"], case=row["case_id"]))
        rows.append({**UNTOUCHED, **state, **row, "as_of": str(row["as_of"]), "href": href})
    unseen = dict.fromkeys(("status", "duration_days", "revenue_at_risk", "currency", "primary_cause", "href"))
    rows += [
        {**UNTOUCHED, **state, **unseen, "case_id": case_id, "as_of": str(days[run])}
        for (run, case_id), state in states.items()
        if days[run] is not None and str(days[run]) <= night.as_of
    ]
    return sorted(rows, key=lambda row: row["as_of"], reverse=True)
