"""Tensors: what they check, when they are equal, and memory shared with other libraries without a copy."""

from __future__ import annotations

import gc
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from avrorpc import BufferHandle, DType, Tensor, dlpack
from avrorpc.tensor import ITEM_SIZE

SIZES = {
    "BOOL": 1,
    "UINT8": 1,
    "UINT16": 2,
    "UINT32": 4,
    "UINT64": 8,
    "INT8": 1,
    "INT16": 2,
    "INT32": 4,
    "INT64": 8,
    "FLOAT8_E4M3FN": 1,
    "FLOAT8_E5M2": 1,
    "BFLOAT16": 2,
    "FLOAT16": 2,
    "FLOAT32": 4,
    "FLOAT64": 8,
    "COMPLEX64": 8,
    "COMPLEX128": 16,
}
NUMPY = {
    "BOOL": "bool",
    **{name: name.lower() for name in SIZES if name not in ("BOOL", "BFLOAT16") and "FLOAT8" not in name},
}


def tensor(dtype: DType = DType.INT16, shape: tuple[int, ...] = (2, 3), data: Any = None) -> Tensor:
    size = ITEM_SIZE[dtype] * int(np.prod(shape, dtype=int))
    return Tensor(dtype=dtype, shape=shape, data=bytes(range(size)) if data is None else data)


@pytest.fixture(autouse=True)
def nothing_is_left_exported() -> Any:
    """Whatever a test shares is let go of when nobody uses it any more."""
    yield
    gc.collect()
    assert dlpack._exported == {}


def test_every_dtype_has_its_size() -> None:
    assert {dtype.value: size for dtype, size in ITEM_SIZE.items()} == SIZES


def test_a_tensor_holds_what_it_was_given() -> None:
    made = tensor()
    assert (made.dtype, made.shape) == (DType.INT16, [2, 3])
    assert made.data == bytes(range(12))
    assert repr(made) == "Tensor(INT16, shape=[2, 3])"


def test_data_is_not_copied() -> None:
    data = bytearray(12)
    made = tensor(data=data)
    data[0] = 7
    assert made.data[0] == 7


@pytest.mark.parametrize(
    "data",
    [
        np.arange(6, dtype=np.int16).reshape(2, 3),
        np.arange(6, dtype=np.int16).reshape(3, 2).T,
        np.arange(12, dtype=np.int16).reshape(2, 6)[:, ::2],
        memoryview(bytearray(range(12))).cast("h"),
    ],
)
def test_any_buffer_is_taken_in_c_order(data: Any) -> None:
    assert tensor(data=data).data == np.ascontiguousarray(data).tobytes()


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3, 4)])
def test_a_tensor_may_be_empty(shape: tuple[int, ...]) -> None:
    for data in (b"", np.zeros(shape, np.int16)):
        made = tensor(shape=shape, data=data)
        assert made.data.nbytes == 0
        assert np.from_dlpack(made).shape == shape


def test_a_scalar_has_no_dimension() -> None:
    made = tensor(DType.FLOAT32, ())
    assert made.shape == []
    assert np.from_dlpack(made).shape == ()


@pytest.mark.parametrize(
    ("shape", "data", "problem"),
    [
        ((2, 3), b"x" * 11, r"a INT16 tensor of shape \[2, 3\] has 12 bytes, the data has 11"),
        ((2, 3), b"", "has 12 bytes, the data has 0"),
        ((2**40, 2**40), b"", "the data has 0"),
        ((-1, -6), b"x" * 12, r"a tensor of shape \[-1, -6\] has a negative dimension"),
    ],
)
def test_data_of_another_size_is_refused(shape: tuple[int, ...], data: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Tensor(dtype=DType.INT16, shape=shape, data=data)


def test_a_handle_is_refused_where_none_was_agreed_on() -> None:
    handle = BufferHandle(kind="memfd", id=1, offset=0, length=2)
    with pytest.raises(
        ValueError, match="a buffer handle of kind 'memfd' came over a connection that agreed"
    ):
        Tensor(dtype=DType.INT8, shape=[2], data=handle)


def test_tensors_are_equal_by_type_shape_and_bytes() -> None:
    assert tensor() == tensor(data=bytearray(range(12)))
    assert tensor() != tensor(shape=(3, 2))
    assert tensor() != tensor(DType.UINT16)
    assert tensor() != tensor(data=bytes(12))
    assert tensor() != bytes(range(12))
    with pytest.raises(TypeError, match="unhashable"):
        hash(tensor())


# Shared memory: numpy


@pytest.mark.parametrize("name", list(NUMPY))
def test_numpy_reads_the_same_memory(name: str) -> None:
    made = tensor(DType(name), (2, 3), bytearray(SIZES[name] * 6))
    array = np.from_dlpack(made)
    assert (array.dtype, array.shape) == (np.dtype(NUMPY[name]), (2, 3))
    made.data[0] = 1
    assert array.view(np.uint8)[0, 0] == 1


@pytest.mark.parametrize("name", list(NUMPY))
def test_memory_of_numpy_becomes_a_tensor(name: str) -> None:
    array = np.zeros((2, 3), NUMPY[name])
    made = Tensor.from_dlpack(array)
    assert (made.dtype, made.shape) == (DType(name), [2, 3])
    array[0, 0] = 1
    assert made.data == array.tobytes()


def test_either_side_keeps_the_memory_alive() -> None:
    array = np.from_dlpack(tensor(data=bytearray(range(12))))
    gc.collect()
    assert array.tobytes() == bytes(range(12))
    made = Tensor.from_dlpack(np.arange(1_000_000))
    gc.collect()
    assert np.frombuffer(made.data, np.int64)[-1] == 999_999


def test_a_copy_is_made_where_it_is_asked_for() -> None:
    made = tensor(data=bytearray(12))
    copied = np.from_dlpack(made, copy=True)
    made.data[0] = 7
    assert copied[0, 0] == 0


def test_an_unused_capsule_lets_its_memory_go() -> None:
    capsule = tensor().__dlpack__()
    assert len(dlpack._exported) == 1
    del capsule
    gc.collect()
    assert dlpack._exported == {}


def test_slices_of_numpy_in_c_order_are_shared() -> None:
    array = np.arange(12, dtype=np.int64).reshape(3, 4)
    assert Tensor.from_dlpack(array[1:]).data == array[1:].tobytes()


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (np.arange(12).reshape(3, 4).T, "not contiguous"),
        (np.arange(12).reshape(3, 4)[:, ::2], "not contiguous"),
        (np.frombuffer(b"x" * 8, np.int64), "the array cannot be shared: .*readonly"),
        (object(), "object does not speak DLPack"),
        ([1, 2], "list does not speak DLPack"),
    ],
)
def test_what_cannot_be_shared_says_why(array: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Tensor.from_dlpack(array)


def test_another_device_is_refused() -> None:
    with pytest.raises(BufferError, match="this tensor lies in CPU memory"):
        tensor().__dlpack__(dl_device=(2, 0))

    class Elsewhere:
        def __dlpack_device__(self) -> tuple[int, int]:
            return 2, 0

    with pytest.raises(ValueError, match="the array is not in CPU memory; move it there first"):
        Tensor.from_dlpack(Elsewhere())


def test_tensors_share_with_each_other() -> None:
    made = tensor(DType.BFLOAT16, data=bytearray(12))
    again = Tensor.from_dlpack(made)
    assert again == made
    made.data[0] = 9
    assert again.data[0] == 9


# Shared memory: torch, which has the types that Python's buffers lack


TORCH = {
    "BOOL": "bool",
    "UINT8": "uint8",
    "INT8": "int8",
    "INT16": "int16",
    "INT32": "int32",
    "INT64": "int64",
    "FLOAT8_E4M3FN": "float8_e4m3fn",
    "FLOAT8_E5M2": "float8_e5m2",
    "BFLOAT16": "bfloat16",
    "FLOAT16": "float16",
    "FLOAT32": "float32",
    "FLOAT64": "float64",
    "COMPLEX64": "complex64",
    "COMPLEX128": "complex128",
}


@pytest.mark.parametrize("name", list(TORCH))
def test_torch_shares_memory_both_ways(name: str) -> None:
    torch = pytest.importorskip("torch")
    made = tensor(DType(name), (2, 3), bytearray(SIZES[name] * 6))
    shared = torch.from_dlpack(made)
    assert (shared.dtype, tuple(shared.shape)) == (getattr(torch, TORCH[name]), (2, 3))
    shared.view(torch.uint8).fill_(1)
    assert made.data == b"\1" * (SIZES[name] * 6)
    back = Tensor.from_dlpack(shared)
    assert back == made
    del made, shared
    gc.collect()
    assert back.data == b"\1" * (SIZES[name] * 6)


def test_torch_tensors_that_cannot_be_shared_say_why() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match="not contiguous"):
        Tensor.from_dlpack(torch.zeros(2, 3).T)
    with pytest.raises(ValueError, match="gradient"):
        Tensor.from_dlpack(torch.zeros(2, requires_grad=True))


EXIT = """
import numpy as np
from avrorpc import DType, Tensor
kept = np.from_dlpack(Tensor(dtype=DType.INT8, shape=[4], data=bytearray(4)))
capsule = Tensor(dtype=DType.INT8, shape=[4], data=bytearray(4)).__dlpack__()
shared = Tensor.from_dlpack(np.arange(4))
class Late:
    def __init__(self): self.array = kept
    def __del__(self): self.array = None
late = Late()
late.itself = late
"""


def test_a_process_may_end_while_memory_is_shared() -> None:
    done = subprocess.run([sys.executable, "-c", EXIT], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
