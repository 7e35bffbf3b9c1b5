"""Calls without generated code, for asynchronous callers; see `dynamic`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self

from avrorpc.client.fetching import Listing, fetch, listing
from avrorpc.client.remote import AsyncRemoteChannel
from avrorpc.client.untyped import Calls, Shape, Values, items_in
from avrorpc.errors import DeclaredError
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.method import Contract, Method
from avrorpc.schema import Message
from avrorpc.transport.tls import TlsOptions


class AsyncDynamicClient:
    """An asynchronous client of whatever a server serves; see `DynamicClient` for names and arguments."""

    def __init__(
        self,
        url: str,
        contract: Contract | None = None,
        *,
        timeout: float | None = None,
        metadata: Mapping[str, bytes] | None = None,
        values: Values = "json",
        limits: Limits = DEFAULT_LIMITS,
        tls: TlsOptions | None = None,
    ) -> None:
        self._calls = Calls(AsyncRemoteChannel, url, contract, timeout, metadata, values, limits, tls)

    def __repr__(self) -> str:
        return f"<AsyncDynamicClient {self._calls.url}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        for channel in self._calls.channels.values():
            await channel.close()

    async def services(self) -> list[str]:
        """Return the full names of the protocols that the server tells of.

        Raises:
            RpcError: The server cannot be reached, or tells nobody.
        """
        return [service.name for service in (await self.listing()).services]

    async def listing(self) -> Listing:
        """Return what the server serves, in outline, and how that is known.

        Raises:
            RpcError: The server cannot be reached, or tells nobody.
        """
        calls = self._calls
        return await listing(
            calls.url,
            asynchronous=True,
            timeout=calls.options.timeout,
            limits=calls.limits,
            tls=calls.tls,
            metadata=calls.options.metadata,
        )

    async def contract(self, protocol: str) -> Contract:
        """Return the server's version of a contract.

        Raises:
            RemoteProtocolError: The server does not serve it.
            RpcError: It could not be fetched.
        """
        calls = self._calls
        if protocol not in calls.contracts:
            calls.contracts[protocol] = await fetch(
                calls.url,
                protocol,
                asynchronous=True,
                timeout=calls.options.timeout,
                limits=calls.limits,
                tls=calls.tls,
                metadata=calls.options.metadata,
            )
        return calls.contracts[protocol]

    async def message(self, name: str) -> Message:
        """Return a message's schema.

        Raises:
            StatusError: UNIMPLEMENTED, where the contract has none of that name.
            RpcError: The contract could not be fetched.
        """
        return (await self._method(name)).message

    async def describe(self, name: str) -> str:
        """Return a message's declaration on one line, its documentation below it.

        Raises:
            RpcError: See `message`.
        """
        return Shape(await self._method(name), self._calls.values).described()

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        items: AsyncIterable[Any] | None = None,
        timeout: float | None = None,
        metadata: Mapping[str, bytes] | None = None,
    ) -> Any:
        """Call a message with arguments by name, and return its result; see `DynamicClient.call`."""
        shape = await self._shape(name, "call", gives=False, has_items=items is not None)
        values = shape.arguments(arguments or {})
        if items is not None:
            values.append(items_in(items, shape))
        return shape.out(
            await self._calls.channel(shape.method.contract, timeout, metadata)(shape.method, *values)
        )

    async def iterate(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        items: AsyncIterable[Any] | None = None,
        timeout: float | None = None,
        metadata: Mapping[str, bytes] | None = None,
    ) -> AsyncIterator[Any]:
        """Call a message whose response is a stream, and yield its items; with `items`, both are streams."""
        shape = await self._shape(name, "iterate", gives=True, has_items=items is not None)
        values = shape.arguments(arguments or {})
        if items is not None:
            values.append(items_in(items, shape))
        given: Any = self._calls.channel(shape.method.contract, timeout, metadata).iterate(
            shape.method, *values
        )
        try:
            async for item in given:
                yield shape.out(item)
        finally:
            await given.aclose()

    def error_json(self, error: DeclaredError) -> Any:
        """Return a declared error's fields as JSON."""
        return self._calls.error_json(error)

    async def _method(self, name: str) -> Method[Any]:
        protocol, message = self._calls.split(name)
        return self._calls.method(await self.contract(protocol), message)

    async def _shape(self, name: str, used: str, *, gives: bool, has_items: bool) -> Shape:
        shape = Shape(await self._method(name), self._calls.values)
        shape.check(used, gives=gives, has_items=has_items)
        return shape
