"""The scaling alone, from the files to a trace for every candidate: `python -m bench.speed.growth_scaling FOLDER`.

Every table is read and judged, benchmarks are made, every candidate goes through Step 12. Nothing is published.
"""

import json
import sys
import time
from pathlib import Path

from engine.growth.benchmark import benchmarks_of
from engine.growth.blocks import ranges
from engine.growth.check import check
from engine.growth.inputs import inputs
from engine.growth.scale import keep_the_list, scale
from engine.settings.growth.scaling import GrowthSettings


def scaling(folder: Path) -> int:
    """How many candidates were scaled."""
    settings = GrowthSettings()
    delivery = check(folder, settings.inputs)
    given = inputs(delivery.tables(), delivery.period, settings)
    benchmarks = benchmarks_of(given, settings)
    rows = 0
    for first, last in ranges(given):
        block = given.between(first, last)
        scaled = scale(block, settings, benchmarks.between(first, last)).collect()
        rows += keep_the_list(scaled, block.candidates.collect()).height
    return rows


if __name__ == "__main__":
    began, worked = time.perf_counter(), time.process_time()
    rows = scaling(Path(sys.argv[1]))
    usage = {"seconds": time.perf_counter() - began, "inner_cpu_seconds": time.process_time() - worked}
    print(json.dumps(usage | {"rows": rows}))
