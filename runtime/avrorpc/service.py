"""The one abstraction that both ends speak: a Service takes a Call and gives a Reply.

A client's end, a server's end, a loopback, a retry and a load balancer are all Services, and a middleware is
a function from Service to Service. The shape is tower's and Finagle's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias

from avrorpc.call import Call, Reply

Service: TypeAlias = Callable[[Call], Awaitable[Reply]]
Middleware: TypeAlias = Callable[[Service], Service]


def compose(middleware: Iterable[Middleware], service: Service) -> Service:
    """Wrap a service; the first middleware runs outermost."""
    for wrap in reversed(list(middleware)):
        service = wrap(service)
    return service
