"""Series for properties: every length is as likely as any other, so that long windows are reached too."""

from __future__ import annotations

from hypothesis import strategies as st


def days(value: st.SearchStrategy, longest: int, shortest: int = 1) -> st.SearchStrategy[list]:
    """A value a day."""
    return st.integers(shortest, longest).flatmap(lambda n: st.lists(value, min_size=n, max_size=n))
