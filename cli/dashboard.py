"""`darkshelf dashboard`: the nights in a browser."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import err
from cli.night import Assignments, ConfigFile

if TYPE_CHECKING:
    from engine.errors import Problem

SECRET = "DARKSHELF_OAUTH_SECRET"
SECRET_FILE = "DARKSHELF_OAUTH_SECRET_FILE"
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
        str | None,
        typer.Option(help=f"Client id at the provider; its secret comes from {SECRET}, or a file by {SECRET_FILE}."),
    ] = None,
    oauth_redirect: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Address of the login page that the provider sends back to; needed with --prefix."
        ),
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
    from panel_app.login import Access
    from panel_app.serve import LOOPBACK, serve
    from panel_app.settings import DashboardSettings

    settings = load_as(DashboardSettings, config, assignments or [])
    problems = []
    if basic_auth is not None and not basic_auth.is_file():
        problems.append(Problem("--basic-auth", f"{basic_auth} is no file", 'write one: {"ann": "her password"}'))
    if basic_auth is not None and oauth_provider:
        problems.append(Problem("--oauth-provider", "stands beside --basic-auth", "give one of the two"))
    if oauth_provider and prefix.strip("/") and not oauth_redirect:
        advice = f"give --oauth-redirect https://HOST/{prefix.strip('/')}/login, as it is registered at the provider"
        problems.append(Problem("--oauth-provider", "needs --oauth-redirect under a --prefix", advice))
    oauth = _oauth(oauth_provider, oauth_key, oauth_redirect, problems)
    if problems:
        raise InputError(problems)
    access = Access(basic_auth, oauth, decider or None)
    if access.is_open and address not in LOOPBACK:
        err.print(
            f"Nobody has to log in: whoever reaches {address} sees and decides. See --basic-auth.", markup=False
        )
    told = f"The dashboard is at http://{address}:{port}{prefix or '/'} (stop it with Ctrl-C)."
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
            announce=lambda: err.print(told, markup=False),
        )
    except OSError as error:
        raise OutputError(
            f"{address}:{port} cannot be listened on: {error.strerror or error}. Name another --port"
        ) from error


def _oauth(
    provider: str | None, key: str | None, redirect: str | None, problems: "list[Problem]"
) -> dict[str, str] | None:
    """The options of an OAuth login, None without one; what is wrong with them is added to the problems.

    The secret is never an argument: arguments are seen by everybody on the machine.
    """
    from engine.errors import Problem
    from panel_app.login import PROVIDERS

    if not provider:
        return None
    secret = os.environ.get(SECRET, "")
    if file := os.environ.get(SECRET_FILE):
        try:
            secret = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            problems.append(Problem(SECRET_FILE, f"{file} cannot be read", "name a file with the secret alone"))
    if provider not in PROVIDERS:
        problems.append(Problem("--oauth-provider", f"{provider!r} is none of {', '.join(PROVIDERS)}", "name one"))
    if not (key and secret):
        advice = f"give --oauth-key and set {SECRET} or {SECRET_FILE}"
        problems.append(Problem("--oauth-provider", "has no key or no secret", advice))
    oauth = {"oauth_provider": provider, "oauth_key": key or "", "oauth_secret": secret}
    if redirect:
        oauth["oauth_redirect_uri"] = redirect
    if encryption := os.environ.get(ENCRYPTION):
        oauth["oauth_encryption_key"] = encryption
    return oauth
