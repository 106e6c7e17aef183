"""What the address of the growth page asks for: which candidates, in what order, and put together by what."""

from dataclasses import replace
from typing import Final

from engine.decisions import words as w
from engine.vocabulary import growth as v
from panel_app.session import Session
from panel_app.state import View, address
from panel_app.stores.growth import FILTERED, GROUPS, SORTS, WHOLE

CHOICES: Final = {
    "state": v.GROWTH_STATUSES,
    "tier": v.SCALING_TIERS,
    "cap": v.GROWTH_CAPS,
    "decided": (w.UNDECIDED, *w.DECISIONS.values()),
}
"""What these filters may be set to; a cluster is one of the run's, a product and a store are those of a link."""
BY: Final = "by"
GRID: Final = "grid"
VIEWS: Final = {"": "Candidates", "story": "Stories", "product": "Products", "cluster": "Clusters", GRID: "Grid"}
"""How the candidates are shown, by the text of the address."""
NAMES: Final = ("spu_name", "store_name", "status", "cap_applied", "decision")
"""Columns that are read from A on; the others from the largest down."""


class Asked:
    """The address of one session, as the growth page reads and writes it."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def filters(self) -> dict[str, str]:
        """What the address says of the candidates, empty for all."""
        return {key: self.session.view.text(key) for key in ("find", *FILTERED)}

    @property
    def by(self) -> str:
        """What candidates are put together by: one of `VIEWS`."""
        asked = self.session.view.text(BY)
        return asked if asked in VIEWS else ""

    @property
    def is_of_groups(self) -> bool:
        """Whether a row is of several candidates."""
        return self.by in GROUPS

    @property
    def order(self) -> tuple[str, bool]:
        """The column of the address and whether it ascends; the whole units where it names none there is."""
        asked = self.session.view.text("sort")
        return (asked, self.session.view.text("asc") == "1") if asked in SORTS else (WHOLE, False)

    def view(self, at: int, **changes: str) -> View:
        """The same filters and order but for some changes, and no candidate unless one of them is that."""
        view = self.session.view
        kept = {key: view.text(key) for key in ("scaling", "sort", "asc", BY)}
        return replace(view.with_texts({**kept, **self.filters, **changes}, at=at), case=None)

    def to(self, at: int | None = None, **changes: str) -> str:
        """The address of that."""
        return address(self.view(at or self.session.view.at, **changes))

    def sorter(self, by: str) -> tuple[str, str | None]:
        """The address of the same candidates in the order of a column, and how they are sorted by it now."""
        sort, ascending = self.order
        is_current = sort == by
        wanted = not ascending if is_current else by in NAMES
        now = ("ascending" if ascending else "descending") if is_current else None
        return self.to(1, sort=by, asc="1" if wanted else ""), now
