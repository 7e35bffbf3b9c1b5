"""Transports within this process: real encodings between a client and a server's answers, and no sockets."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import AsyncIterator, Coroutine
from contextvars import Context
from dataclasses import dataclass
from typing import Any, TypeVar

from avrorpc.call import Options
from avrorpc.client.remote import AsyncRemoteChannel, Remote, RemoteChannel
from avrorpc.client.version import ServerVersion
from avrorpc.codec.binary import Cursor
from avrorpc.limits import DEFAULT_LIMITS
from avrorpc.method import Contract
from avrorpc.schema import parse_protocol
from avrorpc.server import Server
from avrorpc.stub import AsyncClient
from avrorpc.transport.address import Address, parse_address
from avrorpc.transport.exchange import Outgoing
from avrorpc.wire.client import Connected
from avrorpc.wire.offers import Session
from avrorpc.wire.server import Request

T = TypeVar("T")

WINDOW = 2
"""Items that may be under way in each direction."""


@dataclass(slots=True)
class Carried:
    """The streams of a call, as queues carry them."""

    items: AsyncIterator[bytes]
    responses: asyncio.Queue[bytes]

    async def send(self, item: bytes) -> None:
        await self.responses.put(item)


class Link:
    """One call on the server's loop: two bounded queues of items, and the reply."""

    def __init__(self, server: Server, contract: Contract, call: Outgoing) -> None:
        self.requests: asyncio.Queue[bytes | None] = asyncio.Queue(WINDOW)
        self.responses: asyncio.Queue[bytes] = asyncio.Queue(WINDOW)
        offer = server.offers.get(contract.name)
        assert offer is not None
        session = Session(offer, parse_protocol(contract.text))
        parameters = Cursor(call.parameters, DEFAULT_LIMITS)
        request = Request(0, session, dict(call.metadata), call.message, parameters, b"", call.one_way)
        self.reply = asyncio.get_running_loop().create_task(self._serve(server, request), context=Context())

    async def _serve(self, server: Server, request: Request[Any]) -> bytes | None:
        return await server.answer(request, Carried(self._items(), self.responses))

    async def _items(self) -> AsyncIterator[bytes]:
        while (item := await self.requests.get()) is not None:
            yield item

    async def put(self, item: bytes | None) -> bool:
        """Send an item, or the end; return whether the server still answers."""
        putting = asyncio.ensure_future(self.requests.put(item))
        try:
            await asyncio.wait([putting, self.reply], return_when=asyncio.FIRST_COMPLETED)
        finally:
            putting.cancel()
        return not self.reply.done()

    async def get(self) -> bytes | None:
        """Return the next item, or None at the end, when the reply is there."""
        getting = asyncio.ensure_future(self.responses.get())
        try:
            await asyncio.wait([getting, self.reply], return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not getting.done():
                getting.cancel()
        return getting.result() if getting.done() else None

    async def cancel(self) -> None:
        """Cancel what the server does, and wait until it has stopped."""
        self.reply.cancel()
        await asyncio.wait([self.reply])


class MemoryAnswer:
    """An answer on the loop of client and server."""

    pump = None

    def __init__(self, view: ServerVersion, link: Link, deadline: float | None) -> None:
        self.view = view
        self.body: bytes | None = None
        self.link = link
        self._deadline = deadline
        self._sender: asyncio.Task[None] | None = None

    def send(self, items: AsyncIterator[bytes]) -> None:
        self._sender = asyncio.get_running_loop().create_task(self._send(items))

    async def _send(self, items: AsyncIterator[bytes]) -> None:
        async for item in items:
            if not await self.link.put(item):
                return
        await self.link.put(None)

    async def receive(self) -> bytes | None:
        async with asyncio.timeout_at(self._deadline):
            receiving = asyncio.ensure_future(self.link.get())
            waiting: set[asyncio.Future[Any]] = {receiving}
            if self._sender is not None and not self._sender.done():
                waiting.add(self._sender)
            try:
                while not receiving.done():
                    done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    if self._sender in done and self._sender is not None:
                        self._sender.result()  # raises what the caller's items did
            finally:
                receiving.cancel()
        item = receiving.result()
        if item is None:
            self.body = self.link.reply.result()
            await self._end()
        return item

    async def cancel(self) -> None:
        await self._end()
        await self.link.cancel()

    async def _end(self) -> None:
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.wait([self._sender])


class MemoryTransport:
    """For asynchronous clients, on the loop of the server."""

    def __init__(self, server: Server, contract: Contract) -> None:
        self.address: Address = parse_address("tcp://memory:1")
        self._server = server
        self._contract = contract
        self._view = ServerVersion(contract, Connected(contract.hash, None))

    async def exchange(self, call: Outgoing) -> MemoryAnswer:
        deadline = None if call.timeout is None else asyncio.get_running_loop().time() + call.timeout
        answer = MemoryAnswer(self._view, Link(self._server, self._contract, call), deadline)
        if call.items is not None:
            answer.send(call.items)
        if not call.streams and not call.one_way:
            try:
                assert await answer.receive() is None
            except BaseException:
                await answer.cancel()
                raise
        return answer

    async def close(self) -> None:
        pass


class BlockingMemoryAnswer:
    """An answer for a thread that is not the server's."""

    def __init__(self, transport: BlockingMemoryTransport, call: Outgoing) -> None:
        self.view = transport.view
        self.body: bytes | None = None
        self.pump: Coroutine[Any, Any, None] | None = None
        self._transport = transport
        self._timeout = call.timeout
        self.link = transport.run(self._open(call))

    async def _open(self, call: Outgoing) -> Link:
        return Link(self._transport.server, self._transport.contract, call)

    async def send(self, items: AsyncIterator[bytes]) -> None:
        async for item in items:
            if not self._transport.run(self.link.put(item), self._timeout):
                return
        self._transport.run(self.link.put(None), self._timeout)

    async def receive(self) -> bytes | None:
        item = self._transport.run(self.link.get(), self._timeout)
        if item is None:
            self.body = self.link.reply.result()
        return item

    async def cancel(self) -> None:
        # It only says so, as one that writes to a socket would.
        self._transport.loop.call_soon_threadsafe(self.link.reply.cancel)


class BlockingMemoryTransport:
    """For synchronous clients, to a server on the loop of another thread."""

    def __init__(self, server: Server, contract: Contract, loop: asyncio.AbstractEventLoop) -> None:
        self.address: Address = parse_address("tcp://memory:1")
        self.server = server
        self.contract = contract
        self.view = ServerVersion(contract, Connected(contract.hash, None))
        self.loop = loop

    def run(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result(timeout)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise TimeoutError from None

    async def exchange(self, call: Outgoing) -> BlockingMemoryAnswer:
        answer = BlockingMemoryAnswer(self, call)
        try:
            if call.streams:
                answer.pump = answer.send(call.items) if call.items is not None else None
                return answer
            if call.items is not None:
                await answer.send(call.items)
            if not call.one_way:
                assert await answer.receive() is None
        except BaseException:
            await answer.cancel()
            raise
        return answer

    async def close(self) -> None:
        pass


def connect_memory(client_type: Any, server: Server, loop: asyncio.AbstractEventLoop, **options: Any) -> Any:
    """Return a client of a server, which is on the running loop for asynchronous clients, else on `loop`."""
    contract: Contract = client_type.__contract__
    middleware = options.pop("middleware", ())
    if issubclass(client_type, AsyncClient):
        remote = Remote(contract, MemoryTransport(server, contract), DEFAULT_LIMITS)
        return client_type(AsyncRemoteChannel(remote, Options(**options), middleware))
    remote = Remote(contract, BlockingMemoryTransport(server, contract, loop), DEFAULT_LIMITS)
    return client_type(RemoteChannel(remote, Options(**options), middleware))
