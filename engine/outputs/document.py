"""A report as one file: a template beside the module that knows the facts, with the bases that all reports share.

In: a template and facts. Out: text, in HTML with every text escaped.
"""

from pathlib import Path
from typing import Any

from engine.errors import OutputError

SHARED = Path(__file__).parent
"""Where `document.html`, the base of every HTML report, and `table.html` stand."""


def render(template: Path, /, **facts: Any) -> str:
    """A template with its facts; the files it names stand in its folder or here.

    In an HTML template every text of the facts is escaped. Raises UndefinedError for a fact that it names and that is
    not given.
    """
    # A night renders nothing, and the library of templates takes a while to import.
    from engine.outputs.templates import environment

    return environment(template.parent, SHARED).get_template(template.name).render(**facts)


def write_document(page: str, file: Path) -> None:
    """Write a page into a file. Raises OutputError when that cannot be done."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{file} cannot be written: {error.strerror or error}") from error
