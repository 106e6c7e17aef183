"""The journal of a run: stage times and memory for the manifest, one JSON line per event for machines."""

import datetime as dt
import json
import logging
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

LOGGER = logging.getLogger("darkshelf")
LOG = "logs.jsonl"
LOGS_KEPT = 20
"""So many logs of runs that failed are kept; the oldest go first."""
KIB_PER_MIB = 1024


Stages = list[dict[str, Any]]
"""Name, seconds, peak memory and facts of each stage."""


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, event, and the event's own facts."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        facts = getattr(record, "facts", {})
        return json.dumps({"time": moment, "level": record.levelname.lower(), "event": record.getMessage(), **facts})


class StrictFile(logging.FileHandler):
    """A log file whose failures are failures of the run: a full disk must not be told on the terminal, in between."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Raise what went wrong while `record` was written."""
        raise


class Journal:
    """What happened in one run. watch: called with a stage's name as it begins."""

    def __init__(self, watch: Callable[[str], None] | None = None) -> None:
        self.stages: Stages = []
        self._watch = watch or (lambda stage: None)

    @contextmanager
    def stage(self, name: str) -> Iterator[dict[str, object]]:
        """Time a stage; facts put into the dictionary are logged and kept with it."""
        self._watch(name)
        facts: dict[str, object] = {}
        began = time.perf_counter()
        yield facts
        turn = {"seconds": round(time.perf_counter() - began, 3), "peak_mib": _peak_mib(), **facts}
        LOGGER.info("stage done", extra={"facts": {"stage": name, **turn}})
        self._add(name, turn)

    def take(self, stages: Stages) -> None:
        """Keep the stages of another journal of the run, too."""
        for stage in stages:
            self._add(stage["stage"], {name: fact for name, fact in stage.items() if name != "stage"})

    def _add(self, name: str, turn: dict[str, Any]) -> None:
        """A stage that works in turns is one line: its seconds add up."""
        known = next((stage for stage in self.stages if stage["stage"] == name), None)
        if known is None:
            self.stages.append({"stage": name, **turn})
        else:
            known |= turn | {"seconds": round(known["seconds"] + turn["seconds"], 3)}

    @contextmanager
    def written_to(self, file: Path) -> Iterator[None]:
        """Also write every event to a file of JSON lines, and what it was that ended the block early."""
        handler = StrictFile(file, encoding="utf-8")
        handler.setFormatter(JsonLines())
        LOGGER.addHandler(handler)
        LOGGER.setLevel(logging.INFO)
        try:
            yield
        except BaseException as error:
            facts = {"error": type(error).__name__, "why": str(error)}
            failed = logging.makeLogRecord({"levelname": "ERROR", "msg": "run failed", "facts": facts})
            # A disk that does not take this line has failed the run already.
            with suppress(OSError):
                handler.handle(failed)
            raise
        finally:
            LOGGER.removeHandler(handler)
            handler.close()


class Unheard(Journal):
    """The journal of a block whose stages are told by another one."""

    @contextmanager
    def stage(self, name: str) -> Iterator[dict[str, object]]:
        """Nothing is kept of a stage."""
        yield {}


def keep_log(folder: Path, place: Path, run_id: str) -> None:
    """Move the log of a run that failed from its folder to a place where the oldest make room."""
    log = folder / LOG
    # A disk that does not take it has failed the run already.
    with suppress(OSError):
        failed_at = dt.datetime.fromtimestamp(log.stat().st_mtime, dt.UTC)
        place.mkdir(exist_ok=True)
        log.replace(place / f"{failed_at:%Y%m%dT%H%M%S.%f}-{run_id}.jsonl")
        for old in sorted(place.glob("*.jsonl"))[:-LOGS_KEPT]:
            old.unlink()


def _peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // KIB_PER_MIB
