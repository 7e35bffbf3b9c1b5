"""Avro schemas and protocols: the model, and its JSON form.

Knows Avro and nothing of Python classes, bytes or calls.
"""

from avrorpc.schema.annotations import parse_duration
from avrorpc.schema.defaults import default_problem
from avrorpc.schema.model import (
    NO_DEFAULT,
    PRIMITIVES,
    Array,
    Enum,
    Field,
    Fixed,
    Json,
    Map,
    Message,
    Named,
    NoDefault,
    Primitive,
    Props,
    Protocol,
    Record,
    Schema,
    Union,
    describe,
    namespace_of,
    short_name,
)
from avrorpc.schema.reading import parse_protocol, parse_schema, protocol_from_json
from avrorpc.schema.text import compact, pretty
from avrorpc.schema.writing import fingerprint, protocol_to_json, schema_to_json

__all__ = [
    "NO_DEFAULT",
    "PRIMITIVES",
    "Array",
    "Enum",
    "Field",
    "Fixed",
    "Json",
    "Map",
    "Message",
    "Named",
    "NoDefault",
    "Primitive",
    "Props",
    "Protocol",
    "Record",
    "Schema",
    "Union",
    "compact",
    "default_problem",
    "describe",
    "fingerprint",
    "namespace_of",
    "parse_duration",
    "parse_protocol",
    "parse_schema",
    "pretty",
    "protocol_from_json",
    "protocol_to_json",
    "schema_to_json",
    "short_name",
]
