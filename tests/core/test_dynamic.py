"""Calls without generated code: the server's own contract, JSON in and out."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from avrorpc import Code, DeclaredError, EncodeError, RemoteProtocolError, StatusError, stub
from avrorpc.client.dynamic import DynamicClient, fetch_contract
from avrorpc.codec.json import to_json
from avrorpc.schema import Json, compact
from support.implementations import SyncConformance, SyncSmall
from support.serving import ServerThread
from support.values import everything
from testcontracts.conformance import CONFORMANCE


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """A record ..."""

    size: int


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """... and another with the same fields."""

    size: int


def record(name: str) -> Json:
    return {"type": "record", "name": name, "fields": [{"name": "size", "type": "int"}]}


TURNING = stub.Contract(
    "turning.Turning",
    compact(
        {
            "protocol": "Turning",
            "namespace": "turning",
            "types": [record("Left"), record("Right")],
            "messages": {
                "turn": {
                    "request": [{"name": "side", "type": ["Left", "Right"]}],
                    "response": ["Left", "Right"],
                }
            },
        }
    ),
    types=lambda: {"turning.Left": Left, "turning.Right": Right},
)
TURNING.method("turn")


class TurningService(stub.Service):
    """What would be generated for it."""

    __contract__ = TURNING

    @abc.abstractmethod
    def turn(self, side: Left | Right) -> Left | Right:
        """Turn to the other side."""


class Turner(TurningService):
    def turn(self, side: Left | Right) -> Left | Right:
        return Right(size=side.size) if isinstance(side, Left) else Left(size=side.size)


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(SyncConformance(), SyncSmall(), Turner()) as served:
        yield served


@pytest.fixture(params=["tcp", "spec", "http"])
def url(request: pytest.FixtureRequest, server: ServerThread) -> str:
    found: str = getattr(server, request.param)
    return found


@pytest.fixture
def client(url: str) -> Iterator[DynamicClient]:
    with DynamicClient(url, fetch_contract(url, "conformance.Conformance", timeout=20), timeout=20) as made:
        yield made


def test_a_contract_is_fetched_as_the_server_has_it(url: str) -> None:
    fetched = fetch_contract(url, "conformance.Conformance")
    assert fetched.text == CONFORMANCE.text
    assert list(fetched.methods) == list(CONFORMANCE.methods)


def test_a_contract_that_is_not_served_says_so(url: str) -> None:
    with pytest.raises(RemoteProtocolError, match=r"no\.Such"):
        fetch_contract(url, "no.Such")


def test_json_goes_in_and_comes_out(client: DynamicClient) -> None:
    assert client.call("add", {"a": 1}) == 2.0
    assert client.call("join", {"parts": ["x", "y"]}) == "x, y"
    schema = CONFORMANCE.protocol.messages["echo"].response
    value: Any = to_json(schema, everything(), CONFORMANCE.types)
    assert client.call("echo", {"value": value}) == value


def test_a_declared_error_has_the_json_of_its_fields(client: DynamicClient) -> None:
    with pytest.raises(DeclaredError) as caught:
        client.call("find", {"key": "missing"})
    assert type(caught.value).__qualname__ == "conformance.NotThere"
    assert client.error_json(caught.value) == {"message": "no such key", "key": "missing", "code": 404}


@pytest.mark.parametrize(
    ("message", "arguments", "problem"),
    [
        ("add", {}, "conformance.Conformance.add needs 'a': double"),
        ("add", {"a": "x"}, "a: expected double, got 'x'"),
        ("add", {"a": 1, "c": 2}, "conformance.Conformance.add has no 'c'; it has a, b"),
        ("note", {"text": 7}, "text: expected string, got int 7"),
    ],
)
def test_arguments_that_do_not_fit_are_named(
    client: DynamicClient, message: str, arguments: dict[str, Json], problem: str
) -> None:
    with pytest.raises(EncodeError) as caught:
        client.call(message, arguments)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("message", "hint"), [("ad", "did you mean add?"), ("xyz", "it has echo, add, join"), ("", "it has echo")]
)
def test_a_message_that_is_not_there_gets_a_hint(client: DynamicClient, message: str, hint: str) -> None:
    with pytest.raises(StatusError) as caught:
        client.call(message, {})
    assert caught.value.code is Code.UNIMPLEMENTED
    assert hint in caught.value.message


def test_records_with_the_same_fields_are_told_apart(url: str) -> None:
    with DynamicClient(url, fetch_contract(url, "turning.Turning"), timeout=20) as client:
        left: Json = {"$type": "turning.Left", "size": 3}
        right: Json = {"$type": "turning.Right", "size": 3}
        assert client.call("turn", {"side": left}) == right
        assert client.call("turn", {"side": right}) == left
