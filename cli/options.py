"""Options that several verbs take, each in one spelling."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.places.place import Place, local_path, place_of

if TYPE_CHECKING:
    from engine.delivery.tables import Delivered
else:
    # Help calls it a path, and no verb waits for what else it may be.
    Delivered = Path


def path(text: str) -> Path:
    """What was typed for a folder or a file of this machine."""
    return local_path(text)


def tables(text: str) -> "Delivered":
    """What was typed for the tables of a delivery: a folder of this machine, or a place elsewhere."""
    place = place_of(text)
    if not isinstance(place, Place):
        return place
    # What reads places elsewhere takes a while to load.
    from engine.delivery.tables import delivered

    return delivered(text)


def kept(text: str) -> Path:
    """What was typed for where runs or days are kept: a folder here, or the mirror of a place in an object store."""
    if not isinstance(place_of(text), Place):
        return local_path(text)
    from engine.mirrors import folder_of

    return folder_of(text)


def place(text: str) -> Path | Place:
    """What was typed for a folder of this machine or a place elsewhere."""
    return place_of(text)


Input = Annotated[
    Delivered,
    typer.Argument(parser=tables, metavar="FOLDER", help="Folder or place, such as s3://, with the tables."),
]
"""What `tables` made of it."""
Folder = Annotated[
    Path, typer.Argument(parser=path, metavar="FOLDER", help="Folder with the tables, as CSV or Parquet.")
]
InputUnlessLake = Annotated[
    Delivered | None,
    typer.Argument(
        parser=tables, metavar="FOLDER", help="Folder or place, such as s3://, with the tables; or give --lake."
    ),
]
Lake = Annotated[
    Path | None,
    typer.Option(
        "--lake",
        parser=kept,
        metavar="PLACE",
        help="A lake of days, as  darkshelf ingest  keeps it, in place of FOLDER.",
    ),
]
AllowPartial = Annotated[
    bool,
    typer.Option("--allow-partial", help="Judge an as-of day that is not complete by what came of it; mark the run."),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Workers that share the work: local:N starts N here, else a scheduler of Dask or its file.",
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        "--out", parser=kept, metavar="PLACE", help="Where runs are published: a folder, or a place such as s3://."
    ),
]
RunId = Annotated[str | None, typer.Option("--run", help="A run id; by default the latest run.")]
RunGiven = Annotated[
    str | None, typer.Argument(metavar="[RUN]", help="A run id, as with --run; by default the latest run.")
]
DeskName = Annotated[str | None, typer.Option("--desk", help="A desk, such as shelf or growth; by default shelf.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", parser=path, help="Settings, a TOML file.")]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="One setting, such as episode.max_fdr=0.05. Repeatable."),
]
Profile = Annotated[str | None, typer.Option(help="A profile of the desk, such as calibrated or classic.")]


def one_run(given: str | None, option: str | None) -> str | None:
    """The run that was named, by its place or by `--run`. Refuses two of them."""
    if given is not None and option is not None and given != option:
        raise typer.BadParameter(f"{given} and {option} are two runs: name one")
    return given or option
