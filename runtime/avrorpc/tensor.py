"""`Tensor`: a dense array that travels as little-endian bytes, and is shared in memory without a copy.

`.data` is a memoryview. DLPack gives it to torch, numpy and JAX, bfloat16 and 8-bit floats included, which
Python's buffers lack. Source: Python array API standard, "Data interchange"; DLPack 1.1 headers.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, final

from avrorpc import dlpack
from avrorpc.contracts import BufferHandle, DType

if TYPE_CHECKING:
    from typing_extensions import Buffer

_BITS: Final = {"BOOL": 8, "BFLOAT16": 16, "FLOAT8_E4M3FN": 8, "FLOAT8_E5M2": 8}


def _item_size(dtype: DType) -> int:
    name = dtype.value
    return _BITS.get(name) or int(name.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


ITEM_SIZE: Final = {dtype: _item_size(dtype) // 8 for dtype in DType}
"""Bytes of one element, by dtype."""


@final
class Tensor:
    """A dense, row-major tensor.

    Args:
        dtype: The type of the elements.
        shape: The size of each dimension, outermost first.
        data: The elements, little-endian and in C order; any buffer, and it is not copied.

    Raises:
        ValueError: The data has another size than dtype and shape say.
    """

    __slots__ = ("data", "dtype", "shape")
    __struct_fields__: ClassVar[tuple[str, ...]] = ("dtype", "shape", "data")

    def __init__(self, *, dtype: DType, shape: Sequence[int], data: Buffer | BufferHandle) -> None:
        if isinstance(data, BufferHandle):
            raise ValueError(
                f"a buffer handle of kind {data.kind!r} came over a connection that agreed on none"
            )
        view = memoryview(data)
        self.dtype: Final = dtype
        self.shape: Final = list(shape)
        # A view without bytes cannot be cast, should it have dimensions.
        is_flat = view.c_contiguous and view.nbytes
        self.data: Final = view.cast("B") if is_flat else memoryview(view.tobytes())
        if any(size < 0 for size in self.shape):
            raise ValueError(f"a tensor of shape {self.shape} has a negative dimension")
        size = math.prod(self.shape) * ITEM_SIZE[dtype]
        if self.data.nbytes != size:
            raise ValueError(
                f"a {dtype.value} tensor of shape {self.shape} has {size} bytes,"
                f" the data has {self.data.nbytes}"
            )

    def __repr__(self) -> str:
        return f"Tensor({self.dtype.value}, shape={self.shape})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tensor):
            return NotImplemented
        return (self.dtype, self.shape) == (other.dtype, other.shape) and self.data == other.data

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def from_dlpack(cls, array: Any) -> Tensor:
        """Return a tensor over the memory of a CPU array of any library that speaks DLPack, without a copy.

        Raises:
            ValueError: It is no such array, or not contiguous, or of a type without a name here.
        """
        _require_little_endian()
        name, shape, data = dlpack.import_(array)
        return cls(dtype=DType(name), shape=shape, data=data)

    def __dlpack_device__(self) -> tuple[int, int]:
        return dlpack.CPU, 0

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        _require_little_endian()
        if dl_device not in (None, (dlpack.CPU, 0)):
            raise BufferError("this tensor lies in CPU memory")
        data: Any = bytearray(self.data) if copy else self.data
        return dlpack.export(self.dtype.value, self.shape, data)


def _require_little_endian() -> None:
    if sys.byteorder != "little":
        raise BufferError("DLPack shares memory as it lies, and this machine is big-endian")
