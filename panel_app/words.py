"""Words of the pages: terms with their tooltips, and what codes are called."""

from markupsafe import Markup

from engine.decisions import words as w
from engine.decisions.shelf import words as sw
from engine.outputs.glossary import name_of, tip_of

ACTIONS = {w.UNDECIDED: "undecided", **{name: name for name in w.DECISIONS.values()}}
SEVERITY_NAMES = {"severe": "severe", "high": "high", "moderate": "moderate", "none": "no cases"}


def term(key: str, topic: str | None = None, text: str | None = None) -> Markup:
    """A term whose meaning shows when it is pointed at, focused or touched."""
    tip = tip_of(key, topic)
    name = text or name_of(key, topic)
    if not tip:
        return Markup("{}").format(name)
    return Markup('<span class="term" tabindex="0" data-tip="{}">{}<span class="hear"> ({})</span></span>').format(
        tip, name, tip
    )


def cause_name(cause: str | None) -> str:
    """What a cause is called; a case without one is told so."""
    return name_of(cause, "cause") if cause else "No clear cause"


def reason_in_words(code: str | None) -> str | None:
    """The reason of a rejection in words, None without one."""
    return sw.REASONS.get(code, code.replace("_", " ")) if code else None


def rejections() -> list[tuple[str, str]]:
    """The reasons a case can be rejected for: code and words."""
    return list(sw.REASONS.items())
