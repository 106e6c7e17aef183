"""Workshop: what has to be written anew before it can be scanned, in a folder that goes when the mapping does.

In: text in another encoding, text with lines at its end that are no rows, a question in SQL. Out: files.
"""

import hashlib
import io
import shutil
import weakref
from collections import deque
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from tempfile import mkdtemp

import polars as pl

from engine.delivery.source import DataFile
from engine.disk import fingerprint
from engine.settings.mapping import SourceMapping

UTF8 = ("utf-8", "utf-8-sig", "ascii")


class Workshop:
    """A folder for what is made on the way, made when it is needed first."""

    def __init__(self) -> None:
        self._folder: Path | None = None

    def made(self, name: str, ending: str, write: Callable[[Path], None]) -> Path:
        """The file that `write` makes, written once. name: all that decides what is in it. Raises as `write` does."""
        if self._folder is None:
            self._folder = Path(mkdtemp(prefix="darkshelf-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        place = self._folder / f"{hashlib.blake2b(name.encode(), digest_size=12).hexdigest()}{ending}"
        if not place.exists():
            partial = place.with_suffix(".partial")
            write(partial)
            partial.rename(place)
        return place

    def text(self, file: DataFile, how: SourceMapping) -> Path:
        """A text file as UTF-8 without the lines at its end that are left out: itself where it is that.

        Raises ComputeError where it is not in its encoding, OSError.
        """
        if how.encoding in UTF8 and not how.skip_end:
            return file.path
        name = f"{file.path} {fingerprint(file.path)} {how.encoding} {how.skip_end}"
        return self.made(name, ".csv", lambda place: _rewrite(file.path, place, how))


def _rewrite(file: Path, place: Path, how: SourceMapping) -> None:
    # Few tables are rewritten, and PyArrow takes a while to import.
    import pyarrow as pa

    try:
        with pa.input_stream(str(file), compression="detect") as stream, place.open("w", encoding="utf-8") as copy:
            lines = io.TextIOWrapper(io.BufferedReader(stream), encoding=how.encoding, newline="\n")
            held = deque(islice(lines, how.skip_end))
            for line in lines:
                held.append(line)
                copy.write(held.popleft())
    except UnicodeError as error:
        raise pl.exceptions.ComputeError(f"it is not written in {how.encoding}: {error}") from error
    except pa.ArrowException as error:
        raise pl.exceptions.ComputeError(f"it cannot be unpacked: {error}") from error
