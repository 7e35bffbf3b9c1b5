"""The dynamic clients of both colours give what the typed client gives, whatever the call."""

from __future__ import annotations

import asyncio
import datetime
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from decimal import Decimal
from typing import Any

import pytest
from avrorpc import AsyncDynamicClient, BindError, DeclaredError, DynamicClient, StatusError, connect
from avrorpc.codec.json import from_json, to_json
from avrorpc.errors import EncodeError, EndOfStream
from avrorpc.schema import Json
from support.implementations import AsyncConformance, AsyncStreams
from support.serving import ServerThread
from support.values import everything
from testcontracts.conformance import CONFORMANCE, ConformanceClient
from testcontracts.streams import STREAMS, StreamsClient

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("echo", {"value": everything()}),
    ("echo", {"value": everything(twofold=math.inf, note="there", blob=b"")}),
    ("add", {"a": 1.5}),
    ("add", {"a": 1.5, "b": -2.0}),
    ("join", {}),
    ("join", {"parts": ["x", "y"], "separator": "-"}),
    ("find", {"key": "here"}),
    ("find", {"key": "missing"}),
    ("find", {"key": "x" * 30}),
    ("fail", {"how": "status"}),
    ("fail", {"how": "cancel"}),
    ("wait", {"seconds": 0.0}),
    ("note", {"text": "remember"}),
    ("import", {"from": 7}),
    ("hurry", {"seconds": 0.0}),
    ("metadata", {}),
    ("sees_context", {}),
]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(AsyncConformance(), AsyncStreams()) as served:
        yield served


@pytest.fixture(params=["tcp", "spec", "http"])
def url(request: pytest.FixtureRequest, server: ServerThread) -> str:
    return str(getattr(server, request.param))


def outcome(run: Any) -> Any:
    """Return a result, or what is the same in the typed and in the dynamic client of an error."""
    try:
        return run()
    except DeclaredError as error:
        return type(error).__name__.rpartition("_")[2], str(error)
    except StatusError as error:
        return error.code, error.message


def typed(url: str, name: str, arguments: dict[str, Any]) -> Any:
    with connect(ConformanceClient, url, timeout=20) as client:
        method = CONFORMANCE.methods[name]
        python = {"from": "from_"}
        values = {python.get(key, key): value for key, value in arguments.items()}
        return outcome(
            lambda: to_json(
                method.message.response, getattr(client, method.attribute)(**values), CONFORMANCE.types
            )
        )


def as_json(name: str, arguments: dict[str, Any]) -> dict[str, Json]:
    fields = {field.name: field.type for field in CONFORMANCE.protocol.messages[name].request}
    return {key: to_json(fields[key], value, CONFORMANCE.types) for key, value in arguments.items()}


def test_the_calls_cover_the_contract() -> None:
    assert {name for name, _ in CALLS} == CONFORMANCE.methods.keys() - {"notes"}


@pytest.mark.parametrize(("name", "arguments"), CALLS, ids=[name for name, _ in CALLS])
def test_both_colours_give_what_the_typed_client_gives(
    url: str, name: str, arguments: dict[str, Any]
) -> None:
    expected = typed(url, name, arguments)
    if name == "wait":  # the seconds that were left
        expected = pytest.approx(expected, abs=10)
    full, values = f"conformance.Conformance.{name}", as_json(name, arguments)
    with DynamicClient(url, timeout=20) as client:
        assert outcome(lambda: client.call(full, values)) == expected

    async def call() -> Any:
        async with AsyncDynamicClient(url, timeout=20) as client:
            return await client.call(full, values)

    assert outcome(lambda: asyncio.run(call())) == expected


def test_python_objects_go_in_and_come_out(url: str) -> None:
    value = everything()
    with DynamicClient(url, timeout=20, values="python") as client:
        contract = client.contract("conformance.Conformance")
        schema = contract.protocol.messages["echo"].request[0].type
        generic = from_json(schema, to_json(schema, value, CONFORMANCE.types), contract.types)
        echoed = client.call("conformance.Conformance.echo", {"value": generic})
        assert echoed == generic
        assert (echoed.day, echoed.price) == (datetime.date(2020, 2, 29), Decimal("-12.34"))
        assert (echoed.blob, echoed.colour, echoed.class_) == (b"\x00\xff", "GREEN", 7)
        assert type(echoed.shape).__qualname__ == "conformance.Circle"
        assert client.call("conformance.Conformance.add", {"a": 1.0}) == 2.0
        with pytest.raises(EncodeError, match="needs 'a': double"):
            client.call("conformance.Conformance.add", {})
        with pytest.raises(EncodeError, match="has no 'c'; it has a, b"):
            client.call("conformance.Conformance.add", {"a": 1.0, "c": 1.0})
        with pytest.raises(DeclaredError) as caught:
            client.call("conformance.Conformance.find", {"key": "missing"})
        assert (caught.value.key, caught.value.code) == ("missing", 404)  # type: ignore[attr-defined]


def test_services_and_messages_are_described(url: str) -> None:
    with DynamicClient(url, timeout=20) as client:
        assert client.services() == ["conformance.Conformance", "streams.Streams"]
        assert client.listing().by == "introspection"
        assert client.describe("conformance.Conformance.find") == (
            "string find(string key) throws conformance.NotThere, conformance.TooLarge\n  Look something up."
        )
        assert client.describe("streams.Streams.shout").startswith(
            "stream string shout(string prefix, stream string text) throws streams.BadPiece\n"
        )
        assert [field.name for field in client.message("conformance.Conformance.add").request] == ["a", "b"]


async def test_the_asynchronous_client_describes_too(server: ServerThread) -> None:
    async with AsyncDynamicClient(server.tcp, timeout=20) as client:
        assert await client.services() == ["conformance.Conformance", "streams.Streams"]
        assert (await client.describe("conformance.Conformance.note")).startswith(
            "void note(string text) oneway"
        )
        assert (await client.message("conformance.Conformance.add")).name == "add"
        assert repr(client) == f"<AsyncDynamicClient {server.tcp}>"


def test_options_of_a_call_stand_in_for_those_of_the_client(url: str) -> None:
    with DynamicClient(url, timeout=20, metadata={"who": b"all"}) as client:
        name = "conformance.Conformance.metadata"
        assert client.call(name) == {"who": "YWxs"}
        assert client.call(name, metadata={"who": b"one"}) == {"who": "b25l"}
        assert 0 < client.call("conformance.Conformance.wait", {"seconds": 0.0}, timeout=3) <= 3


PIECES: list[Json] = [{"number": 0, "data": "YWI="}, {"number": 1, "data": "Yw=="}]


def test_streams_are_those_of_the_typed_client(server: ServerThread) -> None:
    with connect(StreamsClient, server.tcp) as user, DynamicClient(server.tcp, timeout=20) as client:
        schema = STREAMS.protocol.messages["download"].response
        expected = [to_json(schema, piece, STREAMS.types) for piece in user.download(3, 4)]
        assert list(client.iterate("streams.Streams.download", {"pieces": 3, "size": 4})) == expected
        summary = client.call("streams.Streams.upload", {"name": "it"}, items=iter(PIECES))
        assert summary == {"pieces": 2, "size": 3}
        with client.converse("streams.Streams.shout", {"prefix": "> "}) as stream:
            stream.send("a")
            assert stream.receive() == "> A"
            stream.send("b")
            stream.close_send()
            assert list(stream) == ["> B"]
            with pytest.raises(EndOfStream):
                stream.receive()
        with pytest.raises(DeclaredError) as caught:
            list(client.iterate("streams.Streams.count", {"to": 9, "fail_at": 2}))
        assert client.error_json(caught.value)["number"] == 2


async def test_streams_of_the_asynchronous_client(server: ServerThread) -> None:
    async def given(*items: Json) -> AsyncIterator[Json]:
        for item in items:
            yield item

    async with AsyncDynamicClient(server.tcp, timeout=20) as client:
        assert [item async for item in client.iterate("streams.Streams.count", {"to": 3})] == [0, 1, 2]
        summary = await client.call("streams.Streams.upload", {"name": "it"}, items=given(*PIECES))
        assert summary == {"pieces": 2, "size": 3}
        both = client.iterate("streams.Streams.shout", {"prefix": "-"}, items=given("a", "b"))
        assert [item async for item in both] == ["-A", "-B"]


async def test_a_stream_that_nobody_reads_on_is_cancelled(server: ServerThread) -> None:
    async with AsyncDynamicClient(server.tcp, timeout=20) as client:
        items: Any = client.iterate("streams.Streams.count", {"to": 10**9})
        async with aclosing(items):
            assert await anext(items) == 0
    with DynamicClient(server.tcp, timeout=20) as blocking:
        numbers: Any = blocking.iterate("streams.Streams.count", {"to": 10**9})
        assert await asyncio.to_thread(next, numbers) == 0
        await asyncio.to_thread(numbers.close)


@pytest.mark.parametrize(
    ("used", "name", "said"),
    [
        ("call", "streams.Streams.count", r"is a stream \(response\).*use iterate\(name, arguments\)"),
        ("iterate", "conformance.Conformance.add", r"is no stream.*use call\(name, arguments\)"),
        ("call", "streams.Streams.upload", r"is a stream \(request\).*items=\.\.\."),
        ("iterate", "streams.Streams.shout", r"is a stream \(both\).*use converse"),
        ("converse", "streams.Streams.count", r"is a stream \(response\).*use iterate"),
    ],
)
def test_a_call_of_the_wrong_kind_says_which_is_right(
    server: ServerThread, used: str, name: str, said: str
) -> None:
    with DynamicClient(server.tcp, timeout=20) as client, pytest.raises(BindError, match=said):
        getattr(client, used)(name, {})


def test_an_item_that_does_not_fit_is_named(server: ServerThread) -> None:
    with DynamicClient(server.tcp, timeout=20) as client, pytest.raises(EncodeError, match=r"piece\.number"):
        client.call("streams.Streams.upload", {"name": "it"}, items=[{"number": "one"}])


def test_values_are_json_or_python(url: str) -> None:
    wrong: Any = "yaml"
    with pytest.raises(BindError, match="neither 'json' nor 'python'"):
        DynamicClient(url, values=wrong)
