"""Avro schemas and protocols: the model, and its JSON form.

Knows Avro and nothing of Python classes, bytes or calls.
"""

from avrorpc.schema.annotations import parse_duration
from avrorpc.schema.compatibility import Resolution, can_read, incompatibilities, request_record
from avrorpc.schema.defaults import default_problem, same_json
from avrorpc.schema.incompatibility import Extent, Incompatibility, Kind, Place
from avrorpc.schema.logical import logical_type
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
from avrorpc.schema.writing import compact, fingerprint, protocol_to_json, schema_to_json

__all__ = [
    "NO_DEFAULT",
    "PRIMITIVES",
    "Array",
    "Enum",
    "Extent",
    "Field",
    "Fixed",
    "Incompatibility",
    "Json",
    "Kind",
    "Map",
    "Message",
    "Named",
    "NoDefault",
    "Place",
    "Primitive",
    "Props",
    "Protocol",
    "Record",
    "Resolution",
    "Schema",
    "Union",
    "can_read",
    "compact",
    "default_problem",
    "describe",
    "fingerprint",
    "incompatibilities",
    "logical_type",
    "namespace_of",
    "parse_duration",
    "parse_protocol",
    "parse_schema",
    "protocol_from_json",
    "protocol_to_json",
    "request_record",
    "same_json",
    "schema_to_json",
    "short_name",
]
