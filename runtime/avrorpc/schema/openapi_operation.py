"""One route as an operation of an OpenAPI document: parameters, body, answers, examples."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from avrorpc.schema.annotations import needs_key, streaming, takes_key
from avrorpc.schema.json_schema import JsonObject, JsonSchemas, component_name
from avrorpc.schema.json_spelling import spelt
from avrorpc.schema.model import Array, Field, Json, Message, NoDefault, Primitive, Props, Record, Schema
from avrorpc.schema.openapi_answers import JSON, LINES, envelope, lines, problems, response, streams
from avrorpc.schema.openapi_options import Case, DocumentOptions
from avrorpc.schema.routes import Parameter, Route, Source, Style, plain_branch

MAX_KEY: Final = 255
"""Characters of an idempotency key."""

_PLACES: Final = {Source.PATH: "path", Source.QUERY: "query", Source.HEADER: "header"}


class OperationWriter:
    """Writes operations, and keeps the components that they refer to.

    Args:
        schemas: Makes the schemas.
        options: What the document says beside its contracts.
    """

    def __init__(self, schemas: JsonSchemas, options: DocumentOptions) -> None:
        self._schemas = schemas
        self._options = options

    def operation(self, route: Route, *, is_deprecated: bool) -> JsonObject:
        """Return the operation of a route, without its tags and its id."""
        message = route.message
        operation: JsonObject = _texts(message)
        if is_deprecated or _is_deprecated(message.props):
            operation["deprecated"] = True
        parameters = [self._parameter(one, route) for one in route.parameters if one.source in _PLACES]
        if takes_key(route.verb, message):
            parameters.append(_key_parameter(is_required=needs_key(route.verb, message)))
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

    def _parameter(self, parameter: Parameter, route: Route) -> JsonObject:
        item = parameter.field
        is_required = parameter.source is Source.PATH or isinstance(item.default, NoDefault)
        made: JsonObject = {"name": parameter.name, "in": _PLACES[parameter.source], "required": is_required}
        if item.doc:
            made["description"] = item.doc
        if _is_deprecated(item.props):
            made["deprecated"] = True
        if parameter.style is Style.TEXTS:
            made |= {"style": "form", "explode": True}
        content: JsonObject = {"schema": self._schema_there(parameter)}
        shown = self._examples(route, lambda case: _given(case).get(item.name))
        content |= {"examples": shown} if shown else {}
        return {**made, "content": {JSON: content}} if parameter.style is Style.JSON else {**made, **content}

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
            name = items[0].field.name
            sent = lines(self._schemas.of(items[0].field.type))
            shown = self._examples(route, lambda case: _in_lines(_given(case).get(name)))
            sent |= {"examples": shown} if shown else {}
            # No body at all is a stream without items.
            return {"required": False, "content": {LINES: sent}}
        if not whole and not members:
            return None
        if whole:
            fields = [whole[0].field]
            schema = self._schemas.field(fields[0])
        else:
            fields = [member.field for member in members]
            schema = self._members(route, fields)
        names = {one.name for one in fields}

        def value(case: Case) -> Json:
            given = _given(case)
            return given.get(fields[0].name) if whole else {k: v for k, v in given.items() if k in names}

        content: JsonObject = {"schema": schema}
        shown = self._examples(route, value)
        content |= {"examples": shown} if shown else {}
        is_required = any(isinstance(one.default, NoDefault) for one in fields)
        return {"required": is_required, "content": {JSON: content}}

    def _members(self, route: Route, fields: list[Field]) -> JsonObject:
        """Return the JSON Schema of a body's object: a component where it has all parameters."""
        if len(fields) < len(route.parameters):
            return self._schemas.fields(fields)
        own = f"{component_name(route.protocol)}.{component_name(route.message.name)}-request"
        return self._schemas.reference(own, lambda: self._schemas.fields(fields))

    def _succeeding(self, route: Route) -> dict[str, JsonObject]:
        message = route.message
        is_research = self._options.mode == "research"
        if message.one_way:
            return {"202": response("It was taken, and nothing is answered.")}
        result = self._schemas.of(message.response)
        if streaming(message).gives_stream:
            return {"200": response("The items, one after another.", streams(result))}
        if _is_null(message.response) and not is_research:
            return {"204": response("It was done; there is no result.")}
        content: JsonObject = {"schema": envelope(result) if is_research else result}
        if not is_research:
            shown = self._examples(route, _expected)
            content |= {"examples": shown} if shown else {}
        return {"200": response("The result.", {JSON: content})}

    def _examples(self, route: Route, value: Callable[[Case], Json]) -> JsonObject:
        """Return what the message's cases have somewhere, those left out that fail or have nothing there."""
        cases = self._options.cases.get((route.protocol, route.message.name), ())
        shown: JsonObject = {}
        for number, case in enumerate(cases, 1):
            if "expected_error" in case:
                continue
            found, told = value(case), case.get("description")
            if found is not None:
                summary: JsonObject = {"summary": told} if isinstance(told, str) else {}
                shown[f"case-{number}"] = {**summary, "value": found}
        return shown


def _texts(message: Message) -> JsonObject:
    summary, _, rest = (message.doc or "").strip().partition("\n")
    texts: JsonObject = {"summary": summary.rstrip(".") or message.name}
    told = [message.doc.strip()] if message.doc and rest.strip() else []
    deprecated = message.props.get("deprecated")
    if isinstance(deprecated, str):
        told.append(f"Deprecated: {deprecated}")
    elif isinstance(deprecated, dict):
        words = {"text": "Deprecated:", "since": "Deprecated since", "sunset": "Gone from", "link": "See"}
        told += [f"{word} {deprecated[key]}" for key, word in words.items() if key in deprecated]
    if told:
        texts["description"] = "\n\n".join(told)
    return texts


def _key_parameter(*, is_required: bool) -> JsonObject:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": is_required,
        "description": "Chosen by the caller: what is sent again with the same key is done once.",
        "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": "^[!-~]+$"},
    }


def _is_deprecated(props: Props) -> bool:
    return props.get("deprecated") not in (None, False)


def _is_null(schema: Schema) -> bool:
    return isinstance(schema, Primitive) and schema.name == "null"


def _given(case: Case) -> Mapping[str, Json]:
    given = case.get("input")
    return given if isinstance(given, dict) else {}


def _expected(case: Case) -> Json:
    expected = case.get("expected_output")
    return None if _has_gap(expected) else expected


def _in_lines(items: Json) -> Json:
    """Return the items of a stream as NDJSON, None where there is no list of them."""
    return "".join(f"{json.dumps(item)}\n" for item in items) if isinstance(items, list) else None


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
