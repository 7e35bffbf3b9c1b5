"""Words of other languages, and what Avro IDL has in their place.

For people who come from Protocol Buffers, Thrift, GraphQL, Java, Python and SQL. Knows nothing of tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from avrorpc.schema import PRIMITIVES

_ANY: Final = "list what it may be: `union { string, long }`"
_LIST: Final = "a list is `array<...>`"
_MAP: Final = "a map is `map<...>`, with the type of its values; its keys are strings"
_MAYBE: Final = "what may be null is written with a `?`, such as `string?`"
_MICROS: Final = '`@logicalType("timestamp-micros") long` has microseconds, `timestamp_ms` milliseconds'


def _each(words: str, meaning: str) -> dict[str, str]:
    return dict.fromkeys(words.split(), meaning)


_TYPES: Final[dict[str, str]] = {
    **_each("str text char character varchar charsequence charseq utf8", "write `string`"),
    **_each("integer number int8 int16 int32 sint32 uint8 uint16 i8 i16 i32 u8 u16 short", "write `int`"),
    **_each("sfixed32 smallint tinyint", "write `int`"),
    **_each(
        "int64 sint64 uint32 uint64 fixed32 fixed64 sfixed64 i64 u32 u64 bigint biginteger", "write `long`"
    ),
    **_each("bool bit", "write `boolean`"),
    **_each("float32 f32 real", "write `float`"),
    **_each("float64 f64", "write `double`"),
    **_each("byte binary blob bytearray bytebuffer bytestring", "write `bytes`"),
    **_each("list set sequence vector arraylist collection repeated tuple slice", _LIST),
    **_each("dict dictionary hashmap hashtable treemap table", _MAP),
    **_each("optional option maybe nullable", _MAYBE),
    **_each("any object variant oneof unknown json dynamic", _ANY),
    **_each("datetime timestamp instant timestamp_millis zoneddatetime", "write `timestamp_ms`"),
    **_each("localdatetime local_timestamp local_timestamp_millis", "write `local_timestamp_ms`"),
    **_each("time localtime time_millis", "write `time_ms`"),
    **_each("localdate day", "write `date`"),
    **_each("timestamp_micros timestamp_us", _MICROS),
    **_each("guid", "write `uuid`"),
    **_each("decimal bigdecimal numeric money currency", "write `decimal(precision, scale)`"),
    **_each("none nil unit nothing undefined empty", "write `null`; a message without a result is `void`"),
    **_each("enum error fixed", "declare it by itself, and name it here"),
    "record": "name a record, or carry any of them in an `avrorpc.AnyRecord`",
    "duration": '`@logicalType("duration") fixed Duration(12);` declares one',
}
_OWN: Final = (*PRIMITIVES, "date", "time_ms", "timestamp_ms", "local_timestamp_ms", "uuid")

DECLARATIONS: Final[dict[str, str]] = {
    **_each("interface service trait contract rpcservice api", "protocol"),
    **_each("message struct class type input data dataclass object model table schema", "record"),
    **_each("exception throwable fault", "error"),
    **_each("enumeration", "enum"),
    **_each("protocol", "protocol"),
    **_each("record", "record"),
    **_each("error", "error"),
    **_each("enum", "enum"),
    **_each("fixed", "fixed"),
}
"""Words that declare something elsewhere, and the word that declares it here."""

STATEMENTS: Final[dict[str, str]] = {
    **_each("package module", 'a namespace: `namespace a.b;`, or `@namespace("a.b")` before a protocol'),
    **_each("namespace", '`@namespace("a.b")` before the protocol'),
    **_each("syntax edition option pragma version", "nothing of the kind: leave it out"),
    **_each("const constant let var val", "no constants"),
    **_each("typedef alias using newtype scalar", "no names for other types: write the type itself"),
    **_each("include require from use", '`import idl "other.avdl";`'),
    **_each("extend impl implements", "no inheritance: repeat the fields"),
    **_each("query mutation subscription", "messages, inside a protocol: `Result name(Type parameter);`"),
}
"""Words that begin a statement elsewhere, and what Avro IDL has for it."""

MODIFIERS: Final[dict[str, str]] = {
    **_each("optional nullable", "write a `?` after the type: `string?`"),
    **_each("required", "leave it out: what has no `?` is always there"),
    **_each("repeated", "write `array<...>` around the type"),
    **_each("public private protected static final abstract readonly mutable", "leave it out"),
    **_each("async await default override inline external native", "leave it out"),
    **_each("unsigned signed", "leave it out"),
    **_each("oneof", "write `union { ... }`"),
    "oneway": "write it after the parentheses: `void name() oneway;`",
    "void": "leave one of the two types out",
}
"""Words that stand before a type elsewhere, and what to write."""

FUNCTIONS: Final = frozenset({"rpc", "def", "fn", "func", "function", "fun", "method", "sub", "procedure"})
"""Words that begin a message elsewhere."""


def type_hint(name: str) -> str | None:
    """Return what to write in place of a type of another language."""
    lowered = name.lower()
    if lowered in _OWN and lowered != name:
        return f"write `{lowered}`"
    return _TYPES.get(lowered)


def better_type(name: str) -> str | None:
    """Return the type that is meant by one of another language, where it is a single word."""
    found = re.fullmatch(r"write `(\w+)`", type_hint(name) or "")
    return found[1] if found else None


def same_but_case(name: str, words: Iterable[str]) -> str | None:
    """Return the word that a name is, apart from capital letters."""
    return next((word for word in words if word == name.lower() and word != name), None)
