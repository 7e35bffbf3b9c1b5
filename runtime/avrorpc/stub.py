"""What generated code imports, and nothing else does.

`LEVEL` is the version of this interface. Generated code names the level it was written for, so that code and
runtime of different ages part with one sentence at import and not with a riddle later.
"""

from __future__ import annotations

import abc
from array import array as NumberArray  # noqa: N812 - `array` is what a field may be called
from collections.abc import AsyncIterator, Awaitable, Iterator
from types import TracebackType
from typing import Any, ClassVar, Final, Protocol, Self, TypeVar

from avrorpc.codec.logical import Duration
from avrorpc.errors import DeclaredError
from avrorpc.method import Contract, Method

__all__ = [
    "LEVEL",
    "AsyncChannel",
    "AsyncClient",
    "BidiStream",
    "Channel",
    "Client",
    "Contract",
    "DeclaredError",
    "Duration",
    "Incoming",
    "Method",
    "NumberArray",
    "Service",
    "require_level",
]

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
S_contra = TypeVar("S_contra", contravariant=True)

LEVEL: Final = 4


def require_level(level: int) -> None:
    """Check that this runtime serves code generated for `level`.

    Raises:
        ImportError: It does not.
    """
    if level == LEVEL:
        return
    said = f"this code was generated for level {level} of avrorpc's runtime, which is at level {LEVEL} here"
    if level > LEVEL:
        way_out = "upgrade avrorpc, or run `avrogen generate` with the version that is installed"
    else:
        way_out = "run `avrogen generate` again, or upgrade the package that this code comes with"
    raise ImportError(f"{said}: {way_out}")


class Incoming(Protocol[R_co]):
    """The items that a caller streams: `def` reads them by `for`, and `async def` by `async for`."""

    def __iter__(self) -> Iterator[R_co]: ...
    def __next__(self) -> R_co: ...
    def __aiter__(self) -> AsyncIterator[R_co]: ...
    async def __anext__(self) -> R_co: ...


class BidiStream(Protocol[S_contra, R_co]):
    """A two-way stream in synchronous code. Iterating receives; `with` closes."""

    def send(self, item: S_contra) -> None:
        """Send an item; wait while the service does not read.

        Raises:
            RpcError: The call has failed.
        """
        ...

    def receive(self) -> R_co:
        """Return the next item.

        Raises:
            EndOfStream: There is no more.
            RpcError: The call has failed.
        """
        ...

    def close_send(self) -> None:
        """Tell the service that no more items come."""
        ...

    def close(self) -> None:
        """End the call; what the service still does is cancelled."""
        ...

    def __iter__(self) -> Iterator[R_co]: ...
    def __next__(self) -> R_co: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Channel(Protocol):
    """What a synchronous client calls through."""

    def __call__(self, method: Method[R], /, *arguments: Any) -> R:
        """Call a method with its arguments in the message's order; an iterable of items may be the last."""
        ...

    def iterate(self, method: Method[R], /, *arguments: Any) -> Iterator[R]:
        """Call a method whose response is a stream; the call begins when its first item is asked for."""
        ...

    def converse(self, method: Method[R], /, *arguments: Any) -> BidiStream[Any, R]:
        """Call a method that streams both ways, with its other arguments."""
        ...

    def close(self) -> None:
        """Release what the channel holds."""
        ...


class AsyncChannel(Protocol):
    """What an asynchronous client calls through."""

    async def __call__(self, method: Method[R], /, *arguments: Any) -> R:
        """Call a method with its arguments in the message's order; an async iterable may be the last."""
        ...

    def iterate(self, method: Method[R], /, *arguments: Any) -> AsyncIterator[R]:
        """Call a method whose response is a stream; the call begins when its first item is asked for."""
        ...

    def close(self) -> Awaitable[None]:
        """Release what the channel holds."""
        ...


class Service(abc.ABC):
    """The base of generated skeletons."""

    __contract__: ClassVar[Contract]


class Client:
    """The base of generated synchronous clients; made by `avrorpc.connect`.

    It has no public name of its own, since a contract may use any. `with` closes it.
    """

    __contract__: ClassVar[Contract]

    def __init__(self, channel: Channel) -> None:
        self.__avrorpc__ = channel

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.__avrorpc__!r}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__avrorpc__.close()


class AsyncClient:
    """The base of generated asynchronous clients; made by `avrorpc.connect`.

    It has no public name of its own, since a contract may use any. `async with` closes it.
    """

    __contract__: ClassVar[Contract]

    def __init__(self, channel: AsyncChannel) -> None:
        self.__avrorpc__ = channel

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.__avrorpc__!r}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.__avrorpc__.close()
