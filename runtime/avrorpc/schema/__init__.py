"""Avro schemas and protocols: the model, and its JSON form.

Knows Avro and nothing of Python classes, bytes or calls.
"""

from avrorpc.schema.annotations import Streaming, parse_duration, streaming
from avrorpc.schema.canonical import canonical_form
from avrorpc.schema.compatibility import Resolution, can_read, incompatibilities, request_record
from avrorpc.schema.defaults import default_problem, same_json
from avrorpc.schema.fingerprints import ALGORITHMS, Algorithm, fingerprint
from avrorpc.schema.graph import parts, reachable
from avrorpc.schema.incompatibility import Extent, Incompatibility, Kind, Place
from avrorpc.schema.logical import decimal_precision, decimal_scale, logical_name, logical_type, most_digits
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
    full_aliases,
    namespace_of,
    short_name,
)
from avrorpc.schema.nesting import MAX_DEFAULT_VALUES, MAX_DEPTH, MAX_JSON_DEPTH
from avrorpc.schema.numbers import buffer_code, number_code
from avrorpc.schema.path_template import PathTemplate, Segment, parse_template
from avrorpc.schema.plain_text import from_plain
from avrorpc.schema.reading import parse_protocol, parse_schema, protocol_from_json
from avrorpc.schema.routes import Parameter, Route, Source, Style, conflicts, routes_of, service_segments
from avrorpc.schema.routing import BadPath, Found, NoSuchPath, Router, WrongVerb
from avrorpc.schema.store import SchemaStore
from avrorpc.schema.text import compact, pretty
from avrorpc.schema.verdict import (
    MOST_REASONS,
    MessageVerdict,
    Reason,
    Verdict,
    compare_messages,
    compare_protocols,
    error_branch,
    final_problem,
    refusal,
)
from avrorpc.schema.writing import handshake_hash, protocol_to_json, schema_to_json

__all__ = [
    "ALGORITHMS",
    "MAX_DEFAULT_VALUES",
    "MAX_DEPTH",
    "MAX_JSON_DEPTH",
    "MOST_REASONS",
    "NO_DEFAULT",
    "PRIMITIVES",
    "Algorithm",
    "Array",
    "BadPath",
    "Enum",
    "Extent",
    "Field",
    "Fixed",
    "Found",
    "Incompatibility",
    "Json",
    "Kind",
    "Map",
    "Message",
    "MessageVerdict",
    "Named",
    "NoDefault",
    "NoSuchPath",
    "Parameter",
    "PathTemplate",
    "Place",
    "Primitive",
    "Props",
    "Protocol",
    "Reason",
    "Record",
    "Resolution",
    "Route",
    "Router",
    "Schema",
    "SchemaStore",
    "Segment",
    "Source",
    "Streaming",
    "Style",
    "Union",
    "Verdict",
    "WrongVerb",
    "buffer_code",
    "can_read",
    "canonical_form",
    "compact",
    "compare_messages",
    "compare_protocols",
    "conflicts",
    "decimal_precision",
    "decimal_scale",
    "default_problem",
    "describe",
    "error_branch",
    "final_problem",
    "fingerprint",
    "from_plain",
    "full_aliases",
    "handshake_hash",
    "incompatibilities",
    "logical_name",
    "logical_type",
    "most_digits",
    "namespace_of",
    "number_code",
    "parse_duration",
    "parse_protocol",
    "parse_schema",
    "parse_template",
    "parts",
    "pretty",
    "protocol_from_json",
    "protocol_to_json",
    "reachable",
    "refusal",
    "request_record",
    "routes_of",
    "same_json",
    "schema_to_json",
    "service_segments",
    "short_name",
    "streaming",
]
