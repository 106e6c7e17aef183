"""Accounts: where the rows of every table went, so that none gets lost."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.delivery.source import Source


@dataclass
class RowAccount:
    """Where the rows of one table went: read = used + netted + quarantined + outside the panel.

    netted: returns, which were taken off the sales they undo. replaced: used rows whose key came again; summed for
    sales, overruled by the later row elsewhere. carried: the further days of store-SKUs for which rows stand that are
    said to stand for more than their day. unknown: empty cells by column, in rows that are used all the same.
    reasons: quarantined rows by complaint; a row that breaks two rules counts under both.
    """

    read: int = 0
    used: int = 0
    netted: int = 0
    quarantined: int = 0
    outside_panel: int = 0
    replaced: int = 0
    carried: int = 0
    unknown: dict[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)

    def never_has(self, column: str) -> bool:
        """Whether rows are used and the column is empty in all of them, or not there at all."""
        return 0 < self.used + self.netted == self.unknown[column]

    @classmethod
    def added(cls, parts: Iterable["RowAccount"]) -> "RowAccount":
        """The account of all the rows of several ones, before anything is said of reasons."""
        total = cls()
        for part in parts:
            for name in ("read", "used", "netted", "quarantined", "outside_panel", "replaced"):
                setattr(total, name, getattr(total, name) + getattr(part, name))
            total.unknown = {name: total.unknown.get(name, 0) + count for name, count in part.unknown.items()}
        return total

    def balance(self, table: str) -> None:
        """Raise RuntimeError when a row got lost: that would be a bug, and no number of the run could be trusted."""
        if self.read != self.used + self.netted + self.quarantined + self.outside_panel:
            raise RuntimeError(f"rows of {table} do not add up: {self}")


def unread(source: Source) -> RowAccount:
    """The account of the rows that are known without being read: their days are no days of the panel."""
    rows = source.left_out["rows"]
    return RowAccount(read=rows, outside_panel=rows)
