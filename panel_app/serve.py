"""Serving the dashboard: one process, local unless told otherwise, everything from the package."""

from pathlib import Path
from typing import Any

import panel as pn

from engine.decisions.store import open_decisions
from panel_app import charts
from panel_app.app import Dashboard
from panel_app.settings import DashboardSettings


def serve(
    out: Path,
    settings: DashboardSettings,
    *,
    address: str,
    port: int,
    decisions: str | None = None,
    growth: Path | None = None,
    **options: Any,
) -> Any:
    """Serve the nights of an output folder until the process ends."""
    pn.extension()
    charts.warm()
    dashboard = Dashboard(out, settings, open_decisions(out, decisions), growth=growth)
    return pn.serve({"/": lambda: dashboard()}, address=address, port=port, show=False, title="darkshelf", **options)
