"""`darkshelf config`: every setting of every desk, its value, its meaning and its bounds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import out, table
from cli.options import Assignments, ConfigFile, DeskName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.outputs.desks import Desk

app = typer.Typer(help="Show and explain the settings.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def show(config: ConfigFile = None, assignments: Assignments = None, desk: DeskName = None) -> None:
    """Print the settings of a run that are in force as a TOML file, ready to keep and change.

    Example:  darkshelf config show > darkshelf.toml
    """
    from engine.outputs.desks import desk_named
    from engine.settings.loading import as_toml

    typer.echo(as_toml(desk_named(desk).load(config, assignments or [])), nl=False)


@app.command()
def explain(
    key: Annotated[str, typer.Argument(help="A key or the start of one, such as episode or caps.min_units.")] = "",
    config: ConfigFile = None,
    assignments: Assignments = None,
    desk: DeskName = None,
) -> None:
    """Say what each setting means, what it is now and which values it takes; of every desk that has the key.

    Example:  darkshelf config explain episode
    """
    from engine.errors import NotFoundError
    from engine.outputs.desks import desk_named, desks

    is_told = False
    for each in desks() if desk is None else [desk_named(desk)]:
        rows = table("setting", "value", "bounds", "meaning", title=f"{each.name}: {each.purpose}")
        # A file and assignments are of one desk; the others are told as they are by default.
        given = (config, assignments or []) if each is desk_named(desk) else (None, [])
        for row in _told(each, key, *given):
            rows.add_row(*row)
        if rows.row_count:
            out.print(rows)
            is_told = True
    if not is_told:
        raise NotFoundError(f"no setting begins with {key!r}; list all with  darkshelf config explain")


def _told(desk: "Desk", key: str, config: Path | None, assignments: list[str]) -> "Iterator[tuple[str, ...]]":
    """The settings of a desk that begin with a key: name, value, bounds, meaning. Those of another verb say so."""
    from engine.settings.loading import bounds, described, value_of

    for verb, model in desk.models.items():
        settings = model() if verb else desk.load(config, assignments)
        for name, field in described(type(settings)):
            if name.startswith(key):
                of_verb = f"{verb}: " if verb else ""
                meaning = f"{of_verb}{field.description or ''}"
                yield name, str(value_of(settings, name)), bounds(field), meaning
