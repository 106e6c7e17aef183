"""The pages of the growth desk."""

from panel_app.pages.growth import scaling
from panel_app.pages.page import Page

PAGES: tuple[Page, ...] = (scaling.PAGE,)
