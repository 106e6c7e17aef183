"""The templates of the shelf desk's pages."""

from pathlib import Path

from panel_app.markup import renderer
from panel_app.pages.shelf.words import cause_name, cause_names, reason_in_words

render = renderer(
    Path(__file__).parent / "templates",
    cause_name=cause_name,
    cause_names=cause_names,
    reason_in_words=reason_in_words,
)
