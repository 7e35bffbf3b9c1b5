"""Calls without generated code: the contract comes from the server, values are JSON or plain Python.

For tools, notebooks and gateways. Declared errors get a class of their own, made from the contract;
`error_json` gives their fields. The asynchronous client is in `dynamic_async`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

from avrorpc.client.fetching import Listing, fetch_contract, list_services
from avrorpc.client.remote import RemoteChannel
from avrorpc.client.untyped import Calls, DynamicStream, Shape, Values, items_out
from avrorpc.errors import DeclaredError
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.method import Contract, Method
from avrorpc.schema import Message
from avrorpc.transport.tls import TlsOptions

__all__ = ["DynamicClient", "fetch_contract"]


class DynamicClient:
    """A synchronous client of whatever a server serves.

    Messages are named `namespace.Protocol.message`; a client of one contract takes the message's name alone,
    too. A contract is fetched when it is first needed. Any thread may use the client.

    Args:
        url: Where the server is.
        contract: What it serves there, where that is known; see `fetch_contract`.
        timeout: Seconds allowed for each call.
        metadata: Sent with each call.
        values: Whether arguments and results are JSON values, or Python objects.
        limits: Bounds on what the server may send.
        tls: For `tls://`, `https://` and `wss://`, as `connect` takes it.
    """

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
        self._calls = Calls(RemoteChannel, url, contract, timeout, metadata, values, limits, tls)

    def __repr__(self) -> str:
        return f"<DynamicClient {self._calls.url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        for channel in self._calls.channels.values():
            channel.close()

    def services(self) -> list[str]:
        """Return the full names of the protocols that the server tells of.

        Raises:
            RpcError: The server cannot be reached, or tells nobody.
        """
        return [service.name for service in self.listing().services]

    def listing(self) -> Listing:
        """Return what the server serves, in outline, and how that is known.

        Raises:
            RpcError: The server cannot be reached, or tells nobody.
        """
        return list_services(
            self._calls.url,
            timeout=self._calls.options.timeout,
            limits=self._calls.limits,
            tls=self._calls.tls,
            metadata=self._calls.options.metadata,
        )

    def contract(self, protocol: str) -> Contract:
        """Return the server's version of a contract.

        Raises:
            RemoteProtocolError: The server does not serve it.
            RpcError: It could not be fetched.
        """
        calls = self._calls
        if protocol not in calls.contracts:
            calls.contracts[protocol] = fetch_contract(
                calls.url,
                protocol,
                timeout=calls.options.timeout,
                limits=calls.limits,
                tls=calls.tls,
                metadata=calls.options.metadata,
            )
        return calls.contracts[protocol]

    def message(self, name: str) -> Message:
        """Return a message's schema.

        Raises:
            StatusError: UNIMPLEMENTED, where the contract has none of that name.
            RpcError: The contract could not be fetched.
        """
        return self._method(name).message

    def describe(self, name: str) -> str:
        """Return a message's declaration on one line, its documentation below it.

        Raises:
            RpcError: See `message`.
        """
        return Shape(self._method(name), self._calls.values).described()

    def call(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        items: Iterable[Any] | None = None,
        timeout: float | None = None,
        metadata: Mapping[str, bytes] | None = None,
    ) -> Any:
        """Call a message with arguments by name, and return its result.

        Args:
            name: The message.
            arguments: What is left out takes the contract's default.
            items: The items, where the request is a stream.
            timeout: Seconds allowed, in place of the client's.
            metadata: Sent with the call, in place of the client's.

        Raises:
            EncodeError: An argument is missing, unknown, or does not fit.
            RpcError: The call failed.
        """
        shape = self._shape(name, "call", gives=False, has_items=items is not None)
        values = shape.arguments(arguments or {})
        if items is not None:
            values.append(shape.item_in(item) for item in items)
        channel = self._calls.channel(shape.method.contract, timeout, metadata)
        return shape.out(channel(shape.method, *values))

    def iterate(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        metadata: Mapping[str, bytes] | None = None,
    ) -> Iterator[Any]:
        """Call a message whose response is a stream, and yield its items; for the rest see `call`."""
        shape = self._shape(name, "iterate", gives=True, has_items=False)
        values = shape.arguments(arguments or {})
        channel = self._calls.channel(shape.method.contract, timeout, metadata)
        return items_out(channel.iterate(shape.method, *values), shape)

    def converse(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        metadata: Mapping[str, bytes] | None = None,
    ) -> DynamicStream:
        """Call a message that streams both ways; for the rest see `call`."""
        shape = self._shape(name, "converse", gives=True, has_items=True)
        values = shape.arguments(arguments or {})
        channel = self._calls.channel(shape.method.contract, timeout, metadata)
        return DynamicStream(channel.converse(shape.method, *values), shape)

    def error_json(self, error: DeclaredError) -> Any:
        """Return a declared error's fields as JSON."""
        return self._calls.error_json(error)

    def _method(self, name: str) -> Method[Any]:
        protocol, message = self._calls.split(name)
        return self._calls.method(self.contract(protocol), message)

    def _shape(self, name: str, used: str, *, gives: bool, has_items: bool) -> Shape:
        shape = Shape(self._method(name), self._calls.values)
        shape.check(used, gives=gives, has_items=has_items)
        return shape
