"""Charts of a growth run as SVG text, for the report and the dashboard alike.

In: a published run. Out: SVG by name. Colours are fixed by category, bars without rows stay, numbers stand on bars,
and a label that no font can draw is an error.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from engine.outputs.canvas import canvas
from engine.outputs.growth import figures
from engine.outputs.growth.figures import one_decimal
from engine.runs.registry import Run
from engine.vocabulary import growth as v

WHAT, HOW_MUCH, RESULT = "#4878a8", "#5a9a5a", "#8a6aa8"
"""Step 11, Step 12, and the quantity, wherever they are drawn."""
TIER_COLOURS = dict(zip(v.SCALING_TIERS, ("#9ecae1", "#4292c6", "#084594"), strict=True))
CAP_COLOURS = dict(zip(v.GROWTH_CAPS, ("#bdbdbd", "#fdae6b", "#e6550d", "#a63603"), strict=True))
STATUS_COLOURS = dict(
    zip(
        ("candidates", *v.GROWTH_STATUSES),
        (WHAT, "#c0392b", "#95a5a6", "#7f8c8d", "#aab7b8", "#f0b27a", "#e67e22", HOW_MUCH),
        strict=True,
    )
)
SIZE_INCHES = (7.5, 3.8)
LONGEST_LABEL = 28
MOST_CATEGORIES = 25
"""Of a heat map: more could not be read."""
MOST_CLUSTERS = 40


def charts(run: Run) -> dict[str, str]:
    """Every chart of the run by name, in the order of reading. Raises MissingGlyphError."""
    return {draw.__name__.removeprefix("draw_"): draw(run) for draw in DRAWINGS}


def draw_boundary_flow(run: Run) -> str:
    """Three boxes: Step 11 says what, Step 12 how much, and the quantity."""
    facts = figures.flow(run)
    boxes = (
        ("Step 11: WHAT grows", f"{facts['candidates']:,} candidates", WHAT),
        ("Step 12: HOW MUCH", f"{facts['scaled']:,} scaled within caps", HOW_MUCH),
        ("Quantity", f"{one_decimal(facts['units'])} units", RESULT),
    )
    with canvas([text for box in boxes for text in box[:2]], (7.5, 1.8)) as (axes, finish):
        axes.axis("off")
        axes.set(xlim=(0, 3), ylim=(0, 1))
        for place, (title, text, colour) in enumerate(boxes):
            style = {"boxstyle": "round,pad=0.6", "facecolor": colour, "edgecolor": "none"}
            axes.text(place + 0.5, 0.5, f"{title}\n{text}", ha="center", va="center", color="white", bbox=style)
            if place:
                axes.annotate("", (place + 0.08, 0.5), (place - 0.08, 0.5), arrowprops={"arrowstyle": "->"})
        return finish()


def draw_funnel(run: Run) -> str:
    """From candidates to scaled rows, with the units that these get and that others would get without a floor."""
    rows = figures.funnel(run)
    texts = [
        f"{count:,}" + (f"  ({one_decimal(units)} units{'' if step == v.SCALED else ' held back'})" if units else "")
        for step, count, units in rows.select("step", "rows", "units").iter_rows()
    ]
    title = "What became of the candidates"
    return _bars(title, rows["step"].to_list(), rows["rows"].to_list(), STATUS_COLOURS, texts=texts, room=0.42)


def draw_opportunity_tiers(run: Run) -> str:
    """Candidates by the tier of Step 11, and how many of them were scaled."""
    rows = figures.opportunities(run)
    labels, counts = rows["tier"].to_list(), rows["rows"].to_list()
    texts = [f"{count:,}  ({scaled:,} scaled)" for count, scaled in rows.select("rows", "scaled").iter_rows()]
    return _bars("Candidates by tier of Step 11", labels, counts, dict.fromkeys(labels, WHAT), texts=texts, room=0.3)


def draw_scaling_tier_distribution(run: Run) -> str:
    """Scaled rows per tier."""
    rows = figures.tiers(run)
    return _bars("Scaled rows by tier", rows["tier"].to_list(), rows["rows"].to_list(), TIER_COLOURS)


def draw_caps_applied(run: Run) -> str:
    """Scaled rows per cap that binds."""
    rows = figures.caps(run)
    return _bars("Scaled rows by the cap that binds", rows["cap"].to_list(), rows["rows"].to_list(), CAP_COLOURS)


def draw_adjustment_distribution(run: Run) -> str:
    """The quantities in twenty bins, with mean and median."""
    bins, mean, median = figures.adjustments(run)
    with canvas((), SIZE_INCHES) as (axes, finish):
        axes.set(title="Quantities of scaled rows", xlabel="units", ylabel="rows")
        if mean is not None and median is not None:
            width = bins["high"] - bins["low"]
            axes.bar(bins["low"], bins["rows"], width=width, align="edge", color=HOW_MUCH, edgecolor="white")
            axes.axvline(mean, color="#c0392b", linestyle="--", label=f"mean {one_decimal(mean)}")
            axes.axvline(median, color="#27ae60", linestyle="--", label=f"median {one_decimal(median)}")
            axes.legend(frameon=False)
        return finish()


def draw_gap_and_quantity(run: Run) -> str:
    """Gap against quantity, coloured by the cap that binds, below the envelope that none can leave."""
    rows = figures.gap_and_quantity(run)
    steepness, most = figures.envelope(run)
    with canvas(v.GROWTH_CAPS, SIZE_INCHES) as (axes, finish):
        axes.set(title="Gap and quantity", xlabel="units below the benchmark", ylabel="units recommended")
        for cap, colour in CAP_COLOURS.items():
            some = rows.filter(pl.col("cap_applied") == cap)
            axes.scatter(
                some["performance_gap"], some[figures.QUANTITY], s=8, color=colour, label=f"{cap} ({some.height:,})"
            )
        widest = max(float(rows["performance_gap"].max() or 0.0), most / steepness)  # type: ignore[arg-type]
        label = f"envelope: {steepness:.2f} × gap, {most:g} units"
        axes.plot([0, most / steepness, widest], [0, most, most], color="#7f8c8d", linestyle="--", label=label)
        axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
        return finish()


def draw_heat_map(run: Run) -> str:
    """Units by cluster and category, the largest categories and clusters of many."""
    rows = figures.heat_map(run).head(MOST_CLUSTERS)
    names = [name for name in rows.columns if name != "cluster_id"]
    totals = {name: float(rows[name].sum()) for name in names}
    shown = sorted(sorted(names, key=lambda name: (-totals[name], name))[:MOST_CATEGORIES])
    labels = [_shortened(name) for name in shown]
    with canvas(labels, (7.5, 1.6 + 0.28 * max(rows.height, 3))) as (axes, finish):
        axes.set_title("Units by cluster and category")
        if shown and rows.height:
            cells = rows.select(shown).to_numpy()
            axes.imshow(cells, cmap="Greens", aspect="auto")
            for (line, column), units in np.ndenumerate(cells):
                colour = "white" if units > cells.max() / 2 else "#1d2430"
                axes.text(column, line, f"{units:,.0f}", ha="center", va="center", fontsize=6, color=colour)
            axes.set_xticks(range(len(shown)), labels, rotation=60, ha="right", fontsize=7)
            axes.set_yticks(range(rows.height), [str(cluster) for cluster in rows["cluster_id"]], fontsize=7)
            axes.grid(visible=False)
        return finish()


def draw_conflict_matrix(run: Run) -> str:
    """Candidates by what Steps 9 and 10 decided of them, and how many of those were scaled."""
    colours = {(False, False): "#e6e6e6", (False, True): "#f5b7b1", (True, False): "#fad7a0", (True, True): "#d98880"}
    with canvas((), (7.5, 2.4)) as (axes, finish):
        axes.set(title="Candidates and the decisions of Steps 9 and 10", xlim=(0, 2), ylim=(2, 0))
        axes.set_xticks([0.5, 1.5], ["Step 10 silent", "Step 10 reduces"])
        axes.set_yticks([0.5, 1.5], ["Step 9 silent", "Step 9 raises"])
        axes.tick_params(length=0)
        for raised, reduced, rows, scaled in figures.conflicts(run).iter_rows():
            axes.add_patch(_tile(int(reduced), int(raised), colours[raised, reduced]))
            text = f"{rows:,} candidates\n{scaled:,} scaled"
            axes.text(reduced + 0.5, raised + 0.5, text, ha="center", va="center", color="#1d2430")
        return finish()


def _tile(x: int, y: int, colour: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x + 0.01, y + 0.02), 0.98, 0.96, facecolor=colour, edgecolor="none")


def draw_dead_zone(run: Run) -> str:
    """The share that caps and the minimum left with nothing, by cluster median."""
    rows = figures.dead_zone(run)
    shares = [100 * (share or 0.0) for share in rows["share"].to_list()]
    labels = rows["cluster_median"].to_list()
    colours = dict.fromkeys(labels, "#e67e22")
    title = "Worth closing, yet left with nothing: percent by cluster median (units)"
    return _bars(title, labels, shares, colours, texts=[f"{one_decimal(share)}%" for share in shares])


def draw_sensitivity(run: Run) -> str:
    """Units in all when one cap is a quarter lower or higher."""
    rows = figures.sensitivity(run)
    labels = [f"{cap} × {factor:g}" for cap, factor in rows.select("cap", "factor").iter_rows()]
    colours = {label: CAP_COLOURS[cap] for label, cap in zip(labels, rows["cap"], strict=True)}
    units = rows["units"].to_list()
    return _bars("Units when a cap is moved", labels, units, colours, texts=[*map(one_decimal, units)])


def draw_peer_strip(run: Run, cluster_id: int, spu_code: str, row: dict[str, Any]) -> str:
    """The peers of one candidate, with the store, the median, the benchmark and what was recommended.

    row: the candidate's row of the audit.
    """
    peers = figures.peer_strip(run, cluster_id, spu_code)
    title = f"{row['spu_name'] or spu_code} in cluster {cluster_id}: what its {peers.height} peers sell"
    with canvas([title], (7.5, 1.9)) as (axes, finish):
        axes.scatter(peers["store_sales"], [0] * peers.height, s=40, alpha=0.35, color="#7f8c8d")
        marks = {
            "this store": (row["store_sales"], WHAT),
            "median": (row["cluster_median"], "#27ae60"),
            "P75": (row["cluster_p75"], "#c0392b"),
            "with the units": (_sum(row["store_sales"], row[figures.QUANTITY]), RESULT),
        }
        for label, (units, colour) in marks.items():
            if units is not None:
                axes.axvline(units, color=colour, label=f"{label} {one_decimal(units)}")
        axes.set(title=title, yticks=[], xlabel="units")
        axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
        return finish()


DRAWINGS: Sequence[Callable[[Run], str]] = (
    draw_boundary_flow,
    draw_funnel,
    draw_opportunity_tiers,
    draw_scaling_tier_distribution,
    draw_caps_applied,
    draw_adjustment_distribution,
    draw_gap_and_quantity,
    draw_heat_map,
    draw_conflict_matrix,
    draw_dead_zone,
    draw_sensitivity,
)


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _shortened(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"


def _bars(
    title: str,
    labels: list[str],
    values: list[float],
    colours: dict[str, str],
    texts: list[str] | None = None,
    room: float = 0.14,
) -> str:
    """Horizontal bars, the first on top, a number on each and none left out. texts: what to write on them instead.

    room: for what is written, as a share of the longest bar.
    """
    with canvas([title, *labels], (7.5, 1.1 + 0.36 * len(labels))) as (axes, finish):
        bars = axes.barh(labels, values, color=[colours[label] for label in labels])
        axes.bar_label(bars, labels=texts or [f"{value:,}" for value in values], padding=3, fontsize=8)
        axes.invert_yaxis()
        axes.margins(x=room)
        axes.xaxis.set_major_formatter("{x:,g}")
        axes.set_title(title)
        return finish()
