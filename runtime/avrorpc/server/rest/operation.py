"""One message over REST: a request in, a call through the service, its result or a problem out."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from avrorpc.call import AsyncClock, Call, Reply, earliest_deadline
from avrorpc.codec.avro_json import to_avro_json
from avrorpc.codec.encode import compile_encoder
from avrorpc.codec.json_text import as_it_stands, format_json
from avrorpc.codec.json_writing import compile_json_formatter
from avrorpc.errors import DeclaredError, StatusError
from avrorpc.limits import Limits
from avrorpc.method import Method
from avrorpc.schema import Json, Message, Record, describe
from avrorpc.schema.annotations import needs_key, takes_key
from avrorpc.schema.routes import Route
from avrorpc.server.activity import RunningCall
from avrorpc.server.rest import negotiation
from avrorpc.server.rest.arguments import ArgumentsReader
from avrorpc.server.rest.conditions import entity_tag, is_unchanged
from avrorpc.server.rest.deprecation import deprecation_headers
from avrorpc.server.rest.negotiation import AVRO, AVRO_JSON, JSON
from avrorpc.server.rest.problems import Refusal, problem_of, respond
from avrorpc.server.rest.settings import MODES, ServiceSettings
from avrorpc.server.rest.timing import Stages
from avrorpc.server.served import Served
from avrorpc.transport.http_message import Fields, HttpRequest, HttpResponse

METADATA: Final = "avrorpc-metadata-"
"""What the header fields begin with that are metadata of a call."""
FORWARDED: Final = frozenset({"authorization", "traceparent", "tracestate", "baggage"})
"""Header fields that are metadata under their own names."""
VARY: Final = "Accept, Accept-Encoding, Avrorpc-Mode"
"""What an answer depends on, beside the URL."""
TIMEOUT: Final = "avrorpc-timeout-ms"
"""The header field by which a client says how long it waits."""
MODE: Final = "avrorpc-mode"
"""The header field by which a client asks for the envelope, or for the bare result."""
REPLY_HEADERS: Final = {
    "ratelimit": "RateLimit",
    "ratelimit-policy": "RateLimit-Policy",
    "retry-after": "Retry-After",
}
"""Metadata of replies that are header fields of other names."""

Admit = Callable[[Served, Call, HttpRequest], RunningCall]
"""Counts a call while it lasts; it raises where the server takes none any more."""


@dataclass(slots=True, frozen=True)
class Surroundings:
    """What the operations of one server share."""

    limits: Limits
    """Bounds on bodies."""
    admit: Admit
    """Counts calls."""
    settings: Mapping[str, ServiceSettings]
    """The settings of each service, by its full name."""
    examples: Callable[[Served, str], list[Json]]
    """The example cases of a message."""


@dataclass(slots=True)
class Asked:
    """What the head of a request asks of an operation."""

    mode: str | None
    """Whether the answer is the envelope or the bare result; None where that is left to the service."""
    media: str
    """The media type of the answer."""
    timeout: float | None
    """Seconds that the client waits."""
    metadata: dict[str, bytes]
    """The metadata of the call."""

    def is_research(self, settings: ServiceSettings) -> bool:
        """Whether the answer is the envelope."""
        return (self.mode or settings.mode) == "research"


class Operation:
    """One route of one message.

    Args:
        served: The service.
        route: What stands for the message.
        around: What all operations share.
    """

    def __init__(self, served: Served, route: Route, around: Surroundings) -> None:
        self.served: Final = served
        self.route: Final = route
        self.method: Final[Method[Any]] = served.contract.methods[route.message.name]
        self.around: Final = around
        self.settings: Final = around.settings[served.name]
        types = served.contract.types
        self.read: Final = ArgumentsReader(route, self.method, types, around.limits)
        self.text: Final = compile_json_formatter(self.method.message.response, types)
        self.encode: Final = compile_encoder(self.method.message.response, types)
        props = self.method.message.props
        self._fixed = deprecation_headers(props)
        self._is_readonly = props.get("readonly") is True
        self.is_safe: Final = route.verb == "GET"
        """Whether the route changes nothing."""
        self.takes_key: Final = takes_key(route.verb, self.method.message)
        """Whether an `Idempotency-Key` matters: what may be repeated anyway needs none."""
        self.needs_key: Final = needs_key(route.verb, self.method.message)
        """Whether a request without an `Idempotency-Key` is refused."""
        response = self.method.message.response
        octets = (negotiation.OCTETS,) if negotiation.is_octets(response) else ()
        self.offered: tuple[str, ...] = (JSON, AVRO, AVRO_JSON, *octets)
        """The media types of answers, the usual one first."""
        self._is_empty = describe(response) == "null"
        self._plain_headers: Final = Fields({**self._fixed, "Content-Type": JSON})
        self._pages = is_paged(self.method.message)
        self._is_usual = not (self.is_safe or self._is_empty or self.method.message.one_way)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._clock = AsyncClock()

    async def __call__(self, request: HttpRequest, variables: Mapping[str, str]) -> HttpResponse:
        """Answer a request.

        Raises:
            Refusal: The request is wrong.
        """
        asked = self.asked(request)
        stages = Stages() if asked.is_research(self.settings) else None
        try:
            arguments = self.read.at_once(request, variables)
            if arguments is None:
                arguments = await self.read(request, variables, forms_are_json=stages is not None)
            if stages is not None:
                stages.ended("decode")
            call = self.call(request, asked, arguments)
            with self.around.admit(self.served, call, request):
                reply = await self.served.run(call)
            if stages is not None:
                stages.ended("call")
            elif self._is_usual and asked.media == JSON and not reply.metadata:
                return self._usual(request, reply.value)
            return self._respond(request, reply, asked.media, stages)
        except (DeclaredError, StatusError) as error:
            return self.failed(error)

    def asked(self, request: HttpRequest) -> Asked:
        """Return what a request's head asks for.

        Raises:
            Refusal: A header field is wrong, or wants what there is not.
        """
        found: Asked | None = request.head.found.get(self)
        if found is None:
            headers = request.headers
            mode, timeout = headers.get(MODE), headers.get(TIMEOUT)
            if mode is not None and mode not in MODES:
                raise Refusal(400, f"Avrorpc-Mode is research or production, not {mode[:60]!r}")
            found = request.head.found[self] = Asked(
                mode,
                negotiation.choose(headers.get("accept"), self.offered),
                None if timeout is None else _timeout(timeout),
                metadata_of(request, self.around.limits),
            )
        return found

    def call(self, request: HttpRequest, asked: Asked, arguments: list[Any]) -> Call:
        """Return the call that a request makes."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._clock = loop, AsyncClock(loop)
        return Call(
            self.method,
            tuple(arguments),
            self._clock,
            earliest_deadline(self.method, self._clock, asked.timeout),
            asked.metadata.copy(),
            request.principal,
            request.accepted.peer or None,
        )

    def failed(self, error: Exception) -> HttpResponse:
        """Return the problem of what a call raised."""
        status, document, headers = problem_of(error, self.served.contract)
        return respond(status, document, {**headers, **self._fixed})

    def headers_of(self, reply: Reply) -> dict[str, str]:
        """Return the header fields of a reply's metadata."""
        headers = dict(self._fixed)
        for name, value in reply.metadata.items():
            text = value.decode("latin-1")
            if text.isprintable():
                headers[REPLY_HEADERS.get(name, f"Avrorpc-Metadata-{name}")] = text
        return headers

    def _usual(self, request: HttpRequest, value: Any) -> HttpResponse:
        """Return the bare JSON of a result, which is what nearly all clients want."""
        try:
            body = self.text(value)
        except StatusError as error:
            raise self._misfit(error) from None
        response = HttpResponse(200, self._plain_headers, body)
        return response if len(body) < negotiation.THRESHOLD else compressed(request, response)

    def _respond(self, request: HttpRequest, reply: Reply, media: str, stages: Stages | None) -> HttpResponse:
        is_research = stages is not None
        headers = self.headers_of(reply)
        if self.method.message.one_way:
            return HttpResponse(202, headers)
        if self._is_empty and not is_research:
            return HttpResponse(204, headers)
        if self._pages and self.is_safe:
            following = getattr(reply.value, "next_cursor", None)
            if following is not None:
                link = f'<{_next_page(request, following)}>; rel="next"'
                headers["Link"] = f"{headers['Link']}, {link}" if "Link" in headers else link
        body = self._body(reply.value, media, stages)
        headers["Content-Type"] = media
        if stages is not None:
            headers["Server-Timing"] = stages.header
        if self._is_readonly and self.is_safe and not is_research:
            return self._cached(request, headers, body)
        return compressed(request, HttpResponse(200, headers, body))

    def _body(self, value: Any, media: str, stages: Stages | None) -> bytes:
        try:
            if media == JSON:
                body = self.text(value)
            elif media == AVRO_JSON:
                types = self.served.contract.types
                body = format_json(to_avro_json(self.method.message.response, value, types))
            elif media == AVRO:
                out = bytearray()
                self.encode(out, value)
                body = bytes(out)
            else:
                body = bytes(value)
        except StatusError as error:
            raise self._misfit(error) from None
        if stages is None:
            return body
        stages.ended("encode")
        return format_json(self._envelope(body, stages)) if media == JSON else body

    def _misfit(self, error: StatusError) -> Exception:
        """Return what callers are told of a result that is not the contract's: it is not their fault."""
        problem = TypeError(f"the result does not fit the contract: {error.message}")
        return self.served.told(self.method, problem)

    def _envelope(self, text: bytes, stages: Stages) -> dict[str, object]:
        seconds = stages.milliseconds
        metadata: dict[str, Json] = {
            "service": self.served.name,
            "message": self.method.name,
            "request_id": uuid.uuid4().hex[:12],
            "duration_ms": round(sum(seconds.values()), 3),
            "stages_ms": dict(seconds),
        }
        return {
            "data": as_it_stands(text),
            "metadata": metadata,
            "examples": self.around.examples(self.served, self.method.name),
        }

    def _cached(self, request: HttpRequest, headers: dict[str, str], body: bytes) -> HttpResponse:
        tag = entity_tag(body)
        headers |= {"Cache-Control": "no-cache", "Vary": VARY, "ETag": f'"{tag}"'}
        if is_unchanged(request.headers.get("if-none-match"), tag):
            return HttpResponse(304, headers)
        return compressed(request, HttpResponse(200, headers, body))


def is_paged(message: Message) -> bool:
    """Whether a message gives pages: it takes a `cursor`, and gives `items` and a `next_cursor`."""
    response = message.response
    return (
        isinstance(response, Record)
        and {"items", "next_cursor"} <= {field.name for field in response.fields}
        and any(field.name == "cursor" for field in message.request)
    )


def _next_page(request: HttpRequest, cursor: object) -> str:
    """Return the target of the next page: the same query with another cursor."""
    query = [(name, value) for name, value in parse_qsl(request.query) if name != "cursor"]
    return f"{request.path}?{urlencode([*query, ('cursor', str(cursor))])}"


def compressed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Return a response in the content coding that its client likes best, where that pays."""
    body = response.body
    if not isinstance(body, bytes) or len(body) < negotiation.THRESHOLD:
        return response
    headers = {"Vary": VARY, **response.headers}
    name = negotiation.coding(request.headers.get("accept-encoding"))
    if name is None:
        return HttpResponse(response.status, headers, body)
    if "ETag" in headers:
        headers["ETag"] = f'{headers["ETag"][:-1]}-{name}"'
    headers["Content-Encoding"] = name
    return HttpResponse(response.status, headers, negotiation.encode(name, body))


def metadata_of(request: HttpRequest, limits: Limits) -> dict[str, bytes]:
    """Return the metadata in a request's header fields.

    Raises:
        Refusal: 431, there is more than `max_metadata`.
    """
    found: dict[str, bytes] = {}
    for name, value in request.headers.items():
        if name in FORWARDED:
            found[name] = value.encode("latin-1")
        elif name.startswith(METADATA):
            found[name.removeprefix(METADATA)] = value.encode("latin-1")
    if found and sum(len(name) + len(value) for name, value in found.items()) > limits.max_metadata:
        raise Refusal(431, f"the metadata is above max_metadata={limits.max_metadata} bytes")
    return found


def _timeout(text: str) -> float:
    if not text.isdecimal() or len(text) > 12 or int(text) == 0:
        raise Refusal(400, f"Avrorpc-Timeout-Ms is a whole number of milliseconds, not {text[:60]!r}")
    return int(text) / 1000
