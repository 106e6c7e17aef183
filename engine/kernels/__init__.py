"""Typed loops over arrays: compiled once, cached, without knowledge of stores or SKUs."""

import os
import tempfile
from pathlib import Path

# Numba gives up when it can keep its work neither beside the code nor in the home, as under a service user.
if not any(os.access(place, os.W_OK) for place in (Path(__file__).parent, Path.home())):
    os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(tempfile.gettempdir()) / f"darkshelf-kernels-{os.getuid()}"))
