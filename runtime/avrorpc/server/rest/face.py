"""The REST face of a server: a handler of all paths that are not Avro's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from avrorpc.codec.json_text import format_json
from avrorpc.contracts import IntrospectionService
from avrorpc.errors import LimitExceeded, RemoteProtocolError
from avrorpc.limits import Limits
from avrorpc.method import Method
from avrorpc.middleware.authentication import Authentication
from avrorpc.middleware.statistics import Statistics
from avrorpc.schema import Json, Streaming
from avrorpc.schema.openapi import openapi
from avrorpc.schema.openapi_options import DocumentOptions
from avrorpc.schema.path_template import parse_template
from avrorpc.schema.routes import Route, routes_of, service_segments
from avrorpc.schema.routing import BadPath, Found, NoSuchPath, Router, WrongVerb
from avrorpc.server.activity import Activity
from avrorpc.server.examples import held_examples
from avrorpc.server.health import Health
from avrorpc.server.http_origins import Origins
from avrorpc.server.rest.asking import Asking, Problem
from avrorpc.server.rest.browser import Browser
from avrorpc.server.rest.conditions import check_match, entity_tag, is_unchanged
from avrorpc.server.rest.cors import Cors
from avrorpc.server.rest.gate import Gate
from avrorpc.server.rest.generated import GeneratedRoutes
from avrorpc.server.rest.idempotency import IdempotencyKeys
from avrorpc.server.rest.metrics import CONTENT_TYPE, exposition
from avrorpc.server.rest.negotiation import JSON
from avrorpc.server.rest.operation import Admit, Operation, Surroundings, compressed
from avrorpc.server.rest.problems import Refusal, respond
from avrorpc.server.rest.settings import Mode, ServiceSettings
from avrorpc.server.rest.streams import StreamOperation
from avrorpc.server.served import Served
from avrorpc.streaming import close_iterator
from avrorpc.transport.http_message import Head, HttpRequest, HttpResponse

Answer = Callable[[HttpRequest, Mapping[str, str]], Awaitable[HttpResponse]]
Missed = WrongVerb | NoSuchPath | BadPath

logger = logging.getLogger("avrorpc")
refusals: Final = logging.getLogger("avrorpc.rest")
"""Told, at the level of debugging, of each request that is refused before it is a call."""


@dataclass(slots=True, frozen=True, kw_only=True)
class ServerParts:
    """What of a server its REST face shows."""

    services: tuple[Served, ...]
    """What is served for users."""
    introspection: Served | None
    """What tells of the server; None where it tells nobody."""
    health: Health
    """How the services fare."""
    activity: Activity
    """What goes on."""
    statistics: Statistics
    """What has been counted."""
    limits: Limits
    """Bounds on bodies."""
    admit: Admit
    """Counts a call while it lasts."""
    examples: Callable[[Served, str], list[Json]]
    """The example cases of a message."""
    guards: tuple[Authentication, ...] = ()
    """The checks that all calls pass."""
    expose_cause: bool = False
    """Whether callers learn the text of undeclared exceptions."""


class RestFace:
    """Answers all requests that are not Avro's.

    Args:
        server: What is shown.
        mode: Whether answers are the envelope, or the bare results, where nobody asks for the other.
        origins: The sites whose pages may call.
        browser: Whether there is the API browser, where there is Introspection.

    Raises:
        SchemaError: Two routes mean the same.
    """

    def __init__(self, server: ServerParts, *, mode: Mode, origins: Origins, browser: bool) -> None:
        self._server: Final = server
        self._mode: Final = mode
        self._cors: Final = Cors(origins)
        self._router: Router[Answer] = Router()
        self._settings: Final = {
            served.name: ServiceSettings(served.binding.implementation, mode) for served in server.services
        }
        around = Surroundings(server.limits, server.admit, self._settings, server.examples)
        self._gate: Final = Gate(
            server.guards, server.statistics, server.limits, expose_cause=server.expose_cause
        )
        segments = service_segments(served.protocol for served in server.services)
        self.routes: Final[dict[str, list[Route]]] = {}
        """The routes of each service, by its full name."""
        for served in server.services:
            self.routes[served.name] = routes_of(served.protocol, segments[served.name])
        for served in server.services:
            for route in self.routes[served.name]:
                message = served.contract.methods[route.message.name]
                answer = self._known(message, self._answer_by(served, route, around))
                self._router.add(route.verb, route.path, answer)
        self._ask: Final = (
            None
            if server.introspection is None
            else Asking(server.introspection, server.limits, server.admit)
        )
        if self._ask is not None:
            for served in server.services:
                self._add_generated(served, segments[served.name], self._ask)
        for path, answer in self._own().items():
            self._router.add("GET", parse_template(path), answer)
        if self._ask is not None and browser:
            for path, answer in Browser(self._ask, self.routes, segments).answers.items():
                self._router.add("GET", parse_template(path), answer)
        self._keys: IdempotencyKeys | None = None
        self._locks: dict[str, asyncio.Lock] = {}

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a request."""
        is_of_page = "origin" in request.headers
        try:
            problem = self._cors.refusal(request) if is_of_page else None
            if problem is not None:
                raise Refusal(403, problem)
            found = self._router.find(request.method, request.path)
            if isinstance(found, Found):
                response = await found.target(request, found.variables)
            else:
                response = self._not_found(request, found)
        except Refusal as refusal:
            response = _refused(request, refusal.status, refusal.document(), refusal.headers)
        except Problem as problem:
            response = _refused(request, problem.status, problem.document, problem.headers)
        except (LimitExceeded, RemoteProtocolError):
            raise  # of the request's bytes, which whoever read them answers
        except Exception:
            logger.exception("a request to %s failed", request.path)
            response = respond(500, Refusal(500, "an internal error").document())
        extra = self._cors.headers(request) if is_of_page else None
        if extra:
            vary = ", ".join(filter(None, (response.headers.get("Vary"), extra.pop("Vary", None))))
            response.headers = {**response.headers, **extra, **({"Vary": vary} if vary else {})}
        return response

    def _not_found(self, request: HttpRequest, found: Missed) -> HttpResponse:
        """Return the answer to a request that no route is for."""
        verb = request.method
        match found:
            case WrongVerb() if verb == "OPTIONS":
                allowed = {"Allow": ", ".join(found.allowed)}
                return HttpResponse(204, {**allowed, **self._cors.preflight(request, found.allowed)})
            case WrongVerb():
                allow = ", ".join(found.allowed)
                raise Refusal(
                    405, f"{request.path} takes {allow}, and no {verb[:20]}", headers={"Allow": allow}
                )
            case BadPath() | NoSuchPath() if verb == "OPTIONS" and request.target == "*":
                return HttpResponse(204, {"Allow": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"})
            case BadPath():
                raise Refusal(400, f"the path is wrong: {found.problem}")
            case NoSuchPath():
                # Who tries things out is helped; in production nobody is told more than that it is not there.
                is_helped = self._mode == "research" and self._gate.is_open and self._ask is not None
                near = self._router.near(request.path) if is_helped else None
                hint = f"did you mean {near}?" if near else "/openapi.json has what there is"
                raise Refusal(404, f"there is nothing at {request.path[:200]}; {hint}")

    def _known(self, method: Method[Any], answer: Answer) -> Answer:
        """Return an answer for those alone who may call a message."""
        if self._gate.is_open:
            return answer

        async def known(request: HttpRequest, variables: Mapping[str, str]) -> HttpResponse:
            await self._gate(request, method)
            return await answer(request, variables)

        return known

    def _answer_by(self, served: Served, route: Route, around: Surroundings) -> Answer:
        """Return what answers by a route. What reads and writes its values is made at its first request."""
        made: Answer | None = None

        def answer(request: HttpRequest, variables: Mapping[str, str]) -> Awaitable[HttpResponse]:
            nonlocal made
            if made is None:
                streams = served.contract.methods[route.message.name].streaming is not Streaming.NONE
                made = self._guarded((StreamOperation if streams else Operation)(served, route, around))
            return made(request, variables)

        return answer

    def _guarded(self, operation: Operation) -> Answer:
        """Return what answers for an operation, when preconditions and keys are looked at."""
        if operation.is_safe:
            return operation

        async def answer_if(
            if_match: str, request: HttpRequest, variables: Mapping[str, str]
        ) -> HttpResponse:
            # One after the other, so that what is compared is what is changed.
            lock = self._locks.setdefault(request.path, asyncio.Lock())
            try:
                async with lock:
                    check_match(if_match, await self._tag(request))
                    return await self._once(operation, request, variables)
            finally:
                if not lock.locked():
                    self._locks.pop(request.path, None)

        def answer(request: HttpRequest, variables: Mapping[str, str]) -> Awaitable[HttpResponse]:
            if_match = request.headers.get("if-match")
            if if_match is not None:
                return answer_if(if_match, request, variables)
            if operation.takes_key and (operation.needs_key or "idempotency-key" in request.headers):
                return self._once(operation, request, variables)
            return operation(request, variables)

        return answer

    async def _tag(self, request: HttpRequest) -> str | None:
        """Return the entity tag of what a GET of the same path gives; None where that gives nothing.

        Raises:
            Refusal: 412, nothing can be read there.
        """
        found = self._router.find("GET", request.path)
        if not isinstance(found, Found):
            raise Refusal(412, f"If-Match needs a GET of {request.path}, and there is none")
        names = ("authorization", "accept")
        headers = {name: value for name, value in request.headers.items() if name in names}
        headers["avrorpc-mode"] = "production"
        head = Head("GET", request.path, headers)
        probe = HttpRequest(head, accepted=request.accepted, principal=request.principal)
        response = await found.target(probe, found.variables)
        if not isinstance(response.body, bytes):
            await close_iterator(response.body)
            return None
        if response.status != 200:
            return None
        return entity_tag(response.body)

    async def _once(
        self, operation: Operation, request: HttpRequest, variables: Mapping[str, str]
    ) -> HttpResponse:
        """Answer a request, from memory where its key says that it was answered before."""
        key = request.headers.get("idempotency-key") if operation.takes_key else None
        if key is None:
            if operation.needs_key:
                raise Refusal(400, f"{operation.method.full_name} needs a header Idempotency-Key")
            return await operation(request, variables)
        body = await request.read(self._server.limits.max_body)
        again = HttpRequest(request.head, body, request.accepted, request.principal)
        self._keys = self._keys or IdempotencyKeys()
        caller = request.headers.get("authorization") or (
            "" if request.principal is None else request.principal.name
        )
        payload = b"\0".join(
            (request.query.encode(), request.headers.get("content-type", "").encode("latin-1"), body)
        )
        route = f"{request.method} {request.path}"
        return await self._keys.run(key, route, caller, payload, lambda: operation(again, variables))

    def _add_generated(self, served: Served, segment: str, ask: Asking) -> None:
        settings, routes = self._settings[served.name], self.routes[served.name]
        generated = GeneratedRoutes(served, ask, settings, routes, self._server.limits)
        questions = IntrospectionService.__contract__.methods
        for (verb, name), (question, answered) in generated.answers.items():
            answer = self._known(questions[question], answered)
            self._router.add(verb, parse_template(f"/_introspection/{segment}/{name}"), answer)
            path = parse_template(f"/{segment}/{name}")
            if not self._router.has(verb, path):
                self._router.add(verb, path, answer)

    @cached_property
    def _document(self) -> HttpResponse:
        cases = {
            (served.name, message): [
                case for case in held_examples(served, message) if isinstance(case, dict)
            ]
            for served in self._server.services
            for message in served.contract.methods
        }
        options = DocumentOptions(
            title=", ".join(served.name for served in self._server.services),
            mode=self._mode,
            cases=cases,
            generated=self._server.introspection is not None,
            security=tuple(dict.fromkeys(name for guard in self._server.guards for name in guard.schemes)),
        )
        body = format_json(openapi((served.protocol for served in self._server.services), options))
        headers = {"Content-Type": JSON, "Cache-Control": "no-cache", "ETag": f'"{entity_tag(body)}"'}
        return HttpResponse(200, headers, body)

    async def _openapi(self, request: HttpRequest, _: Mapping[str, str]) -> HttpResponse:
        # Refused where the caller may not know what is served.
        if self._ask is not None:
            await self._ask(request, "services")
        else:
            await self._gate(request, IntrospectionService.__contract__.methods["services"])
        document = self._document
        tag = document.headers["ETag"].strip('"')
        if is_unchanged(request.headers.get("if-none-match"), tag):
            return HttpResponse(304, {"ETag": f'"{tag}"'})
        return compressed(request, document)

    def _own(self) -> dict[str, Answer]:
        answers: dict[str, Answer] = {
            "/openapi.json": self._openapi,
            "/healthz": self._healthz,
            "/livez": self._livez,
            "/readyz": self._readyz,
        }
        return answers if self._ask is None else {**answers, "/metrics": self._metrics}

    async def _healthz(self, request: HttpRequest, _: Mapping[str, str]) -> HttpResponse:
        health = self._server.health
        return self._status(request, is_good=health.is_live and health.is_ready)

    async def _livez(self, request: HttpRequest, _: Mapping[str, str]) -> HttpResponse:
        return self._status(request, is_good=self._server.health.is_live)

    async def _readyz(self, request: HttpRequest, _: Mapping[str, str]) -> HttpResponse:
        return self._status(request, is_good=self._server.health.is_ready)

    def _status(self, request: HttpRequest, *, is_good: bool) -> HttpResponse:
        report = self._server.health.report()
        services: dict[str, Json] = {one.name: one.status.value for one in report.services}
        document: dict[str, Json] = {"status": "ok" if is_good else "unavailable", "services": services}
        if report.text:
            document["text"] = report.text
        headers = {"Content-Type": JSON, "Cache-Control": "no-store"}
        return HttpResponse(200 if is_good else 503, headers, format_json(document))

    async def _metrics(self, request: HttpRequest, _: Mapping[str, str]) -> HttpResponse:
        assert self._ask is not None
        await self._ask(request, "statistics")  # refused where the caller may not know what goes on
        text = exposition(
            self._server.statistics.snapshot(), self._server.health, len(self._server.activity.connections)
        )
        return compressed(request, HttpResponse(200, {"Content-Type": CONTENT_TYPE}, text.encode()))


def _refused(
    request: HttpRequest, status: int, document: Mapping[str, Json], headers: Mapping[str, str]
) -> HttpResponse:
    """Return the problem of a request that goes no further."""
    refusals.debug("%s %s  %d  %s", request.method, request.target, status, document.get("detail", ""))
    return respond(status, document, headers)
