"""The classic detection as others would write it: `python -m bench.rivals.NAME FOLDER OUT [STORES]`.

Each rival reads the tables of a folder, decides by sections 2 to 4 of the specification which days are dark, writes
store_id, sku_id, first_date and last_date of every case to OUT and prints its inner seconds as JSON; STORES keeps the
first so many stores. Rivals may rely on what the simulated chains keep: whole-number ids, every key once, no faulty
row, rows in the order of store, SKU and date. Ours takes none of that for granted.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

LOOKBACK_DAYS = 90
WINDOW_DAYS = 28
MIN_KEPT_DAYS = 14
SIGMAS = 3.0
DARK_RATIO = 0.6
MIN_DARK_DAYS = 3
LONGEST_GAP_DAYS = 3
STOCK_FROM_SALES_DAYS = 7
ACTIVE_DAYS = 7
TIE = 1e-9
"""The thresholds of the specification, and how near two numbers are the same number."""

Rival = Callable[[Path, Path, int | None], None]
"""Reads a folder and writes a file of cases; of the first so many stores, or of all."""


def compete(rival: Rival) -> None:
    """Run a rival as the program that the command line asks for."""
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    stores = int(sys.argv[3]) if len(sys.argv) > 3 else None
    began = time.perf_counter()
    rival(folder, out, stores)
    print(json.dumps({"seconds": time.perf_counter() - began}))
