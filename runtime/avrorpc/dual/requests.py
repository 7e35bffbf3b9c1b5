"""The HTTP request that a call is over REST, and what its answer says: the other end of `server.rest`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn
from urllib.parse import quote, urlencode

from avrorpc.codec.json import from_json
from avrorpc.codec.json_text import format_json, parse_json
from avrorpc.errors import Code, DeclaredError, EncodeError, StatusError
from avrorpc.method import Contract
from avrorpc.schema import Json, Record
from avrorpc.schema.annotations import DECLARED_TYPE
from avrorpc.schema.routes import Parameter, Route, Source, Style
from avrorpc.status import code_of_http, code_of_problem_type

JSON: Final = "application/json"


@dataclass(slots=True)
class Question:
    """An HTTP request, before it is sent."""

    verb: str
    target: str
    """Path and query, percent-encoded."""
    headers: dict[str, str]
    """By name in small letters."""
    body: bytes = b""


def question(route: Route, arguments: Mapping[str, Json]) -> Question:
    """Return the request that a route makes of arguments by name.

    Raises:
        EncodeError: One is not the message's, or one is missing that the path needs.
    """
    known = {parameter.field.name: parameter for parameter in route.parameters}
    unknown = arguments.keys() - known.keys()
    if unknown:
        has = ", ".join(known) or "nothing"
        raise EncodeError(f"{route.protocol}.{route.message.name} has no {min(unknown)!r}; it has {has}")
    query: list[tuple[str, str]] = []
    headers: dict[str, str] = {}
    members: dict[str, Json] = {}
    body: bytes | None = None
    for name, value in arguments.items():
        parameter = known[name]
        match parameter.source:
            case Source.PATH:
                pass
            case Source.QUERY if parameter.style is Style.TEXTS and isinstance(value, list):
                query += [(parameter.name, _text(item)) for item in value]
            case Source.QUERY:
                query += [(parameter.name, _spelt(parameter, value))] if value is not None else []
            case Source.HEADER:
                headers |= {parameter.name.lower(): _spelt(parameter, value)} if value is not None else {}
            case Source.BODY:
                body = format_json(value)
            case _:
                members[name] = value
    path = "".join(
        f"/{_segment(part.text, arguments) if part.is_variable else part.text}" for part in route.segments
    )
    if body is None and any(parameter.source is Source.MEMBER for parameter in route.parameters):
        body = format_json(members)
    if body is not None:
        headers["content-type"] = JSON
    target = quote(path, safe="/-._~!$&'()*+,;=:@%")
    return Question(route.verb, f"{target}?{urlencode(query)}" if query else target, headers, body or b"")


def raise_problem(status: int, body: bytes, contract: Contract) -> NoReturn:
    """Raise the error that a body stands for which is a problem; see `raise_told`."""
    try:
        document = parse_json(body)
    except EncodeError:
        document = None
    raise_told(status, document, contract)


def raise_told(status: int, document: Json, contract: Contract) -> NoReturn:
    """Raise the error that a problem document stands for.

    Args:
        status: The HTTP status, 400 or above.
        document: The document; anything else says nothing beyond the status.
        contract: Whose declared errors are known.

    Raises:
        DeclaredError: The contract's.
        StatusError: Any other.
    """
    told = document if isinstance(document, dict) else {}
    kind = str(told.get("type", ""))
    if kind.startswith(DECLARED_TYPE):
        error = _declared(kind.removeprefix(DECLARED_TYPE), told.get("error"), contract)
        if error is not None:
            raise error
    code = code_of_problem_type(kind)
    if code is None:
        known = {one.value: one for one in Code}
        code = known.get(str(told.get("code")), code_of_http(status))
    text = str(told.get("detail") or f"the server answered {status}")
    error_id = told.get("error_id")
    raise StatusError(code, text, from_peer=True, error_id=None if error_id is None else str(error_id))


def _declared(name: str, fields: Json, contract: Contract) -> DeclaredError | None:
    schema = next((one for one in contract.protocol.types if one.name == name), None)
    if not isinstance(schema, Record) or name not in contract.types:
        return None
    made = from_json(schema, fields, contract.types)
    made.__avrorpc_from_peer__ = True
    return made if isinstance(made, DeclaredError) else None


def _segment(name: str, arguments: Mapping[str, Json]) -> str:
    if name not in arguments:
        raise EncodeError(f"the path needs {name!r}")
    return quote(_text(arguments[name]), safe="")


def _spelt(parameter: Parameter, value: Json) -> str:
    return format_json(value).decode() if parameter.style is Style.JSON else _text(value)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else format_json(value).decode()
