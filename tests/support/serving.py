"""A server on an event loop in a thread of its own, so that blocking clients can call it, in every way."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from avrorpc import Server
from uvloop import Loop as Uvloop

from support.certificates import CERTIFICATES

T = TypeVar("T")


KINDS: Final = ("tcp", "spec", "unix", "tls", "http", "https")
"""What a server can be called by; a suite that holds for all of them is run for each."""


def anywhere(kind: str, folder: Path) -> str:
    """Return the URL at which a server listens for a kind of calls, wherever there is room."""
    shown = f"cert={CERTIFICATES.server}&key={CERTIFICATES.server_key}"
    return {
        "tcp": "tcp://127.0.0.1:0",
        "spec": "tcp://127.0.0.1:0?framing=spec",
        "unix": f"unix://{folder}/{next(_numbers)}.sock",
        "tls": f"tls://127.0.0.1:0?{shown}",
        "http": "http://127.0.0.1:0",
        "https": f"https://127.0.0.1:0?{shown}",
    }[kind]


def for_clients(url: str) -> str:
    """Return how clients call what a server says that it listens on."""
    return f"{url}?ca={CERTIFICATES.ca}" if url.startswith(("tls:", "https:")) else url


_numbers = itertools.count()


class ServerThread:
    """Serves until the `with` block ends; it has an address for each of `KINDS`, and of its name."""

    tcp: str
    spec: str
    unix: str
    tls: str
    http: str
    https: str

    def __init__(self, *services: object, uvloop: bool = False, **options: Any) -> None:
        self._services = services
        self._options = options
        self.loop: asyncio.AbstractEventLoop = Uvloop() if uvloop else asyncio.new_event_loop()
        self._folder = TemporaryDirectory()
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
        for kind, url in zip(KINDS, self.server.urls, strict=True):
            setattr(self, kind, for_clients(url))
        return self

    async def _start(self) -> Server:
        server = Server(self._services, **self._options)
        for kind in KINDS:
            await server.listen(anywhere(kind, Path(self._folder.name)))
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
        self._folder.cleanup()
