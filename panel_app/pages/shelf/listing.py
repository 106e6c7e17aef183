"""The list of cases in the address: which ones and in what order, the same on every page of the shelf desk."""

from dataclasses import replace
from datetime import date
from typing import Any, Final

from panel_app.language import say
from panel_app.state import View, address, whole
from panel_app.stores.shelf import LISTS, OPEN_ONLY, SORTS, CaseList, Filters

SINGLE: Final = ("text", "revenue", "confidence", "since", "until")
ANY: Final = "any"
"""How the address says that the status does not matter."""
KEYS: Final = frozenset({*LISTS, *SINGLE, "sort", "asc"})
"""Keys of the address that all pages of the desk have."""


def listed(view: View) -> CaseList:
    """The list of an address; what is not understood is left out."""
    lists = {name: tuple(dict.fromkeys(view.more[name])) for name in LISTS if name in view.more}
    if lists.get("status") == (ANY,):
        lists["status"] = ()
    filters = Filters(
        **lists,
        text=view.text("text"),
        confidence=min(whole(view.text("confidence")), 100),
        revenue=whole(view.text("revenue")),
        since=_day(view.text("since")),
        until=_day(view.text("until")),
    )
    sort = view.text("sort")
    return CaseList(filters, sort if sort in SORTS else SORTS[0], view.text("asc") == "1")


def listing(view: View, wanted: CaseList) -> View:
    """The same page with another list, from its first row on; what is at its default is left out."""
    filters = wanted.filters
    parameters: dict[str, tuple[str, ...]] = {
        name: getattr(filters, name) for name in LISTS if getattr(filters, name)
    }
    if filters.status == OPEN_ONLY:
        del parameters["status"]
    elif not filters.status:
        parameters["status"] = (ANY,)
    parameters.update({name: (str(value),) for name in SINGLE if (value := getattr(filters, name))})
    if wanted.sort != SORTS[0]:
        parameters["sort"] = (wanted.sort,)
    if wanted.ascending:
        parameters["asc"] = ("1",)
    return replace(
        view, at=1, more={**parameters, **{key: texts for key, texts in view.more.items() if key not in KEYS}}
    )


def filtered(view: View, **changes: Any) -> View:
    """The same page with other filters."""
    wanted = listed(view)
    return listing(view, replace(wanted, filters=replace(wanted.filters, **changes)))


def unfiltered(view: View, **filters: Any) -> View:
    """The same page with these filters alone, in the order it has."""
    return listing(view, replace(listed(view), filters=Filters(**filters)))


def shows_every(view: View) -> bool:
    """Whether cases that are over are looked at beside the open ones."""
    return not listed(view).filters.status


def switch(view: View) -> list[tuple[str, str, bool]]:
    """The two ways to look at a night: words, address, whether it is looked at so."""
    every = shows_every(view)
    return [
        (say("Open cases"), address(filtered(view, status=OPEN_ONLY)), not every),
        (say("All cases"), address(filtered(view, status=())), every),
    ]


def to(view: View, page: str, *, case: str | None = None) -> View:
    """Another page of the desk with the same list."""
    return view.to(page, keep=KEYS, case=case)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-01-31") else None
    except ValueError:
        return None
