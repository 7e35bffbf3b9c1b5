"""The arguments of a message, out of a request's path, query, headers and body: all that is wrong at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from avrorpc.codec.avro_json import from_avro_json
from avrorpc.codec.binary import Cursor
from avrorpc.codec.decode import compile_decoder
from avrorpc.codec.json_reading import Place, Problem, compile_json_fields
from avrorpc.codec.json_text import parse_json
from avrorpc.codec.types import Types
from avrorpc.errors import DecodeError, EncodeError, LimitExceeded
from avrorpc.limits import Limits
from avrorpc.method import Method
from avrorpc.schema import Json, NoDefault, Record, Schema, from_plain
from avrorpc.schema.routes import Parameter, Route, Source, Style, plain_branch
from avrorpc.server.rest.negotiation import AVRO, AVRO_JSON, JSON, OCTETS, decode, is_octets
from avrorpc.server.rest.problems import Refusal
from avrorpc.transport.http_message import HttpRequest

FORM: Final = "application/x-www-form-urlencoded"
MAX_QUERY: Final = 1_000
"""Parameters in a query."""


class ArgumentsReader:
    """Reads the arguments of one route's requests, the items of a stream left out.

    Args:
        route: Where each parameter is.
        method: What is called.
        types: Python classes by the full names of Avro types.
        limits: Bounds on bodies.
    """

    def __init__(self, route: Route, method: Method[Any], types: Types, limits: Limits) -> None:
        self._route = route
        self._limits = limits
        self._types = types
        self._parameters: Final = tuple(p for p in route.parameters if p.source is not Source.ITEMS)
        fields = [parameter.field for parameter in self._parameters]
        self._read = compile_json_fields(fields, types, f"{method.full_name}")
        self._members: Final = tuple(p for p in self._parameters if p.source is Source.MEMBER)
        self._whole: Final = next((p for p in self._parameters if p.source is Source.BODY), None)
        self._takes_octets: Final = self._whole is not None and is_octets(
            plain_branch(self._whole.field.type) or self._whole.field.type
        )
        """Whether a body may be the bytes of the one parameter that it stands for."""
        self._is_optional: Final = self._whole is not None and not isinstance(
            self._whole.field.default, NoDefault
        )
        self._query: Final = {p.name: p for p in self._parameters if p.source is Source.QUERY}
        self._headers: Final = tuple(p for p in self._parameters if p.source is Source.HEADER)
        self._request = Record(
            f"{method.name}_request", fields=[parameter.field for parameter in self._members]
        )
        self._decoders = [
            (p.field.name, compile_decoder(p.field.type, p.field.type, types)) for p in self._members
        ]
        self._streams = method.streaming.takes_stream
        self._has_body = route.verb in ("POST", "PUT", "PATCH") and not self._streams
        self._is_of_body: Final = self._has_body and not self._query and not self._headers

    def at_once(self, request: HttpRequest, variables: Mapping[str, str]) -> list[Any] | None:
        """Return the arguments of the usual request: a JSON body that has come, and nothing wrong in it.

        None, with the request as it was, where that is not so.
        """
        found = request.head.found
        is_usual = found.get(self)
        if is_usual is None:
            is_usual = found[self] = self._is_usual(request)
        if not is_usual or variables:
            return None
        body = request.body.take(self._limits.max_body)
        if body is None:
            return None
        value = self._json(body, JSON)
        if self._whole is not None:
            value = {self._whole.field.name: value}
        problems: list[Problem] = []
        made = self._read(value, None, problems) if type(value) is dict else None
        if problems or made is None:
            request.body.put(body)
            return None
        return made

    def _is_usual(self, request: HttpRequest) -> bool:
        """Whether the arguments are in the body alone, and that is JSON as it stands."""
        headers = request.headers
        is_json = headers.get("content-type") == JSON and "content-encoding" not in headers
        return self._is_of_body and is_json and not request.query

    async def __call__(
        self, request: HttpRequest, variables: Mapping[str, str], *, forms_are_json: bool
    ) -> list[Any]:
        """Return the arguments.

        Args:
            request: The request.
            variables: What the path says.
            forms_are_json: Whether a body that is labelled as a form, as `curl -d` does, is taken as JSON.

        Raises:
            Refusal: 400, 413 or 415 of the body as such; 422 with all that is wrong with the values.
        """
        values: dict[str, Json] = {}
        ready: dict[str, Any] = {}
        sources: dict[str, str] = dict.fromkeys(variables, "path")
        errors: list[dict[str, Json]] = []
        for name, text in variables.items():
            values[name] = from_plain(self._field(name), text)
        if request.query or self._query:
            self._read_query(request.query, values, sources, errors)
        for parameter in self._headers:
            found = request.headers.get(parameter.name.lower())
            if found is not None:
                values[parameter.field.name] = self._spelt(parameter, found, errors)
                sources[parameter.field.name] = "header"
        has_body = (
            self._has_body
            or request.headers.get("content-length", "0") != "0"
            or "transfer-encoding" in request.headers
        )
        if has_body and not self._streams:
            try:
                body = await request.read(self._limits.max_body)
            except LimitExceeded as error:
                raise Refusal(413, str(error)) from None
            self._read_body(body, request, values, ready, sources, errors, forms_are_json=forms_are_json)
        return self._made(values, ready, sources, errors)

    def _made(
        self,
        values: dict[str, Json],
        ready: Mapping[str, Any],
        sources: Mapping[str, str],
        errors: list[dict[str, Json]],
    ) -> list[Any]:
        problems: list[Problem] = []
        spare = {str(error["pointer"]) for error in errors}
        made = self._read(values, None, problems) if not ready else self._mixed(values, ready, problems)
        for problem in problems:
            pointer = problem.pointer
            if pointer in spare:
                continue  # what it is has been told
            top = pointer.split("/")[1].replace("~1", "/").replace("~0", "~") if pointer else ""
            errors.append(
                {"pointer": pointer, "detail": problem.text, "in": sources.get(top, self._home(top))}
            )
        if errors:
            count = "one thing is" if len(errors) == 1 else f"{len(errors)} things are"
            first = f"{errors[0]['pointer'] or 'the body'}: {errors[0]['detail']}"
            raise Refusal(422, f"{count} wrong with the values: {first}", errors=errors)
        return made

    def _mixed(
        self, values: Mapping[str, Json], ready: Mapping[str, Any], problems: list[Problem]
    ) -> list[Any]:
        """Return the arguments where some came as Avro, and need no reading."""
        place: Place = None
        rest = [parameter.field for parameter in self._parameters if parameter.field.name not in ready]
        read = compile_json_fields(rest, self._types, self._route.message.name)
        made = dict(zip((field.name for field in rest), read(values, place, problems), strict=True))
        made.update(ready)
        return [made[parameter.field.name] for parameter in self._parameters]

    def _home(self, name: str) -> str:
        """Return where a parameter would be that is nowhere."""
        for parameter in self._parameters:
            if parameter.field.name == name:
                return "body" if parameter.source is Source.MEMBER else parameter.source.value
        return "body" if self._has_body else "query"

    def _field(self, name: str) -> Schema:
        return next(parameter.field.type for parameter in self._parameters if parameter.field.name == name)

    def _read_query(
        self, query: str, values: dict[str, Json], sources: dict[str, str], errors: list[dict[str, Json]]
    ) -> None:
        try:
            pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_QUERY, errors="strict")
        except UnicodeDecodeError:
            raise Refusal(400, "percent-encoded bytes in the query are UTF-8") from None
        except ValueError:
            raise Refusal(400, f"the query has more than {MAX_QUERY} parameters") from None
        lists: dict[str, list[Json]] = {
            p.field.name: []
            for name, p in self._query.items()
            if p.style is Style.TEXTS and any(n == name for n, _ in pairs)
        }
        for name, text in pairs:
            parameter = self._query.get(name)
            if parameter is None:
                errors.append({"pointer": f"/{name[:60]}", "detail": self._no_query(name), "in": "query"})
                continue
            own = parameter.field.name
            if own in lists:
                items = parameter.field.type
                lists[own].append(from_plain(items.items, text))  # type: ignore[union-attr]
            elif own in values:
                errors.append({"pointer": f"/{own}", "detail": "it is given twice", "in": "query"})
            else:
                values[own] = self._spelt(parameter, text, errors)
            sources[own] = "query"
        values.update(lists)

    def _no_query(self, name: str) -> str:
        """Return what is said of a query parameter that is none here."""
        if any(parameter.field.name == name for parameter in self._parameters):
            return f"{name!r} is no query parameter here; it is for the {self._home(name)}"
        has = f"there is {', '.join(self._query)}" if self._query else "there are none"
        return f"there is no query parameter {name!r:.60} here; {has}"

    def _spelt(self, parameter: Parameter, text: str, errors: list[dict[str, Json]]) -> Json:
        if parameter.style is not Style.JSON:
            return from_plain(parameter.field.type, text)
        try:
            return parse_json(text.encode(), self._limits)
        except (EncodeError, LimitExceeded) as error:
            problem = f"it must be JSON text: {error if isinstance(error, LimitExceeded) else error.problem}"
            errors.append(
                {"pointer": f"/{parameter.field.name}", "detail": problem, "in": parameter.source.value}
            )
            return None

    def _read_body(
        self,
        body: bytes,
        request: HttpRequest,
        values: dict[str, Json],
        ready: dict[str, Any],
        sources: dict[str, str],
        errors: list[dict[str, Json]],
        *,
        forms_are_json: bool,
    ) -> None:
        body = decode(request.headers.get("content-encoding"), body, self._limits)
        media = request.media_type
        if not body and (self._whole is None or (not media and self._is_optional)):
            return
        if self._whole is not None and self._takes_octets and media == OCTETS:
            ready[self._whole.field.name] = body
            return
        match media:
            case "avro/binary":
                self._read_avro(body, ready)
                return
            case "avro/json":
                self._read_avro_json(body, ready)
                return
            case "" | "application/json":
                pass
            case _ if media.endswith("+json") and media != "application/merge-patch+json":
                pass
            case "application/x-www-form-urlencoded" if forms_are_json:
                pass
            case _:
                hint = (
                    " (curl -d sends a form; add -H 'Content-Type: application/json')"
                    if media == FORM
                    else ""
                )
                *others, last = [JSON, AVRO, AVRO_JSON] + [OCTETS] * self._takes_octets
                raise Refusal(
                    415,
                    f"the body must be {', '.join(others)} or {last}, not {media[:100]}{hint}",
                    headers={"Accept-Post": ", ".join([*others, last])},
                )
        value = self._json(body, media)
        if self._whole is not None:
            values[self._whole.field.name] = value
            return
        if not isinstance(value, dict):
            raise Refusal(
                422,
                "the body must be a JSON object with the arguments by name",
                errors=[{"pointer": "", "detail": f"expected an object, got {value!r:.60}", "in": "body"}],
            )
        allowed = {p.field.name for p in (self._members or self._query.values())}
        for name, item in value.items():
            if name in values or (name in sources and name not in allowed):
                pointer = f"/{name}"
                errors.append(
                    {"pointer": pointer, "detail": f"it is in the {sources[name]} already", "in": "body"}
                )
            else:
                values[name] = item
                sources[name] = "body"

    def _json(self, body: bytes, media: str) -> Json:
        try:
            return parse_json(body, self._limits)
        except LimitExceeded as error:
            raise Refusal(413, str(error)) from None
        except EncodeError as error:
            if media == FORM:
                raise Refusal(415, f"the body is a form; it must be {JSON}") from None
            raise Refusal(400, f"the body is no JSON: {error.problem}") from None

    def _read_avro(self, body: bytes, ready: dict[str, Any]) -> None:
        cursor = Cursor(body, self._limits)
        try:
            for name, decoder in self._decoders:
                ready[name] = decoder(cursor)
            cursor.finish()
        except LimitExceeded as error:
            raise Refusal(413, str(error)) from None
        except (DecodeError, ValueError) as error:
            raise Refusal(400, f"the body is not the Avro of the parameters: {error}") from None

    def _read_avro_json(self, body: bytes, ready: dict[str, Any]) -> None:
        value = self._json(body, AVRO_JSON)
        try:
            ready.update(from_avro_json(self._request, value, {**self._types}))
        except EncodeError as error:
            pointer = "/" + error.path.split(".")[0] if error.path else ""
            errors = [{"pointer": pointer, "detail": error.problem, "in": "body"}]
            raise Refusal(422, f"the body does not fit: {error.problem}", errors=errors) from None
