"""From a clone to the first case of one's own in four commands: the example of the page, done."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from engine.runs.registry import Registry
from tests.mapping.exports import write_wide
from tests.planted.small import DARK_CASE, small_chain

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "own-tables.md"
MOST_COMMANDS = 4
SET_UP = "2100-01-01T00:00:00"
"""Later than anything that a set-up is made of: it is whole."""


def commands() -> list[str]:
    """What the page begins with, a command a line."""
    (block,) = re.findall(r"From a clone to the first case:\n\n```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return block.strip().splitlines()


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="what is no clone cannot be cloned")
def test_four_commands_lead_from_a_clone_to_the_first_case(tmp_path: Path) -> None:
    """Every command is done as it stands; the set-up is that of the tests, which was made by the same target."""
    assert len(commands()) <= MOST_COMMANDS
    write_wide(small_chain(), tmp_path / "export")
    clone, *others = commands()
    assert clone.startswith("git clone REPOSITORY ")
    bash = {"cwd": tmp_path, "env": os.environ | {"GIT_LFS_SKIP_SMUDGE": "1"}, "check": True, "shell": True}
    subprocess.run(clone.replace("REPOSITORY", str(ROOT)) + " --quiet", **bash)
    bin_folder = tmp_path / "clone" / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "darkshelf").symlink_to(Path(sys.executable).with_name("darkshelf"))
    subprocess.run(f"touch -d {SET_UP} clone/.venv/.installed clone/.venv/.ready", **bash)
    for command in others:
        subprocess.run(command, **bash)
    registry = Registry(tmp_path / "runs")
    cases = pl.read_parquet(registry.find(str(registry.latest_id("shelf"))).folder / "cases.parquet")
    assert cases["case_id"].to_list() == [DARK_CASE]
