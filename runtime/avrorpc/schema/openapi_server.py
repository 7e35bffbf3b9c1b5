"""What a server answers by itself, of no one service: health, metrics, and the document itself."""

from __future__ import annotations

from typing import Final, NamedTuple

from avrorpc.schema.json_schema import JsonObject, JsonSchemas
from avrorpc.schema.openapi_answers import JSON, problems, response

TAG: Final = "server"
"""What these operations are listed under."""
_STATE: Final[JsonObject] = {
    "description": "How a server fares, and each of its services.",
    "type": "object",
    "properties": {
        "status": {"type": "string", "enum": ["ok", "unavailable"]},
        "services": {
            "type": "object",
            "additionalProperties": {"type": "string", "enum": ["UNKNOWN", "SERVING", "NOT_SERVING"]},
        },
        "text": {"type": "string"},
    },
    "required": ["status", "services"],
}


class _Own(NamedTuple):
    summary: str
    media: str
    answer: JsonObject
    is_open: bool
    """Whether it answers those, too, who do not say who they are."""


_OWN: Final = {
    "healthz": _Own("Tell whether the server lives and takes calls", JSON, {}, is_open=True),
    "livez": _Own("Tell whether the server lives", JSON, {}, is_open=True),
    "readyz": _Own("Tell whether the server takes calls", JSON, {}, is_open=True),
    "metrics": _Own(
        "Give figures in the text format of Prometheus", "text/plain", {"type": "string"}, is_open=False
    ),
    "openapi.json": _Own("Give this document", JSON, {"type": "object"}, is_open=False),
}
"""By their paths, without the slash."""


def server_operations(schemas: JsonSchemas, *, is_secured: bool) -> dict[str, JsonObject]:
    """Return the operations of a server's own, which are all GET, by their paths' only segment.

    Args:
        schemas: Keeps the components that they refer to.
        is_secured: Whether callers must say who they are, where that is asked for at all.
    """
    made: dict[str, JsonObject] = {}
    for name, own in _OWN.items():
        asks = is_secured and not own.is_open
        answer = own.answer or schemas.reference("avrorpc-server-state", lambda: dict(_STATE))
        answers = {"200": response("The answer.", {own.media: {"schema": answer}})}
        if own.is_open:
            answers["503"] = response("It does not.", {own.media: {"schema": answer}})
        failing = problems(schemas, [], has_body=False, is_secured=asks)
        del failing["422"]  # there are no values
        head: JsonObject = {"tags": [TAG], "operationId": f"{TAG}_{name.removesuffix('.json')}"}
        security: JsonObject = {"security": []} if is_secured and own.is_open else {}
        made[name] = {**head, "summary": own.summary, **security, "responses": {**answers, **failing}}
    return made
