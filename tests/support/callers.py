"""Clients of both colours that make calls of every kind beside the test, which only starts them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import avrorpc
from avrorpc.errors import EndOfStream
from avrorpc.transport.backoff import Backoff
from testcontracts.ledger import AsyncLedgerClient, LedgerClient

from support.books import PATIENCE

ITEMS: Final = 4
"""How many items streams have."""
KINDS: Final = ("unary", "idempotent", "one-way", "response", "request", "both")
RESULTS: Final[dict[str, Any]] = {
    "unary": 1,
    "idempotent": 1,
    "one-way": None,
    "response": list(range(ITEMS)),
    "request": sum(range(ITEMS)),
    "both": list(range(ITEMS)),
}
"""What calls return where nothing goes wrong, or what does is mended."""
COLOURS: Final = ("sync", "async")
AT_ONCE: Final = Backoff(first=0.0)


def call(client: LedgerClient, kind: str, key: str, *, hold: bool = False) -> Any:
    """Make a call, and return its result or all of its items."""
    match kind:
        case "unary":
            return client.book(key, hold=hold)
        case "idempotent":
            return client.put(key, hold=hold)
        case "one-way":
            client.note(key)
            return None
        case "response":
            return list(client.count(key, ITEMS, hold=hold))
        case "request":
            return client.total(key, hold, range(ITEMS))
        case "block":
            return client.block(key)
        case _:
            with client.echo(key, hold) as talk:
                with suppress(EndOfStream):  # `receive` says how the call has ended
                    for number in range(ITEMS):
                        talk.send(number)
                    talk.close_send()
                return list(talk)


async def call_async(client: AsyncLedgerClient, kind: str, key: str, *, hold: bool = False) -> Any:
    """Do the same with an asynchronous client."""
    match kind:
        case "unary":
            return await client.book(key, hold=hold)
        case "idempotent":
            return await client.put(key, hold=hold)
        case "one-way":
            await client.note(key)
            return None
        case "response":
            return [item async for item in client.count(key, ITEMS, hold=hold)]
        case "request":
            return await client.total(key, hold, numbers())
        case "block":
            return await client.block(key)
        case _:
            return [item async for item in client.echo(key, hold, numbers())]


async def numbers() -> AsyncIterator[int]:
    for number in range(ITEMS):
        yield number


class SyncCaller:
    """A synchronous client; each call has a thread of its own."""

    def __init__(self, url: str, **options: Any) -> None:
        self.client = avrorpc.connect(LedgerClient, url, **{"backoff": AT_ONCE} | options)
        self._threads: list[threading.Thread] = []

    def start(self, kind: str, key: str, *, hold: bool = False) -> Future[Any]:
        future: Future[Any] = Future()

        def work() -> None:
            try:
                future.set_result(call(self.client, kind, key, hold=hold))
            except BaseException as error:  # noqa: BLE001 - the test looks at it
                future.set_exception(error)

        thread = threading.Thread(target=work, name=f"caller {key}")
        self._threads = [each for each in self._threads if each.is_alive()] + [thread]
        thread.start()
        return future

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        avrorpc.close(self.client)
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), thread.name


class AsyncCaller:
    """An asynchronous client on an event loop in a thread of its own."""

    def __init__(self, url: str, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="async caller")
        self._url = url
        self._options = {"backoff": AT_ONCE} | options
        self.client: AsyncLedgerClient

    def start(self, kind: str, key: str, *, hold: bool = False) -> Future[Any]:
        return self.submit(call_async(self.client, kind, key, hold=hold))

    def submit(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def __enter__(self) -> Self:
        self._thread.start()
        self.client = self.submit(self._connect()).result(PATIENCE)
        return self

    async def _connect(self) -> AsyncLedgerClient:
        return avrorpc.connect(AsyncLedgerClient, self._url, **self._options)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.submit(self._close()).result(PATIENCE)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(PATIENCE)
            self._loop.close()

    async def _close(self) -> None:
        await avrorpc.close(self.client)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for _ in range(100):  # what a closed connection's own tasks still have to do
            if all(task.done() for task in left):
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"a closed client left tasks behind: {left}")


CALLERS: Final[dict[str, Callable[..., SyncCaller | AsyncCaller]]] = {
    "sync": SyncCaller,
    "async": AsyncCaller,
}


def outcome(future: Future[Any]) -> Any:
    """Return what a call came to: its result, or the exception that it raised."""
    error = future.exception(PATIENCE)
    return future.result() if error is None else error
