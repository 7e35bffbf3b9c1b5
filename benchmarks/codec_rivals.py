"""The codecs that are compared: each gives what encodes a message, and what decodes its bytes.

Values are the objects that a library's users have: generated classes here, classes of msgspec, dicts of
fastavro and avro. Those of protobuf are made by its own parser; since they are views that make Python objects
only when they are read, it has a second row, in which a message is made of plain values, and read whole.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import avro.io
import avro.schema
import avrorpc.codec
import fastavro
import msgspec
from avrorpc.codec.datum import Datum
from avrorpc.schema import compact, schema_to_json

from benchmarks import codec_messages as messages
from benchmarks.codec_protobuf import arguments_of, protobuf_class, reader_of
from benchmarks.harness import Contender, Work
from benchmarks.loadcontracts.codec import MESSAGES

OURS: Final = "avrorpc"
PURE: Final = "avrorpc, pure Python"
FASTAVRO: Final = "fastavro"
AVRO: Final = "avro"
MSGPACK: Final = "msgspec MessagePack"
PROTOBUF: Final = "protobuf"
PROTOBUF_READ: Final = "protobuf, made and read"
NAMES: Final = (OURS, PURE, MSGPACK, PROTOBUF, PROTOBUF_READ, FASTAVRO, AVRO)

Pair = tuple[Callable[[], object], Callable[[], object]]
"""What encodes a message once, and what decodes it once."""


class PlainNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """The numeric message with a list, since MessagePack has no buffer of numbers."""

    start: int
    values: list[float]


def contenders(name: str) -> list[Contender]:
    """Return all codecs for a message, each once for encoding and once for decoding."""
    found = []
    for rival, make in _MAKERS.items():
        encode, decode = make(name)
        found += [
            Contender(f"{rival} encode", lambda f=encode: _repeating(f)),  # type: ignore[misc]
            Contender(f"{rival} decode", lambda f=decode: _repeating(f)),  # type: ignore[misc]
        ]
    return found


def ours(name: str, kind: type[Datum[Any]] = Datum) -> Pair:
    """Return this project's codec."""
    schema, value = messages.schema_of(name), messages.MAKERS[name]()
    datum = kind(schema, MESSAGES.types)
    encode, decode, data = datum.encode, datum.decode, datum.encode(value)
    assert decode(data) == value
    return lambda: encode(value), lambda: decode(data)


def _pure(name: str) -> Pair:
    """Return the portable codec, from modules of its own, since those in use have made their choice."""
    known = {key: sys.modules.pop(key) for key in [*sys.modules] if key.startswith("avrorpc.codec")}
    before = os.environ.get("AVRORPC_PURE")
    os.environ["AVRORPC_PURE"] = "1"
    try:
        kind = importlib.import_module("avrorpc.codec.datum").Datum
        assert not importlib.import_module("avrorpc.codec.acceleration").is_native
    finally:
        sys.modules.update(known)
        avrorpc.codec = known["avrorpc.codec"]
        if before is None:
            del os.environ["AVRORPC_PURE"]
        else:
            os.environ["AVRORPC_PURE"] = before
    return ours(name, kind)


def _fastavro(name: str) -> Pair:
    schema = fastavro.parse_schema(schema_to_json(messages.schema_of(name)))  # type: ignore[arg-type]
    value = messages.plain(messages.MAKERS[name]())
    write, read = fastavro.schemaless_writer, fastavro.schemaless_reader

    def encode() -> bytes:
        out = io.BytesIO()
        write(out, schema, value)
        return out.getvalue()

    data = encode()
    assert data == ours(name)[0]()
    return encode, lambda: read(io.BytesIO(data), schema, None)


def _avro(name: str) -> Pair:
    schema = avro.schema.parse(compact(schema_to_json(messages.schema_of(name))))
    value = _without_types(messages.plain(messages.MAKERS[name]()))
    writer, reader = avro.io.DatumWriter(schema), avro.io.DatumReader(schema)

    def encode() -> bytes:
        out = io.BytesIO()
        writer.write(value, avro.io.BinaryEncoder(out))
        return out.getvalue()

    data = encode()
    assert reader.read(avro.io.BinaryDecoder(io.BytesIO(data))) == value  # of unions it takes other branches
    return encode, lambda: reader.read(avro.io.BinaryDecoder(io.BytesIO(data)))


def _without_types(value: Any) -> Any:
    match value:
        case dict():
            return {key: _without_types(item) for key, item in value.items() if key != "-type"}
        case list():
            return [_without_types(item) for item in value]
        case _:
            return value


def _msgpack(name: str) -> Pair:
    value: Any = messages.MAKERS[name]()
    if name == "numbers":
        value = PlainNumbers(start=value.start, values=value.values.tolist())
    encode, decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(type(value)).decode
    data = encode(value)
    assert decode(data) == value
    return lambda: encode(value), lambda: decode(data)


def _protobuf(name: str) -> Pair:
    cls, given = _of_protobuf(name)
    message = cls(**given)
    data = message.SerializeToString()
    assert cls.FromString(data) == message
    return message.SerializeToString, lambda: cls.FromString(data)


def _protobuf_read(name: str) -> Pair:
    cls, given = _of_protobuf(name)
    read, data = reader_of(cls), cls(**given).SerializeToString()
    return lambda: cls(**given).SerializeToString(), lambda: read(cls.FromString(data))


def _of_protobuf(name: str) -> tuple[Any, Any]:
    schema = messages.schema_of(name)
    return protobuf_class(schema), arguments_of(schema, messages.plain(messages.MAKERS[name]()))


_MAKERS: Final[dict[str, Callable[[str], Pair]]] = {
    OURS: ours,
    PURE: _pure,
    MSGPACK: _msgpack,
    PROTOBUF: _protobuf,
    PROTOBUF_READ: _protobuf_read,
    FASTAVRO: _fastavro,
    AVRO: _avro,
}


@contextmanager
def _repeating(function: Callable[[], object]) -> Iterator[Work]:
    def work(count: int) -> None:
        for _ in range(count):
            function()

    yield work
