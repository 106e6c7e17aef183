"""What the codes of the shelf desk are called."""

from engine.decisions.shelf import words as sw
from engine.outputs.glossary import name_of


def cause_name(cause: str | None) -> str:
    """What a cause is called; a case without one is told so."""
    return name_of(cause, "cause") if cause else "No clear cause"


def reason_in_words(code: str | None) -> str | None:
    """The reason of a rejection in words, None without one."""
    return sw.REASONS.get(code, code.replace("_", " ")) if code else None


def rejections() -> list[tuple[str, str]]:
    """The reasons a case can be rejected for: code and words."""
    return list(sw.REASONS.items())
