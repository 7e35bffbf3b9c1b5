"""Real servers and clients made from contracts alone, to see which calls between two versions work."""

from __future__ import annotations

import base64
import inspect
from collections.abc import Iterator
from typing import Any

from avrorpc import DeclaredError, RpcError, stub
from avrorpc.client.dynamic import DynamicClient
from avrorpc.codec.json import from_json, to_json
from avrorpc.schema import (
    Array,
    Enum,
    Fixed,
    Json,
    Map,
    Message,
    NoDefault,
    Primitive,
    Protocol,
    Record,
    Schema,
    Union,
    compact,
    describe,
    logical_type,
    protocol_to_json,
)

from support.avro_strategies import classes
from support.serving import ServerThread

_PLAIN: dict[str, list[Json]] = {
    "null": [None],
    "boolean": [True],
    "int": [7],
    "long": [2**40],
    "float": [0.5],
    "double": [0.25],
    "bytes": ["/w=="],
    "string": ["a text"],
}
_LOGICAL: dict[str, list[Json]] = {
    "date": ["2024-02-29"],
    "time-millis": ["12:30:00"],
    "timestamp-millis": ["2024-02-29T12:30:00+00:00"],
    "timestamp-micros": ["2024-02-29T12:30:00+00:00"],
    "local-timestamp-millis": ["2024-02-29T12:30:00"],
    "uuid": ["12345678-1234-5678-1234-567812345678"],
    "decimal": ["12.34"],
    "duration": [{"months": 1, "days": 2, "milliseconds": 3}],
}


def contract(protocol: Protocol) -> stub.Contract:
    """Return a protocol as generated code would have it, with classes made for the purpose."""
    types: dict[str, type] = {}
    for named in protocol.types:
        types |= classes(named)
    made = stub.Contract(protocol.name, compact(protocol_to_json(protocol)), types=lambda: types)
    for name in protocol.messages:
        made.method(name)
    return made


def samples(schema: Schema, depth: int = 3) -> list[Json]:
    """Return JSON values of a type: every branch, every symbol, and numbers that fit no smaller type."""
    match schema:
        case Primitive() | Fixed():
            kind = logical_type(schema)
            if kind in _LOGICAL:
                return _LOGICAL[kind]
            if isinstance(schema, Fixed):
                return [base64.b64encode(bytes(schema.size)).decode()]
            return _PLAIN[schema.name]
        case Enum():
            return list(schema.symbols)
        case Array():
            return [[], [samples(schema.items, depth - 1)[-1]]]
        case Map():
            return [{}, {"k": samples(schema.values, depth - 1)[-1]}]
        case Union():
            branches = schema.branches if depth > 0 else schema.branches[:1]
            return [_in_union(branch, value) for branch in branches for value in samples(branch, depth - 1)]
        case Record():
            return _all_members(schema, depth)


def _all_members(record: Record, depth: int = 3) -> list[Json]:
    """Return records in which each member has each of its values at least once."""
    columns = {field.name: samples(field.type, depth - 1) for field in record.fields}
    longest = max([len(column) for column in columns.values()], default=1)
    return [
        {name: column[min(row, len(column) - 1)] for name, column in columns.items()}
        for row in range(longest)
    ]


def _in_union(branch: Schema, value: Json) -> Json:
    """Return a value with the name of its branch, which is always understood."""
    match branch:
        case Array():
            return {"array": value}
        case Map():
            return {"map": value}
        case Primitive():
            return {logical_type(branch) or branch.name: value}
        case _:
            return {describe(branch): value}


class Peer:
    """An implementation of a contract that answers whatever it is told to, and keeps what it was sent."""

    def __init__(self, made: stub.Contract) -> None:
        self.contract = made
        self.answer: Any = None
        self.sent: dict[str, Json] = {}
        self.service = _service(made, self)

    def reply(self, schema: Schema, value: Json) -> None:
        self.answer = from_json(schema, value, self.contract.types)


def _service(made: stub.Contract, peer: Peer) -> object:
    methods = {name: _method(message, peer) for name, message in made.protocol.messages.items()}
    skeleton = type("Skeleton", (stub.Service,), {"__contract__": made, **methods})
    return type("Implementation", (skeleton,), {})()


def _method(message: Message, peer: Peer) -> Any:
    def method(self: object, *arguments: Any, **named: Any) -> Any:
        values = [*arguments, *named.values()]
        peer.sent = {
            field.name: to_json(field.type, value, peer.contract.types)
            for field, value in zip(message.request, values, strict=True)
        }
        if isinstance(peer.answer, DeclaredError):
            raise peer.answer
        return peer.answer

    by_name = False
    parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    for field in message.request:
        by_name = by_name or not isinstance(field.default, NoDefault)
        kind = inspect.Parameter.KEYWORD_ONLY if by_name else inspect.Parameter.POSITIONAL_OR_KEYWORD
        default = inspect.Parameter.empty if isinstance(field.default, NoDefault) else None
        parameters.append(inspect.Parameter(f"{field.name}_", kind, default=default))
    method.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return method


def failures(clients: list[Protocol], servers: list[Protocol]) -> list[str]:
    """Let a client of each protocol call everything it knows at a server of the others; say what failed."""
    peers = {server.name: Peer(contract(server)) for server in servers}
    with ServerThread(*(peer.service for peer in peers.values())) as server:
        found: list[str] = []
        for protocol in clients:
            # A server of one protocol only takes clients of another name, too, as Avro has it.
            url = server.tcp if protocol.name in peers else server.http
            with DynamicClient(url, contract(protocol), timeout=20) as client:
                for message in protocol.messages.values():
                    found += _failures(client, message, peers.get(protocol.name))
        return found


def _failures(client: DynamicClient, message: Message, peer: Peer | None) -> Iterator[str]:
    theirs = peer.contract.protocol.messages.get(message.name) if peer else None
    requests = _all_members(Record("", message.request))
    answers = samples(theirs.response) if theirs else [None]
    for request in requests:
        yield from _call(client, message, peer, theirs, request, answers[0])
    for answer in answers[1:]:
        yield from _call(client, message, peer, theirs, requests[0], answer)
    for error in theirs.errors if theirs else ():
        yield from _call_for_error(client, message, peer, error, requests[0])


def _call(
    client: DynamicClient,
    message: Message,
    peer: Peer | None,
    theirs: Message | None,
    request: Json,
    answer: Json,
) -> Iterator[str]:
    assert isinstance(request, dict)
    if peer is not None and theirs is not None:
        peer.reply(theirs.response, answer)
    try:
        client.call(message.name, request)
    except RpcError as error:
        yield f"{message.name}({request}) -> {answer}: {error}"


def _call_for_error(
    client: DynamicClient, message: Message, peer: Peer | None, error: Schema, request: Json
) -> Iterator[str]:
    assert isinstance(request, dict)
    assert peer is not None
    for answer in samples(error):
        peer.reply(error, answer)
        try:
            client.call(message.name, request)
        except DeclaredError:
            continue
        except RpcError as problem:
            yield f"{message.name}({request}) raises {answer}: {problem}"
        else:
            yield f"{message.name}({request}) raised nothing"


def request_samples(message: Message) -> list[dict[str, Json]]:
    """Return requests in which each parameter has each of its values at least once."""
    found = _all_members(Record("", message.request))
    return [request for request in found if isinstance(request, dict)]
