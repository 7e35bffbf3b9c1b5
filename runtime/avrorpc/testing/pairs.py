"""A client and a server joined in memory: the whole path over the wire, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import urlencode

from avrorpc.client import connect
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.server import Server
from avrorpc.service import Middleware
from avrorpc.stub import AsyncClient
from avrorpc.transport.memory import Chunks, Line, join
from avrorpc.wire.framing import Framing

C = TypeVar("C", bound=AsyncClient)
P = TypeVar("P", bound=asyncio.BaseProtocol)
Q = TypeVar("Q", bound=asyncio.BaseProtocol)


@asynccontextmanager
async def connected(
    client: type[C],
    *services: object,
    chunks: Chunks = "whole",
    latency: float = 0.0,
    seed: int = 0,
    framing: Framing = "netty",
    timeout: float | None = None,
    metadata: Mapping[str, bytes] | None = None,
    middleware: tuple[Middleware, ...] = (),
    limits: Limits = DEFAULT_LIMITS,
    expose_cause: bool = False,
) -> AsyncIterator[C]:
    """Give a client of a server in this process, joined by `memory://`; both are closed at the end.

    Args:
        client: A generated asynchronous client class.
        services: What is served: implementations, or bindings of them.
        chunks: How bytes are cut on their way: `whole`, one by one (`bytes`), or at `random`.
        latency: Seconds that they take, on the loop's clock; in virtual time nobody waits for them.
        seed: Decides the random sizes.
        framing: `netty` or `spec`.
        timeout: Seconds allowed for each call.
        metadata: Sent with each call.
        middleware: Wraps each call at the client's end; for the server's, bind it to the service.
        limits: Bounds on what either end may send.
        expose_cause: Whether the client learns the text of undeclared exceptions.

    Raises:
        BindError: A service does not fit its contract.
    """
    options = urlencode({"chunks": chunks, "latency": latency, "seed": seed, "framing": framing})
    async with Server(services, limits=limits, expose_cause=expose_cause) as server:
        url = await server.listen(f"memory://?{options}")
        async with connect(
            client, url, timeout=timeout, metadata=metadata, middleware=middleware, limits=limits
        ) as made:
            yield made


def memory_pair(
    client: Callable[[], P],
    server: Callable[[], Q],
    *,
    chunks: Chunks = "whole",
    latency: float = 0.0,
    seed: int = 0,
) -> tuple[P, Q]:
    """Join two asyncio protocols on the running loop, for tests of protocols themselves.

    Both see `connection_made` in the loop's next step. For the arguments see `connected`.
    """
    return join(client(), server(), Line(chunks=chunks, latency=latency, seed=seed))
