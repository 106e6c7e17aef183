"""Forms of numbers and days in charts: the reader's own, as `markup.js` writes those of the pages."""

from typing import Any, Final

from engine.vocabulary.common import DOLLARS

LOCALE: Final = "const html = document.documentElement; const locale = html.dataset.locale || navigator.language;"
NUMBER: Final = f"""{LOCALE}
const form = Math.abs(tick) >= 1e4
  ? {{notation: "compact", maximumFractionDigits: 1}}
  : {{maximumFractionDigits: 3}}
return new Intl.NumberFormat(locale, form).format(tick)
"""
DAY: Final = f"""{LOCALE}
return new Intl.DateTimeFormat(locale, {{day: "numeric", month: "short", timeZone: "UTC"}}).format(tick)
"""
COUNT: Final = f"{LOCALE} return new Intl.NumberFormat(locale).format(value)"
MONEY: Final = f"""{LOCALE}
return Number.isFinite(value) ? writeMoney(locale, currency, {{maximumFractionDigits: 0}}, value) : "–"
"""
"""With the function of `markup.js`, which the document's own script has for everybody."""


def number_axis() -> Any:
    """Numbers along an axis, short from ten thousand on."""
    return _ticks(NUMBER)


def day_axis() -> Any:
    """Days along an axis."""
    return _ticks(DAY)


def hover(fields: dict[str, str], money: str | None = None, count: str | None = None, currency: str = DOLLARS) -> Any:
    """What is told of a point that is pointed at: column by title. money, count: the columns that are such.

    currency: what stands before the money.
    """
    from bokeh.models import CustomJSHover, HoverTool

    codes = {f"@{column}": code for column, code in ((money, MONEY), (count, COUNT)) if column is not None}
    tooltips = [
        (title, f"@{column}{{custom}}" if f"@{column}" in codes else f"@{column}") for title, column in fields.items()
    ]
    return HoverTool(
        tooltips=tooltips,
        formatters={column: CustomJSHover(args={"currency": currency}, code=code) for column, code in codes.items()},
    )


def _ticks(code: str) -> Any:
    from bokeh.models import CustomJSTickFormatter

    return CustomJSTickFormatter(code=code)
