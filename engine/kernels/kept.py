"""Kept: machine code of kernels, one file a kernel and signature, loaded when the kernel is first called.

A file holds for the sources that it was compiled from, and for the processor, Numba and LLVM that it was compiled by.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

from engine.kernels.compilation import MachineCode, Source

HERE = Path(__file__).parent
USED = re.compile(r"from engine\.kernels\.(\w+) import")


def address_of(kernel: Source, which: int) -> int:
    """Where the machine code of a kernel for one of its signatures is in memory: found, or else compiled and kept."""
    kept = _found(kernel, which) or _built(kernel, which)
    linker = _linker(calls_numba=kept.calls_numba)
    linker.add_object_file(llvm.ObjectFileRef.from_data(kept.code))
    linker.finalize_object()
    return int(linker.get_function_address(kept.entry))


def _found(kernel: Source, which: int) -> MachineCode | None:
    for folder in _folders():
        with suppress(OSError):
            seal, _, content = (folder / _file_name(kernel, which)).read_bytes().partition(b"\n")
            if seal.decode() == _seal(kernel, content):
                entry, calls_numba, code = content.split(b"\n", 2)
                return MachineCode(entry.decode(), calls_numba == b"True", code)
    return None


def _built(kernel: Source, which: int) -> MachineCode:
    # The compiler takes a third of a second to import, and is needed once.
    from engine.kernels.building import built

    kept = built(kernel, which)
    content = f"{kept.entry}\n{kept.calls_numba}\n".encode() + kept.code
    for folder in _folders():
        # Where nothing may be written, what was compiled serves this process.
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
                file.write(_seal(kernel, content).encode() + b"\n" + content)
            Path(file.name).chmod(0o644)
            Path(file.name).replace(folder / _file_name(kernel, which))
            break
    return kept


def _seal(kernel: Source, content: bytes) -> str:
    """No other sources and no damaged file have this one."""
    return sha256(_digest(Path(kernel.function.__code__.co_filename)).encode() + content).hexdigest()


def _folders() -> Iterator[Path]:
    """Where files of kernels may be: as told, beside the code, at the user's, among what is temporary."""
    if told := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(told)
    yield HERE / "__pycache__"
    yield Path("~/.cache/darkshelf/kernels").expanduser()
    own = Path(tempfile.gettempdir()) / f"darkshelf-kernels-{os.getuid()}"
    own.mkdir(mode=0o700, exist_ok=True)
    # Anybody may make a folder of this name, and machine code is not taken from anybody.
    if own.stat().st_uid == os.getuid():
        yield own


def _file_name(kernel: Source, which: int) -> str:
    return f"{kernel.name}.{which}.{_machine()}.kernel"


@cache
def _machine() -> str:
    """Short for what machine code depends on beside its sources."""
    told = {name: value for name, value in sorted(os.environ.items()) if name.startswith("NUMBA_CPU_")}
    processor = llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten(), told
    return sha256(repr((processor, version("numba"), version("llvmlite"))).encode()).hexdigest()[:12]


@cache
def _digest(file: Path) -> str:
    """Of a file of kernels, the files of kernels that these use, and so on."""
    files, rest = {file.name: _read(file)}, [file]
    while rest:
        for module in USED.findall(_read(rest.pop())):
            used = HERE / f"{module}.py"
            if used.name not in files:
                files[used.name] = _read(used)
                rest.append(used)
    return sha256("".join(files[name] for name in sorted(files)).encode()).hexdigest()


@cache
def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@cache
def _linker(*, calls_numba: bool) -> Any:
    """What gives machine code its place in memory: one for what owns arrays in either way, under the same names."""
    if calls_numba:
        # As for `built`.
        from engine.kernels.building import provide

        provide()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(jit=True)
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
