"""Publish: from the artifacts of the stages to the files of a run folder.

In: artifacts. Out: files, each written in the way that its ending says.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from engine.outputs.write import write_csv, write_json, write_parquet
from engine.whitespace.artifact import Artifact


def _bytes(content: bytes, file: Path) -> None:
    file.write_bytes(content)


def _lines(content: Iterable[Mapping[str, object]], file: Path) -> None:
    """One JSON object a line."""
    lines = (json.dumps(line, ensure_ascii=False, default=str) for line in content)
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


WRITERS: Final[Mapping[str, Callable[[Any, Path], None]]] = {
    ".parquet": write_parquet,
    ".csv": write_csv,
    ".json": write_json,
    ".jsonl": _lines,
    ".png": _bytes,
    ".npy": _bytes,
}


def publish(folder: Path, artifacts: Iterable[Artifact]) -> None:
    """Write every artifact below a folder, a text as it is. Raises OSError; KeyError for an ending nobody writes."""
    for artifact in artifacts:
        file = folder / PurePosixPath(artifact.path)
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(artifact.content, str):
            file.write_text(artifact.content, encoding="utf-8")
        else:
            WRITERS[file.suffix](artifact.content, file)
