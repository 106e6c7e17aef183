"""Run: whether the night can be trusted. Its data, what was set aside, its times, its p-values, and another night.

The address holds the night it is compared with (`with`) and the table whose quarantine is shown (`aside`).
"""

import tomllib
from dataclasses import replace
from typing import Any

import panel as pn
import polars as pl

from engine.errors import NotFoundError
from engine.outputs.compare import key_figures
from engine.outputs.read import raising_damage
from engine.outputs.shelf import shapes
from engine.outputs.shelf.compare import open_cases
from engine.settings.shelf.night import PROFILES, USUAL
from panel_app.language import say
from panel_app.pages.shelf import loop
from panel_app.pages.shelf.listing import KEYS
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.page import NightPage
from panel_app.session import Session
from panel_app.state import View, address
from panel_app.stores.shelf import Night, Nights

COUNTS = ("read", "used", "quarantined", "outside_panel", "replaced")
FIGURES = {
    "store_skus_judged": "count",
    "cases_open": "count",
    "stores_with_open_cases": "count",
    "revenue_at_risk_open": "money",
    "projected_30d_loss_open": "money",
    "projected_recovery_open": "money",
    "mean_confidence_open": "number",
    "share_in_body": "percent",
}
"""What two nights are compared by, and how it is written."""
SHOWN_ASIDE = 20
"""Rows of a quarantine on the page; the file has all of them."""
SHOWN_CASES = 10
"""Cases of a comparison on either side."""
MOST_NIGHTS = 100


def build(session: Session) -> pn.viewable.Viewable:
    """Everything about one night, and its comparison with another."""
    night = session.shown(Night)
    piece = session.html(_render(session, night), label="run", pressed=lambda do, value: _pressed(session, do, value))

    def follow(view: View) -> bool:
        piece.html = str(_render(session, night))
        return True

    session.follow(follow)
    return pn.Column(piece, sizing_mode="stretch_width")


def _pressed(session: Session, do: str, value: str) -> None:
    if do == "night":
        session.go(replace(session.view, run=value).with_texts({}, keep=KEYS, at=session.view.at))
    elif do == "compare":
        session.go(session.view.with_texts({"with": value}, keep=KEYS, at=session.view.at))


def _render(session: Session, night: Night) -> str:
    view, quality = session.view, night.data_quality
    nights = [run.run_id for run in session.store(Nights).runs()][-MOST_NIGHTS:][::-1]
    aside = view.text("aside") if view.text("aside") in quality["rows"] else None
    stages = night.run.manifest.get("stages", [])
    return render(
        "run.html",
        night=night,
        manifest=night.run.manifest,
        finished_at=night.run.finished_at,
        nights=nights if night.run_id in nights else [night.run_id, *nights],
        counts=COUNTS,
        quality=quality,
        aside=aside,
        rows_aside=_rows_aside(night, aside) if aside else None,
        aside_href={
            name: address(view.with_texts({"aside": name}, keep=KEYS | {"with"}, at=view.at))
            for name, rows in quality["rows"].items()
            if rows["quarantined"]
        },
        stages=stages,
        seconds=sum(stage["seconds"] for stage in stages),
        longest=max((stage["seconds"] for stage in stages), default=0) or 1,
        p_values=_p_values(night),
        reliability=loop.accuracy(session, [night.run_id]),
        other=view.text("with"),
        compared=_compared(session, night, view.text("with")),
        settings=_settings(night),
    )


def _rows_aside(night: Night, name: str) -> pl.DataFrame | None:
    """The first rows of a table that were set aside."""
    file = f"{shapes.QUARANTINE}/{name}.parquet"
    if not night.run.holds(file):
        return None
    with raising_damage(night.run):
        return pl.scan_parquet(night.run.file(file), glob=False).head(SHOWN_ASIDE).collect()


def _p_values(night: Night) -> dict[str, Any] | None:
    """The histogram of the night's p-values; the last bar is cut, for it would hide the others."""
    distribution = night.summary.get("p_values")
    if not distribution:
        return None
    counts, edges = distribution["counts"], distribution["edges"]
    most = max(counts[:-1]) or 1
    bars = [
        {"low": low, "high": high, "count": count, "share": min(count / most, 1.0), "cut": count > most}
        for low, high, count in zip(edges, edges[1:], counts, strict=False)
    ]
    body = night.summary["share_in_body"]
    return {"bars": bars, "share_in_body": body, "plausible": night.summary["is_null_plausible"]}


def _compared(session: Session, night: Night, other: str) -> dict[str, Any] | None:
    """Two nights side by side, the earlier one first; why not, where that cannot be."""
    if not other:
        return None
    try:
        old, new = sorted((session.store(Nights).night(other), night), key=lambda each: (each.as_of, each.run_id))
        found = open_cases(old.run, new.run)
    except NotFoundError as error:
        return {"trouble": str(error)}

    def rows_of(cases: pl.DataFrame, where: Night) -> list[dict[str, Any]]:
        rows = cases.head(SHOWN_CASES).to_dicts()
        return [{**row, "href": address(View(page="case", run=where.run_id, case=row["case_id"]))} for row in rows]

    known = {key: values for key, *values in key_figures(old.run, new.run)}
    figures = [(key, form, *known[key]) for key, form in FIGURES.items() if key in known]
    return {
        "trouble": None,
        "old": old,
        "new": new,
        "figures": figures,
        "still_open": found.still_open,
        "opened": rows_of(found.opened, new),
        "opened_count": found.opened.height,
        "gone": rows_of(found.gone, old),
        "gone_count": found.gone.height,
    }


def _settings(night: Night) -> list[tuple[str, list[tuple[str, Any, bool]]]]:
    """The resolved settings by section: key, value, and whether it is another than the profile's default.

    A key that no setting of today has is no other than its default.
    """
    in_force = tomllib.loads(night.run.file(shapes.SETTINGS).read_text(encoding="utf-8"))
    usual = PROFILES[in_force.get("profile", USUAL)]().model_dump(mode="json")
    sections: dict[str, list[tuple[str, Any, bool]]] = {}
    for section, key, value, default in _leaves(in_force, usual, ""):
        sections.setdefault(section or say("the whole run"), []).append((key, value, value != default))
    return list(sections.items())


def _leaves(in_force: dict[str, Any], usual: dict[str, Any], section: str) -> list[tuple[str, str, Any, Any]]:
    found = []
    for key, value in in_force.items():
        default = usual.get(key, {} if isinstance(value, dict) else value)
        if isinstance(value, dict):
            found += _leaves(value, default, f"{section}.{key}".strip("."))
        else:
            found.append((section, key, value, default))
    return found


PAGE = NightPage("run", "Run", build)
