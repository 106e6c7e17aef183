"""Why a case is one, in pieces that add up: the causes, the parts of the fall, the factors of the expectation."""

from typing import Any, Final

import polars as pl

from engine.decisions.shelf import words as sw
from engine.decisions.shelf.settings import TaskSettings
from engine.outputs.shelf import shapes
from panel_app.language import say
from panel_app.pages.shelf.words import cause_name
from panel_app.stores.shelf import Night

WHOLE: Final = 100.0
LEAST: Final = 0.5
"""A part of the fall below this percent is not worth a name."""
UNEXPLAINED: Final = "Not explained"
FACTORS: Final = (
    ("weekday_factor", "weekday"),
    ("offer_factor", "price and promotion"),
    ("store_factor", "the store that day"),
    ("sku_factor", "the product everywhere"),
)


def reasons(evidence: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The causes, best first, each with its score and its sentence."""
    return [
        {
            "cause": row["cause"],
            "name": cause_name(row["cause"]),
            "score": abs(row["score"]),
            "explanation": row["explanation"],
            "is_primary": row["is_primary"],
        }
        for row in evidence
    ]


def parts_of_the_fall(evidence: list[dict[str, Any]]) -> list[tuple[str, float]]:
    """The fall in percent by cause, best first, and what nothing explains; adds up to 100.

    A score is the percent of the fall that a cause explains. A drop of conversion says how sales fell and overlaps
    with the causes that say why, so it comes last and takes what they leave.
    """
    last = {"conversion_drop"}
    ordered = sorted(evidence, key=lambda row: (row["cause"] in last, row["rank"]))
    left = WHOLE
    parts: list[tuple[str, float]] = []
    for row in ordered:
        part = min(max(row["score"], 0.0), left)
        if part >= LEAST:
            parts.append((cause_name(row["cause"]), part))
            left -= part
    if left >= LEAST or not parts:
        parts.append((say(UNEXPLAINED), left))
    else:
        name, part = parts[-1]
        parts[-1] = (name, part + left)
    return parts


def factors(expectation: dict[str, Any] | None, happened: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The expectation of the last dark day as steps from the level: what each factor adds, in units.

    happened: what a calendar or the weather says of the days of the case, a step each where it is learnt.
    """
    if expectation is None:
        return None
    units = expectation["level"]
    steps = []
    known = [(say(name), expectation[key]) for key, name in FACTORS]
    last_day = {
        day["kind"]: day for day in happened if day["date"] == expectation["date"] and day["factor"] is not None
    }
    known[1:1] = [(day["name"], day["factor"]) for day in last_day.values()]
    for name, factor in known:
        steps.append({"name": name, "factor": factor, "adds": units * (factor - 1), "to": units * factor})
        units *= factor
    most = max([expectation["level"], units, *(step["to"] for step in steps)]) or 1.0
    return {**expectation, "steps": steps, "most": most}


def asked_for(case: dict[str, Any], night: Night) -> dict[str, Any]:
    """What the action takes: minutes of a check in the store, and the transfers that the chain's plan has for it."""
    check = sw.CHECKS.get(case["primary_cause"] or "", sw.LOOK_FOR_IT)
    minutes = getattr(TaskSettings(), f"{check.kind}_minutes")
    moves: list[dict[str, Any]] = []
    if night.has(shapes.TRANSFERS):
        names = night.stores.select("store_id", to_name="store_name")
        found = night.table(shapes.TRANSFERS).filter(pl.col("case_id") == case["case_id"]).collect()
        moves = found.join(names, left_on="to_store_id", right_on="store_id", how="left").to_dicts()
    return {"check": say(check.question), "minutes": minutes, "moves": moves}
