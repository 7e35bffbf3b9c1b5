"""An OpenAPI 3.1 document from protocols: their routes, types, errors and examples.

The document says what `avrorpc.server.rest` does; keys stand in one order, so that the same contracts give
the same text. Source: OpenAPI Specification 3.1.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

from avrorpc.errors import SchemaError
from avrorpc.schema.annotations import Streaming, streaming
from avrorpc.schema.json_schema import JsonObject, JsonSchemas
from avrorpc.schema.model import Json, Protocol
from avrorpc.schema.openapi_answers import JSON, problems, response
from avrorpc.schema.openapi_generated import generated_components, generated_operation
from avrorpc.schema.openapi_operation import OperationWriter
from avrorpc.schema.openapi_options import DocumentOptions
from avrorpc.schema.openapi_server import TAG, server_operations
from avrorpc.schema.path_template import PathTemplate, Segment
from avrorpc.schema.routes import (
    GENERATED,
    VERBS,
    Route,
    conflict_text,
    conflicts,
    routes_of,
    service_segments,
)
from avrorpc.schema.text import compact
from avrorpc.schema.writing import handshake_hash, protocol_to_json

VERSION: Final = "3.1.1"
"""The version of OpenAPI that documents are written in."""

_SCHEMES: Final[Mapping[str, JsonObject]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "mutual_tls": {"type": "mutualTLS"},
}


def openapi(protocols: Iterable[Protocol], options: DocumentOptions | None = None) -> JsonObject:
    """Return the OpenAPI document of some protocols that are served together.

    Raises:
        SchemaError: A route cannot be followed, or two mean the same.
    """
    return _Document(list(protocols), options or DocumentOptions()).made()


class _Document:
    def __init__(self, protocols: list[Protocol], options: DocumentOptions) -> None:
        self._protocols = protocols
        self._options = options
        self._schemas = JsonSchemas()
        self._operations = OperationWriter(self._schemas, options)
        self._paths: dict[tuple[str | None, ...], tuple[PathTemplate, JsonObject]] = {}
        self._ids: set[str] = set()

    def made(self) -> JsonObject:
        options, segments = self._options, service_segments(self._protocols)
        routes = {one.name: routes_of(one, segments[one.name]) for one in self._protocols}
        clash = next(conflicts(route for listed in routes.values() for route in listed), None)
        if clash is not None:
            raise SchemaError(conflict_text(*clash))
        for protocol in self._protocols:
            self._add_routes(routes[protocol.name], segments[protocol.name], protocol)
        for protocol in self._protocols if options.generated else ():
            self._add_generated(segments[protocol.name], protocol)
        if options.generated:
            self._add_own()
        document: JsonObject = {"openapi": VERSION, "info": self._info()}
        if options.servers:
            document["servers"] = [{"url": url} for url in options.servers]
        if options.security:
            document["security"] = [{name: []} for name in options.security]
        tags: list[Json] = [
            {"name": segments[one.name], **({"description": one.doc} if one.doc else {})}
            for one in self._protocols
        ]
        if options.generated and TAG not in segments.values():
            tags.append({"name": TAG, "description": "What the server tells of itself."})
        document["tags"] = tags
        document["paths"] = {
            path.uri: {verb.lower(): item[verb.lower()] for verb in VERBS if verb.lower() in item}
            for path, item in self._paths.values()
        }
        components: JsonObject = {"schemas": dict(self._schemas.components)}
        if options.security:
            components["securitySchemes"] = {name: dict(_SCHEMES[name]) for name in options.security}
        return {**document, "components": components}

    def _info(self) -> JsonObject:
        options = self._options
        info: JsonObject = {"title": options.title, "version": options.version}
        if options.description:
            info["description"] = options.description
        info["x-avrorpc-contracts"] = {
            one.name: handshake_hash(compact(protocol_to_json(one))).hex() for one in self._protocols
        }
        return info

    def _add_routes(self, routes: list[Route], segment: str, protocol: Protocol) -> None:
        is_deprecated = protocol.props.get("deprecated") not in (None, False)
        named: set[str] = set()
        for route in routes:
            if streaming(route.message) is Streaming.BOTH:
                continue  # HTTP cannot: the server answers 501
            # A message's later routes carry their verb in their ids, and the first keeps its own.
            plain = f"{segment}_{route.message.name}"
            own = plain if route.message.name not in named else f"{plain}_{route.verb.lower()}"
            named.add(route.message.name)
            head: JsonObject = {"tags": [segment], "operationId": self._id(own)}
            operation = self._operations.operation(route, is_deprecated=is_deprecated)
            self._add(route.verb, route.path, {**head, **operation})

    def _add_generated(self, segment: str, protocol: Protocol) -> None:
        for verb, name in GENERATED:
            path = PathTemplate((Segment(segment), Segment(name)))
            taken = self._paths.get(path.shape)
            if taken is not None and verb.lower() in taken[1]:
                path = PathTemplate((Segment("_introspection"), *path.segments))
            summary, answer, body = generated_operation(verb, name, protocol.messages)
            for component, schema in generated_components(name).items():
                self._schemas.reference(component, partial(dict, schema))
            own = f"{segment}_service_{name}" + (f"_{verb.lower()}" if name == "config" else "")
            operation: JsonObject = {"tags": [segment], "operationId": self._id(own), "summary": summary}
            if body is not None:
                operation["requestBody"] = body
            answers = {"200": response("The answer.", {JSON: {"schema": answer}})}
            if name == "health":
                answers["503"] = response("The service takes no calls.", {JSON: {"schema": answer}})
            is_secured = bool(self._options.security)
            failing = problems(self._schemas, [], has_body=body is not None, is_secured=is_secured)
            self._add(verb, path, {**operation, "responses": {**answers, **failing}})

    def _add_own(self) -> None:
        """Add what is the server's own; no contract may have a route there."""
        own = server_operations(self._schemas, is_secured=bool(self._options.security))
        for name, operation in own.items():
            path, plain = PathTemplate((Segment(name),)), str(operation["operationId"])
            self._add("GET", path, {**operation, "operationId": self._id(plain)})

    def _add(self, verb: str, path: PathTemplate, operation: JsonObject) -> None:
        """Add an operation; paths that differ in the names of variables alone are one path."""
        known, item = self._paths.setdefault(path.shape, (path, {}))
        renamed = dict(zip(path.variables, known.variables, strict=True))
        parameters = operation.get("parameters", [])
        assert isinstance(parameters, list)
        for parameter in parameters:
            assert isinstance(parameter, dict)
            if parameter["in"] == "path":
                parameter["name"] = renamed[str(parameter["name"])]
        item[verb.lower()] = operation

    def _id(self, plain: str) -> str:
        """Return an id that no other operation has."""
        plain = plain.replace(".", "_")
        found, number = plain, 1
        while found in self._ids:
            number += 1
            found = f"{plain}_{number}"
        self._ids.add(found)
        return found
