"""Streams over REST: server-sent events, NDJSON and plain bytes out; NDJSON and plain bytes in.

A stream says how it ended: server-sent events by an event `end` or `error`, NDJSON by a last line
`{"$end": {...}}` or `{"$error": {...}}`. While nothing comes, a comment or an empty line keeps proxies awake.
Sources: the HTML standard, "Server-sent events"; ndjson.org.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

from avrorpc.codec.json_reading import Problem, compile_json_reader
from avrorpc.codec.json_text import format_json, parse_json
from avrorpc.codec.lines import Lines
from avrorpc.errors import Code, DeclaredError, EncodeError, LimitExceeded, StatusError
from avrorpc.schema import Json, Streaming
from avrorpc.schema.routes import Route, Source
from avrorpc.server.rest.negotiation import EVENTS, LINES, OCTETS, is_octets
from avrorpc.server.rest.operation import Operation, Surroundings
from avrorpc.server.rest.problems import Refusal, problem_of
from avrorpc.server.rest.stream_body import Form, StreamBody
from avrorpc.server.rest.stream_items import StreamItems
from avrorpc.server.rest.timing import Stages
from avrorpc.server.served import Served
from avrorpc.transport.http_message import HttpRequest, HttpResponse

HEARTBEAT: Final = 15.0
"""Seconds without an item after which something is sent all the same."""


class StreamOperation(Operation):
    """One route of a message that is a stream in one direction.

    Args:
        served: The service.
        route: What stands for the message.
        around: What all operations share.
        heartbeat: Seconds without an item after which something is sent all the same.
    """

    def __init__(
        self, served: Served, route: Route, around: Surroundings, *, heartbeat: float = HEARTBEAT
    ) -> None:
        super().__init__(served, route, around)
        form = partial(Form, heartbeat=heartbeat)
        self._forms = {
            LINES: form(item=self._line, ending=self._last_line, beat=b"\n"),
            EVENTS: form(item=self._event, ending=self._last_event, beat=b": \n\n"),
            OCTETS: form(item=_octets, ending=None, beat=b""),
        }
        types = served.contract.types
        message = self.method.message
        items = route.of(Source.ITEMS)
        self._item_type = items[0].field.type if items else None
        self._item = compile_json_reader(items[0].field.type, types) if items else None
        octets = (OCTETS,) if is_octets(message.response) else ()
        if self.method.streaming.gives_stream:
            self.offered = (LINES, EVENTS, *octets)
        self._resumes = message.props.get("readonly") is True or message.props.get("idempotent") is True

    async def __call__(self, request: HttpRequest, variables: Mapping[str, str]) -> HttpResponse:
        """Answer a request.

        Raises:
            Refusal: The request is wrong.
        """
        streaming = self.method.streaming
        if streaming is Streaming.BOTH:
            text = f"{self.method.full_name} streams both ways at once, which HTTP cannot; use ws://"
            return self.failed(StatusError(Code.UNIMPLEMENTED, text))
        if streaming.gives_stream:
            return await self._give(request, variables)
        return await self._take(request, variables)

    async def _take(self, request: HttpRequest, variables: Mapping[str, str]) -> HttpResponse:
        request.is_stream = True
        asked = self.asked(request)
        stages = Stages() if asked.is_research(self.settings) else None
        items = StreamItems(self._items(request))
        try:
            arguments = await self.read(request, variables, forms_are_json=False)
            if stages is not None:
                stages.ended("decode")
            call = self.call(request, asked, [*arguments, items])
            with self.around.admit(self.served, call, request):
                reply = await self.served.run(call)
            if stages is not None:
                stages.ended("call")
            return self._respond(request, reply, asked.media, stages)
        except (DeclaredError, StatusError) as error:
            items.check(error)
            return self.failed(error)
        finally:
            await items.aclose()

    def _items(self, request: HttpRequest) -> AsyncIterator[Any]:
        coding = request.headers.get("content-encoding", "identity")
        if coding.strip().lower() != "identity":
            raise Refusal(
                415,
                f"the body is a stream, which comes in no content coding, and not {coding[:60]!r}",
                headers={"Accept-Encoding": "identity"},
            )
        media = request.media_type
        takes_octets = self._item_type is not None and is_octets(self._item_type)
        if media == OCTETS and takes_octets:
            return request
        if media not in (LINES, "application/jsonl", "application/json", ""):
            accepted = f"{LINES}, {OCTETS}" if takes_octets else LINES
            raise Refusal(
                415,
                f"the body must be {LINES}, one item on each line"
                f"{f', or {OCTETS}' if takes_octets else ''}, not {media[:100]}",
                headers={"Accept-Post": accepted},
            )
        return self._lines(request)

    async def _lines(self, request: HttpRequest) -> AsyncGenerator[Any, None]:
        number, lines = 0, Lines(self.around.limits)
        async for chunk in request:
            try:
                whole = lines.feed(chunk)
            except LimitExceeded as error:
                text = f"an item of {self.method.item} is too large: {error}"
                raise StatusError(Code.RESOURCE_EXHAUSTED, text) from None
            for line in whole:
                if line.strip():
                    yield self._parsed(line, number)
                    number += 1
        rest = lines.rest()
        if rest.strip():
            yield self._parsed(rest, number)

    def _parsed(self, line: bytes, number: int) -> Any:
        assert self._item is not None
        where = f"{self.method.item}[{number}]"
        pointer = f"/{self.method.item}/{number}"
        try:
            value = parse_json(line, self.around.limits)
        except LimitExceeded as error:
            raise Refusal(413, f"{where}: {error}") from None
        except EncodeError as error:
            told = [{"pointer": pointer, "detail": error.problem, "in": "body"}]
            raise Refusal(400, f"{where} is no JSON: {error.problem}", errors=told) from None
        problems: list[Problem] = []
        item = self._item(value, None, problems)
        if problems:
            text = "; ".join(f"{where}{one.pointer}: {one.text}" for one in problems[:5])
            if isinstance(value, list) and number == 0:
                text += "; write the items one on each line, and no list around them"
            wrong = [
                {"pointer": f"{pointer}{one.pointer}", "detail": one.text, "in": "body"} for one in problems
            ]
            raise Refusal(422, text, errors=wrong)
        return item

    async def _give(self, request: HttpRequest, variables: Mapping[str, str]) -> HttpResponse:
        asked = self.asked(request)
        media = asked.media
        is_research = asked.is_research(self.settings)
        skip = self._resume_at(request) if media == EVENTS else 0
        with ExitStack() as admitted:
            try:
                arguments = await self.read(request, variables, forms_are_json=is_research)
                call = self.call(request, asked, arguments)
                admitted.enter_context(self.around.admit(self.served, call, request))
                reply = await self.served.run(call)
            except (DeclaredError, StatusError) as error:
                return self.failed(error)
            request.is_stream = True
            kept = admitted.pop_all()
        body = StreamBody(reply.value, partial(self.served.told, self.method), self._forms[media], skip, kept)
        await body.begin()
        if body.refusal is not None:
            return self.failed(body.refusal)
        headers = self.headers_of(reply) | {"Content-Type": media, "Cache-Control": "no-store"}
        return HttpResponse(200, headers, body)

    def _resume_at(self, request: HttpRequest) -> int:
        """Return how many items the client has, by `Last-Event-ID`."""
        last = request.headers.get("last-event-id")
        if last is None:
            return 0
        if not self._resumes:
            raise Refusal(
                400, f"{self.method.full_name} cannot be resumed: it is neither @readonly nor @idempotent"
            )
        if not last.isdecimal() or len(last) > 12:
            raise Refusal(400, f"Last-Event-ID is the number of an item, not {last[:60]!r}")
        return int(last) + 1

    def _line(self, item: Any, number: int) -> bytes:
        try:
            return self.text(item) + b"\n"
        except StatusError as error:
            raise _misfit(number, error) from None

    def _event(self, item: Any, number: int) -> bytes:
        try:
            return b"id: %d\nevent: item\ndata: %b\n\n" % (number, self.text(item))
        except StatusError as error:
            raise _misfit(number, error) from None

    def _last_line(self, error: Exception | None, number: int) -> bytes:
        name, value = self._ending(error, number)
        return format_json({f"${name}": value}) + b"\n"

    def _last_event(self, error: Exception | None, number: int) -> bytes:
        name, value = self._ending(error, number)
        return b"event: %b\ndata: %b\n\n" % (name.encode(), format_json(value))

    def _ending(self, error: Exception | None, number: int) -> tuple[str, dict[str, Json]]:
        """Return what the end of a stream is called, and what it says."""
        if error is None:
            return "end", {"items": number}
        return "error", problem_of(error, self.served.contract)[1]


def _misfit(number: int, error: StatusError) -> TypeError:
    return TypeError(f"the item [{number}] does not fit the contract: {error.message}")


def _octets(item: Any, _: int) -> bytes:
    return bytes(item)
