import importlib
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numba import types
from numba.core.dispatcher import Dispatcher

import engine.kernels
from engine.kernels.compiling import given, kernel
from engine.kernels.types import Flags2D, Floats1D, Integers1D, Out, Singles1D


class Row(NamedTuple):
    """A record of an array that is read, a number and an array that is written."""

    values: Floats1D
    factor: float
    products: Out[Floats1D]


@kernel
def _multiply(row: Row, places: Integers1D | Singles1D, doubled: Out[Flags2D], twice: bool) -> tuple[int, float]:
    for place in range(row.values.size):
        row.products[place] = row.values[place] * row.factor
    doubled[0, 0] = 2 if twice else 1
    return places.size, row.factor


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
        # The package names the modules too: what the rest of the run imports must be what it compiled.
        monkeypatch.delattr(engine.kernels, name, raising=False)
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


def test_annotations_are_the_signature():
    read, written = (types.Array(types.float64, 1, "C", readonly=is_read) for is_read in (True, False))
    record = types.NamedTuple([read, types.float64, written], Row)
    rest = (types.Array(types.uint8, 2, "C"), types.boolean)
    assert _multiply.signatures == [
        (record, types.Array(kind, 1, "C", readonly=True), *rest) for kind in (types.int64, types.float32)
    ]


def test_a_record_is_read_whoever_owns_its_arrays():
    lent = np.arange(4.0)
    lent.flags.writeable = False
    for values in (np.arange(4.0), lent):
        products, doubled = np.empty(4), np.empty((1, 1), np.uint8)
        row = Row(*given(Row(values, 3.0, products))[:2], products)
        assert _multiply(row, np.zeros(2, np.int64), doubled, True) == (2, 3.0)
        assert products.tolist() == [0.0, 3.0, 6.0, 9.0]
        assert doubled[0, 0] == 2


@pytest.mark.parametrize("rows", [slice(1, 3), np.array([1, 2])])
def test_a_record_is_cut_to_rows_and_stays_its_owners_to_write(rows):
    values = np.arange(4.0)
    cut = given(Row(values, 3.0, values), rows)
    assert cut.values.tolist() == [1.0, 2.0]
    assert cut.factor == 3.0
    assert not cut.values.flags.writeable
    assert values.flags.writeable


PRODUCT = """
import sys
import engine.shelf.desk
import numba, numpy
assert not {"scipy.linalg", "scipy.special", "scipy.optimize"} & sys.modules.keys()
product = numba.njit(lambda left, right: numpy.dot(left, right))
assert (product(numpy.eye(2), numpy.ones((2, 2))) == 1).all()
"""


def test_a_night_starts_without_scipy_and_products_of_matrices_still_compile():
    subprocess.run([sys.executable, "-c", PRODUCT], check=True)
