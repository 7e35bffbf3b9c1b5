"""Calls without generated code: the contract comes from the server, values are plain dicts and lists.

For tools such as `avrogen call`. Declared errors get a class of their own, made from the contract.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Mapping
from functools import partial
from types import TracebackType
from typing import Any, Self

import msgspec

from avrorpc.call import Options
from avrorpc.client.connecting import transport_for
from avrorpc.client.remote import Remote, RemoteChannel, ServerVersion
from avrorpc.codec.json import fields_from_json, to_json
from avrorpc.driving import drive
from avrorpc.errors import Code, DeclaredError, RemoteProtocolError, StatusError
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.method import Contract
from avrorpc.schema import Json, Message, Record, namespace_of, parse_protocol, short_name
from avrorpc.transport.address import parse_address
from avrorpc.transport.exchange import Outgoing
from avrorpc.wire.client import Connected, Identity


def fetch_contract(
    url: str, protocol: str, *, timeout: float | None = None, limits: Limits = DEFAULT_LIMITS
) -> Contract:
    """Return a server's version of a contract, by the protocol's full name.

    Raises:
        RemoteProtocolError: The server does not serve it.
        TransportError: It cannot be reached.
    """
    nothing: dict[str, Json] = {"protocol": short_name(protocol), "types": [], "messages": {}}
    if namespace_of(protocol):
        nothing["namespace"] = namespace_of(protocol)
    asking = Contract(protocol, json.dumps(nothing), types=dict)
    seen: list[Connected] = []
    transport = transport_for(
        parse_address(url), Identity(asking.hash, asking.text, protocol), limits, seen.append
    )
    try:
        drive(transport.exchange(Outgoing(protocol=protocol, message="", timeout=timeout)))
    except TimeoutError:
        raise StatusError(Code.DEADLINE_EXCEEDED, f"{url} did not answer in time") from None
    finally:
        drive(transport.close())
    text = seen[0].server_text
    if text is None:
        raise RemoteProtocolError(f"{url} did not show its contract")
    theirs = parse_protocol(text)
    if theirs.name != protocol:
        raise RemoteProtocolError(f"{url} does not serve {protocol}; it has {theirs.name}")
    types = {named.name: _class(named) for named in theirs.types if isinstance(named, Record)}
    contract = Contract(theirs.name, text, types=lambda: types)
    for name in theirs.messages:
        contract.method(name)
    return contract


class DynamicClient:
    """A synchronous client of one contract, with JSON values in and out.

    Args:
        url: Where the server is.
        contract: What it serves there; see `fetch_contract`.
        timeout: Seconds allowed for each call.
    """

    def __init__(
        self, url: str, contract: Contract, *, timeout: float | None = None, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self.contract = contract
        identity = Identity(contract.hash, contract.text, contract.name)
        accept = partial(ServerVersion, contract)
        transport = transport_for(parse_address(url), identity, limits, accept)
        self._channel = RemoteChannel(Remote(contract, transport, limits), Options(timeout=timeout), ())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._channel.close()

    def message(self, name: str) -> Message:
        """Return a message of the contract.

        Raises:
            StatusError: UNIMPLEMENTED, where there is none of that name.
        """
        known = self.contract.protocol.messages
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(known) or 'none'}"
            raise StatusError(Code.UNIMPLEMENTED, f"{self.contract.name} has no message {name!r}; {hint}")
        return known[name]

    def call(self, name: str, arguments: Mapping[str, Json]) -> Json:
        """Call a message with JSON arguments by name, and return its result as JSON.

        Raises:
            EncodeError: An argument is missing, unknown, or does not fit.
            RpcError: The call failed.
        """
        message, types = self.message(name), self.contract.types
        values = fields_from_json(message.request, arguments, types, f"{self.contract.name}.{name}")
        result = self._channel(self.contract.methods[name], *values)
        return to_json(message.response, result, types)

    def error_json(self, error: DeclaredError) -> Json:
        """Return a declared error's fields as JSON."""
        schema = next(
            named for named in self.contract.protocol.types if named.name == type(error).__qualname__
        )
        return to_json(schema, error, self.contract.types)


def _class(record: Record) -> type:
    """Return a class for a record or an error; named by its full Avro name, with numbered attributes.

    Records need one, too: a plain dict does not say which of a union's records it is.
    """
    fields = [(f"field_{index}", Any) for index, _ in enumerate(record.fields)]
    name, namespace = record.name.replace(".", "_"), {"__qualname__": record.name}
    if not record.is_error:
        return msgspec.defstruct(name, fields, namespace=namespace, kw_only=True)
    return dataclasses.make_dataclass(
        name, fields, bases=(DeclaredError,), eq=False, kw_only=True, namespace=namespace
    )
