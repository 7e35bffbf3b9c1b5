"""Transcripts of bytes: a client is played to a server of ours, and a server to a client of ours."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

import avrorpc
from avrorpc.transport.address import parse_address
from conformance import contracts, notation
from conformance.calling import Runner, compare, run_step
from conformance.contracts import CLIENTS
from conformance.loading import Case, Line, Say
from conformance.placing import Where
from conformance.world import World, made_limits
from support.certificates import CERTIFICATES

SECONDS: Final = 20.0
_MOST_PIECES: Final = 256


class Played:
    """The end of a connection that a case plays."""

    def __init__(self, sock: socket.socket, opening: str, piece: int) -> None:
        self._sock = sock
        self._opening = opening
        self._piece = piece
        self._data = b""
        self._is_broken = False
        sock.settimeout(SECONDS)

    def play(self, line: Line) -> None:
        """Send what a line sends, or take what it receives.

        Raises:
            AssertionError: Something else came.
        """
        if line.send is not None:
            self._send_line(line.send)
        elif line.receive is not None:
            self._receive_line(line.receive)

    def _send_line(self, say: Say) -> None:
        if say.shut:
            self._sock.shutdown(socket.SHUT_WR)
        elif say.close:
            self._sock.close()
        elif say.reset:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self._sock.close()
        elif say.many is not None:
            step = say.many.get("step", 0)
            given = say.many["frame"]
            frames = (
                notation.frame({**given, "call": given.get("call", 0) + number * step})
                for number in range(say.many["times"])
            )
            self._send(b"".join(frames))
        else:
            self._send(self._bytes(say))

    def _bytes(self, say: Say) -> bytes:
        if say.hex is not None:
            return bytes.fromhex(say.hex)
        if say.hello is not None:
            body = notation.hello(say.hello) + notation.request(say.hello.get("request", {}))
            return notation.framed(self._opening, say.hello.get("serial", 0), body)
        if say.welcome is not None:
            body = notation.welcome(say.welcome) + notation.reply(say.welcome.get("reply", {}))
            return notation.framed(self._opening, say.welcome.get("serial", 1), body)
        if say.request is not None:
            return notation.framed(self._opening, say.request.get("serial", 0), notation.request(say.request))
        if say.reply is not None:
            return notation.framed(self._opening, say.reply.get("serial", 0), notation.reply(say.reply))
        assert say.frame is not None
        return notation.frame(say.frame)

    def _receive_line(self, say: Say) -> None:
        if say.closed or say.ends:
            self._expect_end(after_anything=bool(say.ends))
        elif say.hex is not None:
            wanted = bytes.fromhex(say.hex)
            assert self._read(len(wanted)) == wanted
        elif say.frame is not None:
            notation.check_frame(self._read, say.frame)
        else:
            serial, body = notation.unframed(self._opening, self._read)
            for kind, given in (("hello", say.hello), ("welcome", say.welcome)):
                if given is not None:
                    getattr(notation, f"check_{kind}")(body, given)
            for given in (say.hello, say.welcome, say.request, say.reply):
                if given is not None and self._opening == "netty" and "serial" in given:
                    assert serial == given["serial"]
            if say.welcome is not None and "reply" in say.welcome:
                notation.check_reply(body, say.welcome["reply"])
            if say.request is not None:
                notation.check_request(body, say.request)
            if say.reply is not None:
                notation.check_reply(body, say.reply)

    def _send(self, data: bytes) -> None:
        piece = max(self._piece, len(data) // _MOST_PIECES) if self._piece else len(data)
        try:
            for start in range(0, len(data), piece or 1):
                self._sock.sendall(data[start : start + piece])
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self._is_broken = True  # the other end has closed; what is received says whether it may

    def _read(self, count: int) -> bytes:
        while len(self._data) < count:
            received = self._sock.recv(65_536)
            assert received, (
                f"the connection was closed; {count} bytes were expected, and {self._data!r} came"
            )
            self._data += received
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def _expect_end(self, *, after_anything: bool) -> None:
        with contextlib.suppress(ConnectionResetError, ssl.SSLError):
            while received := self._sock.recv(65_536):
                self._data += received
        assert after_anything or not self._data, f"{self._data!r} came before the end"


class Log(logging.Handler):
    """Collects what is logged while a transcript is played."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())

    def __enter__(self) -> Self:
        logging.getLogger("avrorpc").addHandler(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        logging.getLogger("avrorpc").removeHandler(self)


def run_wire(world: World, case: Case, where: Where) -> None:
    """Play a client to a server of ours."""
    assert case.wire is not None
    services = tuple(world.services[where.service].values())
    server = world.server(where.service, services, case.server_limits)
    url = world.listen(server, where.placement, case.wire.opening)
    with Log() as log, _connected(url) as sock:
        played = Played(sock, case.wire.opening, where.piece)
        for number, line in enumerate(case.wire.lines, 1):
            try:
                if line.calls is not None:
                    run_step(world, case, where, line.calls)
                else:
                    played.play(line)
            except (AssertionError, OSError) as error:
                raise AssertionError(f"line {number}: {error or type(error).__name__}") from error
    if case.wire.log is not None:
        assert any(case.wire.log in text for text in log.texts), log.texts


@contextlib.contextmanager
def _connected(url: str) -> Iterator[socket.socket]:
    address = parse_address(url)
    if address.scheme == "unix":
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(address.path)
    else:
        sock = socket.create_connection((address.host, address.port), SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if address.scheme == "tls":
        context = ssl.create_default_context(cafile=str(CERTIFICATES.ca))
        sock = context.wrap_socket(sock, server_hostname="localhost")
    with sock:
        yield sock


class PlayedServer:
    """Listens, and plays the same lines on each connection."""

    def __init__(self, world: World, case: Case, where: Where) -> None:
        assert case.peer is not None
        self.failures: list[BaseException] = []
        self.connections = 0
        self._peer = case.peer
        self._where = where
        if where.placement == "unix":
            self._listener = socket.socket(socket.AF_UNIX)
            path = world.new_socket()
            self._listener.bind(path)
            self._listener.listen()
            self.url = f"unix://{path}"
        else:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.url = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, name="played-server")]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing a listener does not wake up its `accept`; shutting it down does.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(SECONDS)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock,), name="played-connection")
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            played = Played(sock, self._peer.opening, self._where.piece)
            for number, line in enumerate(self._peer.lines, 1):
                try:
                    played.play(line)
                except (AssertionError, OSError) as error:
                    self.failures.append(AssertionError(f"line {number}: {error or type(error).__name__}"))
                    return


def run_peer(world: World, case: Case, where: Where) -> None:
    """Play a server to a client of ours."""
    peer = case.peer
    assert peer is not None
    with PlayedServer(world, case, where) as played:
        options = [*peer.options, *(["framing=spec"] if peer.opening == "spec" else [])]
        url = f"{played.url}?{'&'.join(options)}" if options else played.url
        contract = peer.steps[0].call.partition("/")[0]
        limits = made_limits(case.client_limits)
        client = avrorpc.connect(CLIENTS[where.client][contract], url, limits=limits)
        try:
            for step in peer.steps:
                for outcome in Runner(world, where, step, client, None).at_once():
                    try:
                        compare(step, outcome, contracts.method(step.call))
                    except AssertionError as error:
                        raise AssertionError(f"{error}; the played server: {played.failures}") from error
        finally:
            world.close(client)
    assert not played.failures, played.failures
    if peer.connections is not None:
        assert played.connections == peer.connections
