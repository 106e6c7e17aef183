"""Cards: whether a run may be acted on, and of every model what it is and what speaks for and against it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine.outputs.whitespace import shapes
from panel_app.pages.whitespace.sheet import Asked, Plan, Told
from panel_app.stores.whitespace import Whitespace

TOP_K: Final = "top_k"
NUMBER: Final = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")


def tell(asked: Asked) -> Told:
    """The gate, and the card of the chosen division; without one, all of them by name."""
    cards = {name: asked.run.facts(name) or {} for name in _cards(asked.run)}
    named = {str(card.get("division", name)): (name, card) for name, card in cards.items()}
    name, card = named.get(asked.division, ("", {}))
    text = asked.render(
        "cards.html",
        gate=asked.run.facts(shapes.GATE),
        division=asked.division,
        card={**card, "links": None, TOP_K: [_numbers(row) for row in card.get(TOP_K, [])]} if card else None,
        links=list(_links(asked, card.get("links", {}))),
        listed=[(each, asked.to(division=each)) for each in sorted(named) if each in asked.run.divisions],
    )
    return Told(text, files=(shapes.GATE, *([name] if card else cards)))


def _numbers(row: Mapping[str, str]) -> dict[str, Any]:
    """A row that a card took from a CSV, its numbers as such."""
    return {name: float(text) if NUMBER.fullmatch(text) else text for name, text in row.items()}


def _links(asked: Asked, links: Mapping[str, Mapping[str, Any] | None]) -> Iterator[dict[str, Any]]:
    """What the card was made of: its file, and whether that still is what the card saw."""
    for name, link in links.items():
        if link is None:
            yield {"name": name, "path": None, "href": None, "state": "missing"}
            continue
        is_here = link["run"] == asked.run.run_id
        known = asked.run.run.manifest.get("files", {}).get(link["path"], {})
        same = "as published" if known.get("content") == link["hash"] else "stale"
        href = asked.to_file(link["path"]) if is_here and asked.run.has(link["path"]) else None
        yield {"name": name, "path": link["path"], "href": href, "state": same if is_here else f"of {link['run']}"}


def _cards(run: Whitespace) -> list[str]:
    return [name for name in run.files if name.startswith(f"{shapes.CARDS}/") and name.endswith(".json")]


PLAN = Plan(
    "cards",
    "Cards",
    "Whether the run may be acted on, and the model card of every division, assembled from files by their hashes.",
    tell,
    needs=f"{shapes.CARDS}/*.json",
    verb="card",
)
