"""`darkshelf config`: every setting, its value, its meaning and its bounds."""

from typing import Annotated

import typer

from cli.console import out, table
from cli.night import Assignments, ConfigFile

app = typer.Typer(help="Show and explain the settings.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def show(config: ConfigFile = None, assignments: Assignments = None) -> None:
    """Print the settings in force as a TOML file, ready to keep and change.

    Example:  darkshelf config show > darkshelf.toml
    """
    from engine.settings.loading import as_toml
    from engine.settings.shelf.night import load

    typer.echo(as_toml(load(config, assignments or [])), nl=False)


@app.command()
def explain(
    key: Annotated[str, typer.Argument(help="A key or the start of one, such as detect or detect.dark_ratio.")] = "",
    config: ConfigFile = None,
    assignments: Assignments = None,
) -> None:
    """Say what each setting means, what it is now and which values it takes.

    Example:  darkshelf config explain detect
    """
    from engine.errors import NotFoundError
    from engine.settings import loading as engine_config
    from engine.settings.shelf.night import Settings, load

    settings = load(config, assignments or [])
    rows = table("setting", "value", "bounds", "meaning")
    for name, field in engine_config.described(Settings):
        if name.startswith(key):
            value = engine_config.value_of(settings, name)
            rows.add_row(name, str(value), engine_config.bounds(field), field.description or "")
    if not rows.row_count:
        raise NotFoundError(f"no setting begins with {key!r}; list all with  darkshelf config explain")
    out.print(rows)
