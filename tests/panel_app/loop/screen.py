"""What stands wider on a page than it has room for."""

from __future__ import annotations

from typing import Any

SCROLLED_BY_DESIGN = ("scroll", "gridbox", "wide", "hear", "chip")
OVERFLOWING = """
(allowed) => {
  const found = []
  const walk = (root) => {
    for (const el of root.querySelectorAll('*')) {
      if (el.shadowRoot) walk(el.shadowRoot)
      if (el.scrollWidth <= el.clientWidth + 1 || !el.clientWidth) continue
      if (allowed.some((name) => el.classList.contains(name))) continue
      if (el.closest('nav, select, input, svg, #waiting-said')) continue
      if (getComputedStyle(el).overflowX !== 'visible' || el === document.documentElement)
        found.push(`${el.tagName}.${el.className} ${el.scrollWidth} > ${el.clientWidth}`)
    }
  }
  walk(document)
  return found
}
"""
"""Every element that has to be scrolled sideways, shadow roots included, but for tables in a box of their own.

What is said of an answer that came is heard, and takes no room.
"""


def overflowing(page: Any) -> list[str]:
    """What is wider than the room it has."""
    return list(page.evaluate(OVERFLOWING, SCROLLED_BY_DESIGN))
