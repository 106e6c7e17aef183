"""Pieces of a page as HTML: templates that escape every text, and the one component that shows them.

Whatever comes from the data is text: it goes through Jinja2's escaping here and nowhere around it. A link whose
address begins with `?` moves within the dashboard; an element with `data-do` tells the session what was pressed.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import param
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from panel.custom import JSComponent

from engine.outputs import money as amounts
from engine.stats import half_up
from panel_app.language import translated
from panel_app.texts import SpeakingEnvironment
from panel_app.words import meaning, name, term

HERE = Path(__file__).parent
CSS = (HERE / "assets" / "page.css").read_text(encoding="utf-8")
LOCALISE = (
    (HERE / "assets" / "markup.js").read_text(encoding="utf-8").partition("export ")[2].partition("\nconst SENT_")[0]
)
"""The functions of `markup.js` that write numbers as the reader does, for documents without the components."""


class Html(JSComponent):
    """HTML from `render`, drawn by the browser; links and buttons inside it tell the session.

    go: called with the address of a link. pressed: with the `data-do` of a button or field and its value. sent: with
    the `data-send` of a form and its fields.
    """

    html = param.String(doc="HTML out of a template; never a text of the data as it is.")
    label = param.String(doc="What the piece is called, for tests and for those who hear the page.")

    _esm = HERE / "assets" / "markup.js"

    def __init__(
        self,
        html: str = "",
        *,
        go: Callable[[str], None] | None = None,
        pressed: Callable[[str, str], None] | None = None,
        sent: Callable[[str, Mapping[str, str]], None] | None = None,
        **params: Any,
    ) -> None:
        params.setdefault("sizing_mode", "stretch_width")
        super().__init__(html=str(html), **params)
        self._go, self._pressed, self._sent = go, pressed, sent

    def _handle_msg(self, data: Any) -> None:
        if not isinstance(data, dict):
            return
        if self._go is not None and isinstance(data.get("go"), str):
            self._go(data["go"])
        elif self._pressed is not None and isinstance(data.get("do"), str):
            self._pressed(data["do"], str(data.get("value", "")))
        elif self._sent is not None and isinstance(data.get("send"), str) and isinstance(data.get("fields"), dict):
            self._sent(data["send"], {str(key): str(value) for key, value in data["fields"].items()})


def render(template: str, /, **facts: Any) -> Markup:
    """A template of `templates/` with its facts. Every text in them is escaped."""
    return Markup(_environment().get_template(template).render(**facts))


def renderer(folder: Path, **known: Any) -> Callable[..., Markup]:
    """`render` for the templates of another folder, which may take in those of `templates/`.

    known: what they may name beside their facts.
    """

    @cache
    def environment() -> Environment:
        made = _environment().overlay(loader=FileSystemLoader([folder, HERE / "templates"]))
        made.globals = {**made.globals, **known}
        return made

    def render_here(template: str, /, **facts: Any) -> Markup:
        return Markup(environment().get_template(template).render(**facts))

    return render_here


def inline(source: str, /, **facts: Any) -> Markup:
    """The same for a template that is given, for pieces too small for a file."""
    return Markup(_environment().from_string(source).render(**facts))


@cache
def _environment() -> Environment:
    made = SpeakingEnvironment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        money=money, count=count, number=number, percent=percent, day=day, moment=moment, short_money=short_money
    )
    made.globals.update(term=term, name_of=name, tip_of=meaning, translated=translated)
    return made


def unknown() -> Markup:
    """What is shown where nothing is known."""
    return Markup('<span class="unknown" title="{}">–</span>').format(translated("unknown"))


def _number(value: float | None, form: str, text: str, attributes: Mapping[str, str] | None = None) -> Markup:
    """A number as text in English, which the browser writes anew in its own locale."""
    if value is None:
        return unknown()
    more = Markup("").join(Markup(' {}="{}"').format(key, told) for key, told in (attributes or {}).items())
    return Markup('<data class="number" value="{}" data-form="{}"{}>{}</data>').format(value, form, more, text)


def money(value: float | None, currency: str) -> Markup:
    """An amount in the currency of its run; cents below a thousand."""
    return _number(value, "money", amounts.money(value, currency), {"data-currency": currency})


def short_money(value: float | None, currency: str) -> Markup:
    """An amount for a headline: 12.3M where it would be long."""
    if value is None:
        return unknown()
    return _number(value, "short", f"{currency}{value:,.0f}", {"data-currency": currency})


def count(value: float | None) -> Markup:
    """A whole number."""
    return unknown() if value is None else _number(value, "count", f"{value:,.0f}")


def number(value: float | None, digits: int = 1) -> Markup:
    """A number with so many digits after the point, half up; `markup.js` rounds by the same arithmetic."""
    if value is None:
        return unknown()
    return _number(value, "number", f"{half_up(value, digits):,.{digits}f}", {"data-digits": str(digits)})


def percent(value: float | None, digits: int = 0) -> Markup:
    """A share from 0 to 1 as percent, rounded as `number` is."""
    if value is None:
        return unknown()
    return _number(value, "percent", f"{half_up(100 * value, digits):,.{digits}f}%", {"data-digits": str(digits)})


def day(value: date | str | None) -> Markup:
    """A date."""
    if value is None:
        return unknown()
    return Markup('<time class="day" datetime="{}">{}</time>').format(str(value), str(value))


def moment(text: str) -> Markup:
    """What a run looked at: a date where it is one, else as its desk writes it."""
    try:
        return day(date.fromisoformat(text))
    except ValueError:
        return Markup.escape(text)
