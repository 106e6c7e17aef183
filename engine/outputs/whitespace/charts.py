"""Charts of a whitespace run as SVG text, for the report and the dashboard alike.

In: rows of one division, or of all together, as they were published. Out: SVG. What was not computed is not drawn, an
interval is drawn wherever there is one, and a label that no font can draw is an error.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from engine.arrays import Floats, Integers
from engine.outputs.canvas import canvas

FOUND, EXPECTED, FAINT, ALARM = "#2b7fb0", "#c77d0a", "#8a949b", "#c0392b"
"""What happened, what was expected, what is only a guide, and a bound."""
SIZE_INCHES: Final = (6.0, 3.6)
LEVEL: Final = 0.95
"""Of the intervals that are computed here."""
MOST_BARS: Final = 20
LONGEST_LABEL: Final = 34
LINE_COLOURS: Final = (FOUND, EXPECTED, "#5a9a5a", "#8a6aa8", "#b0567a", FAINT)

Row = Mapping[str, Any]


def draw_reliability(rows: pl.DataFrame) -> str:
    """Expected and found share of buyers, a point a bin with the interval of its rows, beside where they agree.

    rows: mean_predicted, fraction_positives, count.
    """
    shown = rows.drop_nulls(["mean_predicted", "fraction_positives"]).sort("mean_predicted")
    found, expected = shown["fraction_positives"].to_numpy(), shown["mean_predicted"].to_numpy()
    low, high = _share_intervals(found, shown["count"].to_numpy())
    top = 1.05 * max([0.01, *expected, *high])
    with canvas((), SIZE_INCHES) as (axes, finish):
        axes.set(title="Calibration", xlabel="mean chance", ylabel="share that bought", xlim=(0, top), ylim=(0, top))
        axes.plot([0, top], [0, top], color=FAINT, linewidth=1, label="as expected")
        axes.fill_between(expected, low, high, color=FOUND, alpha=0.18, linewidth=0, label=f"{LEVEL:.0%} interval")
        axes.plot(expected, found, marker="o", markersize=4, color=FOUND, label="found")
        axes.legend(frameon=False, loc="upper left")
        return finish()


def draw_gains(rows: pl.DataFrame) -> str:
    """Buyers by tenth of the list, the best first, found beside expected.

    rows: decile, bought_in_division_mean, p_mean.
    """
    shown = rows.drop_nulls(["bought_in_division_mean"]).sort("decile")
    with canvas((), SIZE_INCHES) as (axes, finish):
        axes.set(title="Gains", xlabel="tenth of the list, the best first", ylabel="share that bought")
        axes.bar(shown["decile"], shown["bought_in_division_mean"], color=FOUND, label="found")
        axes.plot(shown["decile"], shown["p_mean"], color=EXPECTED, marker="o", markersize=4, label="expected")
        axes.set_xticks(range(1, 11))
        axes.legend(frameon=False)
        return finish()


def draw_coverage(rows: pl.DataFrame) -> str:
    """The share of all buyers that the best so many percent hold, and how many of those rows bought.

    rows: k_percent, capture, pos_rate.
    """
    shown = rows.drop_nulls(["capture"]).sort("k_percent")
    percents = [0, *shown["k_percent"]]
    with canvas((), SIZE_INCHES) as (axes, finish):
        axes.set(title="Coverage", xlabel="percent of the list that is called", ylabel="share", ylim=(0, 1.02))
        axes.plot(percents, np.array(percents) / 100, color=FAINT, linewidth=1, label="called at random")
        axes.plot(percents, [0, *shown["capture"]], marker="o", color=FOUND, label="of all buyers")
        axes.plot(
            shown["k_percent"], shown["pos_rate"], marker="s", color=EXPECTED, label="of those called that bought"
        )
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
        return finish()


def draw_importance(rows: pl.DataFrame) -> str:
    """The features that matter most, and their share of what all of them add. rows: feature, share."""
    shown = rows.sort("share", "feature", descending=[True, False]).head(MOST_BARS)
    return _bars("What the model looks at", shown["feature"].to_list(), shown["share"].to_list(), None, "share")


def draw_stability(features: Sequence[Row]) -> str:
    """Mean share of gain of the top features over eras and draws of customers, with its spread.

    features: feature, mean_gain_share, std_gain_share.
    """
    shown = list(features)[:MOST_BARS]
    means, spreads = ([row[name] for row in shown] for name in ("mean_gain_share", "std_gain_share"))
    names = [row["feature"] for row in shown]
    return _bars("Importance over eras and draws of customers", names, means, spreads, "share of gain")


def draw_shifts(shifts: Sequence[Row], bounds: Mapping[str, float]) -> str:
    """How much a score rises when its features are made staler: a rise is a sign of a leak.

    shifts: days, and the figures of `bounds` as value, low and high. bounds: the rise that fails, by figure.
    """
    days = [row["days"] for row in shifts]
    with canvas(list(bounds), (6.0, 4.4), heights=(1,) * len(bounds)) as (axes, finish):
        for place, (figure, bound) in zip(np.atleast_1d(axes), bounds.items(), strict=True):
            known = [(day, row[figure]) for day, row in zip(days, shifts, strict=True)]
            _intervals(place, [(day, delta["value"], delta["low"], delta["high"]) for day, delta in known])
            place.axhline(0, color=FAINT, linewidth=1)
            place.axhline(bound, color=ALARM, linewidth=1, linestyle="--", label=f"bound {bound:g}")
            place.set_ylabel(figure)
            place.legend(frameon=False, loc="upper right")
        np.atleast_1d(axes)[0].set_title("Staler features, same labels")
        np.atleast_1d(axes)[-1].set(xlabel="days staler", xticks=days)
        return finish()


def draw_lines(
    rows: pl.DataFrame,
    figures: Sequence[str],
    across: str,
    by: str | None,
    title: str,
    shaded: tuple[str, float, float] | None = None,
) -> str:
    """Figures along a column, one above the other, a line for each value of `by`, with bands where there are some.

    shaded: a stretch of the column that is shaded: what it means, its begin and its end.
    rows: `across`, `by`, the figures, and `<figure>_low` and `<figure>_high` of those that have an interval.
    """
    groups = sorted(rows[by].drop_nulls().unique().cast(pl.String)) if by else [""]
    with canvas([title, across, *figures, *groups], (6.0, 1.2 + 2.0 * len(figures)), (1,) * len(figures)) as (
        axes,
        finish,
    ):
        places = np.atleast_1d(axes)
        for place, figure in zip(places, figures, strict=True):
            for group, colour in zip(groups, LINE_COLOURS, strict=False):
                ours = rows.filter(pl.col(by).cast(pl.String) == group) if by else rows
                shown = ours.drop_nulls([across, figure]).sort(across)
                place.plot(shown[across], shown[figure], marker="o", markersize=3, color=colour, label=group)
                if {f"{figure}_low", f"{figure}_high"} <= set(rows.columns):
                    low, high = (shown[f"{figure}_{end}"].cast(pl.Float64).to_numpy() for end in ("low", "high"))
                    place.fill_between(shown[across], low, high, color=colour, alpha=0.15, linewidth=0)
            if shaded is not None:
                place.axvspan(*shaded[1:], color=FAINT, alpha=0.2, linewidth=0, zorder=0, label=shaded[0])
            place.set_ylabel(figure)
        if by:
            places[0].legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
        places[0].set_title(title)
        places[-1].set_xlabel(across)
        places[-1].tick_params(axis="x", labelrotation=30)
        return finish()


def draw_estimates(labels: Sequence[str], rows: Sequence[Row], figure: str, title: str) -> str:
    """A figure of each row with its interval, the first on top, and a line at 0 where some lie on either side.

    rows: the figure, and `<figure>_low` and `<figure>_high` where it has an interval.
    """
    shown = [(label[:LONGEST_LABEL], row) for label, row in zip(labels, rows, strict=True)][:MOST_BARS]
    names = [label for label, _ in shown]
    with canvas([title, figure, *names], (6.0, 1.1 + 0.32 * max(len(shown), 1))) as (axes, finish):
        spans = [(row.get(figure), row.get(f"{figure}_low"), row.get(f"{figure}_high")) for _, row in shown]
        for place, (value, low, high) in enumerate(spans):
            if value is not None:
                axes.plot([value], [place], marker="o", color=FOUND)
            if low is not None and high is not None:
                axes.plot([low, high], [place, place], color=FOUND, linewidth=2, alpha=0.6)
        if any(one is not None and one < 0 for span in spans for one in span):
            axes.axvline(0, color=FAINT, linewidth=1)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set(title=title, xlabel=figure)
        return finish()


def _bars(
    title: str, labels: Sequence[str], values: Sequence[float], spreads: Sequence[float] | None, what: str
) -> str:
    """Horizontal bars, the first on top; spreads: of the values, both ways."""
    names = [label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…" for label in labels]
    with canvas([title, *names], (6.0, 1.1 + 0.26 * max(len(names), 1))) as (axes, finish):
        places = range(len(names))
        axes.barh(places, values, xerr=spreads, color=FOUND, ecolor=EXPECTED)
        axes.set_yticks(places, names, fontsize=7)
        axes.invert_yaxis()
        axes.set(title=title, xlabel=what)
        return finish()


def _intervals(axes: Any, points: Sequence[tuple[float, float | None, float | None, float | None]]) -> None:
    """Values along the axis, each with its interval; one that is unknown leaves a gap."""
    for across, value, low, high in points:
        if low is not None and high is not None:
            axes.plot([across, across], [low, high], color=FOUND, linewidth=2, alpha=0.6)
        if value is not None:
            axes.plot([across], [value], marker="o", color=FOUND)


def _share_intervals(shares: Floats, counts: Integers) -> tuple[Floats, Floats]:
    """Wilson's interval of each share of so many rows."""
    from scipy.stats import binomtest

    tests = [
        binomtest(round(share * count), int(count)).proportion_ci(LEVEL, method="wilson")
        for share, count in zip(shares, counts, strict=True)
    ]
    return np.array([one.low for one in tests]), np.array([one.high for one in tests])
