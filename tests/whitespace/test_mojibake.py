"""No page of the project holds UTF-8 that was once read as Windows-1252.

python -m tests.whitespace.test_mojibake FILE…    puts files right, and ends with 1 where one had to be (a hook)
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.whitespace.names import unmangled

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    file for file in ROOT.rglob("*.md") if not any(part.startswith(".") for part in file.relative_to(ROOT).parts)
)


def right(text: str) -> str:
    """The text with every word put right that was mangled: a whole page is hardly ever mangled throughout."""
    return "\n".join(" ".join(map(unmangled, line.split(" "))) for line in text.split("\n"))


def fixed(file: Path) -> bool:
    """Put a file right; whether it had to be."""
    before = file.read_bytes().decode()
    after = right(before)
    if after != before:
        file.write_bytes(after.encode())
    return after != before


@pytest.mark.proves("L221")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_is_mangled(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    wrong = [line for line in text.split("\n") if right(line) != line]
    assert not wrong, f"put it right with  python -m tests.whitespace.test_mojibake {page.relative_to(ROOT)}"


@pytest.mark.proves("L221")
def test_a_file_is_put_right_once_and_stays_so(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    meant = "A café – Δ ≈ 0.5\r\nas it was\n"
    file.write_bytes(meant.replace("é", "Ã©").replace("–", "â€“").encode())
    assert fixed(file)
    assert file.read_bytes().decode() == meant
    assert not fixed(file)


if __name__ == "__main__":
    sys.exit(int(sum(map(fixed, map(Path, sys.argv[1:]))) > 0))
