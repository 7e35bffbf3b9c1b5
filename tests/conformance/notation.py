"""Bytes as cases write them: handshakes, plain calls and our own frames, made and read by hand.

Nothing of the runtime's wire is used here, lest a mistake be made alike at both ends; of the runtime there is
only the encoding of values.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from avrorpc import DeclaredError, stub
from avrorpc.codec.binary import Cursor
from avrorpc.codec.json import from_json
from avrorpc.codec.message import ReplyDecoder, ReplyEncoder, RequestEncoder
from avrorpc.limits import DEFAULT_LIMITS
from conformance import contracts

KINDS: Final = {
    name: number
    for number, name in enumerate(
        ("OPEN", "ITEM", "END", "REPLY", "CANCEL", "CREDIT", "PING", "PONG", "GOODBYE", "BIND", "BOUND"),
        start=1,
    )
}
FLAGS: Final = {"MORE": 1, "COMPRESSED": 2, "ONE_WAY": 4, "STREAM": 8}
MATCHES: Final = ("BOTH", "CLIENT", "NONE")
OFFER: Final = {"avrorpc.upgrade": "1", "avrorpc.max-body": "67108864", "avrorpc.window": "262144"}
CONSENT: Final = {**OFFER, "avrorpc.max-calls": "1024"}
_HEAD: Final = struct.Struct(">IBBI")

Read = Callable[[int], bytes]
"""Takes a number of bytes, and returns as many."""


# Avro's simplest values.


def long(number: int) -> bytes:
    """Return a zigzag varint."""
    left = (number << 1) ^ (number >> 63)
    out = bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
    return bytes(out)


def string(text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return long(len(data)) + data


def mapping(values: Mapping[str, str]) -> bytes:
    if not values:
        return b"\0"
    return long(len(values)) + b"".join(string(k) + string(v) for k, v in values.items()) + b"\0"


class Bytes:
    """Reads Avro's simplest values from bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, count: int) -> bytes:
        taken = self.data[self.position : self.position + count]
        assert len(taken) == count, f"{count} bytes wanted at {self.position} of {self.data.hex(' ')}"
        self.position += count
        return taken

    def long(self) -> int:
        shift = number = 0
        while True:
            (byte,) = self.take(1)
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (number >> 1) ^ -(number & 1)
            shift += 7

    def string(self) -> str:
        return self.take(self.long()).decode()

    def mapping(self) -> dict[str, str]:
        values: dict[str, str] = {}
        while count := self.long():
            for _ in range(count):
                key = self.string()
                values[key] = self.take(self.long()).decode(errors="replace")
        return values

    def rest(self) -> bytes:
        return self.take(len(self.data) - self.position)


# Handshakes.


def hello(given: Mapping[str, Any]) -> bytes:
    """Return a handshake request."""
    contract = contracts.CONTRACTS[given.get("protocol", "small")]
    client = _hash(given.get("client", given.get("protocol", "small")))
    server = _hash(given.get("server", given.get("protocol", "small")))
    text = given.get("text", False)
    shown = contract.text if text is True else text
    meta = meta_of(given, OFFER)
    return (
        client
        + (b"\0" if shown is False else b"\2" + string(shown))
        + server
        + (b"\2" + mapping(meta) if meta else b"\0")
    )


def check_hello(data: Bytes, given: Mapping[str, Any]) -> None:
    """Read a handshake request, and compare it with what is given."""
    client = data.take(16)
    text = data.string() if data.long() else None
    server = data.take(16)
    meta = data.mapping() if data.long() else {}
    if "protocol" in given:
        assert client == _hash(given["protocol"])
    if "server" in given:
        assert server == _hash(given["server"])
    if "text" in given:
        assert (text is not None) is bool(given["text"])
    check_meta(meta, given)


def welcome(given: Mapping[str, Any]) -> bytes:
    """Return a handshake response."""
    contract = contracts.CONTRACTS[given.get("protocol", "small")]
    match = given.get("match", "BOTH")
    shows = given.get("text", match != "BOTH")
    text = contract.text if shows is True else shows
    meta = meta_of(given, CONSENT)
    return (
        long(MATCHES.index(match) if match in MATCHES else int(match))
        + (b"\0" if text is False else b"\2" + string(text))
        + (b"\2" + _hash(given.get("protocol", "small")) if given.get("hash", shows is not False) else b"\0")
        + (b"\2" + mapping(meta) if meta else b"\0")
    )


def check_welcome(data: Bytes, given: Mapping[str, Any]) -> None:
    """Read a handshake response, and compare it with what is given."""
    match = MATCHES[data.long()]
    text = data.string() if data.long() else None
    shown = data.take(16) if data.long() else None
    meta = data.mapping() if data.long() else {}
    assert match == given.get("match", "BOTH")
    if "protocol" in given:
        assert text == contracts.CONTRACTS[given["protocol"]].text
        assert shown == _hash(given["protocol"])
    if "text" in given:
        assert (text is not None) is given["text"]
    check_meta(meta, given)


def check_meta(meta: Mapping[str, str], given: Mapping[str, Any]) -> None:
    """Compare a handshake's metadata with what is given."""
    if "upgrade" in given:
        assert ("avrorpc.upgrade" in meta) is bool(given["upgrade"])
    for key, value in given.get("meta", {}).items():
        assert meta.get(key) == value, f"{key} is {meta.get(key)!r}"


def meta_of(given: Mapping[str, Any], upgrade: Mapping[str, str]) -> dict[str, str]:
    """Return a handshake's metadata; a key without a value is left out."""
    meta = {**(upgrade if given.get("upgrade") else {}), **given.get("meta", {})}
    return {key: value for key, value in meta.items() if value is not None}


def _hash(name: str) -> bytes:
    if name in contracts.CONTRACTS:
        return hashlib.md5(contracts.CONTRACTS[name].text.encode()).digest()
    return bytes.fromhex(name)


# Calls.


def request(given: Mapping[str, Any], *, full_name: bool = False) -> bytes:
    """Return a request: metadata, message and parameters."""
    if "call" in given:
        method = contracts.method(given["call"])
        parameters = bytearray()
        RequestEncoder(method.message, method.contract.types)(
            parameters, tuple(contracts.arguments(method, given.get("arguments", {})))
        )
        name = method.full_name if full_name else method.name
    else:
        parameters, name = bytearray(), ""
    name = given.get("message", name)
    body = mapping(given.get("metadata", {})) + string(name) + bytes(parameters)
    body = body[: len(body) - given.get("cut", 0)]
    return body + bytes.fromhex(given.get("rest", ""))


def check_request(data: Bytes, given: Mapping[str, Any], *, full_name: bool = False) -> None:
    """Read a request, and compare it with what is given."""
    metadata, name = data.mapping(), data.string()
    method = contracts.method(given["call"])
    assert name == (method.full_name if full_name else method.name)
    for key in given.get("has", []):
        assert key in metadata
    for key, value in given.get("metadata", {}).items():
        assert metadata.get(key) == value
    if "arguments" in given:
        wanted = bytearray()
        arguments = tuple(contracts.arguments(method, given["arguments"]))
        RequestEncoder(method.message, method.contract.types)(wanted, arguments)
        assert data.rest() == wanted


def reply(given: Mapping[str, Any]) -> bytes:
    """Return a reply: metadata, error flag, and result or error."""
    metadata = dict(given.get("metadata", {}))
    if "status" in given:
        metadata = {"avrorpc.code": given["status"], **metadata}
    if "system" in given or "status" in given:
        body = b"\1\0" + string(given.get("system", ""))
    elif "declared" in given:
        method = contracts.method(given["of"])
        schema = next(one for one in method.contract.protocol.types if one.name == given["declared"])
        out = bytearray()
        error = from_json(schema, given["fields"], method.contract.types)
        ReplyEncoder(method.message, method.contract.types).error(out, error)
        body = b"\1" + bytes(out)
    elif "value" in given:
        method = contracts.method(given["of"])
        out = bytearray()
        value = from_json(method.message.response, given["value"], method.contract.types)
        ReplyEncoder(method.message, method.contract.types).result(out, value)
        body = b"\0" + bytes(out)
    else:
        body = b"\0"
    body = mapping(metadata) + body
    body = body[: len(body) - given.get("cut", 0)]
    return body + bytes.fromhex(given.get("rest", ""))


def check_reply(data: Bytes, given: Mapping[str, Any]) -> None:
    """Read a reply, and compare it with what is given."""
    metadata = data.mapping()
    is_error = data.take(1) == b"\1"
    if "status" in given:
        assert is_error
        assert metadata.get("avrorpc.code") == given["status"], metadata
        assert data.long() == 0
        text = data.string()
        for part in given.get("message", []):
            assert part in text
        return
    if "declared" in given:
        method = contracts.method(given["of"])
        decoder = ReplyDecoder(method.message, method.message, method.contract.types)
        assert is_error
        error = decoder.error(Cursor(data.rest(), DEFAULT_LIMITS))
        assert isinstance(error, DeclaredError)
        assert contracts.shown_error(error, method.contract) == (given["declared"], given["fields"])
        return
    assert not is_error, data.rest()
    if "value" in given:
        assert _result(contracts.method(given["of"]), data) == given["value"]
    elif given.get("ends"):
        assert not data.rest()


def _result(method: stub.Method[Any], data: Bytes) -> Any:
    decoder = ReplyDecoder(method.message, method.message, method.contract.types)
    return contracts.shown(method, decoder.result(Cursor(data.rest(), DEFAULT_LIMITS)))


# Framings, and our own frames.


def framed(opening: str, serial: int, body: bytes) -> bytes:
    """Return a message in a framing of plain Avro."""
    part = struct.pack(">i", len(body)) + body
    return struct.pack(">ii", serial, 1) + part if opening == "netty" else part + bytes(4)


def unframed(opening: str, read: Read) -> tuple[int, Bytes]:
    """Read a message in a framing of plain Avro: its serial, if it has one, and its body."""
    if opening == "netty":
        serial, count = struct.unpack(">ii", read(8))
        return serial, Bytes(b"".join(read(*struct.unpack(">i", read(4))) for _ in range(count)))
    body = b""
    while length := struct.unpack(">i", read(4))[0]:
        body += read(length)
    return 0, Bytes(body)


def frame(given: Mapping[str, Any]) -> bytes:
    """Return one of our own frames."""
    payload = _payload(given)
    if given.get("packed") == "deflate":
        payload = zlib.compress(payload)
    payload = payload[: len(payload) - given.get("cut", 0)]
    kind = given["kind"]
    number = KINDS.get(kind, kind)
    flags = sum(FLAGS[name] if isinstance(name, str) else name for name in given.get("flags", []))
    return _HEAD.pack(given.get("length", len(payload)), number, flags, given.get("call", 0)) + payload


def _payload(given: Mapping[str, Any]) -> bytes:
    match given:
        case {"hex": text}:
            return bytes.fromhex(text)
        case {"open": opened}:
            return request(opened, full_name=True)
        case {"item": value, "of": call}:
            method = contracts.method(call)
            schema = method.message.request[-1].type if given["kind"] == "ITEM" and given.get("up") else None
            schema = schema or method.message.response
            out = bytearray()
            value = from_json(schema, value, method.contract.types)
            if given.get("up"):
                return bytes(RequestEncoder(method.message, method.contract.types).item(value, 0))
            ReplyEncoder(method.message, method.contract.types).result(out, value)
            return bytes(out)
        case {"reply": answered}:
            return reply(answered)
        case {"credit": count}:
            return struct.pack(">I", count)
        case {"goodbye": {"last": last, "reason": reason}}:
            return struct.pack(">I", last) + str(reason).encode()
        case {"zeros": count}:
            return bytes(count)
        case {"hello": handshake}:
            return hello(handshake)
        case {"welcome": handshake}:
            return welcome(handshake)
        case _:
            return b""


def read_frame(read: Read, *, skips: str = "CREDIT") -> tuple[str, int, int, bytes]:
    """Read a message in our own frames: its kind, call and first flags, and its payload, put together."""
    whole, first = b"", None
    while True:
        length, number, flags, call = _HEAD.unpack(read(_HEAD.size))
        payload = read(length)
        kind = next(name for name, known in KINDS.items() if known == number)
        if kind == skips:
            continue
        whole += payload
        first = first if first is not None else flags
        if not flags & FLAGS["MORE"]:
            return kind, call, first, whole


def check_frame(read: Read, given: Mapping[str, Any]) -> None:
    """Read one of our own frames, and compare it with what is given."""
    wanted = given["kind"]
    kind, call, flags, payload = read_frame(read, skips="" if wanted == "CREDIT" else "CREDIT")
    assert kind == wanted, f"{kind} of call {call}: {payload[:200]!r}"
    assert call == given.get("call", 0)
    if "flags" in given:
        assert flags & ~FLAGS["MORE"] == sum(FLAGS[name] for name in given["flags"])
    if given.get("packed") == "deflate":
        payload = zlib.decompress(payload)
    match given:
        case {"hex": text}:
            assert payload == bytes.fromhex(text)
        case {"open": opened}:
            check_request(Bytes(payload), opened, full_name=True)
        case {"item": value, "of": name}:
            method = contracts.method(name)
            if given.get("up"):
                item = contracts.item(method, value)
                assert payload == RequestEncoder(method.message, method.contract.types).item(item, 0)
            else:
                assert _result(method, Bytes(payload)) == contracts.whole(
                    method.message.response, value, method.contract
                )
        case {"reply": answered}:
            check_reply(Bytes(payload), answered)
        case {"credit": count}:
            assert struct.unpack(">I", payload) == (count,)
        case {"goodbye": {"last": last, "reason": reason}}:
            assert struct.unpack_from(">I", payload)[0] == last
            assert reason in payload[4:].decode()
        case {"hello": handshake}:
            check_hello(Bytes(payload), handshake)
        case {"welcome": handshake}:
            check_welcome(Bytes(payload), handshake)
        case {"size": size}:
            assert len(payload) == size
