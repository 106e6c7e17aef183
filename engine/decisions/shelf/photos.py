"""Photos: what a store shows of a shelf, kept as files beside the decisions.

In: bytes that somebody sent. Out: a JPEG that was written anew from its pixels alone, so that neither place nor
camera nor anything else that was in the file is in it. It is called by its content: the same photo twice is one file.
"""

import hashlib
import io
import re
import tempfile
import warnings
from pathlib import Path
from typing import Final

from pydantic import Field

from engine.disk import PARTIAL, raised_as_output_error, sync
from engine.errors import InputError, NotFoundError, Problem
from engine.settings.frozen import Frozen

FOLDER: Final = "photos"
"""Under the output folder."""
FORMATS: Final = ("JPEG", "PNG", "WEBP")
NAME: Final = re.compile(r"[0-9a-f]{32}\.jpg")
DIGEST_BYTES: Final = 16
UNTOUCHED: Final = "No photo was kept, and the answer neither"


class PhotoSettings(Frozen):
    """How large a photo may come, and how it is kept."""

    photo_megabytes: float = Field(8, ge=0.1, le=50, description="Largest photo that a store may send, as it comes.")
    photo_megapixels: float = Field(60, ge=1, le=200, description="Most pixels of a photo that is sent, in millions.")
    photo_side_pixels: int = Field(1600, ge=200, le=8000, description="Longest side of a photo as it is kept.")
    photo_quality: int = Field(80, ge=30, le=95, description="Quality of the JPEG that is kept.")


def keep_photo(out: Path, content: bytes, settings: PhotoSettings) -> str:
    """Keep a photo under an output folder; returns the name of its file.

    Raises InputError for what is too large or no photo, by its content whatever it is called, and OutputError where
    the disk does not take it.
    """
    made = rewritten(content, settings)
    name = f"{hashlib.blake2b(made, digest_size=DIGEST_BYTES).hexdigest()}.jpg"
    folder = out / FOLDER
    with raised_as_output_error(folder, UNTOUCHED):
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / name).exists():
            with tempfile.NamedTemporaryFile(prefix=".", suffix=PARTIAL, dir=folder, delete=False) as stream:
                stream.write(made)
            sync(Path(stream.name))
            Path(stream.name).replace(folder / name)
            sync(folder)
    return name


def rewritten(content: bytes, settings: PhotoSettings) -> bytes:
    """A photo as JPEG of its pixels alone, upright, no longer than the settings say. Raises InputError."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    if len(content) > settings.photo_megabytes * 1e6:
        size = f"has {len(content) / 1e6:.1f} MB, and {settings.photo_megabytes:g} are the most"
        raise InputError([Problem("photo", size, "take it with fewer pixels")])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                width, height = opened.size
                if width * height > settings.photo_megapixels * 1e6:
                    pixels = f"has {width:,} by {height:,} pixels, which are too many"
                    raise InputError([Problem("photo", pixels, "take it with fewer pixels")])
                upright = ImageOps.exif_transpose(opened).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError) as error:
        what = f"is no photo that can be read ({type(error).__name__})"
        raise InputError([Problem("photo", what, f"send {', '.join(FORMATS)}")]) from error
    upright.thumbnail((settings.photo_side_pixels, settings.photo_side_pixels))
    # What came with the pixels, such as a profile or a comment, would be written too.
    bare = Image.frombytes("RGB", upright.size, upright.tobytes())
    written = io.BytesIO()
    bare.save(written, "JPEG", quality=settings.photo_quality)
    return written.getvalue()


def photo_file(out: Path, name: str) -> Path:
    """The file of a photo by its name. Raises NotFoundError where there is none."""
    file = out / FOLDER / name
    if NAME.fullmatch(name) is None or not file.is_file():
        raise NotFoundError(f"there is no photo {name!r}")
    return file
