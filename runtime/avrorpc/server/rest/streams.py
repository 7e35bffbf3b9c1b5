"""Streams over REST: server-sent events, NDJSON and plain bytes out; NDJSON and plain bytes in.

A stream says how it ended: server-sent events by an event `end` or `error`, NDJSON by a last line
`{"$end": {...}}` or `{"$error": {...}}`. While nothing comes, a comment or an empty line keeps proxies awake.
Sources: the HTML standard, "Server-sent events"; ndjson.org.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import ExitStack
from typing import Any, Final

from avrorpc.call import Reply
from avrorpc.codec.json_reading import Problem, compile_json_reader
from avrorpc.codec.json_text import format_json, parse_json
from avrorpc.codec.lines import Lines
from avrorpc.contracts import BadRequest, FieldViolation
from avrorpc.errors import Code, DeclaredError, EncodeError, LimitExceeded, StatusError
from avrorpc.schema import Json, Streaming
from avrorpc.schema.routes import Route, Source
from avrorpc.server.rest import negotiation
from avrorpc.server.rest.negotiation import EVENTS, LINES, OCTETS, is_octets
from avrorpc.server.rest.operation import Operation, Surroundings
from avrorpc.server.rest.problems import Refusal, problem_of
from avrorpc.server.rest.timing import Stages
from avrorpc.server.served import Served
from avrorpc.streaming import close_iterator
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
        self._heartbeat = heartbeat
        types = served.contract.types
        message = self.method.message
        items = route.of(Source.ITEMS)
        self._item_type = items[0].field.type if items else None
        self._item = compile_json_reader(items[0].field.type, types) if items else None
        octets = (OCTETS,) if is_octets(message.response) else ()
        self._item_media = (LINES, EVENTS, *octets)
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
        stages = Stages() if self.is_research(request) else None
        try:
            media = negotiation.choose(request.headers.get("accept"), self._offered)
            arguments = await self.read(request, variables, forms_are_json=False)
            if stages is not None:
                stages.ended("decode")
            items = self._items(request)
            call = self.call(request, [*arguments, items])
            try:
                with self.around.admit(self.served, self.method.name, request):
                    reply = await self.served.run(call)
            finally:
                await close_iterator(items)
            if stages is not None:
                stages.ended("call")
            return self._respond(request, reply, media, stages)
        except (DeclaredError, StatusError) as error:
            return self.failed(error)

    def _items(self, request: HttpRequest) -> AsyncIterator[Any]:
        media = request.media_type
        if media == OCTETS and self._item_type is not None and is_octets(self._item_type):
            return aiter(_Octets(request))
        if media not in (LINES, "application/jsonl", "application/json", ""):
            raise Refusal(
                415,
                f"the body must be {LINES}, one item on each line, not {media[:100]}",
                headers={"Accept-Post": LINES},
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
        try:
            value = parse_json(line, self.around.limits)
        except LimitExceeded as error:
            raise StatusError(Code.RESOURCE_EXHAUSTED, f"{where}: {error}") from None
        except EncodeError as error:
            raise StatusError(Code.INVALID_ARGUMENT, f"{where} is no JSON: {error.problem}") from None
        problems: list[Problem] = []
        item = self._item(value, None, problems)
        if problems:
            text = "; ".join(f"{where}{one.pointer}: {one.text}" for one in problems[:5])
            if isinstance(value, list) and number == 0:
                text += "; write the items one on each line, and no list around them"
            wrong = [
                FieldViolation(path=f"/{self.method.item}/{number}{one.pointer}", description=one.text)
                for one in problems
            ]
            raise StatusError(Code.INVALID_ARGUMENT, text, details=(BadRequest(violations=wrong),))
        return item

    async def _give(self, request: HttpRequest, variables: Mapping[str, str]) -> HttpResponse:
        media = negotiation.choose(request.headers.get("accept"), self._item_media)
        is_research = self.is_research(request)
        skip = self._resume_at(request) if media == EVENTS else 0
        with ExitStack() as admitted:
            try:
                arguments = await self.read(request, variables, forms_are_json=is_research)
                call = self.call(request, arguments)
                admitted.enter_context(self.around.admit(self.served, self.method.name, request))
                reply = await self.served.run(call)
            except (DeclaredError, StatusError) as error:
                return self.failed(error)
            request.is_stream = True
            try:
                # What fails before the first item is a problem with a status of its own.
                first = await anext(reply.value, _NOTHING)
            except Exception as error:  # noqa: BLE001 - what an implementation raises is told, whatever it is
                return self.failed(self.served.told(self.method, error))
            kept = admitted.pop_all()
        headers = self.headers_of(reply) | {"Content-Type": media, "Cache-Control": "no-store"}
        body = _Body(self, reply, first, media, skip, kept)
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

    def shown(self, item: Any, number: int, media: str) -> bytes:
        """Return an item as the stream carries it."""
        if media == OCTETS:
            return bytes(item)
        try:
            text = self.text(item)
        except StatusError as error:
            raise TypeError(f"the item [{number}] does not fit the contract: {error.message}") from None
        return b"id: %d\nevent: item\ndata: %s\n\n" % (number, text) if media == EVENTS else text + b"\n"

    def ending(self, error: BaseException | None, number: int, media: str) -> bytes:
        """Return what says how the stream ended."""
        if media == OCTETS:
            return b""
        name, value = "end", dict[str, Json](items=number)
        if error is not None:
            told = self.served.told(self.method, error)
            name, value = "error", problem_of(told, self.served.contract)[1]
        if media == EVENTS:
            return b"event: %s\ndata: %s\n\n" % (name.encode(), format_json(value))
        return format_json({f"${name}": value}) + b"\n"

    @property
    def heartbeat(self) -> float:
        """Seconds without an item after which something is sent all the same."""
        return self._heartbeat


class _Body:
    """The body of a response that is a stream, as the connection asks for it."""

    def __init__(
        self, operation: StreamOperation, reply: Reply, first: Any, media: str, skip: int, admitted: ExitStack
    ) -> None:
        self._operation = operation
        self._reply = reply
        self._media = media
        self._admitted = admitted
        self._parts = self._generate(first, skip)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._parts)
        except StopAsyncIteration:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """End the stream, and the call with it."""
        with self._admitted:
            await self._parts.aclose()
            await close_iterator(self._reply.value)

    async def _generate(self, first: Any, skip: int) -> AsyncGenerator[bytes, None]:
        operation, items, number, item = self._operation, self._reply.value, 0, first
        try:
            while item is not _NOTHING:
                if number >= skip:
                    yield operation.shown(item, number, self._media)
                number += 1
                waiting = asyncio.ensure_future(anext(items, _NOTHING))
                try:
                    while not (await asyncio.wait({waiting}, timeout=operation.heartbeat))[0]:
                        if self._media != OCTETS:
                            yield b": \n\n" if self._media == EVENTS else b"\n"
                finally:
                    if not waiting.done():
                        waiting.cancel()
                        await asyncio.wait({waiting})
                item = waiting.result()
        except Exception as error:  # it is told at the end of the stream
            if self._media == OCTETS:
                raise  # nothing but the end of the connection can tell
            yield operation.ending(error, number, self._media)
            return
        yield operation.ending(None, number, self._media)


class _Octets:
    """A body as the items of a stream of bytes: the parts in which it comes."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        async for chunk in self._request:
            yield chunk


_NOTHING: Final = object()
