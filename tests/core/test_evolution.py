"""Each rule of evolution, old client at new server and new client at old server: verdict, connection, values.

The verdict is held against real calls, and values against what fastavro makes of the same bytes.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import fastavro
import pytest
from avrorpc import Code, ContractMismatch, UnreadableValue, connect, describe, error_info, stub
from avrorpc.codec.binary import Cursor
from avrorpc.codec.decode import Decoder, compile_decoder
from avrorpc.codec.encode import compile_encoder
from avrorpc.codec.json import from_json
from avrorpc.codec.message import ReplyDecoder, item_decoder
from avrorpc.limits import DEFAULT_LIMITS
from avrorpc.schema import (
    Json,
    Message,
    Protocol,
    Schema,
    Verdict,
    compare_protocols,
    refusal,
    schema_to_json,
)
from avrorpc.transport.address import parse_address
from avrorpc.wire.client import ClientConnection, Identity
from avrorpc.wire.envelope import CODE, read_reply_head
from avrorpc.wire.multiplex import Answered
from fastavro.read import SchemaResolutionError
from support.breaking import version
from support.contracts import write
from support.peers import Peer, contract, failures, request_samples, samples
from support.serving import ServerThread

WORKS, ADAPTED, MAY_FAIL = Verdict.WORKS, Verdict.ADAPTED, Verdict.MAY_FAIL
MISSING, REFUSED = Verdict.MISSING, Verdict.REFUSED

RECORD = "record T { string name; %s }"
ENUM = "enum T { %s }%s"

TYPES: list[tuple[str, str, str, Verdict, Verdict]] = [
    ("a field with a default", RECORD % "", RECORD % "int size = 3;", ADAPTED, ADAPTED),
    ("a field without a default", RECORD % "", RECORD % "int size;", REFUSED, ADAPTED),
    ("a field renamed", RECORD % "int size;", RECORD % "int width;", REFUSED, REFUSED),
    (
        "a field renamed with an alias",
        RECORD % "int size;",
        RECORD % 'int @aliases(["size"]) width;',
        WORKS,
        REFUSED,
    ),
    ("fields in another order", RECORD % "int size;", "record T { int size; string name; }", WORKS, WORKS),
    ("a field promoted", RECORD % "int size;", RECORD % "long size;", WORKS, REFUSED),
    ("a field of another type", RECORD % "int size;", RECORD % "string size;", REFUSED, REFUSED),
    ("a field that may be absent", RECORD % "int size;", RECORD % "int? size;", WORKS, MAY_FAIL),
    ("an optional field of another type", RECORD % "int? size;", RECORD % "string? size;", REFUSED, REFUSED),
    (
        "a union widened",
        RECORD % "union { int, string } u;",
        RECORD % "union { int, string, boolean } u;",
        WORKS,
        MAY_FAIL,
    ),
    (
        "a union with another branch",
        RECORD % "union { int, string } u;",
        RECORD % "union { int, boolean } u;",
        MAY_FAIL,
        MAY_FAIL,
    ),
    ("a symbol", ENUM % ("A, B", ""), ENUM % ("A, B, C", ""), WORKS, MAY_FAIL),
    ("a symbol with a default", ENUM % ("A, B", " = A;"), ENUM % ("A, B, C", " = A;"), WORKS, ADAPTED),
    ("other symbols", ENUM % ("A", ""), ENUM % ("B", ""), REFUSED, REFUSED),
    ("a fixed of another size", "fixed T(2);", "fixed T(3);", REFUSED, REFUSED),
    (
        "another unit of time",
        RECORD % "timestamp_ms at;",
        RECORD % '@logicalType("timestamp-micros") long at;',
        REFUSED,
        REFUSED,
    ),
    ("another scale", RECORD % "decimal(9, 2) price;", RECORD % "decimal(9, 3) price;", REFUSED, REFUSED),
    (
        "another name of a type inside",
        "record A { int x; } record T { A a; }",
        "record B { int x; } record T { B a; }",
        REFUSED,
        REFUSED,
    ),
    (
        "another name of a type inside, with an alias",
        "record A { int x; } record T { A a; }",
        '@aliases(["A"]) record B { int x; } record T { B a; }',
        WORKS,
        REFUSED,
    ),
    (
        "a nested field without a default",
        "record A { int x; } record T { array<A> list; map<A> map; }",
        "record A { int x; string y; } record T { array<A> list; map<A> map; }",
        REFUSED,
        ADAPTED,
    ),
    (
        "a nested branch of another shape",
        "record A { int x; } record B { int y; } record T { union { A, B } either; }",
        "record A { int x; } record B { string y; } record T { union { A, B } either; }",
        MAY_FAIL,
        MAY_FAIL,
    ),
    (
        "a type that refers to itself",
        "record T { int x; T? next = null; }",
        "record T { long x; int y = 1; T? next = null; }",
        ADAPTED,
        REFUSED,
    ),
]
"""What changes; the type `T` before and after; what becomes of old values at new readers, and the reverse."""

GONE = "error Gone { string why; } "
MESSAGES: list[tuple[str, str, str, Verdict, Verdict]] = [
    ("a parameter with a default", "int m(int a);", "int m(int a, int b = 1);", ADAPTED, ADAPTED),
    ("a parameter without a default", "int m(int a);", "int m(int a, int b);", REFUSED, ADAPTED),
    ("parameters in another order", "int m(int a, string b);", "int m(string b, int a);", WORKS, WORKS),
    ("a parameter renamed", "int m(int a);", 'int m(int @aliases(["a"]) b);', WORKS, REFUSED),
    ("a parameter of another type", "int m(int a);", "int m(string a);", REFUSED, REFUSED),
    ("a result promoted", "int m();", "long m();", REFUSED, WORKS),
    (
        "an error",
        f"{GONE}int m(); int n() throws Gone;",
        f"{GONE}int m() throws Gone; int n() throws Gone;",
        ADAPTED,
        WORKS,
    ),
    (
        "an error of another shape",
        f"{GONE}int m() throws Gone;",
        "error Gone { int why; } int m() throws Gone;",
        REFUSED,
        REFUSED,
    ),
    (
        "an error with one more field",
        f"{GONE}int m() throws Gone;",
        "error Gone { string why; int code = 0; } int m() throws Gone;",
        ADAPTED,
        ADAPTED,
    ),
    (
        "an error with one more symbol",
        "enum Why { A, B } error Gone { Why why; } int m() throws Gone;",
        "enum Why { A, B, C } error Gone { Why why; } int m() throws Gone;",
        MAY_FAIL,
        WORKS,
    ),
    ("one-way", "void m(int a);", "void m(int a) oneway;", ADAPTED, REFUSED),
    ("a response stream", "int m(int a);", '@stream("response") int m(int a);', REFUSED, REFUSED),
    ("a request stream", "int m(int a);", '@stream("request") int m(int a);', REFUSED, REFUSED),
    (
        "a stream both ways",
        '@stream("request") int m(int a);',
        '@stream("both") int m(int a);',
        REFUSED,
        REFUSED,
    ),
    ("a message", "int n();", "int n(); int m();", MISSING, MISSING),
]
"""What changes; the messages before and after; old client at new server, and new client at old server."""


def protocols(folder: Path, *texts: str) -> list[Protocol]:
    found = []
    for number, text in enumerate(texts):
        write(folder / str(number), {"p.avdl": f'@namespace("n") protocol P {{ {text} }}'})
        (declared,) = version(folder / str(number)).contracts.protocols.values()
        found.append(declared.protocol)
    return found


def check(client: Protocol, server: Protocol) -> None:
    """Call everything with values of every kind, and hold what fails against the verdicts."""
    verdicts = compare_protocols(client, server)
    failed = failures([client], [server])
    reasons = refusal(verdicts)
    if reasons:
        assert failed
        assert all(reasons.splitlines()[0] in failure for failure in failed)
        return
    for name, item in verdicts.items():
        mine = [failure for failure in failed if failure.startswith(f"{name}(")]
        match item.verdict:
            case Verdict.WORKS:
                assert mine == []
            case Verdict.ADAPTED:
                told = [reason.place for reason in item.reasons if reason.text.endswith("is told its text")]
                assert bool(mine) is bool(told)
                assert all("raises" in failure and "UNKNOWN: n.Gone: {'why':" in failure for failure in mine)
            case Verdict.MISSING:
                assert all("UNIMPLEMENTED: " in failure for failure in mine)
                assert bool(mine) is (name in client.messages)
            case _:
                ours, theirs = client.messages[name], server.messages[name]
                calls = len(request_samples(ours)) + len(samples(theirs.response)) - 1
                calls += sum(len(samples(error)) for error in theirs.errors)
                assert len(mine) < calls
    if any(item.verdict is MAY_FAIL for item in verdicts.values()):
        assert failed


@pytest.mark.parametrize(
    ("old", "new", "forward", "backward"), [pytest.param(*row[1:], id=row[0]) for row in TYPES]
)
def test_values_of_a_type_that_changed(
    tmp_path: Path, old: str, new: str, forward: Verdict, backward: Verdict
) -> None:
    uses = " void put(T value); T get(); array<T> list(); void keep(T? value);"
    before, after = protocols(tmp_path, old + uses, new + uses)
    for client, server, sent, received in (
        (before, after, forward, backward),
        (after, before, backward, forward),
    ):
        verdicts = {name: item.verdict for name, item in compare_protocols(client, server).items()}
        assert verdicts == {"put": sent, "get": received, "list": received, "keep": sent}
        check(client, server)
        for name in ("get", "list"):
            read_alike(server.messages[name].response, client.messages[name].response)


@pytest.mark.parametrize(
    ("old", "new", "forward", "backward"), [pytest.param(*row[1:], id=row[0]) for row in MESSAGES]
)
def test_messages_that_changed(
    tmp_path: Path, old: str, new: str, forward: Verdict, backward: Verdict
) -> None:
    before, after = protocols(tmp_path, old, new)
    for client, server, expected in ((before, after, forward), (after, before, backward)):
        assert compare_protocols(client, server)["m"].verdict is expected
        if "@stream" not in old + new:
            check(client, server)


@pytest.mark.parametrize(
    ("old", "new", "forward", "backward"), [pytest.param(*row[1:], id=row[0]) for row in TYPES]
)
def test_items_of_a_stream_of_a_type_that_changed(
    tmp_path: Path, old: str, new: str, forward: Verdict, backward: Verdict
) -> None:
    talk = ' @stream("both") T talk(string topic, T item);'
    before, after = protocols(tmp_path, old + talk, new + talk)
    for client, server, sent, received in (
        (before, after, forward, backward),
        (after, before, backward, forward),
    ):
        ours, theirs = client.messages["talk"], server.messages["talk"]
        reasons = compare_protocols(client, server)["talk"].reasons
        for place, expected in (("request item", sent), ("response item", received)):
            found = [reason.verdict for reason in reasons if reason.place == place]
            assert (found[0] if found else WORKS) is expected
        items_alike(sent, ours.request[-1].type, partial(item_decoder, ours, theirs, {}))
        items_alike(received, theirs.response, partial(result_decoder, theirs, ours))


def result_decoder(writer: Message, reader: Message) -> Decoder:
    return ReplyDecoder(writer, reader, {}).result


def items_alike(expected: Verdict, writer: Schema, make: Callable[[], Decoder]) -> None:
    """Make a decoder of items, and hold what it does with each against the verdict."""
    if expected is REFUSED:
        with pytest.raises(ContractMismatch):
            make()
        return
    decode, failed = make(), []
    for value in samples(writer):
        try:
            decode(Cursor(encoded(writer, value)))
        except UnreadableValue:
            failed.append(value)
    assert bool(failed) is (expected is MAY_FAIL)
    assert len(failed) < len(samples(writer))


def read_alike(writer: Schema, reader: Schema) -> None:
    """Read what fastavro reads from the same bytes, wherever it reads anything."""
    written = [encoded(writer, value) for value in samples(writer)]
    try:
        decode = compile_decoder(writer, reader, {})
    except ContractMismatch:
        return
    theirs: Any = [fastavro.parse_schema(as_json(schema)) for schema in (writer, reader)]
    for data in written:
        try:
            value = decode(Cursor(data))
        except UnreadableValue:
            with pytest.raises(SchemaResolutionError):
                fastavro.schemaless_reader(io.BytesIO(data), *theirs)
        else:
            assert value == fastavro.schemaless_reader(io.BytesIO(data), *theirs)


def encoded(schema: Schema, value: Json) -> bytes:
    out = bytearray()
    compile_encoder(schema, {})(out, from_json(schema, value, {}))
    return bytes(out)


def as_json(schema: Schema) -> Any:
    return schema_to_json(schema)


def plain_call(url: str, made: stub.Contract, message: str, parameters: bytes) -> tuple[bytes, str]:
    """Call as a plain Avro client, which compares no versions; return code and text of the error."""
    identity = Identity(made.hash, made.text, made.name)
    connection = ClientConnection(identity, None, "netty", DEFAULT_LIMITS)
    address = parse_address(url)
    with socket.create_connection((address.host, address.port), timeout=20) as peer:
        while True:
            peer.sendall(connection.data_to_send())
            for event in connection.receive(peer.recv(65_536)):
                if isinstance(event, Answered):
                    cursor = Cursor(event.body)
                    metadata, is_error = read_reply_head(cursor)
                    assert is_error
                    assert cursor.read_long() == 0
                    return metadata[CODE], cursor.read_string()
                connection.call(message, {}, parameters)


def test_a_client_that_compares_no_versions_is_told_the_fields_at_each_call(tmp_path: Path) -> None:
    old, new = protocols(
        tmp_path,
        "record R { string a; } enum E { A, B } R m(int x); int n(E e);",
        "record R { int a; } enum E { A } R m(string x); int n(E e);",
    )
    with ServerThread(Peer(contract(new)).service) as served:
        for _ in range(2):
            assert plain_call(served.tcp, contract(old), "m", b"\x02") == (
                b"FAILED_PRECONDITION",
                (
                    "n.P/m: request: x: the client has int, the server has string;"
                    " response: a: the server has int, the client has string"
                ),
            )
        assert plain_call(served.tcp, contract(old), "n", b"\x02") == (
            b"FAILED_PRECONDITION",
            "n.P/n: .e: the writer has the symbol B, n.E has neither it nor a default symbol here",
        )


def client_of(made: stub.Contract, url: str) -> stub.Client:
    return connect(type("Generated", (stub.Client,), {"__contract__": made}), url, timeout=20)


def test_describe_lists_the_verdicts_once_connected(tmp_path: Path) -> None:
    old, new = protocols(
        tmp_path,
        "enum E { A } E get(); void put(int a); void same();",
        "enum E { A, B } E get(); void put(int a, int b = 1); void same();",
    )
    made = contract(old)
    with ServerThread(Peer(contract(new)).service) as served, client_of(made, served.tcp) as client:
        assert describe(client).verdicts == {}
        client.__avrorpc__(made.method("put"), 1)
        described = describe(client)
    assert [item.verdict for item in described.verdicts.values()] == [MAY_FAIL, ADAPTED, WORKS]
    assert str(described).splitlines()[-5:] == [
        "  server's version: 1 of 3 messages work as they are",
        "  get: may fail",
        "    response: the server has the symbol B, the client has neither it nor a default symbol",
        "  put: works, adapted",
        "    request: b: the client has no such field; the server's default stands in",
    ]


def test_a_result_that_this_version_cannot_hold_names_the_field_and_what_it_was(tmp_path: Path) -> None:
    old, new = protocols(
        tmp_path,
        "enum E { A } record R { array<E> list; } R get();",
        "enum E { A, B } record R { array<E> list; } R get();",
    )
    made, peer = contract(old), Peer(contract(new))
    peer.reply(new.messages["get"].response, {"list": ["A", "B"]})
    with ServerThread(peer.service) as served, client_of(made, served.tcp) as client:
        for _ in range(2):
            with pytest.raises(UnreadableValue) as caught:
                client.__avrorpc__(made.method("get"))
            assert str(caught.value) == (
                ".list[1]: the writer has the symbol B, n.E has neither it nor a default symbol here"
            )
    assert error_info(caught.value).code is Code.FAILED_PRECONDITION
