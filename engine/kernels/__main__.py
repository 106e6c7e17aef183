"""Compile every kernel into the cache, so that the first night does not wait: `python -m engine.kernels`."""

import importlib
import pkgutil

import engine.kernels

for module in pkgutil.iter_modules(engine.kernels.__path__):
    if not module.name.startswith("_"):
        importlib.import_module(f"engine.kernels.{module.name}")
