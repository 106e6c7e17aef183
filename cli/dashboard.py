"""`darkshelf dashboard`: the published runs in a browser; `darkshelf dashboard user`: who may log in there."""

import logging
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from cli.console import answer, err, out, table
from cli.options import AsJson, Assignments, ConfigFile, Out, kept, path
from engine.vocabulary.growth import DESK as GROWTH

if TYPE_CHECKING:
    from engine.errors import Problem

app = typer.Typer(rich_markup_mode=None)
user_app = typer.Typer(help="Who may log in to the dashboard.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(user_app, name="user")
UserName = Annotated[str, typer.Argument(metavar="NAME", help="What the person is called, also in decisions.")]
UsersFile = Annotated[
    Path | None,
    typer.Option("--users", parser=path, metavar="FILE", help="The list of people, if elsewhere than under --out."),
]
HOST = re.compile(r"([\w.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")
SECRET = "DARKSHELF_OAUTH_SECRET"
SECRET_FILE = "DARKSHELF_OAUTH_SECRET_FILE"


@app.callback(invoke_without_command=True)
def dashboard(
    context: typer.Context,
    out_folder: Annotated[
        Path | None,
        typer.Option(
            "--out",
            parser=kept,
            metavar="PLACE",
            help="Where runs are published: a folder, or a place such as s3://.  [required]",
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 5006,
    address: Annotated[str, typer.Option(help="Address to listen on; only this machine by default.")] = "127.0.0.1",
    decisions: Annotated[
        str | None,
        typer.Option(
            envvar="DARKSHELF_DECISIONS",
            help="Database of decisions, such as postgresql://user@host/name; by default a file beside the runs.",
        ),
    ] = None,
    further: Annotated[
        list[str] | None,
        typer.Option(metavar="DESK=DIR", help="Where runs of a desk are published beside --out. Repeatable."),
    ] = None,
    growth: Annotated[
        Path | None,
        typer.Option(parser=kept, metavar="DIR", help="The same for the growth desk, in short."),
    ] = None,
    users: UsersFile = None,
    basic_auth: Annotated[Path | None, typer.Option(parser=path, hidden=True)] = None,
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
    """Serve the published runs and take decisions on what they found, until interrupted.

    Example:  darkshelf dashboard --out data/demo

    Then:  darkshelf dashboard user add ann --out data/demo
    """
    if context.invoked_subcommand is not None:
        _refuse_words_before_a_verb(context)
        return
    if out_folder is None:
        raise typer.BadParameter("say where runs are published", param_hint="--out")
    from engine.errors import InputError, OutputError, Problem
    from panel_app.login import Access
    from panel_app.lookup.token import token_of
    from panel_app.serve import EVERY_ADDRESS, LOOPBACK, serve
    from panel_app.settings import load_settings

    settings = load_settings(config, assignments or [])
    problems = []
    if basic_auth is not None:
        advice = f"leave it out, and let each person in with  darkshelf dashboard user add NAME --out {out_folder}"
        problems.append(Problem("--basic-auth", "keeps passwords as text, which the dashboard does no more", advice))
    if users is not None and oauth_provider:
        problems.append(Problem("--oauth-provider", "stands beside --users", "give one of the two"))
    if oauth_provider and prefix.strip("/") and not oauth_redirect:
        advice = f"give --oauth-redirect https://HOST/{prefix.strip('/')}/login, as it is registered at the provider"
        problems.append(Problem("--oauth-provider", "needs --oauth-redirect under a --prefix", advice))
    no_hosts = [host for host in origin or [] if not HOST.fullmatch(host)]
    problems += [Problem("--origin", f"{host!r} is no host", "give HOST or HOST:PORT") for host in no_hosts]
    try:
        lookup = token_of(os.environ)
    except InputError as error:
        lookup = None
        problems += error.problems
    folders = _folders([*(further or []), *([f"{GROWTH}={growth}"] if growth else [])], problems)
    oauth = _oauth(oauth_provider, oauth_key, oauth_redirect, problems)
    people = None if oauth else _people(out_folder, users, problems)
    if problems:
        raise InputError(problems)
    access = Access(people, oauth, decider or None)
    if access.is_open and address not in LOOPBACK:
        advice = f"Let people in by name:  darkshelf dashboard user add NAME --out {out_folder}"
        err.print(
            f"Nobody has to log in: whoever reaches {address} sees and decides. {advice}",
            markup=False,
            soft_wrap=True,
        )
    if address in EVERY_ADDRESS and not origin:
        err.print(
            "Only browsers of this machine are answered: name the host that readers type with --origin HOST:PORT.",
            markup=False,
            soft_wrap=True,
        )
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("darkshelf.dashboard").setLevel(logging.INFO)
    message = f"The dashboard is at http://{address}:{port}{prefix or '/'} (stop it with Ctrl-C)."
    try:
        serve(
            out_folder,
            settings,
            address=address,
            port=port,
            decisions=decisions,
            further=folders,
            access=access,
            origins=origin or [],
            prefix=prefix,
            lookup=lookup,
            announce=lambda: err.print(message, markup=False),
        )
    except OSError as error:
        raise OutputError(
            f"{address}:{port} cannot be listened on: {error.strerror or error}. Name another --port"
        ) from error


def _folders(words: list[str], problems: "list[Problem]") -> dict[str, list[Path]]:
    """Further folders by the name of their desk; what is wrong with them is added to the problems."""
    from engine.errors import Problem
    from engine.outputs.desks import desks

    known = [desk.name for desk in desks()]
    found: dict[str, list[Path]] = {}
    for word in words:
        name, parted, folder = word.partition("=")
        if not (parted and folder):
            problems.append(Problem("--further", f"{word!r} is no DESK=DIR", "give a desk and a folder"))
        elif name not in known:
            problems.append(Problem("--further", f"there is no desk {name!r}", f"name one of {', '.join(known)}"))
        else:
            found.setdefault(name, []).append(kept(folder))
    return found


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
    return oauth


def _people(out_folder: Path, users: Path | None, problems: "list[Problem]") -> Path | None:
    """The list of people who may log in; None where there is none, and nobody has to.

    What is wrong with it is added to the problems.
    """
    from engine.errors import InputError, Problem
    from panel_app.door.users import ADD, read_users

    file = _users_file(out_folder, users)
    if users is None and not file.exists():
        return None
    if not file.is_file():
        problems.append(Problem("--users", f"{file} is no file", f"{ADD} --users {file}"))
        return file
    try:
        read_users(file)
    except InputError as error:
        problems += error.problems
    return file


def _users_file(out_folder: Path, users: Path | None) -> Path:
    from panel_app.door.private import FOLDER
    from panel_app.door.users import FILE

    return users or out_folder / FOLDER / FILE


def _refuse_words_before_a_verb(context: typer.Context) -> None:
    """Options before `user` would be taken for its own, and are not."""
    sources = [context.get_parameter_source(name) for name in context.params]
    if any(source is not None and source.name == "COMMANDLINE" for source in sources):
        raise typer.BadParameter(f"write options after  {context.invoked_subcommand} VERB, not before it")


@user_app.command("add")
def add(name: UserName, out_folder: Out, users: UsersFile = None) -> None:
    """Let a person in by a password, or by another one than before. It is asked for, or read from stdin.

    Example:  darkshelf dashboard user add ann --out data/demo
    """
    from panel_app.door.private import private_folder
    from panel_app.door.users import add_user

    password = (
        typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        if sys.stdin.isatty()
        else sys.stdin.readline().rstrip("\r\n")
    )
    if users is None:
        private_folder(out_folder)
    file = _users_file(out_folder, users)
    is_first = not file.exists()
    is_new = add_user(file, name, password)
    message = f"{name} may log in." if is_new else f"{name} has another password; logins by the old one end."
    out.print(message, markup=False)
    if is_first:
        out.print("From now on everybody has to log in. A dashboard that runs already has to be started again.")


@user_app.command("list")
def list_(out_folder: Out, users: UsersFile = None, *, as_json: AsJson = False) -> None:
    """List who may log in, and since when by their password.

    Example:  darkshelf dashboard user list --out data/demo
    """
    from panel_app.door.users import read_users

    people = read_users(_users_file(out_folder, users))
    if as_json:
        answer({"people": {name: person.since for name, person in people.items()}})
        return
    shown = table("Name", "Password since")
    for name, person in people.items():
        shown.add_row(Text(name), person.since)
    if people:
        out.print(shown)
    else:
        out.print("There is nobody who may log in.")


@user_app.command("remove")
def remove(name: UserName, out_folder: Out, users: UsersFile = None) -> None:
    """Let a person in no more; what they have open ends within a second.

    Example:  darkshelf dashboard user remove ann --out data/demo
    """
    from panel_app.door.users import remove_user

    file = _users_file(out_folder, users)
    left = remove_user(file, name)
    out.print(f"{name} may not log in any more.", markup=False)
    if not left:
        out.print(f"Nobody is left who may. To let everybody in without a login delete {file}.", markup=False)
