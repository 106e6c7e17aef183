"""The floor of a scaling: read every column, one grouped quantile: `python -m bench.speed.growth_floor FOLDER`.

Nothing that scales by a benchmark can be faster than this. Same files, same threads, Polars alone.
"""

import json
import sys
import time
from pathlib import Path

import polars as pl


def floor(folder: Path) -> int:
    """Rows read, and groups with a quantile."""
    tables = {file.stem: pl.read_parquet(file) for file in sorted(folder.glob("*.parquet"))}
    sales, clusters = tables["sales"].lazy(), tables["clusters"].lazy()
    quantile = pl.col("store_sales").quantile(0.75, "linear")
    groups = sales.join(clusters, on="str_code").group_by("cluster_id", "spu_code").agg(quantile).collect()
    return sum(table.height for table in tables.values()) + groups.height


if __name__ == "__main__":
    began, worked = time.perf_counter(), time.process_time()
    rows = floor(Path(sys.argv[1]))
    usage = {"seconds": time.perf_counter() - began, "inner_cpu_seconds": time.process_time() - worked}
    print(json.dumps(usage | {"rows": rows}))
