"""The filters of the cases: what they offer, what is chosen, and how a choice changes the view."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from engine.decisions import words as w
from engine.outputs.shelf.severity import SEVERITIES
from panel_app.language import say
from panel_app.pages.shelf.listing import SINGLE, filtered, listed, listing, unfiltered
from panel_app.pages.shelf.words import cause_name
from panel_app.session import Session
from panel_app.state import View, address
from panel_app.stores.shelf import LISTS, NOT_BEFORE, OPEN_ONLY, Filters, Night

OFFERED: Final = 1_000
"""Choices of one filter sent to the browser; beyond it the search by text finds the rest."""
CONFIDENCES: Final = (50, 70, 80, 90, 95)
NAMES: Final = {
    "store": "Store",
    "region": "Region",
    "category": "Category",
    "brand": "Brand",
    "cause": "Cause",
    "status": "Status",
    "severity": "Severity",
    "decision": "Decision",
    "earlier": "On earlier nights",
}


SINGLE_NAMES: Final = {
    "text": "Text",
    "revenue": "At least",
    "confidence": "Confidence from",
    "since": "Dark since",
    "until": "until",
}


def filter_facts(session: Session, view: View) -> dict[str, Any]:
    """What the form of filters shows: choices that are left, and what is chosen as links that take it away."""
    offered, filters = choices(session.shown(Night)), listed(view).filters
    return {
        "lists": [
            {
                "key": name,
                "name": say(NAMES[name]),
                "choices": [
                    (value, label)
                    for value, label in list(offered[name].items())[:OFFERED]
                    if value not in getattr(filters, name)
                ],
            }
            for name in LISTS
        ],
        "chosen": _chosen(view, offered),
        "filters": filters,
        "confidences": CONFIDENCES,
        "stops": stops(session.shown(Night).most_at_risk, filters.revenue),
        "currency": session.shown(Night).currency,
        "clear": address(unfiltered(view)) if filters != Filters() else None,
    }


def stops(most: float, chosen: int) -> list[int]:
    """The amounts at which the slider of revenue stops: 0, then 1, 2 and 5 of every power of ten up to the most.

    chosen: what the address says, which is a stop too.
    """
    powers = (10**power for power in range(len(str(int(most)))))
    rising = (first * power for power in powers for first in (1, 2, 5))
    return sorted({0, chosen, *(amount for amount in rising if amount <= most)})


def choices(night: Night) -> Mapping[str, Mapping[str, str]]:
    """Label by value for each list of filters."""
    found = night.choices
    return {
        "store": {key: label or say("Store {1}", key) for key, label in found["store"].items()},
        **{
            name: {value: value or say("unknown") for value in found[name]}
            for name in ("region", "category", "brand")
        },
        "cause": {cause: cause_name(cause) for cause in found["cause"]},
        "status": {name: say(name) for name in ("open", "closed")},
        "severity": {name: say(name) for name in SEVERITIES[:-1]},
        "decision": {name: say(name) for name in (w.UNDECIDED, *w.DECISIONS.values())},
        "earlier": {NOT_BEFORE: say("nothing decided"), **{name: say(name) for name in w.DECISIONS.values()}},
    }


def refine(view: View, fields: Mapping[str, str]) -> View:
    """The view with what a form sent: a value added to a list, or a single filter set."""
    wanted = listed(view)
    filters = wanted.filters
    for name, value in fields.items():
        if name in LISTS and value not in getattr(filters, name):
            added: dict[str, Any] = {name: (*getattr(filters, name), value)}
            filters = replace(filters, **added)
    single = {name: (fields[name],) for name in SINGLE if name in fields}
    # As an address, so that what a form sends is judged as what a link says.
    judged = listed(View(more=single)).filters
    filters = replace(filters, **{name: getattr(judged, name) for name in single})
    return listing(view, replace(wanted, filters=filters))


def _chosen(view: View, offered: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str]]:
    """What is chosen, each with the address without it."""
    filters = listed(view).filters
    found: list[tuple[str, str]] = []
    for name in LISTS:
        values = getattr(filters, name)
        for value in values:
            rest = tuple(each for each in values if each != value)
            label = f"{say(NAMES[name])}: {offered[name].get(value, value) or say('unknown')}"
            found.append((label, address(filtered(view, **{name: rest}))))
    if filters.status == ():
        found.append((say("Status: any"), address(filtered(view, status=OPEN_ONLY))))
    single = {name: value for name in SINGLE if (value := getattr(filters, name))}
    return found + [
        (f"{say(SINGLE_NAMES[name])}: {value}", address(filtered(view, **{name: getattr(Filters(), name)})))
        for name, value in single.items()
    ]
