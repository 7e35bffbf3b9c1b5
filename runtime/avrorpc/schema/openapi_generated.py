"""What a server answers at each service without a message for it: info, examples, test, config, health."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from avrorpc.schema.json_schema import JsonObject
from avrorpc.schema.openapi_answers import JSON

MOST_RUNS: Final = 1_000
"""How often a case may be run in one test."""
_TEXT: Final[JsonObject] = {"type": "string"}
_CASE: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "message": _TEXT,
        "description": _TEXT,
        "input": {"type": "object"},
        "expected_output": {},
        "expected_error": {"type": "object"},
        "validation_rules": {},
        "tolerance": {"type": "object"},
        "variant": _TEXT,
    },
    "required": ["message", "description", "input"],
}
_OUTCOME: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "message": _TEXT,
        "description": _TEXT,
        "outcome": {"type": "string", "enum": ["UNKNOWN", "PASSED", "FAILED", "SKIPPED"]},
        "text": _TEXT,
        "duration": {"type": "number"},
        "runs": {"type": "integer", "minimum": 0},
        "latency": {"type": "object", "additionalProperties": {"type": "number"}},
    },
    "required": ["message", "description", "outcome"],
}
_COUNT: Final[JsonObject] = {"type": "integer", "minimum": 0}
_SETTINGS: Final[JsonObject] = {
    "type": "object",
    "properties": {"mode": {"type": "string", "enum": ["research", "production"]}},
}
_CHANGES: Final[JsonObject] = {
    "description": "What to set: the mode, and what the service itself lets be set, as GET shows it.",
    **_SETTINGS,
    "additionalProperties": False,
}
_HEALTH: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "status": {"type": "string", "enum": ["UNKNOWN", "SERVING", "NOT_SERVING"]},
        "text": _TEXT,
        "live": {"type": "boolean"},
        "ready": {"type": "boolean"},
    },
    "required": ["status"],
}
_ANSWERS: Final[Mapping[str, JsonObject]] = {
    "avrorpc-info": {
        "description": "What a service is.",
        "type": "object",
        "properties": {
            "name": _TEXT,
            "doc": _TEXT,
            "hash": _TEXT,
            "messages": {"type": "array", "items": {"type": "object"}},
            "endpoints": {"type": "array", "items": {"type": "object"}},
        },
        "required": ["name", "messages"],
    },
    "avrorpc-example": {"description": "A case that shows what a message does.", **_CASE},
    "avrorpc-test": {
        "description": "What became of the example cases.",
        "type": "object",
        "properties": {
            "service": _TEXT,
            "passed": _COUNT,
            "failed": _COUNT,
            "skipped": _COUNT,
            "results": {"type": "array", "items": _OUTCOME},
        },
        "required": ["service", "passed", "failed", "skipped", "results"],
    },
    "avrorpc-settings": {"description": "How a service is set.", **_SETTINGS},
    "avrorpc-health": {"description": "How a service fares.", **_HEALTH},
}
"""The components of the answers, by their names."""
_TEXTS: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("GET", "info"): ("Describe the service", "avrorpc-info"),
    ("GET", "examples"): ("List the example cases", "avrorpc-example"),
    ("POST", "test"): ("Run the example cases", "avrorpc-test"),
    ("GET", "config"): ("Show the settings", "avrorpc-settings"),
    ("POST", "config"): ("Change some settings", "avrorpc-settings"),
    ("PUT", "config"): ("Set all settings anew", "avrorpc-settings"),
    ("GET", "health"): ("Tell how the service fares", "avrorpc-health"),
}


def generated_operation(
    verb: str, name: str, messages: Iterable[str]
) -> tuple[str, JsonObject, JsonObject | None]:
    """Return summary and request body of a generated route, and the JSON Schema of its answer between.

    Args:
        verb: The route's verb.
        name: The last segment of its path.
        messages: What the service has; a test may name one.
    """
    summary, component = _TEXTS[verb, name]
    answer: JsonObject = {"$ref": f"#/components/schemas/{component}"}
    if name == "examples":
        answer = {"type": "array", "items": answer}
    body: JsonObject | None = None
    if name == "test":
        schema: JsonObject = {
            "type": "object",
            "properties": {
                "message": {"description": "Whose cases alone to run.", **_TEXT, "enum": list(messages)},
                "include_changing": {
                    "description": "Whether to run those of messages that may change something, too.",
                    "type": "boolean",
                    "default": False,
                },
                "repeat": {
                    "description": "How often to run each case that passes, to measure it.",
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MOST_RUNS,
                    "default": 1,
                },
            },
            "additionalProperties": False,
        }
        body = {"required": False, "content": {JSON: {"schema": schema}}}
    elif verb in ("POST", "PUT"):
        body = {"required": True, "content": {JSON: {"schema": dict(_CHANGES)}}}
    return summary, answer, body


def generated_components(name: str) -> dict[str, JsonObject]:
    """Return the components that the routes of a name refer to."""
    wanted = {component for (_, own), (_, component) in _TEXTS.items() if own == name}
    return {component: dict(_ANSWERS[component]) for component in sorted(wanted)}
