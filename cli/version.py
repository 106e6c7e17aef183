"""What is running: asked by the command before it parses a word, and by `--version` among words."""

from importlib.metadata import version


def told_version() -> str:
    """The program and its version, as `--version` tells them."""
    return f"darkshelf {version('darkshelf')}"
