"""What a page is: a key for the address, a title for the menu, and a function that builds it for a session."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.decisions.store import Decisions
from panel_app.stores.runs import Runs

if TYPE_CHECKING:
    from panel.viewable import Viewable


@dataclass(frozen=True)
class Page:
    """A page of the dashboard.

    key: its name in the address. build: the page for a `Session`, called again whenever that moves here.
    in_menu: whether the menu lists it. under: the page of the menu that is marked meanwhile, itself by default.
    needs_run: whether it shows one run, `session.opened`, which is there then; without it the page looks for what it
    shows itself. searched: the key under which its address holds the words of its own search box, "" without one.
    is_index: whether the words of the search in the menu lead here; it is searched, then. shared: the keys of the
    address that the pages of its desk have in common, so that they stay when the reader moves here. store: what reads
    the runs of its desk; pages that name the same one share it.
    prepare: reads what the page needs of the decisions, beside the event loop and before anybody opens it.
    """

    key: str
    title: str
    build: Callable[[Any], "Viewable"]
    in_menu: bool = True
    under: str = ""
    needs_run: bool = True
    searched: str = ""
    is_index: bool = False
    shared: frozenset[str] = frozenset()
    store: type[Runs] = Runs
    prepare: Callable[[Any, Decisions], None] | None = None
