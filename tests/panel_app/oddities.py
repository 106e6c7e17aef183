"""A night whose data is odd and whose day is not complete, written over one that was published."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from engine.runs.manifest import MANIFEST, seal
from tests.panel_app.nights import SCRIPT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.panel_app.conftest import Published

NOTICES = [
    {
        "where": "sales_transactions",
        "what": "category food was not delivered on 2025-06-30",
        "advice": "ask for the feed of that day; its shelves are not judged",
        "count": 12,
        "of": 480,
        "examples": ["store 1, sku 13", "store 2, sku 13"],
    },
    {
        "where": f"stores {SCRIPT}",
        "what": "lie at 0,0 " + "x" * 120,
        "advice": "correct their place",
        "count": None,
        "of": None,
        "examples": [],
    },
    *(
        {
            "where": "pricing",
            "what": f"oddity {n}",
            "advice": "look at it",
            "count": 1_234_567,
            "of": 2_000_000,
            "examples": [],
        }
        for n in range(5)
    ),
]


def write_night(published: Published, out: Path, notices: list[dict[str, object]], *, partial: bool) -> str:
    """An output folder with the main night alone, as if it had these notices; its run id."""
    folder = out / "runs" / published.main
    shutil.copytree(published.out / "runs" / published.main, folder)
    (out / "LATEST").write_text(published.main + "\n", encoding="utf-8")
    for name, more in (("data_quality.json", {"notices": notices}), (MANIFEST, {"partial": partial})):
        file = folder / name
        told = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps({**told, **more}), encoding="utf-8")
    seal(folder)
    return published.main
