"""Lineage: a run told as OpenLineage events as it starts, completes or fails, to wherever the environment says.

In: what makes the run. Out: events with its tables and its files. The client has its own variables, `OPENLINEAGE_URL`
and `OPENLINEAGE__TRANSPORT__…`; without any of them nothing is told. A sink that fails fails no run.
"""

import datetime as dt
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.delivery.mapped.files import without_secrets
from engine.mirrors import place_mirrored
from engine.places.extras import needed
from engine.places.place import Place, place_of

if TYPE_CHECKING:
    from openlineage.client import OpenLineageClient
    from openlineage.client.event_v2 import RunState
    from openlineage.client.facet_v2 import RunFacet

LOGGER = logging.getLogger("darkshelf")
EXTRA: Final = "lineage"
SINKS: Final = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE__TRANSPORT")
"""What variables begin with that tell the client where events go."""
ASKED_BY: Final = "OPENLINEAGE_ in the environment"
NAMESPACE: Final = "OPENLINEAGE_NAMESPACE"
DEFAULT_NAMESPACE: Final = "darkshelf"
DATA: Final = (".parquet", ".csv")
"""Files of a run that are datasets; the others tell of it."""


@dataclass(frozen=True)
class Told:
    """A run as its events name it.

    desk, run_id: what it is. inputs: namespace and name of every table. out: the folder of the runs.
    """

    desk: str
    run_id: str
    inputs: tuple[tuple[str, str], ...]
    out: Path


@dataclass
class Outputs:
    """What a run wrote. names: of its files of data; filled when they are there."""

    names: list[str] = field(default_factory=list)

    def take(self, folder: Path) -> None:
        """Name the files of data in the folder of a run."""
        self.names = sorted(file.name for file in folder.iterdir() if file.suffix in DATA)


def tables_of(
    place: Path | str | None, tables: Mapping[str, object], mapping: Mapping[str, Any] | None
) -> tuple[tuple[str, str], ...]:
    """Namespace and name of every table as OpenLineage names datasets.

    place: the folder or the mapping, a place elsewhere, or None for frames. tables: by name. mapping: as a manifest
    has it, None where the tables are in our own format.
    """
    if mapping is not None:
        home = Path(str(place)).absolute().parent
        sources = [
            pattern
            for name in tables
            for each in mapping["tables"].get(name, ())
            for patterns in each["source"].values()
            for pattern in patterns
        ]
        return tuple(dict.fromkeys(_named(home, text) for text in sources))
    if place is None:
        return tuple(("memory", name) for name in tables)
    if isinstance(place, Path):
        return tuple(("file", str(place.absolute() / name)) for name in tables)
    namespace, folder = _named(Path(), place)
    return tuple((namespace, f"{folder}/{name}") for name in tables)


def _named(home: Path, text: str) -> tuple[str, str]:
    """A source as a dataset: a file of this machine, or what lies at a place."""
    place = place_of(text)
    if not isinstance(place, Place):
        return "file", str(home / place)
    scheme = text.partition(":")[0]
    names = "/".join(filter(None, [place.path.strip("/"), "" if not place.names_one_table else place.table]))
    return f"{scheme}://{place.address.rpartition('@')[2]}", names


@contextmanager
def told(run: Told) -> Iterator[Outputs]:
    """Tell that a run starts, and that it completes or fails when the block ends.

    Raises InputError where the environment asks for events and the extra is not installed.
    """
    outputs = Outputs()
    if not any(name.startswith(SINKS) for name in os.environ):
        yield outputs
        return
    library = needed("openlineage.client", EXTRA, ASKED_BY)
    states = needed("openlineage.client.event_v2", EXTRA, ASKED_BY).RunState
    mark = str(needed("openlineage.client.uuid", EXTRA, ASKED_BY).generate_new_uuid())
    client = library.OpenLineageClient()
    _emit(client, run, mark, states.START)
    try:
        yield outputs
    except BaseException as error:
        _emit(client, run, mark, states.FAIL, why=without_secrets(f"{type(error).__name__}: {error}"))
        raise
    _emit(client, run, mark, states.COMPLETE, outputs.names)


def _emit(
    client: "OpenLineageClient",
    run: Told,
    mark: str,
    state: "RunState",
    names: list[str] | None = None,
    why: str = "",
) -> None:
    from openlineage.client import event_v2 as events
    from openlineage.client.facet_v2 import dataset_version_dataset, error_message_run

    out = place_mirrored(run.out) or run.out.absolute()
    of_run = dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=run.run_id)
    failed: dict[str, RunFacet] = {
        "errorMessage": error_message_run.ErrorMessageRunFacet(message=why, programmingLanguage="PYTHON")
    }
    event = events.RunEvent(
        eventType=state,
        eventTime=dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
        run=events.Run(runId=mark, facets=failed if why else {}),
        job=events.Job(namespace=os.environ.get(NAMESPACE, DEFAULT_NAMESPACE), name=run.desk),
        inputs=[events.InputDataset(namespace, name) for namespace, name in run.inputs],
        outputs=[
            events.OutputDataset(*_named(run.out, f"{out}/{name}"), facets={"version": of_run})
            for name in names or ()
        ],
        producer=f"urn:darkshelf:{version('darkshelf')}",
    )
    try:
        client.emit(event)
    except Exception as error:
        # Whoever reads lineage misses an event; whoever reads the night must not miss that.
        LOGGER.warning("the event %s was not taken: %s", state.value, without_secrets(str(error)))
