"""Options that several verbs take, each in one spelling."""

from pathlib import Path
from typing import Annotated

import typer

Input = Annotated[Path, typer.Argument(readable=False, help="Folder with the tables, as CSV or Parquet.")]
InputUnlessLake = Annotated[
    Path | None, typer.Argument(readable=False, help="Folder with the tables, as CSV or Parquet; or give --lake.")
]
Lake = Annotated[
    Path | None, typer.Option("--lake", help="A lake of days, as  darkshelf ingest  keeps it, in place of FOLDER.")
]
AllowPartial = Annotated[
    bool,
    typer.Option("--allow-partial", help="Judge an as-of day that is not complete by what came of it; mark the run."),
]
Out = Annotated[Path, typer.Option("--out", help="Where runs are published.")]
RunId = Annotated[str | None, typer.Option("--run", help="A run id; by default the latest run.")]
DeskName = Annotated[str | None, typer.Option("--desk", help="A desk, such as shelf or growth; by default shelf.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="Settings, a TOML file.")]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="One setting, such as episode.max_fdr=0.05. Repeatable."),
]
Profile = Annotated[str | None, typer.Option(help="A profile of the desk, such as calibrated or classic.")]
