"""Which HTTP requests stand for a message: the routes of `@http`, or else the default ones.

Where each parameter comes from is decided here, and nothing else: not how a request is read. A route that
`@http` states may take parameters from its path; `@query`, `@header` and `@body` on a parameter say where it
is by themselves; of what remains, GET and DELETE look in the query, POST, PUT and PATCH in the body.
Sources: RFC 9110 for verbs and header names; `avrorpc.schema.path_template` for paths.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum as PythonEnum
from typing import Final

from avrorpc.errors import SchemaError
from avrorpc.schema.annotations import streaming
from avrorpc.schema.logical import logical_name
from avrorpc.schema.model import (
    Array,
    Enum,
    Field,
    Fixed,
    Json,
    Message,
    Primitive,
    Protocol,
    Schema,
    Union,
    short_name,
)
from avrorpc.schema.path_template import PathTemplate, Segment, parse_template

VERBS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""What a route may begin with; HEAD follows GET, and OPTIONS is always there."""
VERBS_WITH_BODY: Final = ("POST", "PUT", "PATCH")
"""Those whose parameters come in the body where nothing else is said."""
OWN_PATHS: Final = ("/", "/openapi.json", "/healthz", "/livez", "/readyz", "/metrics", "/spl-avro")
"""Paths at which a server speaks for itself, or plain Avro."""
OWN_SEGMENTS: Final = ("avro", "browser", "_introspection")
"""First segments below which it does."""
GENERATED: Final = (
    ("GET", "info"),
    ("GET", "examples"),
    ("POST", "test"),
    ("GET", "config"),
    ("POST", "config"),
    ("PUT", "config"),
    ("GET", "health"),
)
"""What each service has below its segment without a message; a route of its contract wins."""

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_OWN_HEADERS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "cookie",
        "expect",
        "host",
        "idempotency-key",
        "if-match",
        "if-none-match",
        "keep-alive",
        "last-event-id",
        "te",
        "traceparent",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_OWN_HEADER_BEGINNINGS: Final = ("content-", "proxy-", "access-control-", "avrorpc-", "sec-")


class Source(PythonEnum):
    """Where in a request a parameter is."""

    PATH = "path"
    """A variable of the template."""
    QUERY = "query"
    """Behind the `?`."""
    HEADER = "header"
    """A header field."""
    MEMBER = "member"
    """A member of the JSON object that is the body."""
    BODY = "body"
    """The whole body."""
    ITEMS = "items"
    """The body's lines: one item of the request's stream each."""


class Style(PythonEnum):
    """How a parameter is spelt there."""

    TEXT = "text"
    """Plainly: a string as it is, a number in its digits."""
    TEXTS = "texts"
    """Plainly, once for each item of an array."""
    JSON = "json"
    """As JSON."""


@dataclass(slots=True, frozen=True)
class Parameter:
    """A parameter of a message, and where a route has it."""

    field: Field
    """The parameter of the contract."""
    source: Source
    """Where it is."""
    name: str
    """What it is called there; its own name where it has none there, as a body."""
    style: Style
    """How it is spelt."""


@dataclass(slots=True, frozen=True)
class Route:
    """A verb and a path that stand for a message."""

    verb: str
    """One of `VERBS`."""
    path: PathTemplate
    """What the path is like."""
    protocol: str
    """The protocol's full name."""
    message: Message
    """What is called."""
    parameters: tuple[Parameter, ...]
    """Where each parameter is, in the message's order."""
    is_declared: bool
    """Whether `@http` states it; else it is a default one."""

    def __str__(self) -> str:
        return f"{self.verb} {self.path}"

    @property
    def template(self) -> str:
        """The path as `@http` spells it."""
        return str(self.path)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The path's parts."""
        return self.path.segments

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the path's variables, which are names of parameters."""
        return self.path.variables

    def of(self, source: Source) -> tuple[Parameter, ...]:
        """Return the parameters that are in one place."""
        return tuple(parameter for parameter in self.parameters if parameter.source is source)


@dataclass(slots=True, frozen=True)
class RouteProblem:
    """What is wrong with an annotation about routes."""

    text: str
    """What, for people."""
    annotation: str
    """Which annotation's value is at fault: `http`, `query`, `header` or `body`."""
    parameter: str | None = None
    """The parameter that has the annotation; None for the message."""
    index: int | None = None
    """Which item of a list in `@http`; None where it is no list, or as a whole."""
    kind: str = "value"
    """`value`: the annotation cannot say that; `variable`: a variable of the path is no good parameter;
    `place`: a parameter cannot be there."""
    help: str | None = None
    """What to do."""


def routes_of(protocol: Protocol, service_segment: str) -> list[Route]:
    """Return the routes of a protocol, message by message, the declared ones in their order.

    A message without `@http` has `POST /{service_segment}/{message}`, and `GET` of the same path where it is
    `@readonly(true)` and neither one-way nor a stream of requests. One with an empty list has none.

    Raises:
        SchemaError: An annotation cannot be followed, or two routes of the protocol mean the same.
    """
    routes = []
    for message in protocol.messages.values():
        problem = next(route_problems(message), None)
        if problem is not None:
            at = f"{problem.parameter}: " if problem.parameter is not None else ""
            raise SchemaError(f"{protocol.name}.{message.name}: {at}{problem.text}")
        routes += message_routes(protocol.name, message, service_segment)
    clash = next(conflicts(routes), None)
    if clash is not None:
        raise SchemaError(conflict_text(*clash))
    return routes


def message_routes(protocol: str, message: Message, service_segment: str) -> list[Route]:
    """Return the routes of a message that has no `route_problems`."""
    return [
        Route(verb, path, protocol, message, _parameters(message, verb, path), is_declared)
        for verb, path, is_declared in _verbs_and_paths(message, service_segment)
    ]


def service_segments(protocols: Iterable[Protocol]) -> dict[str, str]:
    """Return the first path segment of each of some protocols, served together, by their full names.

    It is the short name in snake case. Where two share one, or the server keeps it for itself, it is the
    full name.
    """
    short = {protocol.name: snake_case(short_name(protocol.name)) for protocol in protocols}
    taken = Counter(short.values())
    return {
        name: name if taken[segment] > 1 or f"/{segment}" in OWN_PATHS or segment in OWN_SEGMENTS else segment
        for name, segment in short.items()
    }


def snake_case(name: str) -> str:
    """Return a name in snake case: `TokenStore` is `token_store`, `HTTPServer` is `http_server`."""
    apart = re.sub(r"(?<=[^\W_])(?=[A-Z][a-z])|(?<=[a-z\d])(?=[A-Z])", "_", name)
    return apart.lower()


def conflicts(routes: Iterable[Route]) -> Iterator[tuple[Route, Route]]:
    """Yield the routes that mean the same as one before them, each behind that one.

    Two do where they have one verb, and paths that differ at most in the names of variables.
    """
    first: dict[tuple[str, tuple[str | None, ...]], Route] = {}
    for route in routes:
        before = first.setdefault((route.verb, route.path.shape), route)
        if before is not route:
            yield before, route


def conflict_text(first: Route, second: Route) -> str:
    """Return in words that two routes mean the same."""
    one, other = (f"{route.protocol}.{route.message.name}" for route in (first, second))
    if one == other:
        return f"{one} has the route `{second}` twice"
    same = f"`{first}`" if str(first) == str(second) else f"`{first}` and `{second}`"
    return f"{same} would be {one} and {other} alike"


def is_scalar(schema: Schema) -> bool:
    """Return whether a type's values are single JSON strings, numbers or booleans."""
    match schema:
        case Primitive():
            return schema.name != "null"
        case Fixed():
            return logical_name(schema) != "duration"
        case _:
            return isinstance(schema, Enum)


def style_of(field: Field, source: Source) -> Style:
    """Return how a parameter is spelt in a place.

    Plainly where it is a scalar, or one or null where leaving it out means null. In a query also where it is
    an array of scalars. Else as JSON.
    """
    if source in (Source.MEMBER, Source.BODY, Source.ITEMS):
        return Style.JSON
    schema = field.type
    if is_scalar(schema) or (field.default is None and plain_branch(schema) is not None):
        return Style.TEXT
    if source is Source.QUERY and isinstance(schema, Array) and is_scalar(schema.items):
        return Style.TEXTS
    return Style.JSON


def plain_branch(schema: Schema) -> Schema | None:
    """Return the scalar of a union of null and a scalar; None for anything else."""
    if not isinstance(schema, Union) or len(schema.branches) != 2:
        return None
    others = [
        branch for branch in schema.branches if not (isinstance(branch, Primitive) and branch.name == "null")
    ]
    return others[0] if len(others) == 1 and is_scalar(others[0]) else None


def route_problems(message: Message) -> Iterator[RouteProblem]:
    """Yield all that is wrong with the annotations of a message and its parameters about routes."""
    verbs: list[tuple[str, PathTemplate]] = []
    for index, text in _texts(message):
        if not isinstance(text, str):
            problem = '`@http` needs a text such as "POST /books/{id}", or a list of such texts'
            yield RouteProblem(problem, "http", index=index)
            continue
        found = _parsed(text)
        if isinstance(found, RouteProblem):
            yield RouteProblem(found.text, "http", index=index, help=found.help)
            continue
        verbs.append(found)
        yield from (
            RouteProblem(text_, "http", index=index, kind="variable", help=help_)
            for text_, help_ in _variable_problems(message, found[1])
        )
        if found[0] not in VERBS_WITH_BODY and streaming_request(message):
            problem = f"{message.name} streams its request, and {found[0]} has no body to stream it in"
            yield RouteProblem(problem, "http", index=index, help="write POST, PUT or PATCH")
    yield from _place_problems(message, verbs)


def streaming_request(message: Message) -> bool:
    """Return whether a message streams its request; False also where `@stream` says nothing sensible."""
    try:
        return streaming(message).takes_stream
    except SchemaError:
        return False


def _texts(message: Message) -> Iterator[tuple[int | None, Json]]:
    stated = message.props.get("http")
    if isinstance(stated, list):
        yield from enumerate(stated)
    elif "http" in message.props:
        yield None, stated


def _parsed(text: str) -> tuple[str, PathTemplate] | RouteProblem:
    verb, _, path = text.partition(" ")
    if verb not in VERBS:
        own = {"HEAD": "HEAD follows GET by itself", "OPTIONS": "OPTIONS is answered by itself"}
        if verb.upper() in VERBS:
            hint = f"verbs are in upper case: {verb.upper()}"
            return RouteProblem(f"`{verb}` is no verb", "http", help=hint)
        is_verb = verb and not verb.startswith("/")
        what = (
            f"`{verb}` is no verb of a route" if is_verb else f"`{text}` is no route: it begins with a verb"
        )
        return RouteProblem(what, "http", help=own.get(verb, f"verbs are {', '.join(VERBS)}"))
    try:
        template = parse_template(path)
    except SchemaError as error:
        return RouteProblem(f"`{text}` is no route: {error}", "http")
    first = template.segments[0] if template.segments else None
    if str(template) in OWN_PATHS or (first and not first.is_variable and first.text in OWN_SEGMENTS):
        return RouteProblem(f"`{template}` belongs to the server itself", "http", help="choose another path")
    return verb, template


def _variable_problems(message: Message, template: PathTemplate) -> Iterator[tuple[str, str | None]]:
    fields = {field.name: field for field in message.request}
    for name in template.variables:
        if name not in fields:
            names = ", ".join(fields) or "none"
            yield f"`{{{name}}}` names no parameter of {message.name}", f"its parameters are: {names}"
        elif not is_scalar(fields[name].type):
            yield (
                f"`{{{name}}}` is a parameter that no path can hold",
                "a path holds one string, number, boolean, enum or the like, and never null",
            )
        elif streaming_request(message) and name == message.request[-1].name:
            yield f"`{{{name}}}` is the item of the stream, and comes in the body", None


def _place_problems(message: Message, verbs: list[tuple[str, PathTemplate]]) -> Iterator[RouteProblem]:
    whole: Field | None = None
    for field in message.request:
        stated = [name for name in ("query", "header", "body") if field.props.get(name, False) is not False]
        for name in stated[1:]:
            text = f"it cannot be in two places: `@{stated[0]}` and `@{name}`"
            yield RouteProblem(text, name, field.name, kind="place")
        for name in stated[:1]:
            problem = _value_problem(name, field.props[name])
            if problem is not None:
                yield RouteProblem(problem[0], name, field.name, help=problem[1])
            elif streaming_request(message) and field is message.request[-1]:
                text = "the item of a stream comes in the body, one on each line"
                yield RouteProblem(text, name, field.name, kind="place", help=f"leave `@{name}` out")
            elif verbs and all(field.name in path.variables for _, path in verbs):
                text = f"it is in the path of every route, so that `@{name}` means nothing"
                yield RouteProblem(text, name, field.name, kind="place", help=f"leave `@{name}` out")
            elif name == "body" and field.props["body"] is True:
                if whole is not None:
                    text = f"`{whole.name}` is the whole body already"
                    yield RouteProblem(text, name, field.name, kind="place", help="leave one `@body` out")
                whole = whole or field
    if whole is not None:
        yield from _beside_body(message, whole, verbs)
    yield from _same_names(message, verbs)


def _value_problem(name: str, value: Json) -> tuple[str, str | None] | None:
    if name == "body":
        return None if isinstance(value, bool) else ("`@body` needs true or false", None)
    if not isinstance(value, str) or not value:
        return f"`@{name}` needs the name there, as a text", None
    if name == "query":
        return None
    if _TOKEN.fullmatch(value) is None:
        return f"{value!r} is no name of a header", "letters, digits and `-` make one, such as X-Tenant"
    if value.lower() in _OWN_HEADERS or value.lower().startswith(_OWN_HEADER_BEGINNINGS):
        return f"the header {value} has a meaning of its own", "choose another name"
    return None


def _beside_body(
    message: Message, whole: Field, verbs: list[tuple[str, PathTemplate]]
) -> Iterator[RouteProblem]:
    if streaming_request(message):
        text = "the body of a stream of requests holds the items, and nothing beside them"
        yield RouteProblem(text, "body", whole.name, kind="place", help="leave `@body` out")
        return
    if "http" in message.props and not any(verb in VERBS_WITH_BODY for verb, _ in verbs):
        text = f"no route of {message.name} has a body"
        yield RouteProblem(text, "body", whole.name, kind="place", help="GET and DELETE have none")
    for field in message.request:
        elsewhere = field is whole or "query" in field.props or "header" in field.props
        in_paths = bool(verbs) and all(
            field.name in path.variables for verb, path in verbs if verb in VERBS_WITH_BODY
        )
        if not elsewhere and not in_paths and field.props.get("body") is not True:
            text = f"`{whole.name}` is the whole body, so that `{field.name}` has no place in it"
            hint = f"give `{field.name}` a `@query` or a `@header`, or leave `@body` out"
            yield RouteProblem(text, "body", whole.name, kind="place", help=hint)


def _same_names(message: Message, verbs: list[tuple[str, PathTemplate]]) -> Iterator[RouteProblem]:
    for annotation in ("query", "header"):
        seen: dict[str, str] = {}
        if annotation == "query":
            elsewhere = ("query", "header", "body")
            bare = [one.name for one in message.request if not any(name in one.props for name in elsewhere)]
            seen = {name: name for name in bare}
        for field in message.request:
            name = field.props.get(annotation)
            if not isinstance(name, str):
                continue
            first = seen.setdefault(name.lower() if annotation == "header" else name, field.name)
            if first != field.name:
                text = f"`{first}` is called {name!r} there, too"
                yield RouteProblem(text, annotation, field.name, kind="place", help="choose another name")


def _verbs_and_paths(message: Message, segment: str) -> Iterator[tuple[str, PathTemplate, bool]]:
    if "http" in message.props:
        for _, text in _texts(message):
            found = _parsed(str(text))
            assert not isinstance(found, RouteProblem)
            yield *found, True
        return
    path = PathTemplate((Segment(segment), Segment(message.name)))
    yield "POST", path, False
    if message.props.get("readonly") is True and not message.one_way and not streaming_request(message):
        yield "GET", path, False


def _parameters(message: Message, verb: str, path: PathTemplate) -> tuple[Parameter, ...]:
    return tuple(_parameter(field, message, verb, path) for field in message.request)


def _parameter(field: Field, message: Message, verb: str, path: PathTemplate) -> Parameter:
    name, props = field.name, field.props
    streams = streaming_request(message)
    if name in path.variables:
        source = Source.PATH
    elif streams and field is message.request[-1]:
        source = Source.ITEMS
    elif "header" in props:
        source, name = Source.HEADER, str(props["header"])
    elif "query" in props:
        source, name = Source.QUERY, str(props["query"])
    elif streams or verb not in VERBS_WITH_BODY:
        source = Source.QUERY
    else:
        source = Source.BODY if props.get("body") is True else Source.MEMBER
    return Parameter(field, source, name, style_of(field, source))
