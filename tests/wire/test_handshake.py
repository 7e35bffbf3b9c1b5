"""The handshake's bytes, held against the specification's own schemas in fastavro."""

from __future__ import annotations

import io
from typing import Any

import fastavro
import pytest
from avrorpc.codec.binary import Cursor
from avrorpc.errors import DecodeError, LimitExceeded
from avrorpc.limits import Limits
from avrorpc.wire.handshake import (
    HandshakeRequest,
    HandshakeResponse,
    Match,
    decode_request,
    decode_response,
    encode_request,
    encode_response,
)
from hypothesis import given
from hypothesis import strategies as st

# From the Avro 1.12 specification, "Handshake".
MD5: dict[str, Any] = {"type": "fixed", "name": "MD5", "size": 16}
META: list[Any] = ["null", {"type": "map", "values": "bytes"}]
REQUEST = fastavro.parse_schema(
    {
        "type": "record",
        "name": "HandshakeRequest",
        "namespace": "org.apache.avro.ipc",
        "fields": [
            {"name": "clientHash", "type": MD5},
            {"name": "clientProtocol", "type": ["null", "string"]},
            {"name": "serverHash", "type": "MD5"},
            {"name": "meta", "type": META},
        ],
    }
)
RESPONSE = fastavro.parse_schema(
    {
        "type": "record",
        "name": "HandshakeResponse",
        "namespace": "org.apache.avro.ipc",
        "fields": [
            {
                "name": "match",
                "type": {"type": "enum", "name": "HandshakeMatch", "symbols": ["BOTH", "CLIENT", "NONE"]},
            },
            {"name": "serverProtocol", "type": ["null", "string"]},
            {"name": "serverHash", "type": ["null", MD5]},
            {"name": "meta", "type": META},
        ],
    }
)
A, B = b"a" * 16, b"b" * 16

REQUESTS = [
    HandshakeRequest(A, None, B),
    HandshakeRequest(A, '{"protocol":"P"}', B),
    HandshakeRequest(A, "größe", A, {"key": b"\x00\xff", "": b""}),
]
RESPONSES = [
    HandshakeResponse(Match.BOTH),
    HandshakeResponse(Match.CLIENT, "text", A),
    HandshakeResponse(Match.NONE, "text", A, {"k": b"v"}),
    HandshakeResponse(Match.NONE, None, B),
]


def by_fastavro(schema: Any, value: dict[str, Any]) -> bytes:
    written = io.BytesIO()
    fastavro.schemaless_writer(written, schema, value)
    return written.getvalue()


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_has_the_specifications_bytes(request_: HandshakeRequest) -> None:
    value = {
        "clientHash": request_.client_hash,
        "clientProtocol": request_.client_text,
        "serverHash": request_.server_hash,
        "meta": dict(request_.meta) or None,
    }
    assert encode_request(request_) == by_fastavro(REQUEST, value)
    cursor = Cursor(encode_request(request_) + b"call")
    assert decode_request(cursor) == request_
    assert cursor.remaining == 4


@pytest.mark.parametrize("response", RESPONSES)
def test_a_response_has_the_specifications_bytes(response: HandshakeResponse) -> None:
    value = {
        "match": response.match.name,
        "serverProtocol": response.server_text,
        "serverHash": response.server_hash,
        "meta": dict(response.meta) or None,
    }
    assert encode_response(response) == by_fastavro(RESPONSE, value)
    cursor = Cursor(encode_response(response) + b"reply")
    assert decode_response(cursor) == response
    assert cursor.remaining == 5


def test_metadata_that_is_there_and_empty_reads_like_none() -> None:
    value: dict[str, Any] = {"clientHash": A, "clientProtocol": None, "serverHash": B, "meta": {}}
    assert decode_request(Cursor(by_fastavro(REQUEST, value))) == HandshakeRequest(A, None, B)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "16 bytes were announced, 0 are left"),
        (A, "the data ends inside an integer"),
        (A + b"\x04", "branch 2 of an optional value"),
        (A + b"\x01", "branch -1 of an optional value"),
        (A + b"\x02\x02\xff", "not UTF-8"),
        (A + b"\x00" + A, "the data ends inside an integer"),
        (A + b"\x00" + A + b"\x02\x02", "the data ends inside an integer"),
        (A + b"\x02\x80\x80\x80\x08", "bytes were announced, 0 are left"),
    ],
)
def test_a_malformed_request_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(DecodeError, match=problem):
        decode_request(Cursor(data))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "the data ends inside an integer"),
        (b"\x06", "handshake match 3"),
        (b"\x01", "handshake match -1"),
        (b"\x00\x00\x02" + b"short", "16 bytes were announced, 5 are left"),
    ],
)
def test_a_malformed_response_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(DecodeError, match=problem):
        decode_response(Cursor(data))


def test_what_the_other_end_shows_is_bounded() -> None:
    limits = Limits(max_protocol=10, max_metadata=10)
    long_text = encode_request(HandshakeRequest(A, "x" * 11, B))
    with pytest.raises(LimitExceeded, match="a protocol above max_protocol=10 bytes"):
        decode_request(Cursor(long_text, limits))
    with pytest.raises(LimitExceeded, match="a protocol above max_protocol=10 bytes"):
        decode_response(Cursor(encode_response(HandshakeResponse(Match.NONE, "x" * 11, B)), limits))
    with pytest.raises(LimitExceeded, match="metadata above max_metadata=10 bytes"):
        decode_request(Cursor(encode_request(HandshakeRequest(A, None, B, {"k": b"v" * 11})), limits))


@given(st.binary(max_size=80))
def test_any_bytes_are_a_handshake_or_an_error(data: bytes) -> None:
    for decode in (decode_request, decode_response):
        try:
            decode(Cursor(data))
        except (DecodeError, LimitExceeded):
            continue
