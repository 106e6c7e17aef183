"""The templates of the growth desk's pages."""

from pathlib import Path

from panel_app.markup import renderer

render = renderer(Path(__file__).parent / "templates")
