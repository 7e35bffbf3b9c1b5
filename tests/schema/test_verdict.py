"""What becomes of a message between two versions of a contract, and why, in terms of client and server."""

from __future__ import annotations

import io
from typing import Any

import avro.errors
import avro.io
import avro.schema
import pytest
from avrorpc.codec.binary import Cursor
from avrorpc.codec.decode import compile_decoder
from avrorpc.codec.encode import compile_encoder
from avrorpc.errors import ContractMismatch, DecodeError, UnreadableValue
from avrorpc.schema import (
    MOST_REASONS,
    Extent,
    Json,
    Kind,
    Message,
    Verdict,
    compact,
    compare_messages,
    compare_protocols,
    final_problem,
    incompatibilities,
    parse_protocol,
    parse_schema,
    refusal,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.avro_strategies import values
from support.versions import as_records, present, versions

ITEM: Json = {"type": "record", "name": "Item", "fields": [{"name": "name", "type": "string"}]}
SIZED: Json = {
    "type": "record",
    "name": "Item",
    "fields": [{"name": "name", "type": "string"}, {"name": "size", "type": "int"}],
}
DEFAULTED: Json = {
    "type": "record",
    "name": "Item",
    "fields": [{"name": "name", "type": "string"}, {"name": "size", "type": "int", "default": 3}],
}
NUMBERED: Json = {"type": "record", "name": "Item", "fields": [{"name": "name", "type": "long"}]}
GONE: Json = {"type": "error", "name": "Gone", "fields": [{"name": "why", "type": "string"}]}
WORSE: Json = {"type": "error", "name": "Gone", "fields": [{"name": "why", "type": "int"}]}


def kind(*symbols: str, **more: Json) -> Json:
    return {"type": "enum", "name": "Kind", "symbols": list(symbols), **more}


def message(*types: Json, **more: Json) -> Message:
    made: Json = {"request": [], "response": "null", **more}
    text: Json = {"protocol": "P", "namespace": "n", "types": list(types), "messages": {"m": made}}
    return parse_protocol(compact(text)).messages["m"]


def parameters(**types: Json) -> list[Json]:
    return [{"name": name, "type": schema} for name, schema in types.items()]


def told(client: Message, server: Message) -> list[str]:
    return str(compare_messages("m", client, server)).splitlines()


def test_one_version_works() -> None:
    one = message(ITEM, response="Item")
    assert told(one, one) == ["m: works"]
    assert told(one, message(ITEM, response="Item")) == ["m: works"]


ROWS: list[tuple[str, Message, Message, list[str]]] = [
    (
        "a field that the server lacks, without a default",
        message(SIZED, response="Item"),
        message(ITEM, response="Item"),
        [
            "m: refused",
            "  response: size: the server's n.Item has no such field, and the client has no default for it",
        ],
    ),
    (
        "a field that the server lacks, with a default",
        message(DEFAULTED, response="Item"),
        message(ITEM, response="Item"),
        [
            "m: works, adapted",
            "  response: size: the server has no such field; the client's default stands in",
        ],
    ),
    (
        "a field that the client lacks",
        message(ITEM, request=parameters(item="Item")),
        message(SIZED, request=parameters(item="Item")),
        [
            "m: refused",
            (
                "  request: item.size: the client's n.Item has no such field,"
                " and the server has no default for it"
            ),
        ],
    ),
    (
        "a field that is passed over",
        message(SIZED, request=parameters(item="Item")),
        message(ITEM, request=parameters(item="Item")),
        ["m: works, adapted", "  request: item.size: the server has no such field, and passes over it"],
    ),
    (
        "a parameter that the client lacks",
        message(),
        message(request=parameters(key="string")),
        [
            "m: refused",
            "  request: key: the client's request has no such field, and the server has no default for it",
        ],
    ),
    (
        "another type inside a list",
        message(ITEM, response={"type": "array", "items": "Item"}),
        message(NUMBERED, response={"type": "array", "items": "Item"}),
        ["m: refused", "  response: [].name: the server has long, the client has string"],
    ),
    (
        "another type of an optional result",
        message(response=["null", "int"]),
        message(response=["null", "string"]),
        ["m: refused", "  response: the server has string, the client has union { null, int }"],
    ),
    (
        "a branch that the client lacks",
        message(response=["int", "boolean"]),
        message(response=["int", "string", "boolean"]),
        ["m: may fail", "  response: the server has string, the client has union { int, boolean }"],
    ),
    (
        "a result that may be absent now",
        message(response="int"),
        message(response=["null", "int"]),
        ["m: may fail", "  response: the server has null, the client has int"],
    ),
    (
        "a symbol that the client lacks",
        message(kind("A"), response="Kind"),
        message(kind("A", "B"), response="Kind"),
        [
            "m: may fail",
            "  response: the server has the symbol B, the client has neither it nor a default symbol",
        ],
    ),
    (
        "a symbol that becomes the default one",
        message(kind("A", default="A"), response="Kind"),
        message(kind("A", "B"), response="Kind"),
        ["m: works, adapted", "  response: the client has no symbol B, and takes it for A"],
    ),
    (
        "no symbol in common",
        message(kind("A"), response="Kind"),
        message(kind("B"), response="Kind"),
        [
            "m: refused",
            "  response: the server has the symbol B, the client has neither it nor a default symbol",
        ],
    ),
    (
        "an error that the client lacks",
        message(response="null"),
        message(GONE, response="null", errors=["Gone"]),
        ["m: works, adapted", "  error n.Gone: the client does not declare it, and is told its text"],
    ),
    ("an error that the server lacks", message(GONE, errors=["Gone"]), message(), ["m: works"]),
    (
        "an error of another shape",
        message(GONE, errors=["Gone"]),
        message(WORSE, errors=["Gone"]),
        ["m: refused", "  error n.Gone: why: the server has int, the client has string"],
    ),
    (
        "one-way at the client",
        message(**{"one-way": True}),
        message(),
        ["m: refused", "  message: it is one-way at the client only"],
    ),
    (
        "one-way at the server",
        message(response="null"),
        message(**{"one-way": True}),
        [
            "m: works, adapted",
            "  message: it is one-way at the server, which answers this client when the work is done",
        ],
    ),
    (
        "one-way at the server, and with a result at the client",
        message(response="int"),
        message(**{"one-way": True}),
        [
            "m: refused",
            "  response: the server has null, the client has int",
            "  message: it is one-way at the server, which answers this client when the work is done",
        ],
    ),
    (
        "a stream at one end",
        message(request=parameters(item="int")),
        message(request=parameters(item="int"), stream="both"),
        [
            "m: refused",
            "  message: its request is a stream at the server only",
            "  message: its response is a stream at the server only",
        ],
    ),
    (
        "items of another type",
        message(request=parameters(key="int", item="string"), response="int", stream="both"),
        message(request=parameters(key="int", item="int"), response="string", stream="both"),
        [
            "m: refused",
            "  request item: the client has string, the server has int",
            "  response item: the server has string, the client has int",
        ],
    ),
    (
        "the item under another name",
        message(request=parameters(key="int", item="int"), stream="request"),
        message(request=parameters(key="int", piece="long"), stream="request"),
        ["m: works"],
    ),
    (
        "a stream that is none",
        message(request=parameters(item="int")),
        message(request=parameters(item="int"), stream="sideways"),
        ["m: refused", '  message: m: @stream(\'sideways\') is none of "request", "response", "both"'],
    ),
]


@pytest.mark.parametrize(
    ("client", "server", "expected"), [pytest.param(*row[1:], id=row[0]) for row in ROWS]
)
def test_the_verdict_says_why(client: Message, server: Message, expected: list[str]) -> None:
    assert told(client, server) == expected


def protocol(**messages: Json) -> Any:
    made: dict[str, Json] = {}
    for name, response in messages.items():
        made[name] = {"request": [], "response": response}
    return parse_protocol(compact({"protocol": "P", "types": [], "messages": made}))


def test_messages_of_both_versions_are_listed_the_clients_first() -> None:
    found = compare_protocols(protocol(a="int", b="int"), protocol(c="int", b="string"))
    assert [str(item) for item in found.values()] == [
        "a: missing\n  message: the server has no such message",
        "b: refused\n  response: the server has string, the client has int",
        "c: missing\n  message: the client has no such message",
    ]
    assert refusal(found) == "b: response: the server has string, the client has int"


def test_a_missing_message_refuses_nothing() -> None:
    assert refusal(compare_protocols(protocol(a="int"), protocol(b="int"))) == ""


def test_texts_list_so_many_reasons_and_count_the_rest() -> None:
    many: Json = parameters(**{f"p{number}": "int" for number in range(MOST_REASONS + 5)})
    verdict = compare_messages("m", message(), message(request=many))
    assert len(verdict.reasons) == MOST_REASONS + 5
    assert str(verdict).splitlines()[-1] == "  and 5 more"
    assert len(str(verdict).splitlines()) == MOST_REASONS + 2
    assert refusal({"m": verdict}).splitlines()[-1] == "and 5 more"


def test_defaults_that_differ_are_of_no_account_in_binary() -> None:
    one: Json = [{"name": "size", "type": "int", "default": 1}]
    other: Json = [{"name": "size", "type": "int", "default": 2}]
    assert compare_messages("m", message(request=one), message(request=other)).verdict is Verdict.WORKS


def sent(writer: Any, value: Any) -> Cursor:
    out = bytearray()
    compile_encoder(writer, {})(out, value)
    return Cursor(bytes(out))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(versions(), st.data())
def test_the_verdict_holds_for_any_value(pair: tuple[Any, Any], data: st.DataObject) -> None:
    for one, other in (pair, pair[::-1]):
        writer, reader = parse_schema(compact(one)), parse_schema(compact(other))
        problem, found = final_problem(writer, reader), incompatibilities(writer, reader)
        if problem is not None:
            with pytest.raises(ContractMismatch, match="has"):
                compile_decoder(writer, reader, {})
            continue
        decode = compile_decoder(writer, reader, {})
        cursor = sent(writer, data.draw(values(writer)))
        try:
            decode(cursor)
            cursor.finish()
        except UnreadableValue:
            assert any(item.extent is Extent.SOME and item.per_value for item in found)
        except DecodeError:
            assert any(item.kind is Kind.TEXT for item in found)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(versions(), st.data())
def test_what_is_refused_has_no_value_that_could_be_read_unless_a_part_is_absent(
    pair: tuple[Any, Any], data: st.DataObject
) -> None:
    for one, other in (pair, pair[::-1]):
        writer, reader = parse_schema(compact(one)), parse_schema(compact(other))
        if final_problem(writer, reader) is not None:
            written = sent(writer, data.draw(present(writer))).data
            wrote, reads = (avro.schema.parse(compact(as_records(text))) for text in (one, other))
            with pytest.raises(avro.errors.AvroException):
                avro.io.DatumReader(wrote, reads).read(avro.io.BinaryDecoder(io.BytesIO(written)))
