"""The filters of the cases: what they offer, what is chosen, and how a choice changes the view."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from engine.decisions import words as w
from engine.outputs.shelf.severity import SEVERITIES
from panel_app.decided import NOT_BEFORE
from panel_app.session import Session
from panel_app.state import LISTS, OPEN_ONLY, Filters, View, address, parse
from panel_app.stores.shelf import Night
from panel_app.words import cause_name

OFFERED: Final = 1_000
"""Choices of one filter sent to the browser; beyond it the search by text finds the rest."""
CONFIDENCES: Final = (50, 70, 80, 90, 95)
SINGLE: Final = ("text", "revenue", "confidence", "since", "until")
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


def filter_facts(session: Session, view: View) -> dict[str, Any]:
    """What the form of filters shows: choices that are left, and what is chosen as links that take it away."""
    assert session.night is not None
    offered = choices(session.night)
    return {
        "lists": [
            {
                "key": name,
                "name": NAMES[name],
                "choices": [
                    (value, label)
                    for value, label in list(offered[name].items())[:OFFERED]
                    if value not in getattr(view.filters, name)
                ],
            }
            for name in LISTS
        ],
        "chosen": _chosen(view, offered),
        "filters": view.filters,
        "confidences": CONFIDENCES,
        "clear": address(replace(view, filters=Filters(), at=1)) if view.filters != Filters() else None,
    }


def choices(night: Night) -> Mapping[str, Mapping[str, str]]:
    """Label by value for each list of filters."""
    return {
        **night.choices,
        "cause": {cause: cause_name(cause) for cause in night.choices["cause"]},
        "status": {"open": "open", "closed": "closed"},
        "severity": {name: name for name in SEVERITIES[:-1]},
        "decision": {name: name for name in (w.UNDECIDED, *w.DECISIONS.values())},
        "earlier": {NOT_BEFORE: "nothing decided", **{name: name for name in w.DECISIONS.values()}},
    }


def refine(view: View, fields: Mapping[str, str]) -> View:
    """The view with what a form sent: a value added to a list, or a single filter set."""
    filters = view.filters
    for name, value in fields.items():
        if name in LISTS and name in fields:
            chosen = getattr(filters, name)
            if value not in chosen:
                filters = replace(filters, **{name: (*chosen, value)})  # type: ignore[arg-type]
    single = {name: fields[name] for name in SINGLE if name in fields}
    if single:
        # Through the address, so that what a form sends is judged as what a link says.
        query = "&".join(f"{name}={_quoted(value)}" for name, value in single.items())
        judged = parse(f"?{query}").filters
        filters = replace(filters, **{name: getattr(judged, name) for name in single})
    return replace(view, filters=filters, at=1)


def _quoted(text: str) -> str:
    from urllib.parse import quote_plus

    return quote_plus(text)


def _chosen(view: View, offered: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str]]:
    """What is chosen, each with the address without it."""
    found: list[tuple[str, str]] = []
    for name in LISTS:
        values = getattr(view.filters, name)
        for value in values:
            rest = tuple(each for each in values if each != value)
            label = f"{NAMES[name]}: {offered[name].get(value, value) or 'unknown'}"
            found.append((label, address(view.filtered(**{name: rest}))))
    if view.filters.status == ():
        found.append(("Status: any", address(view.filtered(status=OPEN_ONLY))))
    labels = {
        "text": "Text",
        "revenue": "At least",
        "confidence": "Confidence from",
        "since": "Dark since",
        "until": "until",
    }
    single = {name: value for name in SINGLE if (value := getattr(view.filters, name))}
    return found + [
        (f"{labels[name]}: {value}", address(view.filtered(**{name: getattr(Filters(), name)})))
        for name, value in single.items()
    ]
