"""Compile every kernel and keep it, so that the first night does not wait: `python -m engine.kernels`."""

import importlib
import pkgutil

import engine.kernels
from engine.kernels.compiling import Compiled

for found in pkgutil.iter_modules(engine.kernels.__path__):
    if not found.name.startswith("_"):
        for value in vars(importlib.import_module(f"engine.kernels.{found.name}")).values():
            if isinstance(value, Compiled):
                value.make_ready()
