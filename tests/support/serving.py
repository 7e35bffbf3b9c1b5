"""A server on an event loop in a thread of its own, so that blocking clients can call it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from avrorpc import Server
from uvloop import Loop as Uvloop

T = TypeVar("T")


class ServerThread:
    """Serves until the `with` block ends; `tcp`, `spec` and `http` are its addresses."""

    def __init__(self, *services: object, uvloop: bool = False, **options: Any) -> None:
        self._services = services
        self._options = options
        self.loop: asyncio.AbstractEventLoop = Uvloop() if uvloop else asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="test-server")

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.server = self.run(self._start())
        except BaseException:
            self._end()
            raise
        self.tcp, self.spec, self.http = self.server.urls
        return self

    async def _start(self) -> Server:
        server = Server(self._services, **self._options)
        for url in ("tcp://127.0.0.1:0", "tcp://127.0.0.1:0?framing=spec", "http://127.0.0.1:0"):
            await server.listen(url)
        return server

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run(self.server.close(0.2))
        self._end()

    def _end(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(20)
        self.loop.close()
