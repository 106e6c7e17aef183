"""A whole night, from the first scan to the published run: `python -m bench.speed.night FOLDER OUT`.

Prints the inner seconds, imports apart, and the seconds of every stage as JSON.
"""

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from engine.outputs.shelf import shapes
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk


def night(folder: Path, out: Path) -> dict[str, Any]:
    """Run and publish a night, again when it is there already; its seconds and those of its stages."""
    began = time.perf_counter()
    published = desk.run(folder, out, CalibratedSettings(), force=True)
    seconds = time.perf_counter() - began
    stages: Counter[str] = Counter()
    for stage in json.loads((published.folder / shapes.MANIFEST).read_text(encoding="utf-8"))["stages"]:
        stages[stage["stage"]] += stage["seconds"]
    return {"seconds": seconds, "stages": dict(stages)}


if __name__ == "__main__":
    print(json.dumps(night(Path(sys.argv[1]), Path(sys.argv[2]))))
