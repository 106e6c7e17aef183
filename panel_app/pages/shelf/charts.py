"""Charts of the shelf desk."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache, reduce
from operator import mul
from typing import Any, Final

import panel as pn
import polars as pl

from panel_app.charts import (
    ACCENT,
    BARE,
    FRAME,
    HEIGHT,
    KEPT,
    Columns,
    Key,
    card,
    described,
    frozen,
    hv_plot,
    thawed,
)
from panel_app.forms import day_axis, number_axis
from panel_app.language import say

EXPECTED: Final = "#8a6fb3"
DARK: Final = "#9aa5ab"
PROMO: Final = "#d9730d"
PROMO_ALPHA: Final = 0.14
"""Of shaded days on promotion, which may lie under dark ones."""
LOW: Final = 130
BIN_DAYS: Final = (1, 2, 7, 14, 28, 56)
"""Days that a bar of the durations may cover; all bars of a chart cover the same."""
MOST_BINS: Final = 14
FEW_TICKS: Final = 3
Span = tuple[date, date]


def trend(nights: pl.DataFrame) -> pn.viewable.Viewable:
    """Revenue at risk night by night. nights: as_of, at_risk."""
    shown = frozen(nights.select("as_of", "at_risk"))
    return card(say("Revenue at risk, night by night"), lambda: _trend(shown), HEIGHT)


def durations(cases: pl.DataFrame, *, every: bool) -> pn.viewable.Viewable:
    """How many cases have lasted how long. cases: days, cases. every: those that are over are among them."""
    bins = frozen(even_bins(cases))
    title = say("All cases by days they lasted") if every else say("Open cases by days they last")
    return card(title, lambda: _durations(bins), HEIGHT)


@lru_cache(KEPT)
def _trend(nights: Columns) -> str:
    drawn = hv_plot(thawed(nights))
    line = drawn.line(x="as_of", y="at_risk", color=ACCENT, line_width=2, height=HEIGHT, **FRAME)
    dots = drawn.scatter(x="as_of", y="at_risk", color=ACCENT, size=36, height=HEIGHT, **FRAME)
    top = max(float(thawed(nights)["at_risk"].fill_null(0.0).to_numpy().max()), 1.0) * 1.08
    plot = (line * dots).opts(ylim=(0, top), xformatter=day_axis(), yformatter=number_axis(), **BARE)
    return described(plot, HEIGHT)


@lru_cache(KEPT)
def _durations(bins: Columns) -> str:
    bars = hv_plot(thawed(bins)).bar(x="days", y="cases", color=ACCENT, height=HEIGHT, **FRAME)
    return described(bars.opts(line_width=0, bar_width=0.9, yformatter=number_axis(), **BARE), HEIGHT)


def even_bins(cases: pl.DataFrame) -> pl.DataFrame:
    """Cases by days, in bins of one width from the first day on, empty ones too. cases: days, cases.

    Columns: days, the bin in words such as `8–14`; cases.
    """
    longest = int(cases["days"].max() or 1)  # type: ignore[arg-type]
    width = next((days for days in BIN_DAYS if longest <= days * MOST_BINS), -(-longest // MOST_BINS))
    counts = dict(cases.group_by(bin=(pl.col("days") - 1) // width).agg(pl.col("cases").sum()).iter_rows())
    bins = range(-(-longest // width))
    names = [str(n + 1) if width == 1 else f"{n * width + 1}–{(n + 1) * width}" for n in bins]
    return pl.DataFrame({"days": names, "cases": [counts.get(n, 0) for n in bins]})


def case_days(daily: dict[str, Any], first: date, last: date) -> list[pn.viewable.Viewable]:
    """The days of a store-SKU: sold against expected, stock, price. first, last: the dark days that are shaded."""
    days = known_days(day_frame(daily))
    shown, dark = frozen(days), (first, last)
    keys: Sequence[Key] = (
        ("line", ACCENT, say("sold")),
        ("dash", EXPECTED, say("expected, with its 95% interval")),
        ("box", DARK, say("the dark days")),
        *([("box", PROMO, say("on promotion"))] if promotions(days) else []),
    )
    cards = [card(say("Units sold a day"), lambda: _sold(shown, dark), HEIGHT, keys)]
    if days["on_hand"].is_not_null().any():
        cards.append(card(say("On hand"), lambda: _stock(shown, dark), LOW))
    if days["price"].is_not_null().any():
        prices: list[Key] = [("line", ACCENT, say("price"))]
        if _on_promotion(days).height:
            prices.append(("box", PROMO, say("on promotion")))
        cards.append(card(say("Price"), lambda: _price(shown, dark), LOW, prices))
    return cards


@lru_cache(KEPT)
def _sold(shown: Columns, dark: Span) -> str:
    days = thawed(shown)
    drawn, spells = hv_plot(days), promotions(days)
    promo = _shade(spells, PROMO, PROMO_ALPHA) if spells else None
    band = drawn.area(x="date", y="expected_low", y2="expected_high", color=EXPECTED, alpha=0.22, **FRAME)
    expected = drawn.line(x="date", y="expected", color=EXPECTED, line_dash="dashed", line_width=2, **FRAME)
    actual = drawn.line(x="date", y="actual", color=ACCENT, line_width=2, **FRAME)
    ylim = _from_zero(days, "expected_high", "actual")
    plot = (_over(band, promo, _shade([dark], DARK)) * expected * actual).opts(ylim=ylim, **_axes(), **BARE)
    return described(plot, HEIGHT)


@lru_cache(KEPT)
def _stock(shown: Columns, dark: Span) -> str:
    days = thawed(shown)
    stock = hv_plot(days).step(x="date", y="on_hand", color=ACCENT, line_width=2, where="post", **FRAME)
    plot = stock * _shade([dark], DARK)
    return described(plot.opts(ylim=_from_zero(days, "on_hand"), yticks=FEW_TICKS, **_axes(), **BARE), LOW)


@lru_cache(KEPT)
def _price(shown: Columns, dark: Span) -> str:
    days = thawed(shown)
    price = hv_plot(days).step(x="date", y="price", color=ACCENT, line_width=2, where="post", **FRAME)
    drawn, on_promo = price * _shade([dark], DARK), _on_promotion(days)
    if on_promo.height:
        drawn *= hv_plot(on_promo).scatter(x="date", y="price", color=PROMO, size=26, marker="square", **FRAME)
    return described(drawn.opts(ylim=_from_zero(days, "price"), yticks=FEW_TICKS, **_axes(), **BARE), LOW)


def _on_promotion(days: pl.DataFrame) -> pl.DataFrame:
    return days.filter(pl.col("promo") & pl.col("price").is_not_null())


def day_frame(daily: dict[str, Any]) -> pl.DataFrame:
    """The lists of a row of `daily.parquet` as one row a day."""
    first: date = daily["first_date"]
    lists = {name: values for name, values in daily.items() if name not in {"store_id", "sku_id", "first_date"}}
    length = len(lists["actual"])
    return pl.DataFrame(lists).with_columns(
        date=pl.Series([first + timedelta(days=n) for n in range(length)], dtype=pl.Date)
    )


def known_days(days: pl.DataFrame) -> pl.DataFrame:
    """The days from the first one on of which anything is known: before that there is nothing to see."""
    known = days.select(
        pl.any_horizontal(pl.col("actual", "on_hand", "price").is_not_null()).arg_true().first()
    ).item()
    return days.slice(known or 0)


def _axes() -> dict[str, Any]:
    """Days along, numbers up, as the reader writes them."""
    return {"xformatter": day_axis(), "yformatter": number_axis()}


def _shade(spans: Sequence[Span], colour: str, alpha: float = 0.3) -> Any:
    import holoviews as hv

    half = timedelta(hours=12)
    edges = [(datetime.combine(first, time()) - half, datetime.combine(last, time()) + half) for first, last in spans]
    return hv.VSpans(edges).opts(color=colour, alpha=alpha, line_width=0)


def promotions(days: pl.DataFrame) -> list[Span]:
    """The first and the last day of every promotion. days: date, promo, a row a day."""
    with_spells = days.select("date", pl.col("promo").fill_null(value=False)).with_columns(
        spell=pl.col("promo").rle_id()
    )
    spells = (
        with_spells.filter("promo")
        .group_by("spell", maintain_order=True)
        .agg(first=pl.min("date"), last=pl.max("date"))
    )
    return list(spells.select("first", "last").iter_rows())


def _over(*layers: Any) -> Any:
    """The layers that there are, one over the other."""
    return reduce(mul, [layer for layer in layers if layer is not None])


def _from_zero(days: pl.DataFrame, *columns: str) -> tuple[float, float]:
    tops = [days[name].max() for name in columns]
    return 0, 1.08 * max([float(top) for top in tops if top is not None] + [1e-9])  # type: ignore[arg-type]
