"""The page of the baseline: `python -m bench.speed.report` writes docs/performance.md and its two pictures anew."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.speed import baseline
from bench.speed.contenders import CAPS, CONTENDERS
from bench.speed.ratios import STAGES, figure, spread
from bench.speed.targets import exponent, in_range, in_rows, in_times_faster, outcomes
from engine.outputs.document import render

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


def _caps() -> str:
    return ", ".join(f"{gibibytes} GiB at {size}" for size, gibibytes in CAPS.items())


NIGHTS = {
    "floor": "the floor: read every needed column once",
    "night": "the night, from the first scan to published",
    "process": "`darkshelf run` on Parquet, the whole process",
    "classic": "the same with the classic profile",
    "capped": f"the same held to a limit (`--max-memory`; {_caps()})",
    "workers": "the same by two workers (`--cluster local:2`)",
    "csv_floor": "the floor on CSV",
    "csv_process": "`darkshelf run` on CSV, the whole process",
}
STARTS = {
    "version": "`--version`",
    "help": "`--help`",
    "small_night": "`darkshelf run data/sample`",
    "runs_list": "`darkshelf runs list`",
    "explain": "`darkshelf explain`",
}
CURVES = ("floor", "night", *DETECTION)

Sizes = Mapping[str, Mapping[str, Any]]
Row = tuple[str, ...]


def page(measured: Mapping[str, Any]) -> str:
    """The page as the baseline says it."""
    sizes = measured["sizes"]
    staged = {name: size for name, size in sizes.items() if "night" in size["rounds"]}
    return render(
        Path(__file__).with_suffix(".md"),
        day=measured["measured_on"],
        sizes=sizes,
        facts=_facts(measured),
        targets=in_rows(outcomes(sizes)),
        detections=_detections(sizes),
        faster=_expectation(sizes),
        growth=_growth(sizes),
        nights=_usages(sizes, NIGHTS),
        staged=staged,
        stages=_stages(staged),
        starts=_usages(sizes, STARTS),
    )


def _facts(measured: Mapping[str, Any]) -> Sequence[Row]:
    machine, versions = measured["machine"], measured["versions"]
    host = f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gib']} GiB, {machine['system']}"
    packages = ", ".join(f"{package} {number}" for package, number in versions.items())
    rounds = ", ".join(f"{len(size['rounds']['floor'])} at {name}" for name, size in measured["sizes"].items())
    return [
        ("machine", host),
        ("threads", str(machine["threads"])),
        ("rounds", rounds),
        ("Python", machine["python"]),
        ("packages", packages),
    ]


def _detections(sizes: Sizes) -> Sequence[Row]:
    rows = []
    for name, size in sizes.items():
        rounds = size["rounds"]
        ours = [figure(sample, "seconds") for sample in rounds.get("ours", [])]
        for contender in (one for one in DETECTION if one in rounds):
            theirs = [figure(sample, "seconds") for sample in rounds[contender]]
            ratios = [our / their for our, their in zip(ours, theirs, strict=False)]
            slower = "" if contender == "ours" else in_times_faster(ratios)
            peak = _peak(rounds[contender]) if _tells(contender, "peak_mib") else "–"
            rows.append((DETECTION[contender], name, in_range(theirs), peak, slower))
    return rows


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
    return "; ".join(lines) or "not measured"


def _growth(sizes: Sizes) -> Sequence[Row]:
    rows = []
    for contender in CURVES:
        powers = [exponent(sizes, contender, name) if _tells(contender, name) else None for name in PICTURES]
        time, memory = ("–" if power is None else f"{power:.2f}" for power in powers)
        rows.append((DETECTION.get(contender) or NIGHTS[contender], time, memory))
    return rows


def _usages(sizes: Sizes, names: Mapping[str, str]) -> Sequence[Row]:
    rows = []
    for size_name, size in sizes.items():
        for contender, what in names.items():
            if samples := size["rounds"].get(contender):
                inner, wall, cpu = (
                    in_range([figure(sample, name) for sample in samples]) if name in samples[0] else ""
                    for name in ("seconds", "wall_seconds", "cpu_seconds")
                )
                rows.append((what, size_name, inner, wall, cpu, _peak(samples)))
    return rows


def _stages(sizes: Sizes) -> Sequence[Row]:
    rows = []
    for stage in STAGES:
        cells = []
        for size in sizes.values():
            nights, floors = size["rounds"]["night"], size["rounds"]["floor"]
            seconds = [figure(sample, f"stages.{stage}") for sample in nights]
            over = [spent / figure(sample, "seconds") for spent, sample in zip(seconds, floors, strict=False)]
            cells += [f"{spread(seconds)[1]:.3f}", f"{spread(over)[1]:.2f}"]
        rows.append((stage, *cells))
    return rows


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


if __name__ == "__main__":
    main()
