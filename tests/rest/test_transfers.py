"""What is uploaded and downloaded passes through: the server holds as much of a gigabyte as of a megabyte.

The long form, `nox -s long -- transfers`, sends a gigabyte each way.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.processes import environment

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="only Linux says how much a process has held at most"
)

MIB = 1_048_576
WARM_UP = 8 * MIB
"""Bytes that go each way before it counts: what the interpreter takes, once, is not what is asked about."""
PIECE = 48 * 1024
OCTETS = "application/octet-stream"
LINES = "application/x-ndjson"
EVENTS = "text/event-stream"


@dataclass(slots=True)
class Deck:
    """A server in a process of its own."""

    port: int
    process: int

    def held(self) -> int:
        """Return the bytes that it holds."""
        return self._status("VmRSS")

    def held_at_most(self) -> int:
        """Return the bytes that it has held at most since `forget`."""
        return self._status("VmHWM")

    def forget(self) -> None:
        Path(f"/proc/{self.process}/clear_refs").write_text("5")

    def _status(self, name: str) -> int:
        lines = Path(f"/proc/{self.process}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))

    def upload(self, media: str, size: int) -> None:
        """Send about so many bytes."""
        piece = bytes(PIECE)
        if media == LINES:
            piece = json.dumps(b64encode(piece).decode()).encode() + b"\n"
        number = size // len(piece)
        with closing(self._connect()) as sock:
            head = f"POST /tape HTTP/1.1\r\nHost: x\r\nContent-Type: {media}\r\n"
            sock.sendall(f"{head}Content-Length: {number * len(piece)}\r\n\r\n".encode())
            for _ in range(number):
                sock.sendall(piece)
            said = b""
            while b"\r\n\r\n" not in said or said.endswith(b"\r\n\r\n"):
                said += sock.recv(65_536)
        assert said.startswith(b"HTTP/1.1 200"), said
        assert said.endswith(b"\r\n\r\n%d" % (number * PIECE))

    def download(self, media: str, size: int) -> int:
        """Ask for so many bytes, and return how many came, as they are written."""
        with closing(self._connect()) as sock:
            sock.sendall(
                f"GET /tape?size={size}&piece={PIECE} HTTP/1.1\r\nHost: x\r\nAccept: {media}\r\n\r\n".encode()
            )
            buffer, came, last = memoryview(bytearray(MIB)), 0, b""
            while not last.endswith(b"0\r\n\r\n"):
                got = sock.recv_into(buffer)
                assert got, "it broke off"
                if not came:
                    assert bytes(buffer[:12]) == b"HTTP/1.1 200"
                came += got
                last = (last + bytes(buffer[max(0, got - 5) : got]))[-5:]
        return came

    def _connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)


@pytest.fixture(scope="module")
def deck() -> Iterator[Deck]:
    process = subprocess.Popen(
        [sys.executable, "-m", "support.tape_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = urlsplit(process.stdout.readline().strip()).port
        assert port is not None
        yield Deck(port, process.pid)
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


@pytest.mark.parametrize(
    ("size", "most"),
    [
        pytest.param(64 * MIB, 16 * MIB, id="64 MiB"),
        pytest.param(1024 * MIB, 32 * MIB, id="1 GiB", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("media", [OCTETS, LINES, EVENTS])
def test_what_is_downloaded_passes_through(deck: Deck, media: str, size: int, most: int) -> None:
    deck.download(media, WARM_UP)
    deck.forget()
    before = deck.held()
    assert deck.download(media, size) > size
    assert deck.held_at_most() - before < most


@pytest.mark.parametrize(
    ("size", "most"),
    [
        pytest.param(64 * MIB, 16 * MIB, id="64 MiB"),
        pytest.param(1024 * MIB, 32 * MIB, id="1 GiB", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("media", [OCTETS, LINES])
def test_what_is_uploaded_passes_through(deck: Deck, media: str, size: int, most: int) -> None:
    deck.upload(media, WARM_UP)
    deck.forget()
    before = deck.held()
    deck.upload(media, size)
    assert deck.held_at_most() - before < most
