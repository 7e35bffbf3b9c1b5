"""What is fuzzed: functions of bytes, each of which holds its part of the runtime to what it promises.

Whatever the bytes, nothing but an `RpcError` comes out, and what is kept stays within the limits. The name of
a function is the name of its target, and of its file in `corpus`.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Final

from avrorpc.codec.binary import Cursor
from avrorpc.codec.decode import compile_decoder, compile_skipper
from avrorpc.codec.encode import compile_encoder
from avrorpc.codec.single_object import SingleObject
from avrorpc.errors import ContractMismatch, EncodeError, RpcError, SchemaError
from avrorpc.limits import Limits
from avrorpc.schema import Schema, SchemaStore, compact, parse_protocol, parse_schema, schema_to_json
from avrorpc.wire.compression import Deflate, compression
from avrorpc.wire.envelope import read_code, read_reply_head, read_request_head, read_timeout
from avrorpc.wire.frames import FrameReader, encode
from avrorpc.wire.framing import deframer
from avrorpc.wire.handshake import decode_request, decode_response, encode_request, encode_response
from avrorpc.wire.settings import Wishes, accept, agreed

from fuzz.connections import client_connection, conversation, server_connection
from fuzz.multiplexing import multiplexer_client, multiplexer_server
from fuzz.scripts import Script

LIMITS: Final = Limits(
    max_body=40_000, max_buffers=64, max_items=1_000, max_depth=40, max_metadata=2_000, max_protocol=20_000
)


def frame_reader(data: bytes) -> None:
    """Cutting bytes into frames gives the same in pieces as at once, and keeps no more than a frame."""
    script = Script(data)
    cut = list(script.pieces(script.rest()))
    at_once: list[object] = []
    in_pieces: list[object] = []
    for pieces, frames in ((cut, in_pieces), ([b"".join(cut)], at_once)):
        reader = FrameReader(200)
        try:
            for piece in pieces:
                got = reader.feed(piece)
                frames.extend(got)
                for frame in got:
                    assert len(frame.payload) <= 200
                    again = encode(frame.kind, frame.call, frame.payload, frame.flags)
                    assert FrameReader(200).feed(again) == [frame]
                assert len(reader._data) <= 210 + len(piece)
        except RpcError as error:
            frames.append(str(error))
    if not any(isinstance(frame, str) for frame in at_once):
        assert in_pieces == at_once


def deframers(data: bytes) -> None:
    """Cutting bytes into messages of plain Avro gives the same in pieces as at once."""
    script = Script(data)
    framing = script.pick(("netty", "spec"))
    skips = bool(script.byte() % 2)
    cut = list(script.pieces(script.rest()))
    given: list[list[object]] = []
    for pieces in (cut, [b"".join(cut)]):
        reader = deframer(framing, LIMITS)  # type: ignore[arg-type]
        reader.skips_excess = skips
        messages: list[object] = []
        given.append(messages)
        try:
            for piece in pieces:
                for serial, body in reader.feed(piece):
                    assert not isinstance(body, bytes) or len(body) <= LIMITS.max_body
                    messages.append((serial, str(body) if isinstance(body, RpcError) else body))
        except RpcError as error:
            messages.append(type(error))
    if not any(isinstance(message, type) for message in given[1]):
        assert given[0] == given[1]


def handshake(data: bytes) -> None:
    """A handshake that can be read is written and read again as the same; what is offered is bounded."""
    with contextlib.suppress(RpcError):
        request = decode_request(Cursor(data, LIMITS))
        assert decode_request(Cursor(encode_request(request), Limits())) == request
        agreement = accept(request.meta, LIMITS)
        if agreement is not None:
            answered = agreed(agreement[1], Wishes(compressions=("zstd", "deflate"), has_window=False))
            assert answered is not None
            assert answered.max_calls == LIMITS.max_calls
    with contextlib.suppress(RpcError):
        response = decode_response(Cursor(data, LIMITS))
        assert decode_response(Cursor(encode_response(response), Limits())) == response
        agreed(response.meta, Wishes(compressions=("deflate",)))


def envelope(data: bytes) -> None:
    """The beginning of a request or a reply stays within the limit on metadata."""
    with contextlib.suppress(RpcError):
        metadata, name = read_request_head(Cursor(data, LIMITS))
        assert sum(len(k.encode()) + len(v) for k, v in metadata.items()) <= LIMITS.max_metadata
        assert len(name) <= len(data)
        left = read_timeout(metadata)
        assert left is None or left >= 0
    with contextlib.suppress(RpcError):
        metadata, _ = read_reply_head(Cursor(data, LIMITS))
        read_code(metadata)


def decompression(data: bytes) -> None:
    """What is decompressed stays within the limits, whatever it says of itself."""
    limits = Limits(max_body=20_000, max_expansion=100)
    for way in (Deflate(), compression("zstd")):
        if way is not None:
            with contextlib.suppress(RpcError):
                out = way.decompress(data, limits)
                assert len(out) <= min(20_000, 100 * len(data))
                assert way.decompress(way.compress(out), Limits()) == out


def _schema(text: bytes) -> Schema | None:
    try:
        return parse_schema(text.decode(errors="replace"))
    except SchemaError:
        return None


def schema_json(data: bytes) -> None:
    """A schema that can be read is written and read again as the same."""
    schema = _schema(data)
    if schema is not None:
        text = compact(schema_to_json(schema))
        assert compact(schema_to_json(parse_schema(text))) == text


def protocol_json(data: bytes) -> None:
    """A protocol is read, or refused as one."""
    with contextlib.suppress(SchemaError):
        parse_protocol(data.decode(errors="replace"))


def resolution(data: bytes) -> None:
    """What one schema wrote is read with another: a value, or an error of the two promised kinds.

    The bytes are the two schemas and the value, with zero bytes between; without a second, the first reads.
    """
    first, _, rest = data.partition(b"\0")
    second, _, body = rest.partition(b"\0")
    writer = _schema(first)
    reader = _schema(second) if second else writer
    if writer is None or reader is None:
        return
    try:
        decode = compile_decoder(writer, reader, {})
    except ContractMismatch:
        return
    cursor = Cursor(body, LIMITS)
    with contextlib.suppress(RpcError):
        value = decode(cursor)
        assert cursor.depth == 0
        out = bytearray()
        try:
            compile_encoder(reader, {})(out, value)
        except EncodeError:
            return  # such as a union of two types that have one in Python
        compile_decoder(reader, reader, {})(Cursor(bytes(out), Limits(max_depth=1_000)))
    skipped = Cursor(body, LIMITS)
    with contextlib.suppress(RpcError):
        compile_skipper(writer)(skipped)
        assert skipped.position <= len(body)


_ORDER = parse_schema(
    '{"type":"record","name":"a.Order","fields":[{"name":"id","type":"long"},'
    '{"name":"lines","type":{"type":"array","items":["null","string","a.Order"]}},'
    '{"name":"named","type":{"type":"map","values":"bytes"},"default":{}}]}'
)
_OLD_ORDER = parse_schema('{"type":"record","name":"a.Order","fields":[{"name":"id","type":"int"}]}')


@functools.cache
def _order() -> SingleObject[object]:
    store = SchemaStore()
    store.add(_OLD_ORDER)
    store.add(parse_schema('"string"'))
    with_lines = parse_schema(
        '{"type":"record","name":"a.Order","fields":[{"name":"id","type":"int"},'
        '{"name":"lines","type":{"type":"array","items":"string"},"default":[]}]}'
    )
    store.add(with_lines)
    return SingleObject(with_lines, writers=store, limits=LIMITS)


def single_object(data: bytes) -> None:
    """A stored value is read, or refused with a reason."""
    with contextlib.suppress(RpcError):
        _order().decode(data)
    with contextlib.suppress(RpcError):
        single = SingleObject[object](_ORDER, limits=LIMITS)
        value = single.decode(single.encode({"id": 1, "lines": [], "named": {}})[:10] + data)
        assert single.decode(single.encode(value)) == value


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    target.__name__: target
    for target in (
        multiplexer_server,
        multiplexer_client,
        server_connection,
        client_connection,
        conversation,
        frame_reader,
        deframers,
        handshake,
        envelope,
        decompression,
        resolution,
        single_object,
        schema_json,
        protocol_json,
    )
}
"""All targets by name."""
