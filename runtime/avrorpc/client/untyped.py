"""What the dynamic clients of both colours share: names, contracts, and values in and out."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Any, Final, Generic, Literal, Self, TypeAlias, TypeVar

from avrorpc.call import Options
from avrorpc.client.connecting import transport_for
from avrorpc.client.fetching import suggestion
from avrorpc.client.remote import AsyncRemoteChannel, Remote, RemoteChannel
from avrorpc.client.version import ServerVersion
from avrorpc.codec.defaults import default_value
from avrorpc.codec.json import fields_from_json, from_json, to_json
from avrorpc.errors import BindError, Code, DeclaredError, EncodeError, StatusError
from avrorpc.limits import Limits
from avrorpc.method import Contract, Method
from avrorpc.outline import signature
from avrorpc.schema import Field, NoDefault, Streaming, describe
from avrorpc.stub import BidiStream
from avrorpc.transport.address import parse_address
from avrorpc.transport.dialling import Dialler
from avrorpc.transport.tls import TlsOptions
from avrorpc.wire.client import Identity

C = TypeVar("C", RemoteChannel, AsyncRemoteChannel)

Values: TypeAlias = Literal["json", "python"]
"""What goes in and comes out: JSON values, or what typed clients take, with classes made for the records."""


class Calls(Generic[C]):
    """The state of a dynamic client: the contracts that it knows, and a channel for each."""

    def __init__(
        self,
        kind: type[C],
        url: str,
        contract: Contract | None,
        timeout: float | None,
        metadata: Mapping[str, bytes] | None,
        values: Values,
        limits: Limits,
        tls: TlsOptions | None,
    ) -> None:
        if values not in ("json", "python"):
            raise BindError(f"values={values!r} is neither 'json' nor 'python'")
        parse_address(url)  # what is wrong with it is said now
        self.url: Final = url
        self.tls: Final = tls
        self.options: Final = Options(timeout=timeout, metadata=dict(metadata or {}))
        self.values: Final[Values] = values
        self.limits: Final = limits
        self.contracts: Final = {} if contract is None else {contract.name: contract}
        self.channels: Final[dict[str, C]] = {}
        self._kind: type[C] = kind
        self._only = contract

    def split(self, name: str) -> tuple[str, str]:
        """Return the protocol and the message that a name means.

        Raises:
            StatusError: UNIMPLEMENTED, where it names no protocol, and no single one is known.
        """
        protocol, _, message = name.rpartition(".")
        if protocol:
            return protocol, message
        if self._only is None:
            raise StatusError(
                Code.UNIMPLEMENTED, f"{name!r} must be PROTOCOL.MESSAGE, such as llm.Tokenizer.tokenize"
            )
        return self._only.name, name

    def method(self, contract: Contract, name: str) -> Method[Any]:
        """Return a contract's method.

        Raises:
            StatusError: UNIMPLEMENTED, where there is none of that name.
        """
        if name not in contract.methods:
            hint = suggestion(name, contract.methods)
            raise StatusError(Code.UNIMPLEMENTED, f"{contract.name} has no message {name!r}; {hint}")
        return contract.methods[name]

    def channel(self, contract: Contract, timeout: float | None, metadata: Mapping[str, bytes] | None) -> C:
        """Return what calls go through: one channel for each contract, with the options of this call."""
        channel = self.channels.get(contract.name)
        if channel is None:
            channel = self._kind(self._remote(contract), self.options, ())
            self.channels[contract.name] = channel
        if timeout is None and metadata is None:
            return channel
        options = self.options if timeout is None else replace(self.options, timeout=timeout)
        if metadata is not None:
            options = replace(options, metadata=dict(metadata))
        changed: C = channel.with_options(options)
        return changed

    def _remote(self, contract: Contract) -> Remote:
        """Return the far end of a contract, over connections of its own."""
        transport = transport_for(
            Dialler(parse_address(self.url), self.tls),
            Identity(contract.hash, contract.text, contract.name),
            self.limits,
            partial(ServerVersion, contract),
            asynchronous=issubclass(self._kind, AsyncRemoteChannel),
        )
        return Remote(contract, transport, self.limits)

    def error_json(self, error: DeclaredError) -> Any:
        """Return a declared error's fields as JSON.

        Raises:
            LookupError: It is of none of the contracts that were fetched.
        """
        for contract in self.contracts.values():
            for named in contract.protocol.types:
                if contract.types.get(named.name) is type(error):
                    return to_json(named, error, contract.types)
        raise LookupError(f"{type(error).__qualname__} is of no contract that this client has fetched")


class Shape:
    """What goes into a call of one message, and what comes out."""

    def __init__(self, method: Method[Any], values: Values) -> None:
        self.method: Final = method
        self._is_json = values == "json"
        self._types = method.contract.types
        takes = method.streaming.takes_stream
        self._parameters = method.message.request[:-1] if takes else method.message.request
        self._item = method.message.request[-1] if takes else None

    def check(self, used: str, *, gives: bool, has_items: bool) -> None:
        """Check that the message has the streams that the caller means it to have.

        Args:
            used: The method that the caller used.
            gives: Whether the response is taken to be a stream.
            has_items: Whether there are items to send.

        Raises:
            BindError: It has others; the text says how it is called.
        """
        own = self.method.streaming
        if (own.gives_stream, own.takes_stream) == (gives, has_items):
            return
        ways = {
            Streaming.NONE: "call(name, arguments)",
            Streaming.REQUEST: "call(name, arguments, items=...)",
            Streaming.RESPONSE: "iterate(name, arguments)",
            Streaming.BOTH: "converse(name, arguments), or with an asynchronous client"
            " iterate(name, arguments, items=...)",
        }
        kind = "is no stream" if own is Streaming.NONE else f"is a stream ({own.value})"
        raise BindError(f"{self.method.full_name} {kind}, and {used} does not fit; use {ways[own]}")

    def arguments(self, given: Mapping[str, Any]) -> list[Any]:
        """Return the values of the parameters, in their order, defaults filled in.

        Raises:
            EncodeError: One is missing, unknown, or does not fit.
        """
        what = f"{self.method.contract.name}.{self.method.name}"
        if self._is_json:
            return fields_from_json(self._parameters, given, self._types, what)
        names = [field.name for field in self._parameters]
        unknown = given.keys() - set(names)
        if unknown:
            raise EncodeError(f"{what} has no {min(unknown)!r}; it has {', '.join(names) or 'nothing'}")
        return [self._argument(field, given, what) for field in self._parameters]

    def item_in(self, item: Any) -> Any:
        """Return the value of an item of the request stream.

        Raises:
            EncodeError: It does not fit.
        """
        assert self._item is not None
        return from_json(self._item.type, item, self._types, self._item.name) if self._is_json else item

    def out(self, value: Any) -> Any:
        """Return a result, or an item of the response stream, as the caller wants it."""
        return to_json(self.method.message.response, value, self._types) if self._is_json else value

    def described(self) -> str:
        """Return the message's declaration on one line, its documentation below it."""
        doc = self.method.message.doc
        lines = doc.splitlines() if doc else []
        return "\n".join([signature(self.method), *(f"  {line}".rstrip() for line in lines)])

    def _argument(self, field: Field, given: Mapping[str, Any], what: str) -> Any:
        if field.name in given:
            return given[field.name]
        if isinstance(field.default, NoDefault):
            raise EncodeError(f"{what} needs {field.name!r}: {describe(field.type)}")
        return default_value(field.type, field.default, self._types)


@dataclass(slots=True)
class DynamicStream:
    """A two-way stream of a dynamic client. Iterating receives; `with` closes."""

    _stream: BidiStream[Any, Any]
    _shape: Shape

    def send(self, item: Any) -> None:
        """Send an item; wait while the service does not read.

        Raises:
            EncodeError: It does not fit.
            RpcError: The call has failed.
        """
        self._stream.send(self._shape.item_in(item))

    def receive(self) -> Any:
        """Return the next item.

        Raises:
            EndOfStream: There is no more.
            RpcError: The call has failed.
        """
        return self._shape.out(self._stream.receive())

    def close_send(self) -> None:
        """Tell the service that no more items come."""
        self._stream.close_send()

    def close(self) -> None:
        """End the call; what the service still does is cancelled."""
        self._stream.close()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self._shape.out(next(self._stream))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def items_out(items: Any, shape: Shape) -> Iterator[Any]:
    """Yield the items of a response stream, which is closed with this iterator."""
    try:
        for item in items:
            yield shape.out(item)
    finally:
        items.close()


async def items_in(items: AsyncIterable[Any], shape: Shape) -> AsyncIterator[Any]:
    """Yield the values of the items of a request stream."""
    async for item in items:
        yield shape.item_in(item)
