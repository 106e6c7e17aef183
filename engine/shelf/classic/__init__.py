"""The classic rule: trimmed means, unbroken runs, five causes."""

from engine.shelf.classic.findings import findings as findings
from engine.shelf.classic.method import Classic as Classic
