"""What the pages of the shelf desk have in common: the nights, and the list of cases in the address."""

from functools import partial

from panel_app.pages.page import Page
from panel_app.pages.shelf.listing import KEYS
from panel_app.stores.shelf import Nights

NightPage = partial(Page, store=Nights, shared=KEYS)
"""A page that shows one night."""
