"""`darkshelf init`: a mapping of the user's own tables, proposed from the files, for a person to look at."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import answer, out, table
from cli.options import AsJson, DeskName

if TYPE_CHECKING:
    from engine.delivery.proposal.propose import Choice, Proposal


def init(
    source: Annotated[Path, typer.Argument(readable=False, help="A file or a folder with your tables as they are.")],
    file: Annotated[Path, typer.Option("--to", help="Where the mapping is written.")] = Path("darkshelf.toml"),
    desk_name: DeskName = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; what is not sure is marked in the file.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a mapping that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at your files and propose how their columns become ours; ask what is not sure, and write the mapping.

    Example:  darkshelf init data/export --to data/darkshelf.toml

    Then:  darkshelf run data/darkshelf.toml --out data/runs
    """
    from engine.delivery.proposal.propose import propose, settled
    from engine.delivery.proposal.sheets import sheets_of
    from engine.delivery.proposal.written import written
    from engine.errors import InputError, Problem
    from engine.outputs.desks import desk_named

    if file.exists() and not force:
        raise InputError([Problem(str(file), "is there already", "name another file with --to, or add --force")])
    base = file.absolute().parent
    if not base.is_dir():
        raise InputError([Problem(str(base), "is no folder", "make it first, or name another file with --to")])
    promised = desk_named(desk_name).promised()
    proposal = propose(sheets_of(source.absolute(), base), promised)
    if not as_json:
        _show(proposal)
    if not yes and not as_json and sys.stdin.isatty():
        proposal = settled(proposal, _ask)
    file.write_text(written(proposal), encoding="utf-8")
    doubts = sum(bool(c.doubt) for several in proposal.tables.values() for each in several for c in each.choices)
    if as_json:
        answer({"file": str(file), "tables": list(proposal.tables), "missing": proposal.missing, "unsure": doubts})
        return
    told = f"{file}: {len(proposal.tables)} tables, {doubts} columns that are not sure"
    out.print(f"{told}; look at them, then  darkshelf check {file}", markup=False, soft_wrap=True)


def _show(proposal: "Proposal") -> None:
    """What was chosen, why, and what is not sure."""
    rows = table("table", "column", "theirs", "because of", "unsure")
    for name, several in proposal.tables.items():
        for each in several:
            for choice in each.choices:
                how = choice.how or {}
                theirs = str(how.get("from", how.get("value", "-")))
                rows.add_row(name, choice.ours, f"{theirs} in {each.sheet.name}", choice.why, choice.doubt)
    out.print(rows)
    for name in proposal.missing:
        out.print(f"- nothing was found for the table {name}", markup=False)
    for name in proposal.left:
        out.print(f"- not used: {name}", markup=False, soft_wrap=True)


def _ask(table_name: str, choice: "Choice") -> str:
    """An answer to a doubt; the empty one keeps what was proposed."""
    listed = f" ({', '.join(choice.others)}; - for none)" if choice.others else ""
    question = f"{table_name}.{choice.ours}: {choice.doubt} {choice.asks}{listed}"
    return str(typer.prompt(question, default="", show_default=False)).strip()
