"""Where the command begins: what needs no verb is answered before anything is imported that parses one."""

import gc
import os
import sys

from cli.version import told_version

NEW_OBJECTS_PER_COLLECTION = 200_000
"""Imports alone make a million objects that stay: looking through them again and again takes a fifth of a second."""


def main() -> None:
    """Answer `--version`, or run the command."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"{told_version()}\n")
        return
    gc.set_threshold(NEW_OBJECTS_PER_COLLECTION)
    # Threads of linear algebra, which no verb uses, would start with NumPy and spin for their first 60 milliseconds.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from cli.main import main as run

    run()
