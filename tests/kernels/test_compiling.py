"""Kernels as Python meets them: compiled once, kept, called without the compiler."""

import os
import runpy
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import engine.kernels
from engine.kernels import kept
from engine.kernels.compiling import Compiled, given, inner, kernel
from engine.kernels.types import Codes1D, Flags2D, Floats1D, Floats2D, Integers1D, Out


class Row(NamedTuple):
    """A record of an array that is read, a number and an array that is written."""

    values: Floats1D
    factor: float
    products: Out[Floats1D]


@kernel
def _multiply(row: Row, places: Integers1D | Codes1D, doubled: Out[Flags2D], twice: bool) -> tuple[int, float]:
    for place in range(row.values.size):
        row.products[place] = row.values[place] * row.factor
    doubled[0, 0] = 2 if twice else 1
    return places.size, row.factor


@kernel
def _share(amount: int, whole: int) -> int:
    if amount > whole:
        raise ValueError("a part is larger than the whole")
    return 100 * amount // whole


class Parts(NamedTuple):
    """A record of numbers that is answered."""

    whole: int
    rest: float


@kernel
def _parted(amount: float) -> Parts:
    return Parts(int(amount), amount - int(amount))


@inner
def _room(size: int) -> Floats1D:
    room = np.empty(size)
    for place in range(min(size, 9)):
        room[place] = place
    return room


@kernel
def _sum_of_room(size: int) -> float:
    total = 0.0
    for _ in range(100):
        few = _room(3)
        few[::-1].sort()
        total += few[0] + _room(size)[8]
    return total


@kernel
def _solve(left: Floats2D, right: Floats1D) -> float:
    return float(np.linalg.solve(left, right)[0])


HERE = (
    f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from test_compiling import _solve, _sum_of_room"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where compiled kernels are kept, and nowhere else."""
    monkeypatch.setattr(kept, "_folders", lambda: iter([tmp_path]))
    return tmp_path


def fresh(compiled):
    """The same kernel as another process meets it: not called before."""
    return Compiled(compiled.source)


def python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, check=True, capture_output=True, text=True
    )
    return done.stdout


def test_annotations_are_the_signature():
    """Each type of a union is one."""
    returned, record, *_, last = _multiply.source.signatures[0]
    assert (returned, record, last) == (tuple[int, float], Row, bool)
    assert [signature[2] for signature in _multiply.source.signatures] == [Integers1D, Codes1D]


def test_all_kernels_are_compiled_ahead_of_the_first_night(monkeypatch):
    readied = []
    monkeypatch.setattr(Compiled, "make_ready", lambda self: readied.append(self.source.name))
    runpy.run_module("engine.kernels", run_name="__main__")
    files = [path.stem for path in Path(engine.kernels.__file__).parent.glob("*.py")]
    written = {f"engine.kernels.{name}" for name in files if "@kernel" in source_of(name)}
    assert {name.rpartition(".")[0] for name in readied} >= written


def source_of(name: str) -> str:
    return (Path(engine.kernels.__file__).parent / f"{name}.py").read_text("utf-8")


def test_a_record_is_read_whoever_owns_its_arrays():
    lent = np.arange(4.0)
    lent.flags.writeable = False
    for values in (np.arange(4.0), lent):
        products, doubled = np.empty(4), np.empty((1, 1), np.uint8)
        row = Row(*given(Row(values, 3.0, products))[:2], products)
        assert _multiply(row, np.zeros(2, np.int64), doubled, True) == (2, 3.0)
        assert products.tolist() == [0.0, 3.0, 6.0, 9.0]
        assert doubled[0, 0] == 2


@pytest.mark.parametrize("kind", [np.int64, np.uint16])
def test_an_argument_may_be_of_any_type_of_its_union(kind):
    row, doubled = Row(np.arange(4.0), 3.0, np.empty(4)), np.empty((1, 1), np.uint8)
    assert _multiply(row, np.zeros(3, kind), doubled, False) == (3, 3.0)
    assert doubled[0, 0] == 1


def test_a_record_that_is_answered_has_its_names():
    assert _parted(7.25) == Parts(7, 0.25)
    assert _parted(7.25).rest == 0.25


@pytest.mark.parametrize("rows", [slice(1, 3), np.array([1, 2])])
def test_a_record_is_cut_to_rows_and_stays_its_owners_to_write(rows):
    values = np.arange(4.0)
    cut = given(Row(values, 3.0, values), rows)
    assert cut.values.tolist() == [1.0, 2.0]
    assert cut.factor == 3.0
    assert not cut.values.flags.writeable
    assert values.flags.writeable


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param((np.zeros(2, np.int32), 2), "takes 1 dimensions of float64.*given 1 .* int32", id="items"),
        pytest.param((np.zeros((2, 2)), 2), "given 2 dimensions of float64", id="dimensions"),
        pytest.param((np.zeros(4)[::2], 2), "given 1 dimensions of float64, otherwise", id="every_other_item"),
        pytest.param(([0.0, 0.0], 2), "given a list", id="a_list"),
        pytest.param((np.zeros(2), 2.0), "float", id="a_number_with_digits_for_a_whole_one"),
        pytest.param((np.zeros(2),), "takes 2 arguments or fields, not 1", id="too_few"),
        pytest.param((np.broadcast_to(np.zeros(1), 1), 2), "to be written; given .* read-only", id="read_only"),
    ],
)
def test_a_kernel_refuses_what_it_is_not_compiled_for(arguments, told):
    with pytest.raises(TypeError, match=told):
        _fill(*arguments)


@kernel
def _fill(values: Out[Floats1D], value: int) -> None:
    values[:] = value


def test_what_a_kernel_raises_is_raised():
    assert _share(1, 3) == 33
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        _share(0, 0)
    with pytest.raises(ValueError, match="a part is larger than the whole"):
        _share(2, 1)


@pytest.mark.slow
def test_what_a_kernel_works_with_it_lets_go():
    """A hundred arrays of 80 MB would not find room in what the process may take."""
    limited = "import resource; resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))"
    told = python(f"{limited}; {HERE}; print(_sum_of_room(10_000_000))")
    assert float(told) == 100 * (8 + 2)


@pytest.mark.slow
def test_what_no_other_library_has_is_taken_from_numba():
    """In a process that has not compiled it, too."""
    for _ in range(2):
        told = python(f"{HERE}; import numpy as np; print(_solve(2 * np.eye(2), np.ones(2)))")
        assert float(told) == 0.5


def test_a_kernel_is_compiled_once(folder, monkeypatch):
    assert fresh(_share)(1, 3) == 33
    assert len(list(folder.iterdir())) == 1
    monkeypatch.setattr(kept, "_built", lambda *_: pytest.fail("compiled again"))
    assert fresh(_share)(1, 3) == 33


def test_each_type_of_a_union_is_kept_by_itself(folder):
    fresh(_multiply).make_ready()
    assert len(list(folder.iterdir())) == len(_multiply.source.signatures) == 2


@pytest.mark.parametrize("used", ["types.py", pytest.param("kept.py", id="by_what_it_uses")])
def test_a_kernel_is_compiled_again_when_a_file_it_uses_changed(folder, monkeypatch, used):
    fresh(_share)(1, 3)
    before = next(folder.iterdir()).read_bytes()
    read = kept._read
    monkeypatch.setattr(kept, "_read", lambda file: read(file) + "# another" * (file.name == used))
    kept._digest.cache_clear()
    assert fresh(_share)(1, 3) == 33
    kept._digest.cache_clear()
    [after] = folder.iterdir()
    assert after.read_bytes()[:64] != before[:64]


@pytest.mark.parametrize(
    "damage", [lambda content: b"", lambda content: content[:-9], lambda content: content + b"!"]
)
def test_a_damaged_file_is_compiled_again(folder, damage):
    fresh(_share)(1, 3)
    [file] = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert fresh(_share)(1, 3) == 33
    assert len(file.read_bytes()) == len(whole)


def test_another_processor_has_files_of_its_own(folder, monkeypatch):
    fresh(_share)(1, 3)
    monkeypatch.setenv("NUMBA_CPU_NAME", "generic")
    kept._machine.cache_clear()
    fresh(_share)(1, 3)
    kept._machine.cache_clear()
    assert len(list(folder.iterdir())) == 2


def test_a_kernel_is_kept_in_the_first_folder_that_takes_it(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    folders = [tmp_path / "file" / "within", tmp_path / "second", tmp_path / "third"]
    monkeypatch.setattr(kept, "_folders", lambda: iter(folders))
    assert fresh(_share)(1, 3) == 33
    assert [folder.exists() for folder in folders] == [False, True, False]
    # One user compiles for all.
    assert [file.stat().st_mode & 0o777 for file in folders[1].iterdir()] == [0o644]


def test_kernels_are_kept_where_the_environment_says_before_anywhere_else(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert next(kept._folders()) == tmp_path


@pytest.mark.parametrize("package", ["numba", "llvmlite"])
def test_another_version_of_the_compiler_has_files_of_its_own(monkeypatch, package):
    usual = kept._machine()
    monkeypatch.setattr(kept, "version", lambda name: "0" if name == package else version(name))
    kept._machine.cache_clear()
    assert kept._machine() != usual
    kept._machine.cache_clear()


def test_where_nothing_may_be_written_a_kernel_is_compiled_for_the_process(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(kept, "_folders", lambda: iter([tmp_path / "file" / "within"]))
    assert fresh(_share)(1, 3) == 33


def test_machine_code_of_others_is_not_taken_from_what_is_temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(kept.tempfile, "gettempdir", lambda: str(tmp_path))
    own = tmp_path / f"darkshelf-kernels-{os.getuid()}"
    assert own in list(kept._folders())
    assert own.stat().st_mode & 0o777 == 0o700
    somebody = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: somebody)
    (tmp_path / f"darkshelf-kernels-{somebody}").mkdir()
    assert not [place for place in kept._folders() if place.is_relative_to(tmp_path)]


CALLED = """
import sys
import numpy as np
from engine.kernels.windows import sums
from engine.shelf import desk
sums.make_ready()
print([name for name in ("numba", "scipy") if name in sys.modules])
"""


@pytest.mark.slow
def test_a_night_takes_neither_the_compiler_nor_scipy_once_kernels_are_compiled():
    python(CALLED)
    assert python(CALLED) == "[]\n"
