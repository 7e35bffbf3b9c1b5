"""What the runs of third-party tools take from an OpenAPI document: statuses, methods, links.

It needs nothing but the standard library, since a tool's own environment loads it, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

Document = Mapping[str, Any]
JSON = "application/json"
_PLACES = {"path": "path_parameters", "query": "query", "header": "headers"}
"""What requests call the places of parameters."""


@dataclass(frozen=True)
class Operation:
    """One operation of a document."""

    verb: str
    """Such as `GET`."""
    path: str
    """Its template."""
    told: dict[str, Any]
    """What the document says of it."""

    @property
    def name(self) -> str:
        """What tools call it, such as `GET /books/{id}`."""
        return f"{self.verb} {self.path}"

    @property
    def id(self) -> str:
        """Its `operationId`."""
        return str(self.told["operationId"])

    @property
    def tag(self) -> str:
        """The segment of the service that it belongs to."""
        return str(self.told["tags"][0])

    @property
    def body(self) -> dict[str, Any]:
        """What it says of a JSON body; empty where it takes none."""
        found: dict[str, Any] = self.told.get("requestBody", {}).get("content", {}).get(JSON, {})
        return found

    def shows(self, case: Mapping[str, Any]) -> bool:
        """Whether a request is made of this operation's examples, as far as it has any.

        Args:
            case: What the request holds: `path_parameters`, `query`, `headers` and `body`.
        """
        for parameter in self.told.get("parameters", ()):
            shown = {**parameter, **parameter.get("content", {}).get(JSON, {})}.get("examples")
            sent = case.get(_PLACES[parameter["in"]], {}).get(parameter["name"])
            if shown and sent is not None and not any(_is(sent, one["value"]) for one in shown.values()):
                return False
        for media in self.told.get("requestBody", {}).get("content", {}).values():
            shown = media.get("examples")
            if shown and case.get("body") not in [one["value"] for one in shown.values()]:
                return False
        return True


@dataclass(frozen=True)
class Link:
    """An operation that makes what another's path names."""

    producer: Operation
    """Makes something."""
    consumer: Operation
    """Is about it."""
    name: str
    """The path's variable, and the field of the result."""
    pointer: str
    """Where the field is in the answer: a JSON Pointer."""


def operations(document: Document) -> Iterator[Operation]:
    """Yield the operations of a document."""
    for path, item in document["paths"].items():
        for verb, told in item.items():
            yield Operation(verb.upper(), path, told)


def declared_statuses(operation: Operation) -> list[str]:
    """Return the statuses of an operation's declared errors."""
    return [
        status
        for status, response in operation.told["responses"].items()
        if "-problem" in json.dumps(response).replace("avrorpc-problem", "")
    ]


def methods_at(paths: Mapping[str, Mapping[str, Any]], path: str) -> set[str]:
    """Return the methods that a URL answers, by whichever template: the header `Allow` (RFC 9110, 10.2.1).

    Args:
        paths: The document's.
        path: The URL's, still percent-encoded.
    """
    plain = path.removesuffix("/") or "/"
    found = {verb.upper() for template, item in paths.items() if _fits(template, plain) for verb in item}
    return found | ({"HEAD"} if "GET" in found else set()) | ({"OPTIONS"} if found else set())


def is_shadowed(path: str, paths: Iterable[str]) -> bool:
    """Whether another template with variables stands for all that a path stands for."""
    return any(other != path and _fits(other, path) for other in paths)


def links(document: Document) -> Iterator[Link]:
    """Yield for each path with one variable what makes the things that it names.

    That is the first POST of the same service whose path has no variable, and whose result, a record, has a
    field of the variable's name.
    """
    listed = list(operations(document))
    for consumer in listed:
        variables = re.findall(r"\{(.*?)\}", consumer.path)
        if len(variables) != 1:
            continue
        for producer in listed:
            if (producer.tag, producer.verb) != (consumer.tag, "POST") or "{" in producer.path:
                continue
            pointer = _pointer(document, producer, variables[0])
            if pointer is not None:
                yield Link(producer, consumer, variables[0], pointer)
                break


def _is(sent: Any, value: Any) -> bool:
    """Whether what stands in a path, a query or a header is a value, plainly or as JSON."""
    if sent == value or unquote(str(sent)) == value:
        return True
    try:
        return bool(json.loads(sent) == value)
    except (TypeError, ValueError):
        return False


def _fits(template: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(template)), path) is not None


def _pointer(document: Document, operation: Operation, field: str) -> str | None:
    """Return where a field is in an operation's answer, the envelope of research mode looked into."""
    answer = operation.told["responses"].get("200", {}).get("content", {}).get(JSON, {}).get("schema", {})
    envelope = set(answer.get("required", ())) == {"data", "metadata", "examples"}
    record = answer["properties"]["data"] if envelope else answer
    name = record.get("$ref", "").rpartition("/")[2]
    known = document["components"]["schemas"].get(name, {})
    if field not in known.get("required", ()):
        return None
    return f"/data/{field}" if envelope else f"/{field}"
