"""Building: machine code of a kernel for this processor, by Numba, that runs without Numba."""

import ctypes
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import llvmlite.binding as llvm
import numpy as np
from numba import njit, types
from numba.core.registry import cpu_target
from numba.np import numpy_support

from engine.kernels.compilation import MachineCode, Source
from engine.kernels.types import WRITTEN

_SCALARS = {bool: types.boolean, int: types.int64, float: types.float64, type(None): types.void}

MEMORY = """
declare ptr @malloc(i64)
declare void @free(ptr)

define linkonce_odr ptr @NRT_MemInfo_alloc_aligned(i64 %size, i32 %align) {
  %alignment = zext i32 %align to i64
  %head = add i64 %alignment, 48
  %whole = add i64 %size, %head
  %owner = call ptr @malloc(i64 %whole)
  %failed = icmp eq ptr %owner, null
  br i1 %failed, label %end, label %own
own:
  %address = ptrtoint ptr %owner to i64
  %beyond = add i64 %address, %head
  %over = urem i64 %beyond, %alignment
  %begin = sub i64 %beyond, %over
  %items = inttoptr i64 %begin to ptr
  store i64 1, ptr %owner
  %ending = getelementptr i64, ptr %owner, i64 1
  store ptr null, ptr %ending
  %place = getelementptr i64, ptr %owner, i64 3
  store ptr %items, ptr %place
  br label %end
end:
  ret ptr %owner
}

define linkonce_odr ptr @NRT_MemInfo_new_varsize_dtor(i64 %size, ptr %end_items) {
  %owner = call ptr @NRT_MemInfo_alloc_aligned(i64 %size, i32 16)
  %failed = icmp eq ptr %owner, null
  br i1 %failed, label %end, label %own
own:
  %ending = getelementptr i64, ptr %owner, i64 1
  store ptr %end_items, ptr %ending
  br label %end
end:
  ret ptr %owner
}

define linkonce_odr void @NRT_MemInfo_call_dtor(ptr %owner) {
  %ending = getelementptr i64, ptr %owner, i64 1
  %end_items = load ptr, ptr %ending
  %none = icmp eq ptr %end_items, null
  br i1 %none, label %end, label %first
first:
  %place = getelementptr i64, ptr %owner, i64 3
  %items = load ptr, ptr %place
  call void %end_items(ptr %items)
  br label %end
end:
  call void @free(ptr %owner)
  ret void
}
"""
"""Memory for the arrays and lists that a kernel works with and lets go, in place of what Numba's package has for it.

What owns items counts its users in its first word, for the code that Numba makes, and has their address in the
fourth. Here its second word is what ends items that own others, of a list.
"""


def built(kernel: Source, which: int) -> MachineCode:
    """Compile a kernel for one of its signatures."""
    dispatcher = dispatcher_of(kernel)
    compiled = dispatcher.overloads[dispatcher.nopython_signatures[which].args]
    bitcode = compiled.library.serialize_using_bitcode()[2]
    module = llvm.parse_bitcode(bitcode)
    module.link_in(llvm.parse_assembly(MEMORY))
    # Linear algebra and much that is rare has no other home than Numba.
    calls_numba = any(not _is_of_c(function) for function in module.functions if function.is_declaration)
    if calls_numba:
        module = llvm.parse_bitcode(bitcode)
    return MachineCode(compiled.fndesc.llvm_func_name, calls_numba, compiled.library.codegen._tm.emit_object(module))


def _is_of_c(function: llvm.ValueRef) -> bool:
    return function.name.startswith("llvm.") or hasattr(ctypes.CDLL(None), function.name)


def provide() -> None:
    """Let the linker find what Numba's package has for machine code that calls into it."""
    cpu_target.target_context.refresh()


@cache
def dispatcher_of(source: Source) -> Any:
    """A function as Numba knows it."""
    signatures = [_type_of(returned)(*map(_type_of, arguments)) for returned, *arguments in source.signatures]
    # What Python calls is made by `calling`.
    alone: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    error_model: Literal["python", "numpy"] = "numpy" if source.divides_by_any else "python"
    how: dict[str, Any] = {"fastmath": set(source.fastmath), "error_model": error_model, **alone}
    how["forceinline"] = source.in_place
    return njit(signatures or None, nogil=True, **how)(source.function)


def _type_of(annotation: Any) -> Any:
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if get_origin(annotation) is Annotated:
        array, *marks = annotation.__metadata__
        items = numpy_support.from_dtype(np.dtype(array.items))
        return types.Array(items, array.dimensions, "C", readonly=WRITTEN not in marks)
    if get_origin(annotation) is tuple:
        return types.BaseTuple.from_types([_type_of(member) for member in get_args(annotation)])  # type: ignore[no-untyped-call]
    fields = [_type_of(field) for field in get_type_hints(annotation, include_extras=True).values()]
    return types.BaseTuple.from_types(fields, annotation)  # type: ignore[no-untyped-call]
