from collections.abc import Callable, Sequence
from typing import Any

from avrorpc.codec.portable_binary import Cursor as Cursor
from avrorpc.codec.portable_binary import write_bytes as write_bytes
from avrorpc.codec.portable_binary import write_long as write_long
from avrorpc.codec.portable_binary import write_string as write_string
from avrorpc.limits import Limits

LEVEL: int

class Node:
    def __init__(
        self,
        op: str,
        *,
        parts: Sequence[Node] = (),
        names: Sequence[str] = (),
        slots: Sequence[int] = (),
        missing: Sequence[tuple[int, Callable[[], Any]]] = (),
        table: Any = None,
        call: Callable[..., Any] | None = None,
        size: int = 0,
    ) -> None: ...
    def fill(
        self,
        parts: Sequence[Node],
        names: Sequence[str] = (),
        slots: Sequence[int] = (),
        missing: Sequence[tuple[int, Callable[[], Any]]] = (),
    ) -> None: ...

class Encoder:
    def __init__(self, root: Node, make_portable: Callable[[], Callable[[bytearray, Any], None]]) -> None: ...
    def write(self, out: bytearray, value: Any) -> None: ...
    def to_bytes(self, value: Any) -> bytes: ...
    def is_plain(self, value: Any) -> bool: ...

class Decoder:
    def __init__(self, root: Node, make_portable: Callable[[], Callable[[Cursor], Any]]) -> None: ...
    def read(self, cursor: Cursor) -> Any: ...
    def whole(self, limits: Limits) -> Callable[[bytes | bytearray | memoryview], Any]: ...

def offsets_of(cls: type, names: Sequence[str]) -> tuple[int, ...]: ...
