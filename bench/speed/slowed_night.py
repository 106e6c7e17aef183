"""A night that takes 30% longer than it needs: the slowdown that the gate has to see."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from bench.speed.night import night

SLOWDOWN = 1.3

if __name__ == "__main__":
    took = night(Path(sys.argv[1]), Path(sys.argv[2]))
    until = time.perf_counter() + (SLOWDOWN - 1) * took["seconds"]
    while time.perf_counter() < until:
        pass
    print(json.dumps(took | {"seconds": SLOWDOWN * took["seconds"]}))
