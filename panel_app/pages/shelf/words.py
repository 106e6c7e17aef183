"""What the codes of the shelf desk are called, in the reader's language."""

from engine.decisions.shelf import words as sw
from panel_app.language import say
from panel_app.words import name


def cause_name(cause: str | None) -> str:
    """What a cause is called; a case without one is told so."""
    return name(cause, "cause") if cause else say("No clear cause")


def cause_names(causes: str | None) -> str:
    """What several causes are called, of a text that has their codes by commas; empty without any."""
    return ", ".join(cause_name(cause.strip()) for cause in (causes or "").split(",") if cause.strip())


def reason_in_words(code: str | None) -> str | None:
    """The reason of a rejection in words, None without one."""
    return say(sw.REASONS.get(code, code.replace("_", " "))) if code else None


def rejections() -> list[tuple[str, str]]:
    """The reasons a case can be rejected for: code and words."""
    return [(code, say(text)) for code, text in sw.REASONS.items()]
