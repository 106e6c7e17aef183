"""Words of the pages: terms with their tooltips."""

from markupsafe import Markup

from engine.outputs.glossary import name_of, tip_of


def term(key: str, topic: str | None = None, text: str | None = None) -> Markup:
    """A term whose meaning shows when it is pointed at, focused or touched."""
    tip = tip_of(key, topic)
    name = text or name_of(key, topic)
    if not tip:
        return Markup("{}").format(name)
    return Markup('<span class="term" tabindex="0" data-tip="{}">{}<span class="hear"> ({})</span></span>').format(
        tip, name, tip
    )
