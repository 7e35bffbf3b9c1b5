"""What Schemathesis does beside its own; it loads this file by `SCHEMATHESIS_HOOKS`."""

from __future__ import annotations

import json
import os
import re
import uuid
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import schemathesis
from rest_tools.document import Link, links, methods_at

KEY: Final = "Idempotency-Key"
LINES: Final = "application/x-ndjson"
BOUNDS: Final = {"repeat": ("/test", 2, 1_000), "max_tokens": ("/model/generate", 16, 1_000)}
"""By member of a body: where it stands, how much is enough, and up to what more would only take longer."""
URL: Final = os.environ["SERVED_AT"]
HEADERS: Final[dict[str, str]] = json.loads(os.environ["SERVED_WITH"])
"""What each request carries."""


@schemathesis.hook
def before_load_schema(_: Any, raw_schema: dict[str, Any]) -> None:
    """Say what the lines of a streamed request are, and what the variables of paths may be."""
    for item in raw_schema["paths"].values():
        for operation in item.values():
            for media in [operation.get("requestBody", {}).get("content", {}).get(LINES)]:
                if media is not None:
                    media["schema"] = {"type": "array", "items": media["x-itemSchema"]}
                    for example in media.get("examples", {}).values():
                        example["value"] = [json.loads(line) for line in example["value"].splitlines()]
    for link in list(links(raw_schema)):
        _follow(link)
    Path(os.environ["DOCUMENT_TO"]).write_text(json.dumps(raw_schema), encoding="utf-8")


def _follow(link: Link) -> None:
    """Put a link into the document, and something newly made as an example of what it leads to."""
    answers = link.producer.told["responses"]["200"].setdefault("links", {})
    parameters = {f"path.{link.name}": f"$response.body#{link.pointer}"}
    answers[link.consumer.id] = {"operationId": link.consumer.id, "parameters": parameters}
    body = next(iter(link.producer.body["examples"].values()))["value"]
    headers = {**HEADERS, KEY: uuid.uuid4().hex, "Content-Type": "application/json"}
    request = Request(URL + link.producer.path, json.dumps(body).encode(), headers)
    with urlopen(request) as response:
        made = json.load(response)
    for step in link.pointer.split("/")[1:]:
        made = made[step]
    for parameter in link.consumer.told["parameters"]:
        if parameter["in"] == "path":
            parameter["examples"] = {"made": {"value": made}}


@schemathesis.serializer(LINES)
def lines(_: Any, value: Any) -> bytes:
    """Return the items of a stream, one on each line."""
    items = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


@schemathesis.hook
def before_call(_: Any, case: Any, __: Any) -> None:
    """Make each right key a new one, and bound what takes long; what is wrong stays as it is.

    Generated keys repeat, and must be refused with another body. Example cases run twice at most, and models
    write few tokens.
    """
    key = None if case.headers is None else case.headers.get(KEY)
    if isinstance(key, str) and re.fullmatch("[!-~]{1,255}", key):
        case.headers[KEY] = uuid.uuid4().hex
    for name, (path, few, most) in BOUNDS.items():
        value = case.body.get(name) if isinstance(case.body, dict) else None
        if case.path.endswith(path) and isinstance(value, (int, float)) and few < value <= most:
            case.body[name] = type(value)(few + value % 1)


@schemathesis.check
def allow_names_what_the_url_answers(_: Any, response: Any, case: Any) -> None:
    """Hold `Allow` to all templates that a URL fits, where Schemathesis looks at the request's own alone."""
    values = response.headers.get("allow")
    expected = methods_at(case.operation.schema.raw_schema["paths"], urlsplit(response.request.url).path)
    if not values or not expected:
        return
    allowed = {method.strip() for method in ", ".join(values).split(",")}
    assert allowed == expected, f"Allow has {sorted(allowed)}, and the URL answers {sorted(expected)}"
