"""What answers look like in an OpenAPI document: problems, the envelope of research mode, streams.

Sources: RFC 9457 for problems; OpenAPI 3.2's `itemSchema`, here `x-itemSchema`, for the items of streams.
"""

from __future__ import annotations

from typing import Final

from avrorpc.errors import Code
from avrorpc.schema.annotations import DECLARED_TYPE, declared_status
from avrorpc.schema.json_schema import JsonObject, JsonSchemas, component_name
from avrorpc.schema.model import Json, Record

PROBLEM: Final = "application/problem+json"
JSON: Final = "application/json"
LINES: Final = "application/x-ndjson"
EVENTS: Final = "text/event-stream"

_STATUSES: Final = {
    "400": "The request cannot be read as such.",
    "401": "The caller did not say credibly who it is.",
    "403": "The caller may not do this.",
    "413": "The body is above the server's limit.",
    "415": "The body is of a type that the server does not read.",
    "422": "The values are wrong; `errors` names all that is.",
    "4XX": "The request is refused.",
    "5XX": "The server cannot do it now, or broke.",
}


def problem_schema() -> JsonObject:
    """Return the JSON Schema of a problem."""
    part: JsonObject = {
        "type": "object",
        "properties": {
            "pointer": {"description": "A JSON Pointer to what is wrong.", "type": "string"},
            "detail": {"description": "What is wrong with it.", "type": "string"},
            "in": {"description": "Where it is: body, query, header or path.", "type": "string"},
        },
        "required": ["pointer", "detail"],
    }
    return {
        "description": "What went wrong (RFC 9457).",
        "type": "object",
        "properties": {
            "type": {"description": "Which kind of problem: a URI.", "type": "string"},
            "title": {"description": "The kind, for people.", "type": "string"},
            "status": {"description": "The HTTP status.", "type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"description": "What happened this time, for people.", "type": "string"},
            "instance": {"description": "This occurrence: a URI.", "type": "string"},
            "code": {
                "description": "The canonical code.",
                "type": "string",
                "enum": [code.value for code in Code],
            },
            "error_id": {"description": "Under which the server's log has the cause.", "type": "string"},
            "errors": {"description": "Each value that is wrong.", "type": "array", "items": part},
        },
        "required": ["type", "title", "status"],
    }


def problems(
    schemas: JsonSchemas, errors: list[Record], *, has_body: bool, is_secured: bool
) -> dict[str, JsonObject]:
    """Return the failing responses of an operation, by status.

    Args:
        schemas: Makes the schemas, and keeps the components.
        errors: What the message declares.
        has_body: Whether the operation has one.
        is_secured: Whether callers must say who they are.
    """
    statuses = ["400", *(["401", "403"] if is_secured else [])]
    statuses += [*(["413", "415"] if has_body else []), "422", "4XX", "5XX"]
    by_status: dict[str, list[Record]] = {status: [] for status in statuses}
    for error in errors:
        by_status.setdefault(str(declared_status(error)), []).append(error)
    responses = {}
    for status, declared in sorted(by_status.items()):
        is_general = status in _STATUSES
        kinds = [schemas.reference("avrorpc-problem", problem_schema)] if is_general else []
        kinds += [_declared(schemas, error) for error in declared]
        told = [_STATUSES[status]] if is_general else []
        told += [_summary(error) for error in declared]
        schema: JsonObject = kinds[0] if len(kinds) == 1 else {"anyOf": list(kinds)}
        responses[status] = response(" ".join(told), {PROBLEM: {"schema": schema}})
    return responses


def response(description: str, content: dict[str, JsonObject] | None = None) -> JsonObject:
    """Return a response."""
    made: JsonObject = {"description": description}
    if content is not None:
        made["content"] = dict(content)
    return made


def envelope(data: JsonObject) -> JsonObject:
    """Return the JSON Schema of a result in research mode."""
    return {
        "type": "object",
        "properties": {
            "data": data,
            "metadata": {
                "description": "What is known of the call: who answered, in what time, by stage.",
                "type": "object",
            },
            "examples": {"description": "Example cases of the message.", "type": "array", "items": {}},
        },
        "required": ["data", "metadata", "examples"],
    }


def lines(items: JsonObject) -> JsonObject:
    """Return the media type object of NDJSON, in a request."""
    told = "The items of the stream as JSON, one on each line."
    return {"schema": {"type": "string", "description": told}, "x-itemSchema": items}


def streams(items: JsonObject) -> dict[str, JsonObject]:
    """Return what a stream of responses may be."""
    told = 'One item on each line; the last line is {"$end": ...} or {"$error": problem}.'
    events = "Events `item`, and at last `end`, or `error` with a problem."
    return {
        LINES: {"schema": {"type": "string", "description": told}, "x-itemSchema": items},
        EVENTS: {"schema": {"type": "string", "description": events}, "x-itemSchema": items},
    }


def _declared(schemas: JsonSchemas, error: Record) -> JsonObject:
    def make() -> JsonObject:
        made = problem_schema()
        properties, required = made["properties"], made["required"]
        assert isinstance(properties, dict)
        assert isinstance(required, list)
        own: JsonObject = {
            "type": {"type": "string", "const": f"{DECLARED_TYPE}{error.name}"},
            "status": {"type": "integer", "const": declared_status(error)},
            "error": schemas.of(error),
        }
        told: Json = _summary(error)
        shared = {name: part for name, part in properties.items() if name != "errors"}
        return {
            **made,
            "description": told,
            "properties": {**shared, **own},
            "required": [*required, "error"],
        }

    return schemas.reference(f"{component_name(error.name)}-problem", make)


def _summary(error: Record) -> str:
    return (error.doc or f"{error.name}.").split("\n\n")[0].replace("\n", " ").strip()
