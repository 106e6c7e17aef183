"""What the codes of the shelf desk are called."""

from engine.decisions.shelf import words as sw
from engine.outputs.glossary import name_of


def cause_name(cause: str | None) -> str:
    """What a cause is called; a case without one is told so."""
    return name_of(cause, "cause") if cause else "No clear cause"


def cause_names(causes: str | None) -> str:
    """What several causes are called, of a text that has their codes by commas; empty without any."""
    return ", ".join(cause_name(cause.strip()) for cause in (causes or "").split(",") if cause.strip())


def reason_in_words(code: str | None) -> str | None:
    """The reason of a rejection in words, None without one."""
    return sw.REASONS.get(code, code.replace("_", " ")) if code else None


def rejections() -> list[tuple[str, str]]:
    """The reasons a case can be rejected for: code and words."""
    return list(sw.REASONS.items())
