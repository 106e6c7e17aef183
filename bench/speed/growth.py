"""What a scaling costs: `python -m bench.speed.growth [--spus 500] [--rounds 7]`.

The floor, the scaling alone and the whole command run as fresh processes, one after the other in every round, so that
a busy minute of the machine falls on all of them. Writes `bench/speed/growth.json` and the figures of docs/growth.md.
"""

import argparse
import datetime as dt
import hashlib
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.page import between_marks
from bench.speed import baseline, growth_tables
from bench.speed.process import interleaved, measure, report
from bench.speed.ratios import Ratio, Rounds, figure, spread
from bench.speed.sizes import data_home
from engine.outputs.document import render

FILE = Path(__file__).with_name("growth.json")
PAGE = Path(__file__).parents[2] / "docs" / "growth.md"
MOST_TIMES, MOST_GIB = 5, 8
FIGURES = ("wall_seconds", "cpu_seconds", "peak_mib", "others_share", "seconds", "inner_cpu_seconds", "rows")
Sample = dict[str, Any]


def tables(spus: int) -> Path:
    """The folder of the tables, made when it is not there yet; it appears whole or not at all."""
    mark = hashlib.blake2b(Path(growth_tables.__file__).read_bytes(), digest_size=4).hexdigest()
    folder = data_home() / f"growth-{spus}-{mark}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent, prefix=".partial-") as partial_folder:
            growth_tables.write_tables(Path(partial_folder) / "tables", spus).rename(folder)
    return folder


def sampled(name: str, folder: Path, out: Path) -> Sample:
    """One run of one contender."""
    shutil.rmtree(out, ignore_errors=True)
    program = str(Path(sys.executable).with_name("darkshelf"))
    commands = {
        "floor": [sys.executable, "-m", "bench.speed.growth_floor", str(folder)],
        "scaling": [sys.executable, "-m", "bench.speed.growth_scaling", str(folder)],
        "process": [program, "growth", "scale", str(folder), "--out", str(out), "--json"],
    }
    sample = report(*measure(commands[name]))
    sample["rows"] = sample.get("candidates", sample.get("rows"))
    return {key: round(value, 4) for key, value in sample.items() if key in FIGURES and value is not None}


def measured(spus: int, names: Sequence[str], rounds: int) -> dict[str, list[Sample]]:
    """Samples of every contender, the files read once before."""
    folder = tables(spus)
    with TemporaryDirectory(dir=data_home(), prefix=".growth-") as home:
        out = Path(home) / "out"
        sampled("floor", folder, out)
        contenders = {name: partial(sampled, name, folder, out) for name in names}
        return interleaved(contenders, dict.fromkeys(names, rounds))


def table(found: Mapping[str, Any]) -> str:
    """The figures of the page."""
    million, large = found["sizes"].get("500", {}), found["sizes"].get("5000", {})
    rows = []
    if million:
        rows += [
            _ratio("scaling / floor, processor time", million, "inner_cpu_seconds", "scaling", MOST_TIMES),
            _ratio("scaling / floor, wall time", million, "seconds", "scaling", MOST_TIMES),
            _ratio("whole command / floor process, processor time", million, "cpu_seconds", "process", None),
            _ratio("whole command / floor process, wall time", million, "wall_seconds", "process", None),
        ]
    if large:
        low, middle, high = spread([figure(sample, "peak_mib") / 1024 for sample in large["process"]])
        what = f"peak memory of the whole command, {large['process'][0]['rows']:,} candidates"
        peak = f"{middle:.2f} GiB ({low:.2f} to {high:.2f})"
        rows.append((what, f"at most {MOST_GIB} GiB", peak, "met" if middle <= MOST_GIB else "missed"))
    return render(Path(__file__).with_suffix(".md"), figures=rows)


def _ratio(what: str, rounds: Rounds, name: str, upper: str, most: float | None) -> tuple[str, str, str, str]:
    """Both sides of a round saw the same machine."""
    low, middle, high = spread(Ratio(what, (upper, name), ("floor", name)).of_rounds(rounds))
    asked = "" if most is None else f"at most {most}"
    verdict = "" if most is None else "met" if middle <= most else "missed"
    return what, asked, f"{middle:.1f} ({low:.1f} to {high:.1f})", verdict


def page(found: Mapping[str, Any]) -> str:
    """The page as it should be."""
    return between_marks(PAGE, "speed", table(found))


def main() -> None:
    """Measure the size of the command line, keep it beside the others, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spus", type=int, default=500, help="500 make a million candidates, 5000 ten million")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--contenders", default="floor,scaling,process", help="names, with commas")
    chosen = parser.parse_args()
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {"sizes": {}}
    rounds = measured(chosen.spus, chosen.contenders.split(","), chosen.rounds)
    found |= {"measured_on": dt.datetime.now(dt.UTC).date().isoformat(), "machine": baseline.machine()}
    found["sizes"][str(chosen.spus)] = rounds
    FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(found), encoding="utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
