"""The journal of a run: stage times and memory for the manifest, one JSON line per event for machines."""

import datetime as dt
import json
import logging
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

LOGGER = logging.getLogger("darkshelf")
KIB_PER_MIB = 1024


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, event, and the event's own facts."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        facts = getattr(record, "facts", {})
        return json.dumps({"time": moment, "level": record.levelname.lower(), "event": record.getMessage(), **facts})


class Journal:
    """What happened in one run. watch: called with a stage's name as it begins."""

    def __init__(self, watch: Callable[[str], None] | None = None) -> None:
        self.stages: list[dict[str, object]] = []
        self._watch = watch or (lambda stage: None)

    @contextmanager
    def stage(self, name: str) -> Iterator[dict[str, object]]:
        """Time a stage; facts put into the dictionary are logged and kept with it."""
        self._watch(name)
        facts: dict[str, object] = {}
        began = time.perf_counter()
        yield facts
        seconds = round(time.perf_counter() - began, 3)
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // KIB_PER_MIB
        self.stages.append({"stage": name, "seconds": seconds, "peak_mib": peak_mib, **facts})
        LOGGER.info("stage done", extra={"facts": self.stages[-1]})

    @contextmanager
    def written_to(self, file: Path) -> Iterator[None]:
        """Also write every event to a file of JSON lines."""
        handler = logging.FileHandler(file, encoding="utf-8")
        handler.setFormatter(JsonLines())
        LOGGER.addHandler(handler)
        LOGGER.setLevel(logging.INFO)
        try:
            yield
        finally:
            LOGGER.removeHandler(handler)
            handler.close()
