"""What is foretold of JSON is what the runtime does with it: one version's members read by the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from avrorpc import stub
from avrorpc.codec.json import fields_from_json, to_json
from avrorpc.errors import EncodeError
from avrorpc.schema import Json, Message
from avrorpc_codegen.breaking.finding import Side
from avrorpc_codegen.breaking.rules import Level
from support.breaking import of_texts, version
from support.peers import contract, request_samples

TYPES = "record A { int x; } record B { int y; }"
BRANCHES = {"null", "int", "double", "string", "bytes", "n.A", "n.B"}
PAIRS = [
    ("int a", "int a"),
    ("int a", "long a"),
    ("int a", "double a"),
    ("string a", "bytes a"),
    ("string a", "uuid a"),
    ("long a", "timestamp_ms a"),
    ("timestamp_ms a", "timestamp_ms a"),
    ("bytes a", "decimal(9, 2) a"),
    ("int a", "union { null, int } a"),
    ("A a", "union { A, B } a"),
    ("union { A, B } a", "union { A, B, null } a"),
    ("union { int, string } a", "union { int, string, double } a"),
    ("union { null, string } a", "union { null, string, bytes } a"),
    ("int a, int b", "int a"),
    ("int a, int b = 1", "int a"),
    ("int a, int b", "int b, int a"),
    ("int a", 'int @aliases(["a"]) b'),
    ("int a = 1", 'int @aliases(["a"]) b = 1'),
    ("map<int> a", "map<long> a"),
    ("array<string> a", "array<bytes> a"),
]


def reads(writer: Message, reader: Message, wrote: stub.Contract, read: stub.Contract) -> bool:
    """Return whether all requests of one version are the same requests to the other."""
    for request in request_samples(writer):
        before = fields_from_json(writer.request, request, wrote.types, "m")
        sent = as_json(writer, before, wrote)
        try:
            after = fields_from_json(reader.request, sent, read.types, "m")
        except EncodeError:
            return False
        received = as_json(reader, after, read)
        if any(plain(received.get(name)) != plain(value) for name, value in sent.items()):
            return False
        if is_binary(before) is not is_binary(after):
            return False
    return True


def as_json(message: Message, values: list[Any], made: stub.Contract) -> dict[str, Json]:
    return {
        field.name: to_json(field.type, value, made.types)
        for field, value in zip(message.request, values, strict=True)
    }


def plain(value: Json) -> object:
    """Return a value whose numbers count as one kind, and whose branch may be named or not."""
    match value:
        case dict():
            named = {key: plain(item) for key, item in value.items() if key != "$type"}
            (only,) = named.values() if set(named) <= BRANCHES and len(named) == 1 else [named]
            return only
        case list():
            return [plain(item) for item in value]
        case bool() | str() | None:
            return value
        case _:
            return float(value)


def is_binary(value: object) -> bool:
    """Return whether there are bytes in a value: text that came out of base64 is something else."""
    items = value if isinstance(value, list) else [value]
    return any(isinstance(item, bytes) or (isinstance(item, list) and is_binary(item)) for item in items)


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_requests_as_json_fail_where_it_is_foretold(tmp_path: Path, old: str, new: str) -> None:
    found = of_texts(tmp_path, f"{TYPES} void m({old});", f"{TYPES} void m({new});")
    ends = {}
    for name in ("old", "new"):
        (declared,) = version(tmp_path / name).contracts.protocols.values()
        ends[name] = contract(declared.protocol)
    messages = {name: end.protocol.messages["m"] for name, end in ends.items()}
    for side, writer, reader in ((Side.OLD_CLIENT, "old", "new"), (Side.NEW_CLIENT, "new", "old")):
        breaks = [item for finding in found for item in finding.breaks if item.side is side]
        foretold = [item.why for item in breaks if item.level is not Level.SOURCE]
        works = reads(messages[writer], messages[reader], ends[writer], ends[reader])
        assert works is not bool(foretold), (side, foretold)
