"""Where the command begins: what needs no verb is answered before anything is imported that parses one."""

import sys

from cli.version import told_version


def main() -> None:
    """Answer `--version`, or run the command."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"{told_version()}\n")
        return
    from cli.main import main as run

    run()
