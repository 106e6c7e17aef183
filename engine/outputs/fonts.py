"""Fonts: which of those at hand can write a text, whatever its script.

In: texts. Out: families, in the order a chart should try them; or the characters that none of them has.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from engine.errors import DarkshelfError

FIRST = "DejaVu Sans"
"""Comes with matplotlib; what it has is written in it."""
PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
"""Fonts for further scripts, as the extra `fonts` installs them."""
SUFFIXES = (".ttf", ".otf", ".ttc")
SHOWN = 10
"""Characters named in a message."""


class MissingGlyphError(DarkshelfError):
    """A label has characters that no font at hand can draw."""


def families_for(texts: Iterable[str]) -> list[str]:
    """Families that can draw every character of the texts together. Raises MissingGlyphError."""
    wanted = {ord(letter) for text in texts for letter in text if letter.isprintable() and not letter.isspace()}
    chosen = [FIRST]
    missing = wanted - _letters()[FIRST]
    for family, letters in _letters().items():
        if missing & letters:
            chosen.append(family)
            missing -= letters
    if missing:
        shown = " ".join(f"{chr(code)} (U+{code:04X})" for code in sorted(missing)[:SHOWN])
        raise MissingGlyphError(
            f"no font has {len(missing)} of the characters of the labels: {shown}. "
            "Install fonts for their script, such as  pip install 'darkshelf[fonts]'"
        )
    return chosen


@cache
def _letters() -> dict[str, frozenset[int]]:
    """What each family can draw: the first one, then the packaged ones, then the system's, by name."""
    from matplotlib import font_manager

    own = {FIRST: Path(font_manager.findfont(FIRST))}
    packaged = dict(sorted((_registered(file), file) for file in _packaged()))
    system = {
        font.name: Path(font.fname)
        for font in sorted(font_manager.fontManager.ttflist, key=lambda f: (f.name, f.fname))
    }
    return {family: _characters(file) for family, file in (own | packaged | system | own).items()}


def _packaged() -> Iterator[Path]:
    for package in PACKAGES:
        found = find_spec(package)
        if found is not None and found.origin is not None:
            yield from sorted(
                file for file in Path(found.origin).parent.iterdir() if file.suffix in (".ttf", ".otf", ".ttc")
            )


def _registered(file: Path) -> str:
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    font_manager.fontManager.addfont(str(file))
    return str(FT2Font(str(file)).family_name)


def _characters(file: Path) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(file)).get_charmap())
