"""The manifest of a run: what every desk writes of one, what each of its files was when it was published, and a seal.

In: a folder that is about to be published, or one that was. Out: the manifest, sealed or read.
"""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from engine.disk import content_hash, read_regular

LATEST = "LATEST"
RUNS = "runs"
MANIFEST = "manifest.json"
RUN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,199}")
AS_OF = re.compile(r"\d{4}-\d{2}-\d{2}|\d{6}[AB]|[a-z]+")
"""A day, a half month, or the word of a run without either."""
FORMAT = 2
"""Of the manifests that are written. Those of format 1 say no format; they are read as they are."""
MANIFESTS_HELD = 1_000
"""Manifests that are remembered for as long as they are not touched."""


class StoredFile(BaseModel):
    """A published file as it was when the run got its name. content: its hash."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_bytes: Annotated[int, Field(ge=0)]
    content: str


class Manifest(BaseModel):
    """What every desk writes of a run; a desk writes more. files, seal: what older runs do not have."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    format: Annotated[int, Field(ge=1)] = 1
    as_of: str
    run_id: str | None = None
    desk: str = ""
    profile: str = ""
    finished_at: str = ""
    stages: list[dict[str, Any]] = []
    files: dict[str, StoredFile] = {}
    seal: str | None = None

    @model_validator(mode="after")
    def _is_dated(self) -> "Manifest":
        """Raise ValueError where a moment is none, a file lies elsewhere, or the format is not known yet."""
        outside = [name for name in self.files if ".." in PurePosixPath(name).parts or name.startswith("/")]
        if outside:
            raise ValueError(f"names a file outside its folder: {outside[0]!r}")
        if self.format > FORMAT:
            raise ValueError(f"has format {self.format}; this version of darkshelf reads formats up to {FORMAT}")
        if not AS_OF.fullmatch(self.as_of):
            raise ValueError(f"as_of is {self.as_of!r}")
        if "-" in self.as_of:
            dt.date.fromisoformat(self.as_of)
        if self.finished_at:
            dt.datetime.fromisoformat(self.finished_at)
        return self


def seal(folder: Path) -> None:
    """Write into the manifest what every file of a run is, and a seal over all of it."""
    file = folder / MANIFEST
    manifest = json.loads(file.read_text(encoding="utf-8"))
    others = sorted(path for path in folder.rglob("*") if path.is_file() and path != file)
    manifest["files"] = {
        path.relative_to(folder).as_posix(): {"n_bytes": path.stat().st_size, "content": content_hash(path)}
        for path in others
    }
    manifest["seal"] = _seal_of(manifest)
    file.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _seal_of(manifest: Mapping[str, Any]) -> str:
    content = {name: value for name, value in manifest.items() if name != "seal"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def read_manifest(file: Path) -> Mapping[str, Any]:
    """The content of a manifest, read once for as long as it is not touched.

    Raises OSError, and ValueError or RecursionError where it is none, or not what was written; see `fault_of`.
    """
    status = file.stat()
    return _read(file, status.st_mtime_ns, status.st_ctime_ns, status.st_size)


@lru_cache(MANIFESTS_HELD)
def _read(file: Path, changed_at: int, touched_at: int, n_bytes: int) -> dict[str, Any]:
    content = json.loads(read_regular(file))
    seal = Manifest.model_validate(content).seal
    if seal is not None and seal != _seal_of(content):
        raise ValueError("it is not what was published")
    return dict(content)


def fault_of(error: BaseException) -> str:
    """What is wrong with a manifest, in a line."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))} {first['msg']}".strip()
    return str(error).partition("\n")[0]
