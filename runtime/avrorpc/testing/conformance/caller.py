"""Calls of a subject in each placement, over one implementation; and what became of each."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self, TypeAlias
from urllib.parse import quote, urlencode

from avrorpc.binding import Binding, targets
from avrorpc.client import connect, with_options
from avrorpc.client.verify import changed
from avrorpc.errors import Code, DeclaredError, StatusError
from avrorpc.method import Method
from avrorpc.server import Server
from avrorpc.service import Middleware
from avrorpc.stub import AsyncClient
from avrorpc.testing.conformance.subject import LOCAL, SECURE, Subject
from avrorpc.testing.threads import DaemonThreads
from avrorpc.transport.address import parse_address

PROBE: Final = "probe"
"""The placement in which each call is tried first: in memory, with the causes of errors exposed."""
PROBE_HERE: Final = "probe-here"
"""The same without a wire, for messages that the wire cannot carry."""
GRACE: Final = 0.5
"""Seconds that a service is given to end what it was told to end."""
MAX_ITEMS: Final = 64
"""Items after which a stream that goes on is closed."""

Arguments: TypeAlias = tuple[Any, ...]
"""In the message's order; of a request stream, the last is a list of items."""


@dataclass(slots=True)
class Outcome:
    """What became of a call."""

    value: Any = None
    items: list[Any] = field(default_factory=list)
    """What a response stream gave, before its end or its error."""
    error: BaseException | None = None
    has_more: bool = False
    """Whether a stream was closed because it went on and on."""
    seconds: float = 0.0
    """How long it took."""
    closing: float = 0.0
    """How long closing the stream took, of it."""

    def __str__(self) -> str:
        said = "" if not self.items else f"{len(self.items)} items, then "
        if self.error is not None:
            return f"{said}{type(self.error).__name__}: {self.error}"
        return f"{said}the end" if self.items else f"{self.value!r:.80}"


class NoAnswer(Exception):
    """A call did not end within the time that the checks allow."""


class Caller:
    """Clients of a subject in each placement, open at once over one implementation.

    Args:
        subject: What is called.
        placements: Where.
        limit: Seconds that a call may take.
        middleware: Wraps each call, inside of what the binding has.
        certificates: A folder with `ca.pem`, `server.pem` and `server.key`, for placements with TLS.
    """

    def __init__(
        self,
        subject: Subject,
        placements: Sequence[str],
        limit: float,
        middleware: tuple[Middleware, ...] = (),
        certificates: Path | None = None,
    ) -> None:
        self.subject: Final = subject
        self.placements: Final = tuple(placements)
        self.urls: Final[dict[str, str]] = {}
        """The address of each placement that has one."""
        self.limit: Final = limit
        self._middleware = middleware
        self._certificates = certificates
        self._clients: dict[str, AsyncClient] = {}
        self._on_loop: frozenset[str] = frozenset()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _open(self) -> None:
        subject = self.subject
        remote = [name for name in self.placements if name not in LOCAL]
        targets_here: dict[str, str] = {}
        if subject.url is not None:
            targets_here = dict.fromkeys([*remote, PROBE], subject.url)
            self.urls.update(dict.fromkeys(remote, subject.url))
        binding = self._binding()
        if binding is not None:
            server = await self._serve(binding, expose_cause=False)
            for name in remote:
                self.urls[name] = targets_here[name] = await self._listen(server, name)
            probe = await self._serve(binding, expose_cause=True)
            targets_here[PROBE] = await probe.listen("memory://")
            bound = targets(subject.client, binding.implementation)
            self._on_loop = frozenset(n for n, t in bound.items() if t.is_async or binding.inline)
        if binding is not None:
            here = connect(subject.client, "local:", target=binding, expose_cause=True)
            self._clients[PROBE_HERE] = await self._stack.enter_async_context(here)
        for name in (PROBE, *self.placements):
            made = (
                connect(subject.client, f"{name}:", target=binding)
                if name in LOCAL
                else connect(subject.client, targets_here[name], metadata=subject.metadata)
            )
            self._clients[name] = await self._stack.enter_async_context(made)

    def _binding(self) -> Binding | None:
        binding = self.subject.binding
        if binding is None:
            return None
        executor = binding.executor or (None if binding.inline else DaemonThreads())
        return replace(binding, executor=executor, middleware=(*binding.middleware, *self._middleware))

    async def _serve(self, binding: Binding, *, expose_cause: bool) -> Server:
        server = Server([binding], expose_cause=expose_cause)
        self._stack.push_async_callback(server.close, 0.1)
        return server

    async def _listen(self, server: Server, placement: str) -> str:
        """Listen where a placement is, and return the URL for clients."""
        if placement == "memory":
            return await server.listen("memory://")
        if placement == "unix":
            folder = self._stack.enter_context(TemporaryDirectory(prefix="avrorpc-"))
            return await server.listen(f"unix://{quote(folder)}/socket")
        options = ""
        if placement in SECURE:
            assert self._certificates is not None
            shown = {"cert": self._certificates / "server.pem", "key": self._certificates / "server.key"}
            options = f"?{urlencode(shown)}"
        address = parse_address(await server.listen(f"{placement}://127.0.0.1:0{options}"))
        if placement in SECURE:
            address = replace(address, cert=None, key=None, ca=f"{self._certificates}/ca.pem")
        return str(address)

    def runs_on_the_loop(self, method: Method[Any]) -> bool:
        """Whether a method of the implementation is `async def`, or bound inline."""
        return method.name in self._on_loop

    async def call(
        self,
        placement: str,
        method: Method[Any],
        arguments: Arguments,
        *,
        timeout: float | None = None,
        metadata: Mapping[str, bytes] | None = None,
        most: int = MAX_ITEMS,
    ) -> Outcome:
        """Make a call, and return what became of it.

        Args:
            placement: Where; `probe` is in memory, with the causes of errors exposed.
            method: What.
            arguments: With what.
            timeout: The call's own deadline, in seconds.
            metadata: What goes with it.
            most: Items after which a response stream is closed.

        Raises:
            NoAnswer: It did not end in time.
        """
        sent = None if metadata is None else {**self.subject.metadata, **metadata}
        client = with_options(
            self._clients[placement], timeout=self.limit if timeout is None else timeout, metadata=sent
        )
        loop = asyncio.get_running_loop()
        start = loop.time()
        outcome = Outcome()
        try:
            async with asyncio.timeout(self.limit + GRACE):
                await _call(client, method, arguments, most, outcome)
        except TimeoutError:
            raise NoAnswer(f"it did not end within {self.limit:g} s") from None
        except Exception as error:  # noqa: BLE001 - whatever it is, it is looked at
            outcome.error = error
        outcome.seconds = loop.time() - start
        if timeout is None and outcome.error is not None and outcome.seconds >= self.limit:
            raise NoAnswer(f"it did not end within {self.limit:g} s")
        return outcome

    async def carries(self, placement: str, method: Method[Any], arguments: Arguments) -> bool:
        """Whether a placement can carry a message at all: not all of them carry all streams.

        Raises:
            NoAnswer: The call did not end in time.
        """
        error = (await self.call(placement, method, arguments, most=1)).error
        return not (isinstance(error, StatusError) and error.code is Code.UNIMPLEMENTED)

    async def after_the_end(self, placement: str, method: Method[Any], arguments: Arguments) -> str | None:
        """Read a stream to its end or error, ask for one more item, and return what came but must not.

        Raises:
            NoAnswer: It did not end in time.
        """
        client = with_options(self._clients[placement], timeout=self.limit)
        stream: Any = client.__avrorpc__.iterate(method, *_with_stream(method, arguments))
        try:
            async with asyncio.timeout(self.limit + GRACE):
                with contextlib.suppress(Exception):  # an error is one way to end
                    async for _ in stream:
                        pass
                try:
                    return f"{await anext(stream)!r:.80}"
                except StopAsyncIteration:
                    return None
                except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                    return f"{type(error).__name__}: {error}"
        except TimeoutError:
            raise NoAnswer(f"it did not end within {self.limit:g} s") from None
        finally:
            await stream.aclose()


async def _call(
    client: AsyncClient, method: Method[Any], arguments: Arguments, most: int, outcome: Outcome
) -> None:
    arguments = _with_stream(method, arguments)
    channel = client.__avrorpc__
    if not method.streaming.gives_stream:
        outcome.value = await channel(method, *arguments)
        return
    stream: Any = channel.iterate(method, *arguments)
    try:
        async for item in stream:
            outcome.items.append(item)
            if len(outcome.items) >= most:
                outcome.has_more = True
                break
    finally:
        start = asyncio.get_running_loop().time()
        await stream.aclose()
        outcome.closing = asyncio.get_running_loop().time() - start


def _with_stream(method: Method[Any], arguments: Arguments) -> Arguments:
    if not method.streaming.takes_stream:
        return arguments
    *first, items = arguments
    return (*first, _stream(items))


async def _stream(items: Sequence[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


def difference(first: Outcome, second: Outcome) -> str | None:
    """Return how two outcomes differ, as callers see them, or None; texts of status errors may differ."""
    if (first.error is None) is not (second.error is None):
        return f"{first} / {second}"
    items = changed(first.items, second.items)
    if items is not None:
        return f"the items{items}"
    ours, theirs = first.error, second.error
    if isinstance(ours, DeclaredError) and isinstance(theirs, DeclaredError):
        found = changed(ours, theirs)
        return None if found is None else f"{type(ours).__name__}{found}"
    if isinstance(ours, StatusError) and isinstance(theirs, StatusError):
        return None if ours.code is theirs.code else f"{ours} / {theirs}"
    if ours is not None or theirs is not None:
        return None if type(ours) is type(theirs) else f"{first} / {second}"
    found = changed(first.value, second.value)
    return None if found is None else f"the result{found}"
