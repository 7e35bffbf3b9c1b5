"""What the accelerator is held to: the portable codec for everything, and fastavro where it can answer.

One step draws a schema and a value, encodes it with all three, and decodes it whole, cut off, damaged and
from random bytes. Ours read what fastavro reads; where ours refuse, fastavro refuses, too, or is known to be
lenient.
"""

from __future__ import annotations

import io
import math
import random
import re
import struct
from collections.abc import Callable
from typing import Any, Final

import fastavro
import msgspec
from avrorpc.codec import program
from avrorpc.codec.binary import Cursor
from avrorpc.codec.portable_decode import portable_decoder
from avrorpc.codec.portable_encode import portable_encoder
from avrorpc.errors import RpcError
from avrorpc.limits import Limits
from avrorpc.schema import compact, parse_schema
from support.avro_strategies import classes, plain, typed

LIMITS: Final = Limits(max_items=200, max_depth=12)
LENIENT: Final = re.compile(
    r"""
    a\ boolean\ is\ 0\ or\ 1                                            # it takes any byte
    | does\ not\ fit\ the\ 32\ bits\ of\ an\ int
    | an\ integer\ (longer\ than\ ten\ bytes|of\ more\ than\ 64\ bits)  # it drops what is too much
    | a\ block\ of\ negative\ size                                      # it does not look at sizes
    | bytes\ are\ left\ after\ the\ value
    | max_(items|depth)=                                               # it has no limits
    | a\ length\ of\ -\d+\ bytes
    | (branch|symbol)\ -\d+\ of                                         # it counts from the end
    """,
    re.VERBOSE,
)
"""What ours refuse, and fastavro may not."""
SCALARS: Final = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
GROUPS: Final = (("null",), ("boolean",), ("int", "long"), ("float", "double"), ("bytes",), ("string",))


class Drawing:
    """Random schemas and values of them."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.names = 0

    def name(self, kind: str) -> str:
        """Return a name that is free."""
        self.names += 1
        return f"{kind}{self.names}"

    def schema(self, depth: int = 3) -> Any:
        """Return a schema's JSON."""
        rng = self.rng
        kinds = (*SCALARS, "enum", "fixed", *(("array", "map", "record", "record", "union") * (depth > 0)))
        match rng.choice(kinds):
            case "array":
                return {"type": "array", "items": self.schema(depth - 1), "buffer": rng.random() < 0.5}
            case "map":
                return {"type": "map", "values": self.schema(depth - 1)}
            case "enum":
                return {
                    "type": "enum",
                    "name": self.name("E"),
                    "symbols": ["A", "B", "C"][: rng.randint(1, 3)],
                }
            case "fixed":
                return {"type": "fixed", "name": self.name("F"), "size": rng.randint(0, 4)}
            case "record":
                name = self.name("R")
                fields = [{"name": f"f{n}", "type": self.schema(depth - 1)} for n in range(rng.randint(0, 5))]
                if rng.random() < 0.3:
                    fields.append({"name": "again", "type": ["null", name]})
                return {"type": rng.choice(("record", "error")), "name": name, "fields": fields}
            case "union":
                groups = rng.sample(GROUPS, rng.randint(1, 4))
                groups.sort(key=GROUPS.index)
                return [rng.choice(group) for group in groups]
            case scalar:
                return scalar

    def value(self, json: Any, named: dict[str, Any], depth: int = 4) -> Any:
        """Return a value without classes."""
        rng = self.rng
        match json:
            case "null":
                return None
            case "boolean":
                return rng.random() < 0.5
            case "int":
                return rng.choice((0, -1, 63, 64, rng.randint(-(2**31), 2**31 - 1)))
            case "long":
                return rng.choice((0, -1, 2**63 - 1, -(2**63), rng.randint(-(2**40), 2**40)))
            case "float":
                return struct.unpack("<f", struct.pack("<f", rng.choice((0.5, -0.0, rng.uniform(-9, 9)))))[0]
            case "double":
                return rng.choice((0.5, -0.0, math.inf, rng.uniform(-1e9, 1e9)))
            case "bytes":
                return rng.randbytes(rng.choice((0, 1, 5, 100)))
            case "string":
                return "".join(rng.choices("aé漢\U0001f600 z", k=rng.choice((0, 1, 5, 70))))
            case str():
                return self.value(named[json], named, depth)
            case list():
                return self.value(rng.choice(json) if depth > 0 else json[0], named, depth - 1)
            case {"type": "array"}:
                return [self.value(json["items"], named, depth - 1) for _ in range(self._few(depth))]
            case {"type": "map"}:
                return {
                    f"k{n}": self.value(json["values"], named, depth - 1) for n in range(self._few(depth))
                }
            case {"type": "enum"}:
                return rng.choice(json["symbols"])
            case {"type": "fixed"}:
                return rng.randbytes(json["size"])
            case _:
                named[json["name"]] = json
                return {f["name"]: self.value(f["type"], named, depth - 1) for f in json["fields"]}

    def _few(self, depth: int) -> int:
        return self.rng.choice((0, 1, 2, 7)) if depth > 0 else 0

    def damaged(self, data: bytes) -> bytes:
        """Return bytes like others: cut off, with some changed, or longer; or any."""
        rng = self.rng
        out = bytearray(data)
        match rng.randrange(4):
            case 0:
                del out[rng.randint(0, len(out)) :]
            case 1:
                for _ in range(rng.randint(1, 3)):
                    if out:
                        out[rng.randrange(len(out))] = rng.choice(
                            (0, 1, 2, 0x7F, 0x80, 0xFF, rng.randrange(256))
                        )
            case 2:
                out.insert(rng.randint(0, len(out)), rng.randrange(256))
            case _:
                return rng.randbytes(rng.randint(0, 40))
        return bytes(out)


def step(rng: random.Random) -> None:
    """Draw a schema and hold the codecs to each other.

    Raises:
        AssertionError: They differ.
    """
    drawing = Drawing(rng)
    json = drawing.schema()
    schema, theirs = parse_schema(compact(json)), fastavro.parse_schema(json)
    types = classes(schema)
    writers = [
        (compile_encoder(schema, kinds), kinds)
        for kinds in ({}, types)
        for compile_encoder in (program.native_encoder, portable_encoder)
    ]
    readers = {
        "ours": program.native_decoder(schema, schema, {}),
        "portable": portable_decoder(schema, schema, {}),
    }
    typed_readers = (program.native_decoder(schema, schema, types), portable_decoder(schema, schema, types))
    for _ in range(8):
        value = drawing.value(json, {})
        data = _fastavro_writes(theirs, value)
        for encode, kinds in writers:
            out = bytearray()
            encode(out, typed(schema, value, kinds) if kinds else value)
            assert out == data, (json, value)
        for candidate in (data, *(drawing.damaged(data) for _ in range(6))):
            ours = _reads(readers["ours"], candidate)
            assert repr(ours) == repr(_reads(readers["portable"], candidate)), (json, candidate)
            assert repr(_reads(typed_readers[0], candidate)) == repr(_reads(typed_readers[1], candidate))
            _check_with_fastavro(ours, theirs, candidate, json)


def odd(rng: random.Random) -> None:
    """Encode values that do not fit."""
    drawing = Drawing(rng)
    one, other = drawing.schema(), drawing.schema()
    schema = parse_schema(compact(one))
    types = classes(schema)
    value = drawing.value(other, {})
    for given in (value, [value], {"k": value}, msgspec.Raw(b"")):
        for kinds in ({}, types):
            results = []
            for encode in (program.native_encoder(schema, kinds), portable_encoder(schema, kinds)):
                out = bytearray()
                try:
                    encode(out, given)
                except RpcError as error:
                    results.append(str(error))
                else:
                    results.append(out.hex())
            assert results[0] == results[1], (one, given)


def _fastavro_writes(schema: Any, value: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, value)
    return out.getvalue()


def _reads(decode: Callable[[Cursor], Any], data: bytes) -> tuple[str, Any]:
    cursor = Cursor(data, LIMITS)
    try:
        value = decode(cursor)
        cursor.finish()
    except RpcError as error:
        return f"{type(error).__name__}: {error}", None
    return "", plain(value)


def _check_with_fastavro(ours: tuple[str, Any], schema: Any, data: bytes, json: Any) -> None:
    problem, value = ours
    if LENIENT.search(problem):
        return
    stream = io.BytesIO(data)
    try:
        theirs = fastavro.schemaless_reader(stream, schema, None)
    except Exception as error:  # noqa: BLE001 - it raises whatever comes up
        assert problem, (json, data, value, error)
        return
    assert not problem, (json, data, problem, theirs)
    assert repr(_listed(value)) == repr(theirs), (json, data)


def _listed(value: Any) -> Any:
    """Return a value with lists for buffers of numbers."""
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_listed(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value
