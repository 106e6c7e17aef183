"""The record of the shelf desk: what shared verbs and pages ask of it."""

from collections.abc import Mapping
from typing import Any

from engine.contracts.shelf import contracts
from engine.outputs.desks import Desk
from engine.outputs.money import currency_of, money
from engine.outputs.read import summary
from engine.outputs.shelf import shapes
from engine.outputs.shelf.alerts import ALERTS
from engine.outputs.shelf.compare import compare
from engine.outputs.shelf.explain import explain
from engine.outputs.shelf.figures import brought, previous
from engine.outputs.shelf.report import ReportSettings, report
from engine.outputs.shown import Grid, Part, Shown, line
from engine.runs.registry import Registry, Run
from engine.settings.frozen import RunSettings
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.settings.shelf.classic import ClassicSettings
from engine.settings.shelf.night import load
from engine.vocabulary import shelf as v

STAGES = {
    "check": "opening the tables",
    "panel": "building the panel",
    "expect": "expecting every day",
    "detect": "looking for dark shelves",
    "measure": "measuring what they cost",
    "diagnose": "asking why",
    "recommend": "deciding what to do",
    "allocate": "allocating the chain's stock",
    "publish": "publishing",
}
DAYS_VIEW = """
select store_id, sku_id, first_date + cast(day - 1 as integer) as date,
       actual[day] as actual, expected[day] as expected,
       expected_low[day] as expected_low, expected_high[day] as expected_high,
       on_hand[day] as on_hand, price[day] as price, promo[day] as promo,
       in_stock[day] as in_stock, dark[day] as dark
from daily, unnest(range(1, len(actual) + 1)) as days(day)
"""
"""One row per store-SKU and day, from the lists of `daily`."""


def _headline(manifest: Mapping[str, Any]) -> str:
    cases, at_risk = manifest.get("cases_open"), manifest.get("revenue_at_risk_open")
    if not isinstance(cases, int):
        return "–"
    known = at_risk if isinstance(at_risk, int | float) else None
    return f"{cases:,} open, {money(known, currency_of(manifest))} at risk"


def _shown(run: Run) -> Shown:
    """A night's key figures and its causes."""
    figures = summary(run)
    currency = currency_of(run.manifest)
    at_risk, lost = (money(figures[name], currency) for name in ("revenue_at_risk_open", "projected_30d_loss_open"))
    causes = [
        (cause, f"{row['cases']:,}", money(row["revenue_at_risk"], currency)) for cause, row in _causes(figures)
    ]
    numbers = ("open cases", "revenue at risk")
    return (
        line(
            Part(str(figures["as_of"]), "strong"),
            f"  {figures['cases_open']:,} dark shelves open in {figures['stores_with_open_cases']:,} stores, of "
            f"{figures['store_skus_judged']:,} store-SKUs judged ({figures['cases']:,} cases with the closed ones).",
        ),
        line(
            f"Revenue at risk {at_risk}; if nothing is done, {lost} in the next 30 days; in that time the "
            f"actions are projected to bring {brought(figures, currency)}."
        ),
        *([Grid(("cause", *numbers), causes, numbers)] if causes else []),
    )


def _causes(figures: Mapping[str, Any]) -> Any:
    return figures["open_by_cause"].items()


def _report(registry: Registry, run: Run, settings: RunSettings) -> str:
    return report(run, previous(registry, run), ReportSettings.model_validate(settings.model_dump()))


def _views(run: Run) -> Mapping[str, str]:
    return {"days": DAYS_VIEW} if run.holds(shapes.DAILY) else {}


def _exports(run: Run) -> Mapping[str, str]:
    return {"cases": shapes.CASES, "evidence": shapes.EVIDENCE, "stores": shapes.STORES}


DESK = Desk(
    name=v.DESK,
    purpose="finds shelves that are stocked but do not sell",
    rank=1,
    load=load,
    promised=lambda: contracts(None, signed=True),
    models={"": CalibratedSettings, "profile classic": ClassicSettings, "report": ReportSettings},
    headline=_headline,
    shown=_shown,
    explain=explain,
    compare=compare,
    report=_report,
    report_settings=ReportSettings,
    views=_views,
    exports=_exports,
    run="engine.shelf.desk:run",
    result="engine.outputs.shelf.result:Night",
    subjects="engine.decisions.shelf.cases:CASES",
    outcomes="engine.decisions.shelf.outcomes:outcomes",
    pages="panel_app.pages.shelf:PAGES",
    screens="panel_app.pages.shelf:SCREENS",
    style="panel_app.pages.shelf:CSS",
    page_settings="panel_app.stores.shelf_settings:ShelfPageSettings",
    report_with_decisions="engine.decisions.shelf.report:report",
    lookup="panel_app.lookup.shelf:LOOKUP",
    stages=STAGES,
    alerts=ALERTS,
    options=frozenset({"lake", "backfill", "max_memory", "cluster", "feedback", "allow_partial"}),
)
