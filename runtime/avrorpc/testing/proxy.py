"""A proxy that breaks connections on purpose, between a client and a server reached by TCP or a unix socket.

    async with Proxy("tcp://127.0.0.1:9000") as proxy:
        proxy.to_client.add(Latency(0.2))
        ...connect(Client, proxy.url)

`with Proxy(...)` runs it in a thread of its own, for synchronous tests. Toxics may be changed at any time and
from any thread, and are in force from the next bytes on.
"""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import SplitResult, urlsplit

from avrorpc.errors import BindError, ClientStateError
from avrorpc.testing.directions import Direction, Link
from avrorpc.testing.toxics import Bandwidth, Course, Ending, Piece

CHUNK: Final = 65_536
WINDOW: Final = 256
"""Pieces that one direction may hold back; then it stops reading."""


@dataclass(slots=True)
class Statistics:
    """What a proxy has seen."""

    accepted: int = 0
    """Connections that clients opened."""
    failed: int = 0
    """Of them, how many did not reach the server behind."""
    open: int = 0
    """Connections that are open now."""
    resets: int = 0
    """Connections that were reset on purpose."""


class Proxy:
    """Passes connections on to a server, and does to them what it is told.

    Args:
        upstream: The server's URL: `tcp://`, `http://`, `ws://` and the like with a port, or `unix:///PATH`.
        listen: `HOST:PORT` or the path of a unix socket; by default a free port of 127.0.0.1, or a socket in
            a folder of its own where the upstream is one.

    Raises:
        BindError: The URL has no address, or the address cannot be listened on.
    """

    def __init__(self, upstream: str, *, listen: str | None = None) -> None:
        self.to_server: Final = Direction("to server")
        """The direction from clients to the server."""
        self.to_client: Final = Direction("to client")
        """The direction from the server to clients."""
        self.statistics: Final = Statistics()
        self._upstream = _split(upstream)
        self._listen = listen
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._address: str | tuple[str, int] | None = None
        self._socket: socket.socket | None = None
        self._links: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], None] = lambda: None

    def __repr__(self) -> str:
        return f"<Proxy of {self._upstream.geturl()} {self.statistics}>"

    @property
    def url(self) -> str:
        """Where clients connect to: the upstream's URL with the proxy's address.

        Raises:
            ClientStateError: The proxy is not open.
        """
        parts = self._upstream
        if self._address is None:
            raise ClientStateError("the proxy is not open; use `with` or `async with`")
        if isinstance(self._address, str):
            return f"unix://{self._address}" + (f"?{parts.query}" if parts.query else "")
        host, port = self._address
        return parts._replace(netloc=f"[{host}]:{port}" if ":" in host else f"{host}:{port}").geturl()

    def reset(self) -> None:
        """Reset all connections at both ends, as a crashed host does."""
        self._run(self._reset_all)

    def disconnect(self) -> None:
        """Close all connections in good order; new ones are accepted."""
        self._run(self._close_all)

    def half_close(self, direction: Direction) -> None:
        """End one direction of all connections, `to_server` or `to_client`; the other goes on."""
        self._run(partial(self._end_all, direction))

    def redirect(self, upstream: str) -> None:
        """Reach another server from the next connection on; open ones stay where they are.

        Args:
            upstream: The server's URL.

        Raises:
            BindError: It has no address.
        """
        self._upstream = self._upstream._replace(**_place(_split(upstream)))

    def refuse(self) -> None:
        """Stop listening: who connects is refused. Open connections stay."""
        self._run(self._close_socket)

    def accept(self) -> None:
        """Listen again, at the same address."""
        self._run(self._open_socket)

    def pause(self) -> None:
        """Let no bytes pass in either direction; they wait."""
        self._run(self._flowing.clear)

    def resume(self) -> None:
        """Let them pass again."""
        self._run(self._flowing.set)

    # As a context manager of either colour.

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._open_socket()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_socket()
        await asyncio.sleep(0)  # a task that is cancelled before its first step would never close its socket
        writers = [writer for link in self._links for writer in link.writers]
        for writer in writers:
            writer.transport.abort()
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            with suppress(OSError):
                await writer.wait_closed()
        self._clean_up()

    def __enter__(self) -> Self:
        ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._host(ready)), name="avrorpc-proxy", daemon=True
        )
        self._thread.start()
        try:
            ready.result()
        except BaseException:
            self._thread.join()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._thread is not None
        self._stop()
        self._thread.join()

    async def _host(self, ready: Future[None]) -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.call_soon_threadsafe(stopped.set)

        self._stop = stop
        try:
            await self.__aenter__()
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            ready.set_exception(error)
            return
        ready.set_result(None)
        await stopped.wait()
        await self.__aexit__(None, None, None)

    def _run(self, action: Callable[[], None]) -> None:
        """Run an action on the proxy's loop, and wait for it where that is another thread's."""
        loop = self._loop
        if loop is None:
            raise ClientStateError("the proxy is not open; use `with` or `async with`")
        if self._thread is None or threading.current_thread() is self._thread:
            action()
            return
        done: Future[None] = Future()

        def act() -> None:
            try:
                action()
            except BaseException as error:  # noqa: BLE001 - whoever waits gets it
                done.set_exception(error)
            else:
                done.set_result(None)

        loop.call_soon_threadsafe(act)
        done.result()

    # Connections.

    def _open_socket(self) -> None:
        if self._socket is not None:
            return
        assert self._loop is not None
        address = self._address or self._choose_address()
        sock = socket.socket(_family(address))
        try:
            sock.setblocking(False)
            if isinstance(self._address, str):
                Path(self._address).unlink(missing_ok=True)  # ours, from before `refuse`
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(address)
            sock.listen(128)
        except OSError as error:
            sock.close()
            raise BindError(f"the proxy cannot listen on {address}: {error}") from error
        self._address = address if isinstance(address, str) else sock.getsockname()[:2]
        self._socket = sock
        self._loop.add_reader(sock, self._accept_one)

    def _close_socket(self) -> None:
        if self._socket is None:
            return
        assert self._loop is not None
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self._socket = None

    def _clean_up(self) -> None:
        if isinstance(self._address, str):
            Path(self._address).unlink(missing_ok=True)
        if self._folder is not None:
            self._folder.cleanup()
        self._address = self._loop = self._folder = None

    def _choose_address(self) -> str | tuple[str, int]:
        if self._listen is not None:
            host, separator, port = self._listen.rpartition(":")
            if separator and port.isdigit():
                return host.strip("[]"), int(port)
            return self._listen
        if self._upstream.scheme != "unix":
            return "127.0.0.1", 0
        self._folder = tempfile.TemporaryDirectory(prefix="avrorpc-proxy-")
        return str(Path(self._folder.name) / "proxy")

    def _accept_one(self) -> None:
        assert self._socket is not None
        assert self._loop is not None
        try:
            sock, _ = self._socket.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        sock.setblocking(False)
        self.statistics.accepted += 1
        self._start(self._serve(sock, self.statistics.accepted))

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        assert self._loop is not None
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            client = await asyncio.open_connection(sock=sock)
        except BaseException:
            sock.close()
            raise
        try:
            server = await self._reach()
        except OSError:
            self.statistics.failed += 1
            client[1].transport.abort()
            return
        except BaseException:
            client[1].transport.abort()
            raise
        link = Link(client, server)
        self._links.add(link)
        self.statistics.open += 1
        try:
            await asyncio.gather(
                self._pass_on(link, client[0], server[1], self.to_server, Course(2 * number)),
                self._pass_on(link, server[0], client[1], self.to_client, Course(2 * number + 1)),
            )
        except OSError:
            # One end is gone, and not in good order; so the other learns it.
            link.reset()
        finally:
            self._links.discard(link)
            self.statistics.open -= 1
            link.close()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = self._upstream
        if parts.scheme == "unix":
            return await asyncio.open_unix_connection(parts.path)
        return await asyncio.open_connection(parts.hostname, parts.port)

    async def _pass_on(
        self,
        link: Link,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        direction: Direction,
        course: Course,
    ) -> None:
        """Move one direction: one half reads and plans, the other waits and writes."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[tuple[float, Piece] | None] = asyncio.Queue(WINDOW)
        writing = self._start(self._write(link, writer, direction, waiting))
        try:
            while True:
                await self._flowing.wait()
                try:
                    data = await reader.read(CHUNK)
                except OSError:
                    await link.held(direction)
                    raise
                await self._flowing.wait()
                if not data:
                    await link.held(direction)
                    break
                direction.received += len(data)
                for piece in course.plan(data, direction.toxics):
                    await waiting.put((loop.time() + piece.delay, piece))
                if any(isinstance(toxic, Bandwidth) for toxic in direction.toxics):
                    await waiting.join()  # a narrow line holds its sender back
            await waiting.put(None)
            await writing
        finally:
            writing.cancel()

    async def _write(
        self,
        link: Link,
        writer: asyncio.StreamWriter,
        direction: Direction,
        waiting: asyncio.Queue[tuple[float, Piece] | None],
    ) -> None:
        loop = asyncio.get_running_loop()
        has_ended = False
        while (head := await waiting.get()) is not None:
            due, piece = head
            has_ended = has_ended or direction.name in link.ended
            if has_ended:
                waiting.task_done()
                continue
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            await self._flowing.wait()
            if piece.ending is not None:
                has_ended = True
                self._end(link, writer, direction, piece.ending)
                waiting.task_done()
                continue
            try:
                writer.write(piece.data)
                await writer.drain()
            except OSError:  # this end is gone, so that the other learns it
                has_ended = True
                await link.held(self.to_client if direction is self.to_server else self.to_server)
                link.reset()
            direction.sent += len(piece.data)
            if piece.pause:
                await asyncio.sleep(piece.pause)
            waiting.task_done()
        if not has_ended:
            link.end(direction, writer)

    def _end(self, link: Link, writer: asyncio.StreamWriter, direction: Direction, ending: Ending) -> None:
        match ending:
            case Ending.RESET:
                self.statistics.resets += 1
                link.reset()
            case Ending.HALF_CLOSE:
                link.end(direction, writer)
            case Ending.CLOSE:
                link.close()

    def _reset_all(self) -> None:
        for link in self._links:
            self.statistics.resets += 1
            link.reset()

    def _end_all(self, direction: Direction) -> None:
        for link in self._links:
            link.end(direction, (link.server if direction is self.to_server else link.client)[1])

    def _close_all(self) -> None:
        for link in self._links:
            link.close()


def _split(url: str) -> SplitResult:
    parts = urlsplit(url)
    try:
        found = bool(parts.path) if parts.scheme == "unix" else None not in (parts.hostname, parts.port)
    except ValueError as error:
        raise BindError(f"{url!r} is no address: {error}") from error
    if not found:
        raise BindError(f"{url!r} has no address to pass on to; write tcp://HOST:PORT or unix:///PATH")
    return parts


def _place(parts: SplitResult) -> dict[str, str]:
    return {"path": parts.path} if parts.scheme == "unix" else {"netloc": parts.netloc}


def _family(address: str | tuple[str, int]) -> socket.AddressFamily:
    if isinstance(address, str):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET
