"""The one abstraction that both ends speak: a Service takes a Call and gives a Reply.

A client's end, a server's end, a loopback, a retry and a load balancer are all Services, and a middleware is
a function from Service to Service. The shape is tower's and Finagle's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeAlias, TypeVar

from avrorpc.call import Call, Reply
from avrorpc.errors import Suspended

T = TypeVar("T")

Service: TypeAlias = Callable[[Call], Awaitable[Reply]]
Middleware: TypeAlias = Callable[[Service], Service]


def compose(middleware: Iterable[Middleware], service: Service) -> Service:
    """Wrap a service; the first middleware runs outermost."""
    for wrap in reversed(list(middleware)):
        service = wrap(service)
    return service


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never has to wait, without an event loop.

    Raises:
        Suspended: It had to wait.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    coroutine.close()
    raise suspended(getattr(coroutine, "__qualname__", "the implementation"))


def suspended(what: str) -> Suspended:
    """Return the error for a coroutine that needs an event loop where there is none."""
    return Suspended(
        f"{what} had to wait for something, which a synchronous local call cannot; call it"
        " through an asynchronous client, or over tcp:// or http://"
    )
