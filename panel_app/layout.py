"""How the parts of a page stand beside each other on a desk and below each other on a phone."""

from typing import Any, Final

import panel as pn

WIDEST_PAGE, PAGE_EDGE, BELOW_EACH_OTHER, WIDE_SHARE = 1560, 28, 1000, 0.7
"""Pixels of a page and of its edges, the window in which parts stand below each other, the share of the wide one."""
BESIDE: Final = """
:host {
  display: grid !important;
  grid-template-columns: minmax(0, 2.4fr) minmax(300px, 1fr);
  gap: 0 14px;
  align-items: start;
}
@media (max-width: 1000px) { :host { grid-template-columns: minmax(0, 1fr); } }
"""
ROW: Final = """
:host {
  display: flex !important;
  flex-flow: row wrap;
  gap: 0 14px;
}
.scroll-button { display: none; }
"""
BESIDE_IF_ANY: Final = """
:host {
  display: flex !important;
  flex-flow: row wrap;
  gap: 0 14px;
  align-items: flex-start;
}
@media (max-width: 1000px) { :host { display: block !important; } }
"""
BESIDE_WHAT_SCROLLS: Final = {
    "position": "sticky",
    "top": "8px",
    "flex": "1 1 400px",
    "max-width": "100%",
    "max-height": "calc(100vh - 90px)",
    "overflow": "auto",
}
CARD: Final = {
    "background": "var(--mui-palette-background-paper)",
    "border": "1px solid var(--mui-palette-divider)",
    "border-radius": "10px",
    "margin-bottom": "14px",
    "min-width": "0",
}
"""The look of a card, for what is no HTML."""


def wide_part(window: int) -> float:
    """About how many pixels the wide part of `beside` has in a window."""
    inside = min(window, WIDEST_PAGE) - 2 * PAGE_EDGE
    return inside if window <= BELOW_EACH_OTHER else inside * WIDE_SHARE


def beside(main: Any, side: Any) -> pn.Column:
    """A wide part and a narrow one."""
    return pn.Column(main, side, sizing_mode="stretch_width", stylesheets=[BESIDE])


def beside_if_any(main: Any, side: Any) -> pn.Column:
    """A wide part, and while it is visible a narrow one that stays in sight while the wide one is scrolled."""
    main.styles = {**main.styles, "flex": "3 1 640px", "min-width": "0"}
    side.styles = {**side.styles, **BESIDE_WHAT_SCROLLS}
    return pn.Column(main, side, sizing_mode="stretch_width", stylesheets=[BESIDE_IF_ANY])


def in_a_row(*parts: Any) -> pn.Column:
    """Parts of one width, as many in a row as there is room for."""
    for part in parts:
        part.styles = {**part.styles, "flex": "1 1 340px"}
    return pn.Column(*parts, sizing_mode="stretch_width", stylesheets=[ROW])
