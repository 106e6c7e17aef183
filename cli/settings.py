"""`darkshelf config`: every setting, its value, its meaning and its bounds."""

from typing import Annotated

import typer

from cli.console import out, table
from cli.night import Assignments, ConfigFile, Profile, settings_of

app = typer.Typer(help="Show and explain the settings of a night.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def show(profile: Profile = None, config: ConfigFile = None, assignments: Assignments = None) -> None:
    """Print the settings in force as a TOML file, ready to keep and change.

    Example:  darkshelf config show > darkshelf.toml
    """
    from engine.settings.loading import as_toml

    typer.echo(as_toml(settings_of(profile, config, assignments)), nl=False)


@app.command()
def explain(
    key: Annotated[str, typer.Argument(help="A key or the start of one, such as episode or episode.max_fdr.")] = "",
    profile: Profile = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
) -> None:
    """Say what each setting of the profile means, what it is now and which values it takes.

    Example:  darkshelf config explain episode

    Another:  darkshelf config explain detect --profile classic
    """
    from engine.settings.loading import bounds, value_of
    from engine.settings.shelf.night import known_keys, readers

    settings = settings_of(profile, config, assignments)
    rows = table("setting", "value", "bounds", "meaning")
    for name, field in known_keys().items():
        if name.startswith(key) and settings.profile in readers(name):
            rows.add_row(name, str(value_of(settings, name)), bounds(field), field.description or "")
    if not rows.row_count:
        raise _unknown(key)
    out.print(rows)


def _unknown(key: str) -> Exception:
    """What to tell of a key that the profile does not read: which one does, if any."""
    from engine.errors import NotFoundError
    from engine.settings.shelf.night import known_keys, readers

    others = {profile for name in known_keys() if name.startswith(key) for profile in readers(name)}
    if not others:
        return NotFoundError(f"no setting begins with {key!r}; list all with  darkshelf config explain")
    (other,) = others
    return NotFoundError(
        f"{key} is read by the {other} profile alone; see it with  darkshelf config explain {key} --profile {other}"
    )
