"""The dashboard as a process of its own, for tests: `python -m tests.panel_app.loop.serving OUT PORT [GROWTH]`."""

from __future__ import annotations

import sys
from pathlib import Path

from panel_app.serve import serve
from panel_app.settings import DashboardSettings

if __name__ == "__main__":
    out, port, *growth = sys.argv[1:]
    settings = DashboardSettings(poll_seconds=0.5, page_rows=10)
    serve(Path(out), settings, address="127.0.0.1", port=int(port), growth=Path(growth[0]) if growth else None)
