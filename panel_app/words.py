"""Words of the pages: terms with their tooltips, in the reader's language."""

from markupsafe import Markup

from engine.outputs.glossary import name_of, tip_of
from panel_app.language import say


def name(key: str, topic: str | None = None) -> str:
    """What a key is called."""
    return say(name_of(key, topic))


def meaning(key: str, topic: str | None = None) -> str:
    """What a key means; empty where the glossary does not know it."""
    return say(tip_of(key, topic))


def term(key: str, topic: str | None = None, text: str | None = None) -> Markup:
    """A term whose meaning shows when it is pointed at, focused or touched."""
    tip = meaning(key, topic)
    shown = say(text) if text else name(key, topic)
    if not tip:
        return Markup("{}").format(shown)
    return Markup('<span class="term" tabindex="0" data-tip="{}">{}<span class="hear"> ({})</span></span>').format(
        tip, shown, tip
    )
