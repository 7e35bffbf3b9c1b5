"""Clients of other implementations, calling our server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.foreign import ForeignClient
from support.foreign_values import everything_json, protocol, without_keywords
from support.implementations import AsyncConformance, AsyncStreams, SyncSmall
from support.serving import ServerThread
from testcontracts.small import SMALL
from testcontracts.streams import STREAMS

TCP = ["avsc-tcp", "java-netty", "java-socket"]
HTTP = ["avsc-http", "java-http"]
EVERY = pytest.mark.parametrize("kind", [*TCP, *HTTP], indirect=True)


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(AsyncConformance(), SyncSmall(), AsyncStreams()) as served:
        yield served


def port(server: ServerThread, kind: str) -> int:
    url = server.http if "http" in kind else server.spec if "socket" in kind else server.tcp
    found = urlsplit(url).port
    assert found is not None
    return found


@pytest.fixture
def client(server: ServerThread, kind: str, tmp_path: Path) -> Iterator[ForeignClient]:
    with ForeignClient(kind, port(server, kind), protocol(without_keywords), tmp_path) as made:
        yield made


@EVERY
def test_a_value_of_every_kind_comes_back_equal(client: ForeignClient) -> None:
    for changes in (
        {},
        {"shape": {"conformance.Point": {"x": -1.5, "y": 2.0}}, "note": {"string": "there"}, "colour": "RED"},
    ):
        value = everything_json(**changes)
        assert client.call("echo", value=value)["response"] == value


@EVERY
def test_declared_errors_keep_their_fields(client: ForeignClient) -> None:
    missing = {"message": "no such key", "key": "missing", "code": 404}
    assert client.call("find", key="missing")["error"] == {"conformance.NotThere": missing}
    assert client.call("find", key="x" * 21)["error"] == {"conformance.TooLarge": {"limit": 20}}
    assert client.call("find", key="key")["response"] == "KEY"


@EVERY
def test_undeclared_errors_are_texts_with_a_code_and_an_id_in_the_metadata(client: ForeignClient) -> None:
    reply = client.call("fail", how="value")
    assert reply["failure"] == "an internal error"
    assert reply["headers"]["avrorpc.code"] == b"INTERNAL"
    assert len(reply["headers"]["avrorpc.error-id"]) == 12
    reply = client.call("fail", how="status")
    assert reply["failure"] == "nothing of that name"
    assert reply["headers"]["avrorpc.code"] == b"NOT_FOUND"


@EVERY
def test_metadata_arrives(client: ForeignClient) -> None:
    reply = client.call("metadata", {"k": b"\x00v", "avrorpc.timeout-us": b"10000000"})
    assert reply["response"] == {"k": "\x00v"}


@EVERY
def test_a_deadline_in_the_metadata_counts(client: ForeignClient) -> None:
    assert 8 < client.call("wait", {"avrorpc.timeout-us": b"10000000"}, seconds=0.0)["response"] <= 10
    reply = client.call("wait", {"avrorpc.timeout-us": b"1000"}, seconds=20.0)
    assert reply["headers"]["avrorpc.code"] == b"DEADLINE_EXCEEDED"
    assert client.call("wait", seconds=0.0)["response"] == -1


@EVERY
def test_one_way_messages_are_done_and_the_next_reply_is_the_next_calls(client: ForeignClient) -> None:
    text = f"from {client}"
    for _ in range(3):
        assert client.call("note", text=text).get("response", 0) is None
    assert client.call("notes")["response"].count(text) == 3
    assert client.call("add", a=1.0, b=2.0)["response"] == 3


@EVERY
def test_the_first_call_may_be_a_one_way_message(client: ForeignClient) -> None:
    text = f"first from {client}"
    assert client.call("note", text=text).get("response", 0) is None
    assert text in client.call("notes")["response"]


@EVERY
def test_void_replies(client: ForeignClient) -> None:
    assert client.call("sees_context")["response"] is False


@pytest.mark.parametrize("kind", ["avsc-tcp", "avsc-http", "java-netty"], indirect=True)
def test_calls_at_once_are_answered_as_they_end(client: ForeignClient) -> None:
    client.call("add", a=1.0, b=2.0)
    slow = client.start("wait", seconds=0.4)
    others = {client.start("join", parts=[str(n)], separator=""): str(n) for n in range(12)}
    replies = [client.reply() for _ in range(13)]
    assert {reply["id"]: reply["response"] for reply in replies[:-1]} == others
    assert replies[-1]["id"] == slow


@EVERY
def test_large_bodies(client: ForeignClient) -> None:
    part = "ü" * 1_000_000
    assert client.call("join", parts=[part, part], separator="-")["response"] == f"{part}-{part}"


def assert_refused(reply: dict[str, Any]) -> None:
    """Check that avsc found the contracts to differ, which it does before any call."""
    assert "incompatible protocol" in reply.get("failure", "") + reply.get("ended", "")


@EVERY
def test_a_message_that_the_server_lacks(server: ServerThread, kind: str, tmp_path: Path) -> None:
    def add_one(made: dict[str, Any]) -> None:
        without_keywords(made)
        made["messages"]["nope"] = {"request": [], "response": "null"}

    with ForeignClient(kind, port(server, kind), protocol(add_one), tmp_path) as client:
        reply = client.call("nope")
        if kind.startswith("java"):
            assert "Not a remote message: nope" in reply["failure"]
            assert client.call("add", a=1.0, b=2.0)["response"] == 3
        else:  # avsc refuses the contract as a whole
            assert_refused(reply)


@EVERY
def test_a_contract_that_does_not_fit(server: ServerThread, kind: str, tmp_path: Path) -> None:
    def change(made: dict[str, Any]) -> None:
        without_keywords(made)
        made["messages"]["add"]["request"][0]["type"] = "string"

    with ForeignClient(kind, port(server, kind), protocol(change), tmp_path) as client:
        reply = client.call("add", a="1", b=2.0)
        if kind.startswith("java"):
            assert "conformance.Conformance/add" in reply["failure"]
            assert reply["headers"]["avrorpc.code"] == b"FAILED_PRECONDITION"
        else:
            assert_refused(reply)


@EVERY
def test_an_older_version_of_the_contract(server: ServerThread, kind: str, tmp_path: Path) -> None:
    def older(made: dict[str, Any]) -> None:
        without_keywords(made)
        (record,) = (t for t in made["types"] if t["name"] == "Everything")
        record["fields"] = [field for field in record["fields"] if field["name"] != "class"]
        made["messages"]["add"]["request"].pop()
        made["messages"]["find"]["errors"].pop()

    with ForeignClient(kind, port(server, kind), protocol(older), tmp_path) as client:
        value = everything_json()
        del value["class"]
        if kind.startswith("avsc"):
            # An error that the client does not know of is a breach of the contract to avsc, and ends it.
            assert_refused(client.call("echo", value=value))
            return
        assert client.call("echo", value=value)["response"] == value
        assert client.call("add", a=1.0)["response"] == 2
        assert "NotThere" in str(client.call("find", key="missing")["error"])


@EVERY
def test_a_newer_version_of_the_contract(server: ServerThread, kind: str, tmp_path: Path) -> None:
    def newer(made: dict[str, Any]) -> None:
        without_keywords(made)
        (record,) = (t for t in made["types"] if t["name"] == "Everything")
        record["fields"].append({"name": "extra", "type": ["null", "string"], "default": None})
        record["fields"][0], record["fields"][1] = record["fields"][1], record["fields"][0]
        made["messages"]["add"]["request"].append({"name": "c", "type": "int"})

    with ForeignClient(kind, port(server, kind), protocol(newer), tmp_path) as client:
        value = everything_json(extra={"string": "lost on the way"})
        assert client.call("echo", value=value)["response"] == {**value, "extra": None}
        assert client.call("add", a=1.0, b=2.0, c=3)["response"] == 3


@EVERY
def test_several_protocols_answer_on_one_port(server: ServerThread, kind: str, tmp_path: Path) -> None:
    with ForeignClient(kind, port(server, kind), protocol(text=SMALL.text), tmp_path) as client:
        assert client.call("double", value=4, offset=1)["response"] == 9


@EVERY
def test_a_protocol_of_another_name_is_bound_by_what_the_handshake_showed(
    server: ServerThread, kind: str, tmp_path: Path
) -> None:
    # NONE shows the first protocol that is served; a client that goes on with its hash is bound to that one.
    def rename(made: dict[str, Any]) -> None:
        without_keywords(made)
        made["protocol"] = "Renamed"

    with ForeignClient(kind, port(server, kind), protocol(rename), tmp_path) as client:
        assert client.call("add", a=1.0, b=2.0)["response"] == 3


@pytest.mark.parametrize("kind", HTTP, indirect=True)
def test_the_path_of_a_protocol_serves_as_well(server: ServerThread, kind: str, tmp_path: Path) -> None:
    path = "/avro/conformance.Conformance"
    with ForeignClient(kind, port(server, kind), protocol(without_keywords), tmp_path, path) as client:
        assert client.call("add", a=1.0, b=2.0)["response"] == 3


@pytest.mark.parametrize("kind", ["avsc-tcp", "avsc-http"], indirect=True)
def test_pings_and_handshakes(server: ServerThread, kind: str, tmp_path: Path) -> None:
    def rewrite(made: dict[str, Any]) -> None:
        without_keywords(made)
        made["doc"] = f"a text that the server never saw: {kind}"

    text = protocol(rewrite)
    for first in ("NONE", "CLIENT"):
        with ForeignClient(kind, port(server, kind), text, tmp_path) as client:
            assert client.call("")["response"] is None
            assert client.call("add", a=1.0, b=2.0)["response"] == 3
            assert client.call("")["response"] is None
            assert client.handshakes[0] == first
            assert client.handshakes[-1] != "NONE"


@pytest.mark.parametrize("kind", ["avsc-http"], indirect=True)
def test_calls_without_a_ping_before_them(server: ServerThread, kind: str, tmp_path: Path) -> None:
    text = protocol(without_keywords)
    with ForeignClient(f"{kind}-without-ping", port(server, kind), text, tmp_path) as client:
        assert client.call("add", a=1.0, b=2.0)["response"] == 3


@pytest.mark.parametrize("kind", ["avsc-tcp"], indirect=True)
def test_calls_without_a_handshake_end_the_connection(
    server: ServerThread, kind: str, tmp_path: Path
) -> None:
    # On a connection, `noPing` says that the handshake was done before; nobody did it here.
    text = protocol(without_keywords)
    with ForeignClient(f"{kind}-without-ping", port(server, kind), text, tmp_path) as client:
        assert client.call("add", a=1.0, b=2.0) == {"ended": "", "pending": 1} or client.reply()["failure"]


@EVERY
def test_streams_are_refused_by_name_and_the_other_messages_work(
    server: ServerThread, kind: str, tmp_path: Path
) -> None:
    with ForeignClient(kind, port(server, kind), STREAMS.text, tmp_path) as client:
        for message, request in (
            ("count", {"to": 3, "pause": 0.0, "fail_at": None}),
            ("upload", {"name": "x", "piece": {"number": 1, "data": ""}}),
            ("shout", {"prefix": "", "text": "x"}),
        ):
            reply = client.call(message, **request)
            assert f"streams.Streams/{message} is a stream, and plain Avro" in reply["failure"]
            assert reply["headers"]["avrorpc.code"] == b"UNIMPLEMENTED"
        assert client.call("open_streams")["response"] == [0, 0]
