"""The contracts that cases call, and the JSON of what goes through them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
from avrorpc import DeclaredError, stub
from avrorpc.codec.json import fields_from_json, from_json, to_json
from avrorpc.schema import Protocol, Schema, parse_protocol
from support.contracts import resolved
from support.peers import contract as made_contract
from testcontracts.conformance import CONFORMANCE, AsyncConformanceClient, ConformanceClient
from testcontracts.script import SCRIPT, AsyncScriptClient, ScriptClient
from testcontracts.small import SMALL, AsyncSmallClient, SmallClient
from testcontracts.streams import STREAMS, AsyncStreamsClient, StreamsClient

CONTRACTS: Final[Mapping[str, stub.Contract]] = {
    "conformance": CONFORMANCE,
    "streams": STREAMS,
    "small": SMALL,
    "script": SCRIPT,
}
"""By the short names that cases use."""

CLIENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "sync": {
        "conformance": ConformanceClient,
        "streams": StreamsClient,
        "small": SmallClient,
        "script": ScriptClient,
    },
    "async": {
        "conformance": AsyncConformanceClient,
        "streams": AsyncStreamsClient,
        "small": AsyncSmallClient,
        "script": AsyncScriptClient,
    },
}


def method(call: str) -> stub.Method[Any]:
    """Return the method of a call such as `script/unary`."""
    contract, _, name = call.partition("/")
    return CONTRACTS[contract].methods[name]


def arguments(called: stub.Method[Any], given: Mapping[str, Any]) -> list[Any]:
    """Return the arguments of a call, without the one that is a stream."""
    fields = called.message.request
    if called.streaming.takes_stream:
        fields = fields[:-1]
    return fields_from_json(fields, given, called.contract.types, called.full_name)


def item(called: stub.Method[Any], given: Any) -> Any:
    """Return an item of the request."""
    return from_json(called.message.request[-1].type, given, called.contract.types)


def shown(called: stub.Method[Any], value: Any) -> Any:
    """Return the JSON of a result, or of an item of a response."""
    return to_json(called.message.response, value, called.contract.types)


def whole(schema: Schema, given: Any, contract: stub.Contract) -> Any:
    """Return expected JSON with defaults filled in, and numbers as they come back."""
    return to_json(schema, from_json(schema, given, contract.types), contract.types)


def shown_error(error: DeclaredError, contract: stub.Contract) -> tuple[str, Any]:
    """Return the full name of a declared error, and the JSON of its fields."""
    schema = contract.schema_of(type(error))
    return schema.name, to_json(schema, error, contract.types)


def shown_detail(detail: object) -> dict[str, Any]:
    """Return a detail of an error: the name of its type, and its fields."""
    return {"type": type(detail).__name__, **msgspec.to_builtins(detail)}


@cache
def protocol(text: str) -> Protocol:
    """Return a protocol written in Avro IDL."""
    with TemporaryDirectory() as folder:
        contracts, diagnostics = resolved(Path(folder), {"p.avdl": text})
        assert not diagnostics.items, diagnostics.render()
        (found,) = contracts.protocols.values()
        return parse_protocol(found.text)


@cache
def contract(text: str) -> stub.Contract:
    """Return the contract of a protocol written in Avro IDL, with classes made for it."""
    return made_contract(protocol(text))
