"""`darkshelf config`: every setting of every desk, its value, its meaning and its bounds."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import answer, out, table
from cli.options import AsJson, Assignments, ConfigFile, DeskName, Profile
from cli.run import load_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.outputs.desks import Desk
    from engine.settings.frozen import RunSettings

EXPLAINED = ("desk", "setting", "value", "bounds", "meaning")
"""What is told of a setting, as JSON names it."""

app = typer.Typer(help="Show and explain the settings of a night.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def show(
    profile: Profile = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    desk: DeskName = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print the settings of a run that are in force as a TOML file, ready to keep and change.

    Example:  darkshelf config show > darkshelf.toml
    """
    from engine.outputs.desks import desk_named
    from engine.settings.loading import as_toml

    settings = load_for(desk_named(desk), profile, config, assignments)
    if as_json:
        answer(settings.model_dump(mode="json"))
        return
    typer.echo(as_toml(settings), nl=False)


@app.command()
def explain(
    key: Annotated[str, typer.Argument(help="A key or the start of one, such as episode or caps.min_units.")] = "",
    profile: Profile = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    desk: DeskName = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say what each setting means, what it is now and which values it takes; of every desk that has the key.

    Example:  darkshelf config explain episode

    Another:  darkshelf config explain detect --profile classic
    """
    from engine.errors import NotFoundError
    from engine.outputs.desks import desk_named, desks

    found: list[tuple[str, ...]] = []
    for each in desks() if desk is None else [desk_named(desk)]:
        rows = table("setting", "value", "bounds", "meaning", title=f"{each.name}: {each.purpose}")
        # A profile, a file and assignments are of one desk; the others are told as they are by default.
        given = (profile, config, assignments) if each is desk_named(desk) else (None, None, None)
        of_desk = list(_rows_of(each, key, load_for(each, *given)))
        for row in of_desk:
            rows.add_row(*row)
        if of_desk and not as_json:
            out.print(rows)
        found += [(each.name, *row) for row in of_desk]
    if as_json and found:
        answer({"settings": [dict(zip(EXPLAINED, row, strict=True)) for row in found]})
    if not found:
        raise NotFoundError(f"no setting begins with {key!r}; list all with  darkshelf config explain")


def refuse_unknown_variables() -> None:
    """Raise SettingsError for variables of the environment that look like settings and are none of any desk."""
    from engine.settings.loading import described, unknown_variables

    # Every desk is looked at only where there is something to look for.
    if not unknown_variables(()):
        return
    from engine.errors import SettingsError
    from engine.outputs.desks import desks
    from engine.settings.mirror import MachineSettings
    from panel_app.settings import dashboard_settings

    of_desks = [model for desk in desks() for model in desk.models.values()]
    models: list[type[RunSettings]] = [*of_desks, dashboard_settings(), MachineSettings]
    known = {key for model in models for key, _ in described(model)}
    if strange := unknown_variables(known):
        raise SettingsError(strange)


def _rows_of(desk: "Desk", key: str, settings: "RunSettings") -> "Iterator[tuple[str, ...]]":
    """The settings of a desk that begin with a key: name, value, bounds, meaning.

    settings: of the run. What they do not have and another verb or profile reads says so, and is as it is by default.
    """
    from engine.settings.loading import bounds, described, value_of

    known: set[str] = set()
    for reader, each in {"": settings, **{name: model() for name, model in desk.models.items() if name}}.items():
        for name, field in described(type(each)):
            if name.startswith(key) and name not in known:
                known.add(name)
                read_by = f"({reader}) " if reader else ""
                yield name, str(value_of(each, name)), bounds(field), f"{read_by}{field.description or ''}"
