"""HTTP on aiohttp: Avro bodies at `POST /avro/{protocol}` and `POST /spl-avro`."""

from __future__ import annotations

import asyncio
import logging
from contextvars import Context
from dataclasses import replace
from typing import Final, Protocol

from aiohttp import web

from avrorpc.errors import LimitExceeded, RpcError
from avrorpc.limits import Limits
from avrorpc.server.activity import Activity
from avrorpc.server.served import Served
from avrorpc.transport.accepted import Accepted, Counted
from avrorpc.transport.address import Address
from avrorpc.transport.exchange import Streams
from avrorpc.wire.exchange import CONTENT_TYPE, unframe
from avrorpc.wire.framing import frame
from avrorpc.wire.server import Offers, Request, read_call

_PROXIED: Final = frozenset({"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"})

logger = logging.getLogger("avrorpc")


class AcceptedAnswerer(Protocol):
    """Gives a request's reply, handshake response and all; None for a one-way call."""

    async def __call__(
        self, request: Request[Served], streams: Streams | None, *, accepted: Accepted | None
    ) -> bytes | None:
        """Answer."""
        ...


class HttpListener:
    """One HTTP address.

    Args:
        address: Where to listen; port 0 takes a free one.
        offers: What is served.
        answer: Gives a request's reply, handshake response and all.
        activity: Is told of each request's connection, for as long as the request lasts.
        limits: Bounds on requests.
    """

    def __init__(
        self,
        address: Address,
        offers: Offers[Served],
        answer: AcceptedAnswerer,
        activity: Activity,
        limits: Limits,
    ) -> None:
        self.address = address
        self._offers = offers
        self._answer = answer
        self._activity = activity
        self._limits = limits
        # Framing takes 4 bytes per buffer; aiohttp's own limit only has to lie above ours.
        app = web.Application(client_max_size=limits.max_body + 65_536)
        app.router.add_post("/avro/{protocol}", self._post)
        app.router.add_post("/spl-avro", self._post)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        self._site: web.TCPSite | None = None
        self._is_stopping = False

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: The address cannot be had.
        """
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, self.address.host, self.address.port)
        try:
            await self._site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        self.address = replace(self.address, port=self._runner.addresses[0][1], path="")

    async def stop(self) -> None:
        """Accept no more connections; those that are kept alive end with their next reply."""
        self._is_stopping = True
        site, self._site = self._site, None
        if site is not None:
            await site.stop()

    async def close(self) -> None:
        """Close every connection."""
        await self._runner.cleanup()

    async def _post(self, request: web.Request) -> web.Response:
        response = await self._respond(request)
        if self._is_stopping:
            response.force_close()
        return response

    async def _respond(self, request: web.Request) -> web.Response:
        name = request.match_info.get("protocol")
        if name is not None and self._offers.get(name) is None:
            served = ", ".join(offer.name for offer in self._offers)
            return _refuse(404, f"there is no protocol {name} here; there is {served}")
        if request.content_type != CONTENT_TYPE:
            return _refuse(415, f"the body must be {CONTENT_TYPE}, not {request.content_type}")
        try:
            body = await request.read()
            call, reply = read_call(unframe(body, self._limits), 0, None, self._offers, self._limits, name)
        except web.HTTPRequestEntityTooLarge:
            return _refuse(413, f"the body is above max_body={self._limits.max_body} bytes")
        except LimitExceeded as error:
            return _refuse(413, str(error))
        except RpcError as error:
            logger.warning("refused a request from %s: %s", request.remote, error)
            return _refuse(400, str(error))
        if call is None or reply:
            return _avro(reply)
        # A task of its own has an empty context; a client that goes away cancels this handler, and the task.
        return _avro(await asyncio.create_task(self._run(request, len(body), call), context=Context()))

    async def _run(self, request: web.Request, size: int, call: Request[Served]) -> bytes | None:
        accepted = Accepted(self.address.scheme, Counted(received=size))
        accepted.comes_from(
            None if request.transport is None else request.transport.get_extra_info("peername")
        )
        # Behind a proxy on this host, everybody seems to be here.
        accepted.is_local = accepted.is_local and not (_PROXIED & request.headers.keys())
        self._activity.opened(accepted)
        try:
            return await self._answer(call, None, accepted=accepted)
        finally:
            self._activity.closed(accepted)


def _avro(reply: bytes | None) -> web.Response:
    return web.Response(body=frame("spec", 0, reply or b""), content_type=CONTENT_TYPE)


def _refuse(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text + "\n")
