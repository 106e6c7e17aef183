"""Draw `explain.svg` anew: `.venv/bin/python docs/images/render.py`, after `make demo`."""

import io
import re
from pathlib import Path
from typing import Any

from rich.console import Console

from cli import console
from engine.outputs.read import find_run
from engine.outputs.shelf.explain import explain

OUT = Path("data/demo")
CASE = "3_1_2026-03-01"
PICTURE = Path(__file__).with_name("explain.svg")
WIDTH = 104
REMOTE_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Left out: a picture asks nobody for a font, the reader's own monospace serves."""


class Paper(Console):
    """A terminal that keeps what is printed on it and breaks every line at its width."""

    def __init__(self) -> None:
        super().__init__(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, highlight=False)

    def print(self, *objects: Any, soft_wrap: bool | None = None, **options: Any) -> None:
        """As `Console.print`, but never past the edge: a picture cannot be scrolled."""
        super().print(*objects, soft_wrap=False, **options)


def picture(out: Path, case_id: str) -> str:
    """The case as `darkshelf explain` tells it, as SVG."""
    console.out = Paper()
    console.show_blocks(explain(find_run(out), case_id).shown)
    drawn = console.out.export_svg(title=f"darkshelf explain {case_id} --out {out}", unique_id="explain")
    return REMOTE_FONTS.sub("", drawn).replace("<svg ", '<svg xml:space="preserve" ', 1)


if __name__ == "__main__":
    PICTURE.write_text(picture(OUT, CASE), encoding="utf-8")
