"""The pages of the whitespace desk, in the order of the menu."""

from pathlib import Path

from panel_app.pages.page import Page
from panel_app.pages.whitespace import (
    ablation,
    calls,
    cards,
    explain,
    file,
    gaps,
    horizons,
    leakage,
    metrics,
    runs,
    validation,
)

SHEETS = (metrics, explain, validation, leakage, ablation, horizons, cards, runs)
PAGES: tuple[Page, ...] = (gaps.PAGE, calls.PAGE, *(sheet.PLAN.page for sheet in SHEETS), file.PAGE)
CSS = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
"""What no other desk's pages look like."""
