from __future__ import annotations

import importlib
import os
import runpy
import sys
from pathlib import Path

import pytest
from numba.core.dispatcher import Dispatcher

import engine.kernels

MODULES = sorted(file.stem for file in Path(engine.kernels.__file__).parent.glob("*.py") if file.stem[0] != "_")
CACHE = "NUMBA_CACHE_DIR"


@pytest.mark.parametrize("name", MODULES)
def test_every_public_kernel_is_compiled_for_the_types_it_is_given(name):
    module = importlib.import_module(f"engine.kernels.{name}")
    public = {name: value for name, value in vars(module).items() if isinstance(value, Dispatcher) and name[0] != "_"}
    assert [name for name, kernel in public.items() if not kernel.signatures] == []


def test_all_kernels_are_compiled_ahead_of_the_first_night(monkeypatch):
    for name in MODULES:
        monkeypatch.delitem(sys.modules, f"engine.kernels.{name}", raising=False)
    runpy.run_module("engine.kernels", run_name="__main__")
    assert [name for name in MODULES if f"engine.kernels.{name}" not in sys.modules] == []


@pytest.mark.parametrize(
    ("is_writable", "is_set"),
    [
        pytest.param(False, True, id="nowhere_to_write_but_the_temporary_folder"),
        pytest.param(True, False, id="beside_the_code"),
    ],
)
def test_compiled_kernels_are_kept_where_the_user_may_write(monkeypatch, is_writable, is_set):
    monkeypatch.setenv(CACHE, "to be restored")
    monkeypatch.delenv(CACHE)
    monkeypatch.setattr(os, "access", lambda place, mode: is_writable)
    runpy.run_path(engine.kernels.__file__)
    assert (CACHE in os.environ) == is_set
