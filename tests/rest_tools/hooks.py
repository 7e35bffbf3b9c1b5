"""What Schemathesis does beside its own; it loads this file by `SCHEMATHESIS_HOOKS`."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any, Final

import schemathesis

KEY: Final = "Idempotency-Key"
LINES: Final = "application/x-ndjson"


@schemathesis.hook
def before_load_schema(_: Any, raw_schema: dict[str, Any]) -> None:
    """Say what the lines of a streamed request are, as `x-itemSchema` does: a list of items."""
    for item in raw_schema["paths"].values():
        for operation in item.values():
            for media in [operation.get("requestBody", {}).get("content", {}).get(LINES)]:
                if media is not None:
                    media["schema"] = {"type": "array", "items": media["x-itemSchema"]}


@schemathesis.serializer(LINES)
def lines(_: Any, value: Any) -> bytes:
    """Return the items of a stream, one on each line."""
    items = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


@schemathesis.hook
def before_call(_: Any, case: Any, __: Any) -> None:
    """Make each right key a new one: generated ones repeat, and must be refused with another body."""
    key = None if case.headers is None else case.headers.get(KEY)
    if isinstance(key, str) and re.fullmatch("[!-~]{1,255}", key):
        case.headers[KEY] = uuid.uuid4().hex
