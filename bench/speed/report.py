"""The page of the baseline: `python -m bench.speed.report` writes docs/performance.md and its two pictures anew."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.speed import baseline
from bench.speed.contenders import CONTENDERS
from bench.speed.ratios import STAGES, figure, spread
from bench.speed.targets import exponent, in_range, in_times_faster, outcomes

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "performance.md"
PICTURES = {"seconds": DOCS / "images" / "time-by-size.svg", "peak_mib": DOCS / "images" / "memory-by-size.svg"}
AXES = {"seconds": "seconds, imports apart", "peak_mib": "peak memory, MiB"}

DETECTION = {
    "ours": "darkshelf: check, panel, expect, detect",
    "polars_joins": "Polars: joins, `rolling`, `over`",
    "duckdb_sql": "DuckDB: hand-tuned SQL",
    "pandas_vector": "pandas, vectorised",
    "pandas_loop": "pandas, store-SKU by store-SKU (scaled from 4 stores)",
}
NIGHTS = {
    "floor": "the floor: read every needed column once",
    "night": "the night, from the first scan to published",
    "process": "`darkshelf run` on Parquet, the whole process",
    "csv_floor": "the floor on CSV",
    "csv_process": "`darkshelf run` on CSV, the whole process",
}
STARTS = {"help": "`--help`", "runs_list": "`darkshelf runs list`", "explain": "`darkshelf explain`"}
CURVES = ("floor", "night", *DETECTION)

Sizes = Mapping[str, Mapping[str, Any]]


def page(measured: Mapping[str, Any]) -> str:
    """The page as the baseline says it."""
    sizes = measured["sizes"]
    sections = [
        HEAD.format(day=measured["measured_on"]),
        _facts(measured),
        TARGETS,
        _targets(sizes),
        DETECTIONS,
        _detections(sizes),
        _expectation(sizes),
        GROWTH,
        _growth(sizes),
        NIGHT,
        _usages(sizes, NIGHTS),
        STAGE,
        _stages(sizes),
        START,
        _usages(sizes, STARTS),
        AGAIN,
    ]
    return "\n".join(section.strip("\n") + "\n" for section in sections)


def in_table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: bool = True) -> str:
    """A Markdown table; numbers: all columns but the first align right."""
    marks = ["---", *["---:" if numbers else "---"] * (len(headers) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (headers, marks, *rows))


def _facts(measured: Mapping[str, Any]) -> str:
    machine, versions = measured["machine"], measured["versions"]
    host = f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gib']} GiB, {machine['system']}"
    packages = ", ".join(f"{package} {number}" for package, number in versions.items())
    rounds = ", ".join(f"{len(size['rounds']['floor'])} at {name}" for name, size in measured["sizes"].items())
    facts = {
        "machine": host,
        "threads": str(machine["threads"]),
        "rounds": rounds,
        "Python": machine["python"],
        "packages": packages,
    }
    return in_table(("", "measured with"), facts.items(), numbers=False)


def _targets(sizes: Sizes) -> str:
    words = {True: "met", False: "**missed**", None: "–"}
    rows = [(found.what, found.target, found.measured, words[found.is_met]) for found in outcomes(sizes)]
    return in_table(("what", "target", "measured", ""), rows, numbers=False)


def _detections(sizes: Sizes) -> str:
    rows = []
    for name, size in sizes.items():
        rounds = size["rounds"]
        ours = [figure(sample, "seconds") for sample in rounds["ours"]]
        for contender in (one for one in DETECTION if one in rounds):
            theirs = [figure(sample, "seconds") for sample in rounds[contender]]
            ratios = [our / their for our, their in zip(ours, theirs, strict=False)]
            slower = "" if contender == "ours" else in_times_faster(ratios)
            peak = _peak(rounds[contender]) if _tells(contender, "peak_mib") else "–"
            rows.append((DETECTION[contender], name, in_range(theirs), peak, slower))
    return in_table(("who", "size", "seconds", "peak MiB", "ours is faster"), rows)


def _peak(samples: Sequence[Mapping[str, Any]]) -> str:
    return f"{median(figure(sample, 'peak_mib') for sample in samples):,.0f}"


def _tells(contender: str, name: str) -> bool:
    """Whether a figure stands for the whole chain: the memory of a sample of stores does not."""
    return name != "peak_mib" or CONTENDERS[contender].sample_stores is None


def _expectation(sizes: Sizes) -> str:
    lines = []
    for name, size in sizes.items():
        if samples := size["rounds"].get("expectation"):
            ratios = [figure(sample, "ours_seconds") / figure(sample, "seconds") for sample in samples]
            lines.append(f"{in_times_faster(ratios)} at {name}")
    return EXPECTATION.format(faster="; ".join(lines) or "not measured")


def _growth(sizes: Sizes) -> str:
    rows = []
    for contender in CURVES:
        powers = [exponent(sizes, contender, name) if _tells(contender, name) else None for name in PICTURES]
        time, memory = ("–" if power is None else f"{power:.2f}" for power in powers)
        rows.append((DETECTION.get(contender) or NIGHTS[contender], time, memory))
    return in_table(("who", "exponent of time", "exponent of memory"), rows)


def _usages(sizes: Sizes, names: Mapping[str, str]) -> str:
    rows = []
    for size_name, size in sizes.items():
        for contender, what in names.items():
            if samples := size["rounds"].get(contender):
                inner, wall, cpu = (
                    in_range([figure(sample, name) for sample in samples]) if name in samples[0] else ""
                    for name in ("seconds", "wall_seconds", "cpu_seconds")
                )
                rows.append((what, size_name, inner, wall, cpu, _peak(samples)))
    return in_table(("what", "size", "inner seconds", "wall seconds", "CPU seconds", "peak MiB"), rows)


def _stages(sizes: Sizes) -> str:
    rows = []
    for stage in STAGES:
        cells = []
        for size in sizes.values():
            nights, floors = size["rounds"]["night"], size["rounds"]["floor"]
            seconds = [figure(sample, f"stages.{stage}") for sample in nights]
            over = [spent / figure(sample, "seconds") for spent, sample in zip(seconds, floors, strict=False)]
            cells += [f"{spread(seconds)[1]:.3f}", f"{spread(over)[1]:.2f}"]
        rows.append((stage, *cells))
    headers = [words for name in sizes for words in (f"{name}, seconds", "floors")]
    return in_table(("stage", *headers), rows)


def draw(sizes: Sizes) -> None:
    """Both pictures: every contender against the store-SKUs, logarithmic. The same figures give the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "darkshelf", "svg.fonttype": "none", "font.family": "sans-serif"}):
        for name, file in PICTURES.items():
            picture = Figure(figsize=(7.5, 4.5), layout="constrained")
            axes = picture.subplots()
            for contender in CURVES:
                _draw_curve(axes, sizes, contender, name)
            axes.set(xscale="log", yscale="log", xlabel="store-SKUs, 90 days each", ylabel=AXES[name])
            axes.grid(visible=True, which="major", alpha=0.3)
            axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
            picture.savefig(file, metadata={"Date": None, "Creator": None})


def _draw_curve(axes: Any, sizes: Sizes, contender: str, name: str) -> None:
    """Medians with their range."""
    if not _tells(contender, name):
        return
    points = [
        (size["store_skus"], *spread([figure(sample, name) for sample in samples]))
        for size in sizes.values()
        if (samples := size["rounds"].get(contender))
    ]
    x, low, middle, high = zip(*points, strict=True)
    spans = [
        [m - one for m, one in zip(middle, low, strict=True)],
        [h - m for m, h in zip(middle, high, strict=True)],
    ]
    axes.errorbar(x, middle, yerr=spans, marker="o", markersize=4, capsize=2, label=contender.replace("_", " "))


def main() -> None:
    """Write the page and draw its pictures."""
    measured = baseline.read()
    PAGE.write_text(page(measured), encoding="utf-8")
    draw(measured["sizes"])


HEAD = """
# Performance

How fast a night is, against what, and how to measure it again. This page is made of `bench/speed/baseline.json`,
measured on {day}; `python -m bench.speed.report` writes it anew.

Machines differ, and the machine of these figures is shared, so what counts are ratios: both sides run as fresh
processes on the same files, with the same threads, one after the other in every round, and a ratio is formed within a
round. Figures are the median of the rounds, smallest and largest in brackets. A size is its store-SKUs, each with 90
days in four tables, simulated from a seed. Files are in the cache of the operating system and kernels are compiled.
"""
TARGETS = """
## Targets

At 100,000 store-SKUs, unless said. The *floor* reads every column a night needs, once, and reduces it to a sum:
nothing that looks at every row can be faster.
"""
DETECTIONS = """
## Detection

The classic rule from the tables to the list of cases (sections 1 to 4 of [the rule](classic-rule.md)), by those who
would write it otherwise. Every answer was the same as ours, case by case. The others may rely on clean, sorted tables
and read only sales and inventory; ours reads all four tables and checks every row. Imports are not counted.
"""
EXPECTATION = """
The expectation alone: ours, trimmed, against StatsForecast's `WindowAverage`, which does not trim, over the same
settled units in memory: {faster}. Without trimming both give the same numbers.
"""
GROWTH = """
## Growth

The exponent is the slope of the logarithms: 1 is linear. A sample of stores has no memory worth telling.

![Seconds against store-SKUs of the floor, the night and every rival](images/time-by-size.svg)

![Peak memory against store-SKUs of the floor, the night and every rival](images/memory-by-size.svg)
"""
NIGHT = """
## Whole nights

Inner seconds leave out the interpreter and its imports; wall, CPU and peak memory are those of the whole process, as
the operating system accounts for it.
"""
STAGE = """
## Stages

Seconds of each stage of a night, and how often the floor fits into it.
"""
START = """
## Start-up
"""
AGAIN = """
## Again

```sh
make bench             # kernels beside plain definitions, stages, a night
make bench-check       # fails when a ratio got worse than the baseline by more than its noise
make bench-baseline    # measures everything anew and writes this page, on a quiet machine
darkshelf bench        # a few rounds on this machine beside the baseline
```

One million store-SKUs are measured on demand: `python -m bench.speed.baseline --sizes 1m`. Chains are kept in the
cache folder of the user, or where `DARKSHELF_BENCH_DATA` says.
"""


if __name__ == "__main__":
    main()
