"""Contracts from a running server: what it serves, and each contract as it has it.

Our servers list what they serve by `avrorpc.Introspection`. Every Avro server shows one protocol in the
handshake: ours the one that is asked for, a plain one the only one that it has.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import keyword
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, Literal

import msgspec

from avrorpc.call import AsyncClock, BlockingClock, Call, Clock, Options
from avrorpc.client.connecting import transport_for
from avrorpc.client.remote import Remote
from avrorpc.client.version import ServerVersion
from avrorpc.contracts import IntrospectionClient, ServiceInfo
from avrorpc.driving import drive
from avrorpc.errors import (
    Code,
    DeclaredError,
    ProtocolNotServed,
    RemoteProtocolError,
    SchemaError,
    StatusError,
)
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.method import Contract
from avrorpc.outline import service_outline
from avrorpc.schema import Json, Record, namespace_of, parse_protocol, short_name
from avrorpc.transport.address import Address, parse_address
from avrorpc.transport.dialling import Dialler
from avrorpc.transport.exchange import Outgoing
from avrorpc.transport.tls import TlsOptions
from avrorpc.wire.client import Connected, Identity

ANY_PROTOCOL: Final = "/spl-avro"
"""Where our servers take any protocol over HTTP, and show one to clients that ask for none of theirs."""


@dataclasses.dataclass(slots=True, frozen=True)
class Listing:
    """What a server serves, as far as it tells."""

    services: list[ServiceInfo]
    """The protocols, in outline."""
    by: Literal["introspection", "handshake"]
    """Who told: `avrorpc.Introspection`, which knows all; or the handshake, which shows one."""


def fetch_contract(
    url: str,
    protocol: str,
    *,
    timeout: float | None = None,
    limits: Limits = DEFAULT_LIMITS,
    tls: TlsOptions | None = None,
    metadata: Mapping[str, bytes] | None = None,
) -> Contract:
    """Return a server's version of a contract, by the protocol's full name.

    Raises:
        RemoteProtocolError: The server does not serve it; the text says what it has.
        StatusError: DEADLINE_EXCEEDED, where it did not answer in time.
        TransportError: It cannot be reached.
    """
    return drive(
        fetch(url, protocol, asynchronous=False, timeout=timeout, limits=limits, tls=tls, metadata=metadata)
    )


def list_services(
    url: str,
    *,
    timeout: float | None = None,
    limits: Limits = DEFAULT_LIMITS,
    tls: TlsOptions | None = None,
    metadata: Mapping[str, bytes] | None = None,
) -> Listing:
    """Return what a server serves.

    Raises:
        RpcError: It cannot be reached, does not speak Avro, or tells nobody.
    """
    return drive(listing(url, asynchronous=False, timeout=timeout, limits=limits, tls=tls, metadata=metadata))


async def fetch(
    url: str,
    protocol: str,
    *,
    asynchronous: bool,
    timeout: float | None,
    limits: Limits,
    tls: TlsOptions | None,
    metadata: Mapping[str, bytes] | None = None,
) -> Contract:
    """Do what `fetch_contract` does, over a transport of the colour asked for."""
    contract = await _shown(url, protocol, asynchronous=asynchronous, timeout=timeout, limits=limits, tls=tls)
    if contract.name == protocol:
        return contract
    other = contract.name
    try:
        found = await listing(
            url, asynchronous=asynchronous, timeout=timeout, limits=limits, tls=tls, metadata=metadata
        )
        known = [service.name for service in found.services]
    except StatusError:  # it does not tell us: what the handshake has shown must do
        known = [other]
    raise RemoteProtocolError(f"{url} does not serve {protocol}; {suggestion(protocol, known)}")


async def listing(
    url: str,
    *,
    asynchronous: bool,
    timeout: float | None,
    limits: Limits,
    tls: TlsOptions | None,
    metadata: Mapping[str, bytes] | None = None,
) -> Listing:
    """Do what `list_services` does, over a transport of the colour asked for."""
    own = IntrospectionClient.__contract__
    shown = await _shown(url, own.name, asynchronous=asynchronous, timeout=timeout, limits=limits, tls=tls)
    if shown.name != own.name:
        return Listing([service_outline(shown)], "handshake")
    identity = Identity(own.hash, own.text, own.name)
    transport = transport_for(
        Dialler(parse_address(url), tls),
        identity,
        limits,
        lambda connected: ServerVersion(own, connected),
        asynchronous=asynchronous,
    )
    clock: Clock = AsyncClock() if asynchronous else BlockingClock()
    method = own.methods["services"]
    deadline = Options(timeout=timeout).deadline(method, clock)
    call = Call(method, (), clock, deadline, dict(metadata or {}))
    try:
        reply = await Remote(own, transport, limits)(call)
    finally:
        await transport.close()
    services: list[ServiceInfo] = reply.value
    return Listing(services, "introspection")


def dynamic_contract(text: str) -> Contract:
    """Return the contract of a protocol's text, with classes made for its records and errors.

    Raises:
        SchemaError: It is no valid protocol.
    """
    protocol = parse_protocol(text)
    types = {named.name: _class(named) for named in protocol.types if isinstance(named, Record)}
    contract = Contract(protocol.name, text, types=lambda: types)
    for name in protocol.messages:
        contract.method(name)
    return contract


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return what there is instead of a name: the one that was meant, or all of them."""
    names = list(known)
    close = difflib.get_close_matches(name, names, 1)
    if not close:  # people leave the namespace out, or take another's
        short = [other for other in names if short_name(other).lower() == short_name(name).lower()]
        close = short[:1]
    return f"did you mean {close[0]}?" if close else f"it has {', '.join(names) or 'none'}"


async def _shown(
    url: str,
    protocol: str,
    *,
    asynchronous: bool,
    timeout: float | None,
    limits: Limits,
    tls: TlsOptions | None,
) -> Contract:
    """Return the contract that a server shows to a client of `protocol`, which may be another one."""
    nothing: dict[str, Json] = {"protocol": short_name(protocol), "types": [], "messages": {}}
    if namespace_of(protocol):
        nothing["namespace"] = namespace_of(protocol)
    asking = Contract(protocol, json.dumps(nothing), types=dict)
    address = parse_address(url)

    async def ask(address: Address) -> str | None:
        seen: list[Connected] = []
        dialler, identity = Dialler(address, tls), Identity(asking.hash, asking.text, protocol)
        transport = transport_for(dialler, identity, limits, seen.append, asynchronous=asynchronous)
        try:
            await transport.exchange(Outgoing(protocol=protocol, message="", timeout=timeout))
        except ProtocolNotServed as error:
            if error.server_text is None:
                raise
            return error.server_text
        except TimeoutError:
            raise StatusError(Code.DEADLINE_EXCEEDED, f"{url} did not answer in time") from None
        finally:
            await transport.close()
        return seen[0].server_text

    try:
        text = await ask(address)
    except RemoteProtocolError:
        if not address.is_http or address.path:
            raise
        text = await ask(replace(address, path=ANY_PROTOCOL))
    if text is None:
        raise RemoteProtocolError(f"{url} did not show its contract")
    try:
        return dynamic_contract(text)
    except SchemaError as error:
        raise RemoteProtocolError(f"{url} showed a protocol that is none: {error}") from error


def _class(record: Record) -> type:
    """Return a class for a record or an error, named by its full Avro name.

    Records need one, too: a plain dict does not say which of a union's records it is.
    """
    base: type = DeclaredError if record.is_error else msgspec.Struct
    fields: list[tuple[str, Any]] = []
    for field in record.fields:
        name = field.name
        while (
            keyword.iskeyword(name)
            or name.startswith("__")
            or hasattr(base, name)
            or any(name == other for other, _ in fields)
        ):
            name = f"{name.lstrip('_')}_"
        fields.append((name, Any))
    name, namespace = record.name.replace(".", "_"), {"__qualname__": record.name}
    if not record.is_error:
        return msgspec.defstruct(name, fields, namespace=namespace, kw_only=True)
    return dataclasses.make_dataclass(
        name, fields, bases=(DeclaredError,), eq=False, kw_only=True, namespace=namespace
    )
