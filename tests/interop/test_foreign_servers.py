"""Our clients, calling servers of other implementations."""

from __future__ import annotations

import asyncio
import datetime
import math
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import avrorpc
import pytest
from avrorpc import (
    Code,
    ConnectionLost,
    ContractMismatch,
    StatusError,
    TransportError,
    error_info,
    with_options,
)
from avrorpc.limits import DEFAULT_LIMITS
from avrorpc.wire.client import ClientConnection, Connected, Identity
from avrorpc.wire.multiplex import Answered
from support.foreign import foreign_server
from support.foreign_values import protocol
from support.values import everything
from testcontracts.conformance import (
    CONFORMANCE,
    AsyncConformanceClient,
    ConformanceClient,
    NotThere,
    Point,
    TooLarge,
)
from testcontracts.streams import STREAMS, AsyncStreamsClient, Piece, StreamsClient

KINDS = ["avsc-tcp", "avsc-http", "java-netty", "java-http", "java-socket"]
COLOURS = ["sync", "async"]
EVERY = pytest.mark.parametrize("kind", KINDS, indirect=True)


@dataclass
class Caller:
    """A client of ours of one colour."""

    client: Any
    asynchronous: bool

    async def __call__(self, method: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        if self.asynchronous:
            return await method(*args, **kwargs)
        return await asyncio.to_thread(method, *args, **kwargs)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """One server of each kind, started when it is first asked for."""
    running: dict[str, Any] = {}
    urls: dict[str, str] = {}

    def start(kind: str) -> str:
        if kind not in urls:
            running[kind] = foreign_server(kind, CONFORMANCE.text, tmp_path_factory.mktemp(kind))
            urls[kind] = running[kind].__enter__()
        return urls[kind]

    yield start
    for server in running.values():
        server.__exit__(None, None, None)


@pytest.fixture(params=COLOURS)
def connect(request: pytest.FixtureRequest) -> Callable[..., Caller]:
    asynchronous = request.param == "async"

    def make(url: str, **options: Any) -> Caller:
        cls: Any = AsyncConformanceClient if asynchronous else ConformanceClient
        return Caller(avrorpc.connect(cls, url, **{"timeout": 10, **options}), asynchronous)

    return make


@pytest.fixture
async def caller(
    kind: str, servers: Callable[[str], str], connect: Callable[..., Caller]
) -> AsyncIterator[Caller]:
    made = connect(servers(kind))
    yield made
    await closed(made)


async def closed(caller: Caller) -> None:
    closing: Awaitable[None] | None = avrorpc.close(caller.client)
    if closing is not None:
        await closing


@EVERY
async def test_a_value_of_every_kind_comes_back_equal(caller: Caller) -> None:
    for value in (
        everything(large=2**52 + 1),
        everything(shape=Point(x=1.0, y=2.0), note="there", large=-1, class_=8),
        everything(day=datetime.date(1969, 12, 31), numbers=[], named={}, blob=b"", large=0),
    ):
        assert await caller(caller.client.echo, value) == value


@EVERY
async def test_defaults_and_names_that_python_keeps_for_itself(caller: Caller) -> None:
    assert await caller(caller.client.add, 1.0) == 2.0
    assert await caller(caller.client.join) == "a, b"
    assert await caller(caller.client.import_, 7) == 7
    assert math.isinf(await caller(caller.client.add, math.inf))


@EVERY
async def test_declared_errors_keep_class_and_fields(caller: Caller) -> None:
    with pytest.raises(NotThere) as caught:
        await caller(caller.client.find, "missing")
    assert (caught.value.message, caught.value.key, caught.value.code) == ("no such key", "missing", 404)
    assert error_info(caught.value).from_peer
    with pytest.raises(TooLarge) as other:
        await caller(caller.client.find, "x" * 21)
    assert other.value.limit == 20
    assert await caller(caller.client.find, "key") == "KEY"


@EVERY
async def test_undeclared_errors_are_unknown_and_say_what_the_peer_says(kind: str, caller: Caller) -> None:
    with pytest.raises(StatusError) as caught:
        await caller(caller.client.fail, "value")
    assert caught.value.code is Code.UNKNOWN
    assert caught.value.from_peer
    avsc, java = "internal server error", "java.lang.IllegalStateException: the password is hunter2"
    assert caught.value.message.endswith(avsc if kind.startswith("avsc") else java)


@EVERY
async def test_a_peer_may_say_code_and_id_in_the_metadata(caller: Caller) -> None:
    with pytest.raises(StatusError) as caught:
        await caller(caller.client.fail, "status")
    assert caught.value.code is Code.NOT_FOUND
    assert caught.value.error_id == "e1"


@EVERY
async def test_one_way_messages_are_done_before_the_next_call(caller: Caller) -> None:
    for number in range(3):
        assert await caller(caller.client.note, f"{id(caller)} {number}") is None
    notes = await caller(caller.client.notes)
    assert [note for note in notes if note.startswith(str(id(caller)))] == [
        f"{id(caller)} {number}" for number in range(3)
    ]
    assert await caller(caller.client.sees_context) is False


@EVERY
async def test_metadata_arrives(caller: Caller) -> None:
    client = with_options(caller.client, metadata={"k": b"\x00v"}, timeout=9)
    seen = await caller(client.metadata)
    assert seen.pop("k") == b"\x00v"
    assert 8_000_000 < int(seen.pop("avrorpc.timeout-us")) <= 9_000_000
    assert not seen


@EVERY
async def test_large_bodies(caller: Caller) -> None:
    part = "ü" * 1_000_000
    assert await caller(caller.client.join, parts=[part, part], separator="-") == f"{part}-{part}"


@EVERY
async def test_calls_at_once(kind: str, caller: Caller) -> None:
    order: list[float] = []

    async def wait(seconds: float) -> None:
        assert await caller(caller.client.wait, seconds) == seconds
        order.append(seconds)

    await asyncio.gather(wait(0.3), *(wait(number / 1000) for number in range(10)))
    if kind.startswith("avsc"):  # Java's servers answer the calls of one connection in their order
        assert order[-1] == 0.3


@EVERY
async def test_a_deadline_ends_the_wait_and_the_next_call_works(caller: Caller) -> None:
    with pytest.raises(StatusError) as caught:
        await caller(with_options(caller.client, timeout=0.05).wait, 0.2)
    assert caught.value.code is Code.DEADLINE_EXCEEDED
    assert await caller(caller.client.add, 1.0) == 2.0


@EVERY
async def test_a_server_that_dies(kind: str, connect: Callable[..., Caller], tmp_path: Path) -> None:
    with foreign_server(kind, CONFORMANCE.text, tmp_path) as url:
        caller = connect(url)
        assert await caller(caller.client.add, 1.0) == 2.0
        with pytest.raises(ConnectionLost):
            await caller(caller.client.fail, "die")
        with pytest.raises(TransportError):
            await caller(caller.client.add, 1.0)
        await closed(caller)


def change_add(made: dict[str, Any]) -> None:
    made["messages"]["add"]["response"] = "string"


def lacks_notes(made: dict[str, Any]) -> None:
    del made["messages"]["notes"]


@EVERY
async def test_a_server_with_a_contract_that_does_not_fit(
    kind: str, connect: Callable[..., Caller], tmp_path: Path
) -> None:
    with foreign_server(kind, protocol(change_add), tmp_path) as url:
        caller = connect(url)
        # avsc compares the contracts itself, and refuses; Java leaves that to us.
        with pytest.raises(ContractMismatch) as caught:
            await caller(caller.client.add, 1.0)
        assert "add: response: " in str(caught.value)
        if kind.startswith("avsc"):
            assert "the server refuses this version of conformance.Conformance: " in str(caught.value)
        await closed(caller)


@EVERY
async def test_a_server_that_lacks_a_message(
    kind: str, connect: Callable[..., Caller], tmp_path: Path
) -> None:
    with foreign_server(kind, protocol(lacks_notes), tmp_path) as url:
        caller = connect(url)
        if kind.startswith("avsc"):
            with pytest.raises(
                ContractMismatch, match=r"refuses this version of .*: notes: message: the server has no"
            ):
                await caller(caller.client.add, 1.0)
        else:
            with pytest.raises((ContractMismatch, StatusError)) as caught:
                await caller(caller.client.notes)
            assert "notes" in str(caught.value)
            assert await caller(caller.client.add, 1.0) == 2.0
        await closed(caller)


def other_version(made: dict[str, Any]) -> None:
    (record,) = (t for t in made["types"] if t["name"] == "Everything")
    record["fields"] = [field for field in record["fields"] if field["name"] != "class"]
    record["fields"].append({"name": "extra", "type": ["null", "string"], "default": None})
    made["messages"]["add"]["request"].append({"name": "c", "type": "int", "default": 0})
    made["messages"]["extra"] = {"request": [], "response": "null"}


@EVERY
async def test_another_version_of_the_contract(
    kind: str, connect: Callable[..., Caller], tmp_path: Path
) -> None:
    with foreign_server(kind, protocol(other_version), tmp_path) as url:
        caller = connect(url)
        assert await caller(caller.client.echo, everything(class_=9, large=1)) == everything(large=1)
        assert await caller(caller.client.add, 1.0, b=3.0) == 4.0
        await closed(caller)


def rename(made: dict[str, Any]) -> None:
    made["protocol"] = "Renamed"


@EVERY
async def test_a_protocol_of_another_name_that_fits(
    kind: str, connect: Callable[..., Caller], tmp_path: Path
) -> None:
    with foreign_server(kind, protocol(rename), tmp_path) as url:
        caller = connect(url)
        assert await caller(caller.client.add, 1.0) == 2.0
        with pytest.raises(NotThere):
            await caller(caller.client.find, "missing")
        await closed(caller)


@pytest.mark.parametrize("kind", ["avsc-tcp", "java-netty", "java-socket"], indirect=True)
def test_a_connection_outlives_its_serials(kind: str, servers: Callable[[str], str]) -> None:
    # avsc reads the upper half of a serial as a scope, and answers none but its own.
    parts = urlsplit(servers(kind))
    identity = Identity(CONFORMANCE.hash, CONFORMANCE.text, CONFORMANCE.name)
    framing: Any = "spec" if "socket" in kind else "netty"
    connection = ClientConnection(identity, None, framing, DEFAULT_LIMITS)
    with socket.create_connection(("127.0.0.1", parts.port or 0), 10) as sock:

        def until_event() -> Any:
            while True:
                sock.sendall(connection.data_to_send())
                if events := connection.receive(sock.recv(65_536)):
                    return events[0]

        assert isinstance(until_event(), Connected)
        for _ in range(66_000):
            connection.call("note", {}, b"\0", one_way=True)
        serial = connection.call("add", {}, bytes(16))
        answered = until_event()
        assert isinstance(answered, Answered)
        assert answered.serial == serial


@EVERY
@pytest.mark.parametrize("asynchronous", [False, True], ids=COLOURS)
def test_streams_are_refused_by_name_and_the_connection_lives(
    kind: str, asynchronous: bool, tmp_path: Path
) -> None:
    piece = Piece(number=1)

    def check(caught: pytest.ExceptionInfo[StatusError]) -> None:
        assert caught.value.code is Code.UNIMPLEMENTED
        assert "stream" in str(caught.value)

    async def call_async(url: str) -> None:
        async with avrorpc.connect(AsyncStreamsClient, url, timeout=10) as client:
            with pytest.raises(StatusError) as counting:
                await anext(client.count(3))
            check(counting)
            with pytest.raises(StatusError) as uploading:
                await client.upload("x", _pieces(piece))
            check(uploading)
            with pytest.raises(StatusError, match=r"UNKNOWN: .*(implemented|open_streams)"):
                await client.open_streams()  # which the peer has not

    with foreign_server(kind, STREAMS.text, tmp_path) as url:
        if asynchronous:
            asyncio.run(call_async(url))
            return
        with avrorpc.connect(StreamsClient, url, timeout=10) as client:
            with pytest.raises(StatusError) as counting:
                next(client.count(3))
            check(counting)
            with pytest.raises(StatusError) as uploading:
                client.upload("x", [piece])
            check(uploading)
            with pytest.raises(StatusError, match=r"UNKNOWN: .*(implemented|open_streams)"):
                client.open_streams()


async def _pieces(*pieces: Piece) -> AsyncIterator[Piece]:
    for piece in pieces:
        yield piece


@pytest.mark.parametrize("kind", ["avsc-http", "java-http"], indirect=True)
async def test_an_http_server_is_asked_at_the_path_of_its_url(
    kind: str, servers: Callable[[str], str], connect: Callable[..., Caller]
) -> None:
    caller = connect(servers(kind).rstrip("/") + "/some/path")  # both answer at every path
    assert await caller(caller.client.add, 1.0) == 2.0
    await closed(caller)
