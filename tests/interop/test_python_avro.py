"""Apache's package `avro`, which speaks HTTP alone: its requestor calls us, and we call its responder."""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

import asyncio
import datetime
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import avro.datafile
import avro.errors
import avro.io
import avro.ipc
import avro.protocol
import avrorpc
import pytest
from avrorpc import Code, ContractMismatch, DecodeError, StatusError
from support.foreign_values import protocol
from support.implementations import SyncConformance, SyncSmall
from support.serving import ServerThread
from support.values import everything
from testcontracts.conformance import CONFORMANCE, AsyncConformanceClient, ConformanceClient, Point
from testcontracts.small import SMALL, SmallClient

EVERYTHING = {
    "flag": True,
    "small": -7,
    "large": 2**62,
    "single": 0.5,
    "twofold": 3.25,
    "blob": b"\x00\xff",
    "text": "grüße, 世界 🌍",
    "colour": "GREEN",
    "word": b"abcd",
    "numbers": [1, -1, 0],
    "named": {"a": 1.5, "": -0.0},
    "shape": {"centre": {"x": 1.0, "y": 0.0}, "radius": 2.0},
    "note": None,
    "day": datetime.date(2020, 2, 29),
    "moment": datetime.datetime(2020, 2, 29, 12, 30, 1, 250_000, tzinfo=datetime.UTC),
    "price": Decimal("-12.34"),
    "tree": {"label": "root", "children": [{"label": "leaf", "children": []}]},
    "class": 7,
}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(SyncConformance(), SyncSmall()) as served:
        yield served


@pytest.fixture
def requestor(server: ServerThread) -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def make(text: str = CONFORMANCE.text, path: str = "/spl-avro") -> Any:
        transceiver = avro.ipc.HTTPTransceiver("127.0.0.1", urlsplit(server.http).port, path)
        made.append(transceiver)
        return avro.ipc.Requestor(avro.protocol.parse(text), transceiver)

    yield make
    for transceiver in made:
        transceiver.close()


@pytest.mark.parametrize("path", ["/", "/spl-avro", "/avro/conformance.Conformance"])
def test_its_requestor_calls_our_server(requestor: Callable[..., Any], path: str) -> None:
    caller = requestor(path=path)
    assert caller.request("add", {"a": 1.0, "b": 2.0}) == 3.0
    assert caller.request("echo", {"value": EVERYTHING}) == EVERYTHING
    assert caller.request("join", {"parts": ["x", "y"], "separator": "-"}) == "x-y"
    assert caller.request("sees_context", {}) is False


def test_its_requestor_is_told_declared_errors(requestor: Callable[..., Any]) -> None:
    with pytest.raises(avro.errors.AvroRemoteException) as caught:
        requestor().request("find", {"key": "missing"})
    assert caught.value.args == ({"message": "no such key", "key": "missing", "code": 404},)


def test_its_requestor_is_told_undeclared_errors_as_a_text(requestor: Callable[..., Any]) -> None:
    with pytest.raises(avro.errors.AvroRemoteException, match="an internal error"):
        requestor().request("fail", {"how": "value"})


def test_its_requestor_waits_for_one_way_messages_and_is_answered(requestor: Callable[..., Any]) -> None:
    # It reads `one-way` in no protocol, shows ours without, and awaits null, which comes after the work.
    caller = requestor()
    assert '"one-way"' not in str(caller.local_protocol)
    assert caller.request("note", {"text": "from Python"}) is None
    assert caller.request("notes", {}) == ["from Python"]
    assert caller.request("note", {"text": "again"}) is None, "its second handshake shows no protocol"


def test_its_requestor_with_another_version(requestor: Callable[..., Any]) -> None:
    def older(made: dict[str, Any]) -> None:
        made["messages"]["add"]["request"].pop()

    assert requestor(protocol(older)).request("add", {"a": 1.0}) == 2.0


def test_among_several_protocols_its_requestor_finds_its_own(requestor: Callable[..., Any]) -> None:
    # Once it has shown its protocol it takes BOTH alone, so that the NONE before must name the right one.
    for path in ("/avro/small.Small", "/spl-avro", "/"):
        unseen = json.dumps({**json.loads(SMALL.text), "doc": path})
        assert requestor(unseen, path).request("double", {"value": 3, "offset": 1}) == 7


def test_its_command_sends_to_our_server(tmp_path: Path) -> None:
    (tmp_path / "small.avpr").write_text(SMALL.text)
    datum = tmp_path / "datum.avro"
    schema = avro.schema.parse(
        '{"type": "record", "name": "x", "fields": [{"name": "value", "type": "int"},'
        '{"name": "offset", "type": "int"}]}'
    )
    with datum.open("wb") as file:
        writer = avro.datafile.DataFileWriter(file, avro.io.DatumWriter(), schema)
        writer.append({"value": 3, "offset": 1})
        writer.close()
    command = [sys.executable, "-m", "avro.tool", "rpcsend"]
    with ServerThread(SyncSmall()) as server:
        command += [server.http, str(tmp_path / "small.avpr"), "double", "-file", str(datum)]
        done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == "7\n", done.stderr


class Responder(avro.ipc.Responder):
    """Our test service, as far as its library goes."""

    def invoke(self, message: Any, request: Any) -> Any:
        match message.name:
            case "echo":
                return request["value"]
            case "add":
                return request["a"] + request["b"]
            case "fail":
                raise ValueError("the password is hunter2")
            case "find":
                raise avro.errors.AvroRemoteException({"message": "no", "key": request["key"], "code": 404})
            case "metadata":
                return "no map"
            case "double":
                return 2 * request["value"] + request["offset"]


class Handler(BaseHTTPRequestHandler):
    responder: Responder

    def do_POST(self) -> None:
        request = avro.ipc.FramedReader(self.rfile).read_framed_message()
        self.send_response(200)
        self.send_header("Content-Type", "avro/binary")
        self.end_headers()
        avro.ipc.FramedWriter(self.wfile).write_framed_message(self.responder.respond(request))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def responding(text: str) -> Iterator[str]:
    """Serve a protocol as the package's own example does, in HTTP/1.0."""
    responder = Responder(avro.protocol.parse(text))
    listener = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"responder": responder}))
    thread = threading.Thread(target=listener.serve_forever, name="avro-responder")
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.server_port}/"
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


def without_one_way(made: dict[str, Any]) -> None:
    del made["messages"]["note"]


def call(asynchronous: bool, url: str, message: str, *arguments: Any) -> Any:
    if not asynchronous:
        with avrorpc.connect(ConformanceClient, url, timeout=10) as client:
            return getattr(client, message)(*arguments)

    async def main() -> Any:
        async with avrorpc.connect(AsyncConformanceClient, url, timeout=10) as client:
            return await getattr(client, message)(*arguments)

    return asyncio.run(main())


@pytest.fixture(scope="module")
def responder() -> Iterator[str]:
    with responding(protocol(without_one_way)) as url:
        yield url


COLOURS = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


@COLOURS
def test_our_clients_call_its_responder(responder: str, asynchronous: bool) -> None:
    assert call(asynchronous, responder, "add", 1.0) == 2.0
    value = everything(shape=Point(x=1.0, y=2.0))
    assert call(asynchronous, responder, "echo", value) == value


@COLOURS
def test_its_responder_sends_errors_of_all_kinds_as_texts(responder: str, asynchronous: bool) -> None:
    for message, argument, said in (("fail", "value", "hunter2"), ("find", "missing", "'key': 'missing'")):
        with pytest.raises(StatusError) as caught:
            call(asynchronous, responder, message, argument)
        assert caught.value.code is Code.UNKNOWN
        assert said in caught.value.message


@COLOURS
def test_its_responder_breaks_off_replies_that_do_not_fit(responder: str, asynchronous: bool) -> None:
    with pytest.raises(DecodeError):
        call(asynchronous, responder, "metadata")


@COLOURS
def test_a_responder_that_forgets_what_is_one_way_is_refused_by_name(asynchronous: bool) -> None:
    with responding(CONFORMANCE.text) as url, pytest.raises(ContractMismatch) as caught:
        call(asynchronous, url, "add", 1.0)
    assert "note: message: it is one-way at the client only" in str(caught.value)


def test_our_client_calls_the_server_of_its_command(tmp_path: Path) -> None:
    (tmp_path / "small.avpr").write_text(SMALL.text)
    schema, datum = avro.schema.parse('"int"'), tmp_path / "datum.avro"
    with datum.open("wb") as file:
        writer = avro.datafile.DataFileWriter(file, avro.io.DatumWriter(), schema)
        writer.append(14)
        writer.close()
    arguments = ["http://127.0.0.1:0/", str(tmp_path / "small.avpr"), "double", "-file", str(datum)]
    command = [sys.executable, "-m", "avro.tool", "rpcreceive", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().removeprefix("Port: "))
        with avrorpc.connect(SmallClient, f"http://127.0.0.1:{port}/", timeout=10) as client:
            assert client.double(7) == 14
        assert process.wait(10) == 0
