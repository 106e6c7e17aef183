"""Fonts: which of those at hand can write a text, whatever its script.

In: texts. Out: families, in the order a chart should try them; or the characters that none of them has.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from unicodedata import category

from engine.errors import DarkshelfError

FIRST = "DejaVu Sans"
"""Comes with matplotlib; what it has is written in it."""
PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
"""Fonts for further scripts, as the extra `fonts` installs them."""
LAST_RESORT = "Last Resort"
WITHOUT_GLYPH = ("Cc", "Cf", "Zs", "Zl", "Zp")
"""Unicode categories of what leaves no mark: control, format, space."""
SUFFIXES = (".ttf", ".otf", ".ttc")
SHOWN = 10
"""Characters named in a message."""


class MissingGlyphError(DarkshelfError):
    """A label has characters that no font at hand can draw."""


def families_for(texts: Iterable[str]) -> list[str]:
    """Families that can draw every character of the texts together. Raises MissingGlyphError."""
    wanted = {ord(letter) for text in texts for letter in text if category(letter) not in WITHOUT_GLYPH}
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
    fonts = font_manager.fontManager.ttflist
    # A last-resort font has a box for every letter: what has to be an error would be drawn.
    installed = sorted((font.name, font.fname) for font in fonts if not font.name.startswith(LAST_RESORT))
    system = {name: Path(file) for name, file in installed}
    return {family: _characters(file) for family, file in (own | packaged | system | own).items()}


def _packaged() -> Iterator[Path]:
    for package in PACKAGES:
        found = find_spec(package)
        if found is not None and found.origin is not None:
            files = sorted(Path(found.origin).parent.iterdir())
            yield from (file for file in files if file.suffix in SUFFIXES)


def _registered(file: Path) -> str:
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    font_manager.fontManager.addfont(str(file))
    return str(FT2Font(str(file)).family_name)


def _characters(file: Path) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(file)).get_charmap())
