"""An OpenAPI 3.1 document from protocols: their routes, types, errors and examples.

The document says what `avrorpc.server.rest` does; keys stand in one order, so that the same contracts give the
same text. Source: OpenAPI Specification 3.1.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from avrorpc.errors import SchemaError
from avrorpc.schema.annotations import streaming
from avrorpc.schema.json_schema import JsonObject, JsonSchemas, component_name
from avrorpc.schema.json_spelling import spelt
from avrorpc.schema.model import (
    Array,
    Field,
    Json,
    Message,
    NoDefault,
    Primitive,
    Protocol,
    Record,
    short_name,
)
from avrorpc.schema.openapi_answers import (
    JSON,
    envelope,
    lines,
    problems,
    response,
    streams,
)
from avrorpc.schema.openapi_generated import generated_component, generated_operation
from avrorpc.schema.path_template import PathTemplate, Segment
from avrorpc.schema.routes import (
    GENERATED,
    VERBS,
    Parameter,
    Route,
    Source,
    Style,
    conflict_text,
    conflicts,
    plain_branch,
    routes_of,
    service_segments,
    streaming_request,
)
from avrorpc.schema.text import compact
from avrorpc.schema.writing import handshake_hash, protocol_to_json

Mode = Literal["research", "production"]
Case = Mapping[str, Json]

VERSION: Final = "3.1.1"
"""The version of OpenAPI that documents are written in."""
MAX_KEY: Final = 255
"""Characters of an idempotency key."""

_SCHEMES: Final[Mapping[str, JsonObject]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "mutual_tls": {"type": "mutualTLS"},
}
_PLACES: Final = {Source.PATH: "path", Source.QUERY: "query", Source.HEADER: "header"}


@dataclass(slots=True, frozen=True, kw_only=True)
class DocumentOptions:
    """What a document says beside its contracts."""

    title: str = "Services"
    """What the whole is called."""
    version: str = "1.0.0"
    """The version of the whole."""
    description: str | None = None
    """What it is about; Markdown."""
    servers: Sequence[str] = ()
    """URLs at which it is served."""
    mode: Mode = "production"
    """Whether answers are the bare results, or the envelope of research mode."""
    security: Sequence[Literal["bearer", "mutual_tls"]] = ()
    """How callers may say who they are; where there is any, they must."""
    cases: Mapping[tuple[str, str], Sequence[Case]] = field(default_factory=dict)
    """Example cases by full name of the protocol and name of the message: objects with `description`, `input`,
    and maybe `expected_output`."""
    generated: bool = True
    """Whether to list what each service has without a message for it, such as `GET /{service}/info`."""


def openapi(protocols: Iterable[Protocol], options: DocumentOptions = DocumentOptions()) -> JsonObject:
    """Return the OpenAPI document of some protocols that are served together.

    Raises:
        SchemaError: A route cannot be followed, or two mean the same.
    """
    return _Document(list(protocols), options).made()


class _Document:
    def __init__(self, protocols: list[Protocol], options: DocumentOptions) -> None:
        self._protocols = protocols
        self._options = options
        self._schemas = JsonSchemas()
        self._paths: dict[tuple[str | None, ...], tuple[PathTemplate, JsonObject]] = {}
        self._ids: set[str] = set()

    def made(self) -> JsonObject:
        options, segments = self._options, service_segments(self._protocols)
        routes = {one.name: routes_of(one, segments[one.name]) for one in self._protocols}
        clash = next(conflicts(route for listed in routes.values() for route in listed), None)
        if clash is not None:
            raise SchemaError(conflict_text(*clash))
        for protocol in self._protocols:
            named: set[str] = set()
            for route in routes[protocol.name]:
                self._add(
                    route.verb, route.path, self._operation(route, segments[protocol.name], protocol, named)
                )
        if options.generated:
            for protocol in self._protocols:
                self._add_generated(segments[protocol.name])
        document: JsonObject = {"openapi": VERSION, "info": self._info()}
        if options.servers:
            document["servers"] = [{"url": url} for url in options.servers]
        if options.security:
            document["security"] = [{name: []} for name in options.security]
        document["tags"] = [
            {"name": segments[one.name], **({"description": one.doc} if one.doc else {})}
            for one in self._protocols
        ]
        document["paths"] = {
            path.uri: {verb.lower(): item[verb.lower()] for verb in VERBS if verb.lower() in item}
            for path, item in self._paths.values()
        }
        components: JsonObject = {"schemas": dict(self._schemas.components)}
        if options.security:
            components["securitySchemes"] = {name: dict(_SCHEMES[name]) for name in options.security}
        document["components"] = components
        return document

    def _info(self) -> JsonObject:
        options = self._options
        info: JsonObject = {"title": options.title, "version": options.version}
        if options.description:
            info["description"] = options.description
        info["x-avrorpc-contracts"] = {
            one.name: handshake_hash(compact(protocol_to_json(one))).hex() for one in self._protocols
        }
        return info

    def _add(self, verb: str, path: PathTemplate, operation: JsonObject) -> None:
        known, item = self._paths.setdefault(path.shape, (path, {}))
        if known.variables != path.variables:
            renamed = dict(zip(path.variables, known.variables, strict=True))
            for parameter in operation.get("parameters", []):  # type: ignore[union-attr]
                assert isinstance(parameter, dict)
                if parameter["in"] == "path":
                    parameter["name"] = renamed[str(parameter["name"])]
        item[verb.lower()] = operation

    def _operation(self, route: Route, segment: str, protocol: Protocol, named: set[str]) -> JsonObject:
        message = route.message
        operation: JsonObject = {
            "tags": [segment],
            "operationId": self._id(route, segment, named),
            **_texts(message),
        }
        if _is_deprecated(message.props) or _is_deprecated(protocol.props):
            operation["deprecated"] = True
        placed = [parameter for parameter in route.parameters if parameter.source in _PLACES]
        parameters = [self._parameter(parameter, message, route.protocol) for parameter in placed]
        if route.verb in ("POST", "PATCH") and not streaming_request(message) and not message.one_way:
            parameters.append(_key_parameter())
        if parameters:
            operation["parameters"] = list(parameters)
        body = self._body(route)
        if body is not None:
            operation["requestBody"] = body
        errors = [error for error in message.errors if isinstance(error, Record)]
        failing = problems(
            self._schemas, errors, has_body=body is not None, is_secured=bool(self._options.security)
        )
        operation["responses"] = {**self._succeeding(route), **failing}
        return operation

    def _id(self, route: Route, segment: str, named: set[str]) -> str:
        """Return an id of an operation that no other has: a message's later routes carry their verb."""
        plain = f"{segment}_{route.message.name}".replace(".", "_")
        base = plain if route.message.name not in named else f"{plain}_{route.verb.lower()}"
        named.add(route.message.name)
        return self._unique(base)

    def _unique(self, base: str) -> str:
        found, number = base, 1
        while found in self._ids:
            number += 1
            found = f"{base}_{number}"
        self._ids.add(found)
        return found

    def _parameter(self, parameter: Parameter, message: Message, protocol: str) -> JsonObject:
        item = parameter.field
        is_required = parameter.source is Source.PATH or isinstance(item.default, NoDefault)
        made: JsonObject = {"name": parameter.name, "in": _PLACES[parameter.source], "required": is_required}
        if item.doc:
            made["description"] = item.doc
        if _is_deprecated(item.props):
            made["deprecated"] = True
        schema = self._schema_there(parameter)
        if parameter.style is Style.JSON:
            made["content"] = {JSON: {"schema": schema}}
        else:
            made["schema"] = schema
        if parameter.style is Style.TEXTS:
            made |= {"style": "form", "explode": True}
        shown: JsonObject = {}
        for index, case in enumerate(self._options.cases.get((protocol, message.name), ()), 1):
            given = case.get("input")
            if isinstance(given, dict) and given.get(item.name) is not None:
                shown[f"case-{index}"] = {**_summary(case), "value": given[item.name]}
        if shown and parameter.style is Style.JSON:
            content = made["content"]
            assert isinstance(content, dict)
            content[JSON] = {"schema": schema, "examples": shown}
        elif shown:
            made["examples"] = shown
        return made

    def _schema_there(self, parameter: Parameter) -> JsonObject:
        item = parameter.field
        if parameter.style is Style.JSON:
            return self._schemas.field(Field("", item.type, default=item.default))
        scalar = plain_branch(item.type) or item.type
        schema = self._schemas.of(scalar)
        if item.default is not None and not isinstance(item.default, NoDefault):
            schema["default"] = spelt(item.type, item.default)
        is_open_text = isinstance(scalar, Primitive) and scalar.name in ("string", "bytes")
        if parameter.source is Source.PATH and is_open_text and "format" not in schema:
            schema["minLength"] = 1
        if isinstance(item.type, Array) and item.default != []:
            schema["minItems"] = 1  # none at all means that the parameter is left out
        return schema

    def _body(self, route: Route) -> JsonObject | None:
        items, whole, members = (route.of(source) for source in (Source.ITEMS, Source.BODY, Source.MEMBER))
        if items:
            return {
                "required": True,
                "content": {"application/x-ndjson": lines(self._schemas.of(items[0].field.type))},
            }
        if whole:
            only = whole[0].field
            schema = self._schemas.field(only)
            is_required = isinstance(only.default, NoDefault)
        elif members:
            fields = [member.field for member in members]
            is_whole = len(members) == len(route.parameters)
            own = f"{component_name(route.protocol)}.{component_name(route.message.name)}-request"
            schema = (
                self._schemas.reference(own, lambda: self._schemas.fields(fields))
                if is_whole
                else self._schemas.fields(fields)
            )
            is_required = any(isinstance(one.default, NoDefault) for one in fields)
        else:
            return None
        content: JsonObject = {"schema": schema}
        names = {member.field.name for member in members}
        shown: JsonObject = {}
        for index, case in enumerate(self._options.cases.get((route.protocol, route.message.name), ()), 1):
            given = case.get("input")
            if isinstance(given, dict):
                value = (
                    given.get(whole[0].field.name)
                    if whole
                    else {k: v for k, v in given.items() if k in names}
                )
                shown[f"case-{index}"] = {**_summary(case), "value": value}
        if shown:
            content["examples"] = shown
        return {"required": is_required, "content": {JSON: content}}

    def _succeeding(self, route: Route) -> dict[str, JsonObject]:
        message = route.message
        if message.one_way:
            return {"202": response("It was taken, and nothing is answered.")}
        is_empty = isinstance(message.response, Primitive) and message.response.name == "null"
        is_research = self._options.mode == "research"
        result = self._schemas.of(message.response)
        if streaming(message).gives_stream:
            return {"200": response("The items, one after another.", streams(result))}
        if is_empty and not is_research:
            return {"204": response("It was done; there is no result.")}
        content: JsonObject = {"schema": envelope(result) if is_research else result}
        shown: JsonObject = {}
        for index, case in enumerate(self._options.cases.get((route.protocol, message.name), ()), 1):
            if "expected_output" in case and not is_research and not _has_gap(case["expected_output"]):
                shown[f"case-{index}"] = {**_summary(case), "value": case["expected_output"]}
        if shown:
            content["examples"] = shown
        return {"200": response("The result.", {JSON: content})}

    def _add_generated(self, segment: str) -> None:
        for verb, name in GENERATED:
            path = PathTemplate((Segment(segment), Segment(name)))
            taken = self._paths.get(path.shape)
            if taken is not None and verb.lower() in taken[1]:
                path = PathTemplate((Segment("_introspection"), Segment(segment), Segment(name)))
            summary, answer, body = generated_operation(verb, name)
            component = str((answer.get("items") or answer)["$ref"]).rpartition("/")[2]  # type: ignore[index,call-overload]
            self._schemas.reference(component, lambda component=component: generated_component(component))
            plain = f"{segment}_service_{name}".replace(".", "_")
            suffix = f"_{verb.lower()}" if name == "config" else ""
            operation: JsonObject = {
                "tags": [segment],
                "operationId": self._unique(plain + suffix),
                "summary": summary,
            }
            if body is not None:
                operation["requestBody"] = body
            answers = {"200": response("The answer.", {JSON: {"schema": answer}})}
            if name == "health":
                answers["503"] = response("The service takes no calls.", {JSON: {"schema": answer}})
            is_secured = bool(self._options.security)
            failing = problems(self._schemas, [], has_body=body is not None, is_secured=is_secured)
            operation["responses"] = {**answers, **failing}
            self._add(verb, path, operation)


def _texts(message: Message) -> JsonObject:
    summary, _, rest = (message.doc or "").strip().partition("\n")
    texts: JsonObject = {"summary": summary.rstrip(".") or short_name(message.name)}
    told = [message.doc.strip()] if message.doc and rest.strip() else []
    deprecated = message.props.get("deprecated")
    if isinstance(deprecated, str):
        told.append(f"Deprecated: {deprecated}")
    elif isinstance(deprecated, dict):
        told += [
            f"{word} {deprecated[key]}."
            for key, word in (("since", "Deprecated since"), ("sunset", "Gone from"), ("link", "Instead:"))
            if key in deprecated
        ]
    if told:
        texts["description"] = "\n\n".join(told)
    return texts


def _key_parameter() -> JsonObject:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "Chosen by the caller: what is sent again with the same key is done once.",
        "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": "^[!-~]+$"},
    }


def _is_deprecated(props: Mapping[str, Json]) -> bool:
    return props.get("deprecated") not in (None, False)


def _summary(case: Case) -> JsonObject:
    told = case.get("description")
    return {"summary": told} if isinstance(told, str) else {}


def _has_gap(value: Json) -> bool:
    """Return whether an expected result leaves something open, such as `[[...]]`."""
    match value:
        case str():
            return "..." in value
        case list():
            return any(map(_has_gap, value))
        case dict():
            return any(map(_has_gap, value.values()))
        case _:
            return False
