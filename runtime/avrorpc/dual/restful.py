"""Research mode: a message called over REST, whatever carries the requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Final

from avrorpc.codec.json_text import format_json, parse_json
from avrorpc.codec.lines import Lines
from avrorpc.dual.carriers import Carrier, Refused
from avrorpc.dual.catalogue import Known
from avrorpc.dual.mode import Mode
from avrorpc.dual.requests import JSON, Question, question, raise_problem, raise_told
from avrorpc.dual.response import RESTfulResponse
from avrorpc.errors import ConnectionLost
from avrorpc.limits import Limits
from avrorpc.schema import Json
from avrorpc.schema.routes import Route
from avrorpc.streaming import close_iterator


class Restful:
    """Calls messages by their routes; values are JSON.

    Args:
        carrier: Takes the requests.
        headers: Sent with each, by names in small letters.
        limits: `max_body` bounds each item of a stream.
    """

    def __init__(self, carrier: Carrier, headers: Mapping[str, str], limits: Limits) -> None:
        self._carrier: Final = carrier
        self._headers: Final = dict(headers)
        self._limits: Final = limits

    async def call(self, known: Known, route: Route, arguments: Mapping[str, Json]) -> RESTfulResponse:
        """Return the envelope of a result."""
        value = await self._asked(known, question(route, arguments), Mode.RESEARCH)
        return RESTfulResponse.of(value)

    async def generated(self, known: Known, verb: str, name: str, arguments: Mapping[str, Json]) -> Json:
        """Return the answer to what every service has; the server alone knows it, whatever the mode."""
        asked = Question(verb, f"/_introspection/{known.segment}/{name}", {})
        if verb != "GET":
            asked.headers["content-type"] = JSON
            asked.body = format_json(arguments)
        return await self._asked(known, asked, Mode.PRODUCTION)

    async def iterate(self, known: Known, route: Route, arguments: Mapping[str, Json]) -> AsyncIterator[Json]:
        """Yield the items of a response stream."""
        asked = question(route, arguments)
        asked.headers = {**self._headers, **asked.headers, "accept": "application/x-ndjson"}
        lines, parts = Lines(self._limits), self._carrier.stream(asked)
        try:
            async for part in parts:
                for line in lines.feed(part):
                    if not line:
                        continue
                    item = parse_json(line)
                    if isinstance(item, dict) and "$end" in item:
                        return
                    if isinstance(item, dict) and "$error" in item:
                        raise_told(500, item["$error"], known.contract)
                    yield item
        except Refused as refused:
            raise_problem(refused.status, refused.body, known.contract)
        finally:
            await close_iterator(parts)
        raise ConnectionLost(f"{route} ended without saying so")

    async def close(self) -> None:
        """Close the connections."""
        await self._carrier.close()

    async def _asked(self, known: Known, asked: Question, mode: Mode) -> Json:
        asked.headers = {**self._headers, **asked.headers, "avrorpc-mode": mode.value}
        status, body = await self._carrier.send(asked)
        if status >= 400:
            raise_problem(status, body, known.contract)
        return parse_json(body) if body else None
