"""What every service has without a line of its own: info, examples, test, config, health.

They ask `avrorpc.Introspection`, as any client might: whoever may not ask that is told nothing here either.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final

from avrorpc.codec.json_text import format_json, parse_json
from avrorpc.contracts import ServingStatus
from avrorpc.errors import EncodeError, LimitExceeded
from avrorpc.examples.problem import below
from avrorpc.limits import Limits
from avrorpc.schema import Json
from avrorpc.schema.openapi_generated import MOST_RUNS
from avrorpc.schema.routes import Route
from avrorpc.server.rest.arguments import FORM
from avrorpc.server.rest.asking import Asking
from avrorpc.server.rest.negotiation import JSON, decode
from avrorpc.server.rest.operation import MODE, compressed
from avrorpc.server.rest.problems import Refusal
from avrorpc.server.rest.settings import ServiceSettings
from avrorpc.server.served import Served
from avrorpc.transport.http_message import HttpRequest, HttpResponse

Answer = Callable[[HttpRequest, Mapping[str, str]], Awaitable[HttpResponse]]


class GeneratedRoutes:
    """The generated routes of one service.

    Args:
        served: The service.
        ask: Asks `avrorpc.Introspection`.
        settings: How the service is set.
        routes: The service's own routes.
        limits: Bounds on bodies.
    """

    def __init__(
        self,
        served: Served,
        ask: Asking,
        settings: ServiceSettings,
        routes: list[Route],
        limits: Limits,
    ) -> None:
        self._served = served
        self._ask = ask
        self._settings = settings
        self._routes = routes
        self._limits = limits
        self.answers: Final[Mapping[tuple[str, str], tuple[str, Answer]]] = {
            ("GET", "info"): ("services", self._info),
            ("GET", "examples"): ("examples", self._examples),
            ("POST", "test"): ("test", self._test),
            ("GET", "config"): ("configuration", self._config),
            ("POST", "config"): ("configuration", self._change),
            ("PUT", "config"): ("configuration", self._replace),
            ("GET", "health"): ("health", self._health),
        }
        """What answers, by verb and the path's last segment, and which question it asks `Introspection`."""

    async def _info(self, request: HttpRequest, _: Mapping[str, str]) -> HttpResponse:
        services = await self._ask(request, "services")
        found: Json = next(one for one in services if one["name"] == self._served.name)
        endpoints: list[Json] = [
            {"route": str(route), "message": route.message.name} for route in self._routes
        ]
        assert isinstance(found, dict)
        return self._json(request, {**found, "endpoints": endpoints})

    async def _examples(self, request: HttpRequest, _: Mapping[str, str]) -> HttpResponse:
        await self._ask(request, "examples", self._served.name)  # refused where the caller may not know
        shown: list[Json] = [
            {"message": case.message, **case.to_json()}
            for cases in self._served.contract.examples.values()
            for case in cases
        ]
        return self._json(request, shown)

    async def _test(self, request: HttpRequest, _: Mapping[str, str]) -> HttpResponse:
        asked = await self._object(request)
        _check_test(asked, self._served.contract.methods)
        repeat = asked.get("repeat", 1)
        assert isinstance(repeat, (int, float))
        arguments = (asked.get("message", ""), asked.get("include_changing", False), int(repeat))
        results = await self._ask(request, "test", self._served.name, *arguments)
        counts = {
            outcome.lower(): sum(one["outcome"] == outcome for one in results)
            for outcome in ("PASSED", "FAILED", "SKIPPED")
        }
        return self._json(request, {"service": self._served.name, **counts, "results": results})

    async def _health(self, request: HttpRequest, _: Mapping[str, str]) -> HttpResponse:
        report = await self._ask(request, "health", self._served.name)
        is_ready = report["status"] == ServingStatus.SERVING.value
        return self._json(request, report, 200 if is_ready else 503)

    async def _config(self, request: HttpRequest, _: Mapping[str, str]) -> HttpResponse:
        await self._ask(
            request, "configuration"
        )  # refused where the caller may not see how the server is set
        return self._json(request, self._settings.shown())

    async def _change(self, request: HttpRequest, _: Mapping[str, str]) -> HttpResponse:
        await self._ask(request, "configuration")
        return self._json(request, self._settings.change(await self._object(request, is_needed=True)))

    async def _replace(self, request: HttpRequest, _: Mapping[str, str]) -> HttpResponse:
        await self._ask(request, "configuration")
        return self._json(request, self._settings.replace(await self._object(request, is_needed=True)))

    async def _object(self, request: HttpRequest, *, is_needed: bool = False) -> dict[str, Json]:
        try:
            body = await request.read(self._limits.max_body)
            body = decode(request.headers.get("content-encoding"), body, self._limits)
            media = request.media_type
            forms_are_json = request.headers.get(MODE, self._settings.mode) == "research"
            if body and media not in ("", JSON) and not (forms_are_json and media == FORM):
                raise Refusal(
                    415, f"the body must be {JSON}, not {media[:100]}", headers={"Accept-Post": JSON}
                )
            if is_needed and not body:
                raise Refusal(400, "there is no body; it must be a JSON object with the settings")
            value = parse_json(body, self._limits) if body else {}
        except LimitExceeded as error:
            raise Refusal(413, str(error)) from None
        except EncodeError as error:
            raise Refusal(400, f"the body is no JSON: {error.problem}") from None
        if not isinstance(value, dict):
            raise Refusal(422, "the body must be a JSON object")
        return value

    def _json(self, request: HttpRequest, value: Json, status: int = 200) -> HttpResponse:
        headers = {"Content-Type": JSON, "Cache-Control": "no-store"}
        return compressed(request, HttpResponse(status, headers, format_json(value)))


def _check_test(asked: Mapping[str, Json], messages: Collection[str]) -> None:
    """Check what a test is asked for.

    Args:
        asked: The request's members.
        messages: The names of those that the service has.

    Raises:
        Refusal: 422, it is something else.
    """
    wanted: Mapping[str, tuple[Callable[[Json], bool], str]] = {
        "message": (
            lambda value: isinstance(value, str) and value in messages,
            f"the name of a message of the service: {', '.join(messages)}",
        ),
        "include_changing": (lambda value: isinstance(value, bool), "true or false"),
        "repeat": (_is_repeat, f"a whole number from 1 to {MOST_RUNS}"),
    }
    errors: list[dict[str, Json]] = []
    for name, value in asked.items():
        if name not in wanted:
            detail = f"a test has no {name!r}; it has {', '.join(wanted)}"
        elif not wanted[name][0](value):
            detail = f"{name} is {wanted[name][1]}"
        else:
            continue
        errors.append({"pointer": below("", name), "detail": detail, "in": "body"})
    if errors:
        raise Refusal(422, f"the test is wrong: {errors[0]['detail']}", errors=errors)


def _is_repeat(value: Json) -> bool:
    """Return whether a value is as often as a case may be run; in JSON `2.0` is a whole number, too."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return 1 <= value <= MOST_RUNS and value % 1 == 0
