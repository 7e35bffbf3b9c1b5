"""The one abstraction that both ends speak: a Service takes a Call and gives a Reply.

A client's end, a server's end, a loopback, a retry and a load balancer are all Services, and a middleware is
a function from Service to Service. The shape is tower's and Finagle's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias

from avrorpc.call import Call, Reply
from avrorpc.errors import BindError

Service: TypeAlias = Callable[[Call], Awaitable[Reply]]
Middleware: TypeAlias = Callable[[Service], Service]


def compose(middleware: Iterable[Middleware], service: Service) -> Service:
    """Wrap a service; the first middleware runs outermost."""
    for wrap in reversed(list(middleware)):
        service = wrap(service)
    return service


def refuse_waiting(middleware: Iterable[Middleware], client: str) -> None:
    """Check that a synchronous client can drive its middleware, which then has no event loop to wait in.

    Middleware that needs one says so by an attribute `needs_loop`.

    Raises:
        BindError: One needs a loop.
    """
    for one in middleware:
        if getattr(one, "needs_loop", False):
            name = getattr(one, "__qualname__", type(one).__qualname__)
            raise BindError(f"{name} needs an event loop, and {client} is synchronous; use Async{client}")
