"""What a page is: a key for the address, a title for the menu, and a function that builds it for a session."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from panel.viewable import Viewable

    from panel_app.session import Session


@dataclass(frozen=True)
class Page:
    """A page of the dashboard.

    key: its name in the address. build: the page for a session that has a night; it is called again whenever the
    session moves here. in_menu: whether the menu lists it. needs_night: whether it needs a night to show anything.
    """

    key: str
    title: str
    build: Callable[["Session"], "Viewable"]
    in_menu: bool = True
    needs_night: bool = True
