"""The pages of the growth desk."""

from pathlib import Path

from panel_app.pages.growth import scaling
from panel_app.pages.page import Page

PAGES: tuple[Page, ...] = (scaling.PAGE,)
CSS = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
"""What no other desk's pages look like."""
