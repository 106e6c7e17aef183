"""What a browser looks at: page, run, case and what pages keep, as one value that is the same as its address.

In: the query of an address, as anybody may have typed it. Out: a `View` that is safe to use; what is not understood
is left out. `address(parse(text))` is an address of the same view.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qsl, urlencode

from engine.runs.manifest import RUN_ID

LONGEST: Final = 300
"""Characters of a value in an address; longer ones were not written by us."""
MANY: Final = 200
"""Values of one key in an address."""
KEY = re.compile(r"[a-z][a-z_]{0,30}")
OWN: Final = frozenset({"page", "run", "case", "at"})
"""Keys of the address that every page has."""


@dataclass(frozen=True)
class View:
    """What is on the screen.

    page: "" for the first one. run: None for the newest. case: the one subject that is looked at. at: the page of a
    table, from 1. more: what single pages keep in the address, texts by key.
    """

    page: str = ""
    run: str | None = None
    case: str | None = None
    at: int = 1
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def text(self, key: str) -> str:
        """The last text of a key, empty without one."""
        return self.more.get(key, ("",))[-1]

    def to(self, page: str, *, keep: Collection[str] = (), case: str | None = None) -> "View":
        """Another page on the same run. keep: the keys of the address that stay."""
        return View(page, self.run, case, more={key: texts for key, texts in self.more.items() if key in keep})

    def with_texts(self, more: Mapping[str, str], *, keep: Collection[str] = (), at: int = 1) -> "View":
        """The same page with other texts in its address; those that are empty are left out, as are keys not kept."""
        kept = {key: texts for key, texts in self.more.items() if key in keep}
        return replace(self, at=at, more={**kept, **{key: (text,) for key, text in more.items() if text}})


def parse(query: str) -> View:
    """The view of an address such as `?page=run&with=2026-03-31-classic`."""
    given: dict[str, list[str]] = {}
    for key, text in parse_qsl(query.removeprefix("?"), keep_blank_values=True, max_num_fields=None):
        if KEY.fullmatch(key) and len(text) <= LONGEST and text.isprintable():
            given.setdefault(key, []).append(text)
    own = {key: given[key][-1] for key in OWN & given.keys()}
    page, run = own.get("page", ""), own.get("run", "")
    return View(
        page=page if KEY.fullmatch(page) else "",
        run=run if RUN_ID.fullmatch(run) else None,
        case=own.get("case") or None,
        at=max(whole(own.get("at", "")), 1),
        more={key: tuple(texts[:MANY]) for key, texts in given.items() if key not in OWN},
    )


def address(view: View) -> str:
    """The query that parses to the view; what is at its default is left out."""
    parameters = [(key, text) for key, text in (("page", view.page), ("run", view.run), ("case", view.case)) if text]
    parameters += [(key, text) for key, texts in view.more.items() for text in texts]
    parameters += [("at", str(view.at))] if view.at > 1 else []
    return "?" + urlencode(parameters)


def pages_beside(at: int, pages: int) -> dict[str, int]:
    """The pages of a table before and after one, as far as there are any, by the words of their links. at: from 1."""
    return {name: place for name, place in (("previous", at - 1), ("next", at + 1)) if 1 <= place <= pages}


def whole(text: str) -> int:
    """A whole number from 0 up; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else 0
