"""Charts, drawn with hvPlot. hvPlot is loaded when the first one is drawn: no page waits for it to show its figures.

Titles and labels that come from the data are never part of a chart's markup: a hover shows numbers and dates only.
"""

from typing import TYPE_CHECKING, Any

import panel as pn

if TYPE_CHECKING:
    import polars as pl

    from panel_app.settings import DashboardSettings

ACCENT = "#2a7f9e"
ORANGE = "#d9730d"
HEIGHT = 240
PLAIN = {"responsive": True, "grid": True, "legend": False}
TOOLS: dict[str, Any] = {"default_tools": [], "toolbar": None, "active_tools": []}


def warm() -> None:
    """Load hvPlot and draw once, so that the first reader does not wait for it."""
    from datetime import date

    import polars as pl

    from panel_app.settings import DashboardSettings

    frame = pl.DataFrame({"as_of": [date(2026, 1, 1), date(2026, 1, 2)], "at_risk": [1.0, 2.0], "cases_open": [1, 2]})
    trend(frame, DashboardSettings()).get_root()


def trend(nights: "pl.DataFrame", settings: "DashboardSettings") -> pn.viewable.Viewable:
    """Revenue at risk night by night."""
    import hvplot.polars  # noqa: F401

    line = nights.hvplot.line(
        x="as_of",
        y="at_risk",
        color=ACCENT,
        line_width=2,
        ylim=(0, None),
        xlabel="",
        ylabel="",
        height=HEIGHT,
        **PLAIN,
    )
    dots = nights.hvplot.scatter(x="as_of", y="at_risk", color=ACCENT, size=30, height=HEIGHT, **PLAIN)
    return _card("Revenue at risk, night by night", (line * dots).opts(yformatter=_money(settings), **TOOLS))


def durations(cases: "pl.DataFrame", settings: "DashboardSettings") -> pn.viewable.Viewable:
    """How many open cases have lasted how long."""
    import hvplot.polars  # noqa: F401
    import polars as pl

    edges = [0, 3, 7, 14, 28, 56]
    names = ["up to 3", "4–7", "8–14", "15–28", "29–56", "57 and more"]
    grouped = (
        cases.with_columns(band=pl.col("days").cut(edges[1:], labels=names).cast(pl.String))
        .group_by("band")
        .agg(pl.col("cases").sum())
    )
    counts = dict(grouped.iter_rows())
    frame = pl.DataFrame({"days": names, "cases": [counts.get(name, 0) for name in names]})
    bars = frame.hvplot.bar(x="days", y="cases", color=ACCENT, xlabel="days", ylabel="", height=HEIGHT, **PLAIN)
    return _card("Open cases by how long they last", bars.opts(line_width=0, bar_width=0.7, yformatter="%d", **TOOLS))


def _card(title: str, plot: Any) -> pn.viewable.Viewable:
    """A chart in a card under its title, which is ours and never a text of the data."""
    from panel_app.markup import Html, inline

    heading = Html(inline("<h2>{{ title }}</h2>", title=title), margin=(12, 16, 0, 16))
    pane = pn.pane.HoloViews(plot, sizing_mode="stretch_width", height=HEIGHT, margin=(0, 8, 8, 8))
    return pn.Column(heading, pane, sizing_mode="stretch_width", css_classes=["chart-card"], min_width=260)


def _money(settings: "DashboardSettings") -> Any:
    """Amounts on an axis, in the language of the settings."""
    from bokeh.models import NumeralTickFormatter

    return NumeralTickFormatter(format="0.[0]a")
