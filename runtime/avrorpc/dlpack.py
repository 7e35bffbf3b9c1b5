"""DLPack capsules by ctypes: memory shared between array libraries without a copy.

Source: DLPack 1.1, `dlpack.h` (DLManagedTensor), and "Python Specification for DLPack".
"""

from __future__ import annotations

import ctypes
import math
from typing import Any, Final

CPU: Final = 1

_CODES: Final = {
    "INT": 0,
    "UINT": 1,
    "FLOAT": 2,
    "BFLOAT": 4,
    "COMPLEX": 5,
    "BOOL": 6,
}
_TYPES: Final = {
    **{f"{kind}{bits}": (_CODES[kind], bits) for kind in ("INT", "UINT") for bits in (8, 16, 32, 64)},
    **{f"FLOAT{bits}": (_CODES["FLOAT"], bits) for bits in (16, 32, 64)},
    **{f"COMPLEX{bits}": (_CODES["COMPLEX"], bits) for bits in (64, 128)},
    "BFLOAT16": (_CODES["BFLOAT"], 16),
    "BOOL": (_CODES["BOOL"], 8),
    "FLOAT8_E4M3FN": (10, 8),
    "FLOAT8_E5M2": (12, 8),
}
_NAMES: Final = {code: name for name, code in _TYPES.items()}


class _Device(ctypes.Structure):
    _fields_ = (("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32))


class _DataType(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16))


class _Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device", _Device),
        ("ndim", ctypes.c_int32),
        ("dtype", _DataType),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


class _Managed(ctypes.Structure):
    pass


_Deleter = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Managed))
_Managed._fields_ = (("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", _Deleter))
_Destructor = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

_new = ctypes.pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
# A capsule that is being destroyed has no references left, so that its destructor handles a bare address.
_is_valid_at = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p)(
    ("PyCapsule_IsValid", ctypes.pythonapi)
)
_pointer_at = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)

_NAME: Final = b"dltensor"

_exported: dict[int, tuple[Any, ...]] = {}
"""What consumers still use, by the address of the managed tensor: it keeps the memory alive."""


def _delete(managed: Any) -> None:
    _exported.pop(ctypes.addressof(managed.contents), None)


def _destroy(capsule: int) -> None:
    # A consumer renames the capsule and takes over; otherwise nobody has, and the memory is let go here.
    if _is_valid_at(capsule, _NAME):
        _exported.pop(_pointer_at(capsule, _NAME), None)


# Held here, since C code calls them for as long as the process lives.
_deleter = _Deleter(_delete)
_destructor = _Destructor(_destroy)


def export(name: str, shape: list[int], data: memoryview | bytearray) -> Any:
    """Return a capsule over a contiguous buffer."""
    code, bits = _TYPES[name]
    address, keep = _address(data)
    managed = _Managed()
    dimensions = (ctypes.c_int64 * len(shape))(*shape)
    managed.tensor.data = address
    managed.tensor.device = _Device(CPU, 0)
    managed.tensor.ndim = len(shape)
    managed.tensor.dtype = _DataType(code, bits, 1)
    managed.tensor.shape = ctypes.cast(dimensions, ctypes.POINTER(ctypes.c_int64))
    managed.deleter = _deleter
    _exported[ctypes.addressof(managed)] = (managed, dimensions, keep)
    return _new(ctypes.addressof(managed), _NAME, ctypes.cast(_destructor, ctypes.c_void_p))


def import_(array: Any) -> tuple[str, list[int], memoryview]:
    """Return dtype name, shape and memory of an array, which the memory keeps alive.

    Raises:
        ValueError: It cannot be shared; the text says why.
    """
    try:
        device, _ = array.__dlpack_device__()
        if device != CPU:
            raise ValueError("the array is not in CPU memory; move it there first")
        capsule = array.__dlpack__()
    except AttributeError as error:
        raise ValueError(f"{type(array).__qualname__} does not speak DLPack") from error
    except (BufferError, RuntimeError) as error:  # such as a read-only array's, or one that needs gradients
        raise ValueError(f"the array cannot be shared: {error}") from error
    tensor = _Managed.from_address(_pointer(capsule, _NAME)).tensor
    name = _NAMES.get((tensor.dtype.code, tensor.dtype.bits))
    if name is None or tensor.dtype.lanes != 1:
        raise ValueError(f"no dtype for DLPack type {tensor.dtype.code} with {tensor.dtype.bits} bits")
    shape = [tensor.shape[axis] for axis in range(tensor.ndim)]
    size = math.prod(shape) * tensor.dtype.bits // 8
    if size and tensor.strides and not _is_contiguous(shape, tensor.strides):
        raise ValueError("the array is not contiguous; make it so first")
    if not size:
        return name, shape, memoryview(b"")
    memory = (ctypes.c_ubyte * size).from_address(tensor.data + tensor.byte_offset)
    memory._owner = capsule
    return name, shape, memoryview(memory).cast("B")


def _is_contiguous(shape: list[int], strides: Any) -> bool:
    expected = 1
    for axis in reversed(range(len(shape))):
        if shape[axis] != 1 and strides[axis] != expected:
            return False
        expected *= shape[axis]
    return True


class _Buffer(ctypes.Structure):
    """`Py_buffer`, as the stable ABI fixes it since Python 3.11."""

    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    )


_get_buffer = ctypes.pythonapi.PyObject_GetBuffer
_get_buffer.restype = ctypes.c_int
_get_buffer.argtypes = (ctypes.py_object, ctypes.POINTER(_Buffer), ctypes.c_int)
_release_buffer = ctypes.pythonapi.PyBuffer_Release
_release_buffer.restype, _release_buffer.argtypes = None, (ctypes.POINTER(_Buffer),)


def _address(data: memoryview | bytearray) -> tuple[int, Any]:
    """Return where a buffer lies, and what keeps it there; read-only buffers have an address, too."""
    buffer = _Buffer()
    _get_buffer(data, ctypes.byref(buffer), 0)
    try:
        return buffer.buf or 0, data
    finally:
        _release_buffer(ctypes.byref(buffer))
