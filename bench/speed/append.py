"""What one more day costs: `python -m bench.speed.append [SIZE]`, by default 100k.

A lake of two years takes in a day, and a night runs over it; beside it the plain night over files of its 90 days.
Every step is a process of its own, as in operation. Prints one JSON object.
"""

import datetime as dt
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from bench.speed import sizes
from engine.delivery.source import PARQUET
from engine.lake.manifest import WHOLE, Day, Partition, StoredFile, open_lake, replace_manifest
from engine.outputs.shelf import shapes
from engine.runs.registry import Registry

PROGRAM = Path(sys.executable).with_name("darkshelf")
HISTORY_DAYS, PANEL_DAYS = 730, 90
ROUNDS = 5


def split_off_last_day(folder: Path, place: Path) -> tuple[Path, Path]:
    """The tables without their last day, and their last day alone."""
    before, day = place / "before", place / "day"
    before.mkdir()
    day.mkdir()
    for file in folder.glob(f"*{PARQUET[0]}"):
        rows = pl.scan_parquet(file)
        if "date" in rows.collect_schema():
            last = rows.select(pl.col("date").max()).collect().item()
            rows.filter(pl.col("date") < last).sink_parquet(before / file.name)
            rows.filter(pl.col("date") == last).sink_parquet(day / file.name)
        elif file.stem != "truth":
            shutil.copy(file, before)
            shutil.copy(file, day)
    return before, day


def reach_back(lake: Path) -> None:
    """Let a lake hold two years: files again under other names, as days that no night here opens."""
    tables = dict(open_lake(lake).tables)
    for name, parts in tables.items():
        dated = [part for part in parts if WHOLE not in part.days]
        if dated:
            oldest = min(day for part in dated for day in part.days)
            model = max(dated, key=lambda part: len(part.days))
            tables[name] = (*parts, *older_months(lake / name, model, dt.date.fromisoformat(oldest)))
    replace_manifest(lake, tables)


def older_months(place: Path, model: Partition, oldest: dt.date) -> list[Partition]:
    """Months before a day, up to the two years, each with the weight of a given one."""
    known, file = next(iter(model.days.values())), model.rows
    assert file is not None
    months: dict[str, dict[str, Day]] = {}
    for back in range(1, HISTORY_DAYS - PANEL_DAYS + 1):
        day = (oldest - dt.timedelta(days=back)).isoformat()
        months.setdefault(f"{day[:7]}-old", {})[day] = known
    for month in months:
        os.link(place / file.name, place / f"{month}.parquet")
    return [
        Partition(
            text_ids=model.text_ids,
            rows=StoredFile(name=f"{month}.parquet", n_bytes=file.n_bytes),
            faulty=None,
            days=dict(sorted(days.items())),
        )
        for month, days in months.items()
    ]


def copied(lake: Path, copy: Path) -> Path:
    """The lake once more; its files are never changed, so they are linked."""
    shutil.copytree(lake, copy, copy_function=lambda source, target: os.link(source, target))
    manifest = (copy / "lake.json").read_bytes()
    (copy / "lake.json").unlink()
    (copy / "lake.json").write_bytes(manifest)
    return copy


def seconds(*words: object) -> float:
    """How long a call of the command takes."""
    began = time.perf_counter()
    subprocess.run([PROGRAM, *map(str, words)], check=True, capture_output=True)
    return time.perf_counter() - began


def same_results(one: Path, other: Path) -> bool:
    """Whether two nights come to the same cases; their counts of rows outside the panel differ by the history."""
    nights = [Registry(out).find().folder for out in (one, other)]
    files = (shapes.CASES_CSV, shapes.EVIDENCE, shapes.FEATURES, shapes.DAILY, shapes.SUMMARY)
    return all((nights[0] / name).read_bytes() == (nights[1] / name).read_bytes() for name in files)


def measure(folder: Path, place: Path) -> dict[str, object]:
    """The least of some rounds of each step, in seconds."""
    before, day = split_off_last_day(folder, place)
    lake = place / "lake"
    first = seconds("ingest", before, "--lake", lake)
    first_peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    reach_back(lake)
    rounds = []
    for number in range(ROUNDS):
        out = [place / f"plain-{number}", place / f"lake-{number}"]
        today = copied(lake, place / f"today-{number}")
        rounds.append(
            {
                "plain run": seconds("run", folder, "--out", out[0]),
                "ingest of a day": seconds("ingest", day, "--lake", today),
                "run from the lake": seconds("run", "--lake", today, "--out", out[1]),
                "the same day again": seconds("ingest", day, "--lake", today),
            }
        )
        assert same_results(*out)
    least = {step: round(min(one[step] for one in rounds), 2) for step in rounds[0]}
    ratio = (least["ingest of a day"] + least["run from the lake"]) / least["plain run"]
    held = sum(len(open_lake(lake).days(name)) for name in open_lake(lake).tables)
    return {
        "table days held": held,
        "first ingest of 89 days": round(first, 2),
        "its peak MiB": first_peak,
        **least,
        "day and run against the plain run": round(ratio, 2),
    }


if __name__ == "__main__":
    size = sizes.SIZES[sys.argv[1] if len(sys.argv) > 1 else "100k"]
    source = sizes.chain(size)
    with TemporaryDirectory(dir=sizes.data_home(), prefix=".append-") as home:
        print(json.dumps({"size": size.name, **measure(source, Path(home))}, indent=2))
