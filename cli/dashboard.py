"""`darkshelf dashboard`: the nights in a browser."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.console import err
from cli.night import Assignments, ConfigFile

SECRET = "DARKSHELF_OAUTH_SECRET"
ENCRYPTION = "DARKSHELF_OAUTH_ENCRYPTION_KEY"


def dashboard(
    out_folder: Annotated[Path, typer.Option("--out", help="Where runs are published.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 5006,
    address: Annotated[str, typer.Option(help="Address to listen on; only this machine by default.")] = "127.0.0.1",
    decisions: Annotated[
        str | None,
        typer.Option(
            envvar="DARKSHELF_DECISIONS",
            help="Database of decisions, such as postgresql://user@host/name; by default a file beside the runs.",
        ),
    ] = None,
    growth: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where growth runs are published, if elsewhere than --out.")
    ] = None,
    basic_auth: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Let in who logs in: a JSON file of names and passwords.")
    ] = None,
    oauth_provider: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Let in whom this OAuth provider knows, such as github or okta."),
    ] = None,
    oauth_key: Annotated[
        str | None, typer.Option(help=f"Client id at the provider; its secret comes from {SECRET}.")
    ] = None,
    decider: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Who may decide; others only view. Repeatable. Default: everybody let in."),
    ] = None,
    origin: Annotated[
        list[str] | None, typer.Option(metavar="HOST", help="Host that a proxy serves this under. Repeatable.")
    ] = None,
    prefix: Annotated[str, typer.Option(metavar="PATH", help="Path that a proxy serves this under.")] = "",
    config: ConfigFile = None,
    assignments: Assignments = None,
) -> None:
    """Serve the published nights and take decisions on their cases, until interrupted.

    Example:  darkshelf dashboard --out data/demo
    """
    from engine.config import load_as
    from engine.errors import InputError, OutputError, Problem
    from panel_app.serve import LOOPBACK, Access, serve
    from panel_app.settings import DashboardSettings

    settings = load_as(DashboardSettings, config, assignments or [])
    problems = []
    if basic_auth is not None and not basic_auth.is_file():
        problems.append(Problem("--basic-auth", f"{basic_auth} is no file", 'write one: {"ann": "her password"}'))
    if oauth_provider and not (oauth_key and os.environ.get(SECRET)):
        problems.append(Problem("--oauth-provider", "has no key or no secret", f"give --oauth-key and set {SECRET}"))
    if problems:
        raise InputError(problems)
    oauth = None
    if oauth_provider and oauth_key:
        oauth = {"oauth_provider": oauth_provider, "oauth_key": oauth_key, "oauth_secret": os.environ[SECRET]}
        if encryption := os.environ.get(ENCRYPTION):
            oauth["oauth_encryption_key"] = encryption
    access = Access(basic_auth, oauth, decider or None)
    if access.is_open and address not in LOOPBACK:
        err.print(
            f"Nobody has to log in: whoever reaches {address} sees and decides. See --basic-auth.", markup=False
        )
    err.print(f"The dashboard is at http://{address}:{port}{prefix or '/'} (stop it with Ctrl-C).", markup=False)
    try:
        serve(
            out_folder,
            settings,
            address=address,
            port=port,
            decisions=decisions,
            growth=growth,
            access=access,
            origins=origin or [],
            prefix=prefix,
        )
    except OSError as error:
        raise OutputError(
            f"{address}:{port} cannot be listened on: {error.strerror or error}. Name another --port"
        ) from error
