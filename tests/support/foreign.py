"""Other implementations of Avro's RPC, as processes driven by lines of JSON; see `tests/interop/install.py`.

Values travel in Avro's own JSON encoding.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

Line: TypeAlias = dict[str, Any]

FOLDER: Final = os.environ.get("AVRORPC_PEERS", "")
"""Where the peers are installed; empty where they are not."""
SOURCES: Final = Path(__file__).parents[1] / "interop" / "peers"
PATIENCE: Final = 10.0


def has(kind: str) -> bool:
    """Whether a peer is installed: `avsc-...` or `java-...`."""
    return (
        bool(FOLDER)
        and (Path(FOLDER) / ("java" if kind.startswith("java") else "node_modules/avsc")).exists()
    )


def command(kind: str, role: str, *arguments: str) -> list[str]:
    """Return how a peer is started, such as `avsc-tcp` or `java-netty`, to `serve` or to `call`."""
    peer, _, transport = kind.partition("-")
    if peer == "java":
        java = Path(FOLDER) / "java"
        path = os.pathsep.join((str(java / "*"), str(java)))
        return ["java", "-XX:TieredStopAtLevel=1", "-cp", path, "JavaPeer", f"{role}-{transport}", *arguments]
    return ["node", str(SOURCES / "avsc_peer.js"), f"{role}-{transport}", *arguments]


class Process:
    """A peer's process: lines in, lines out."""

    def __init__(self, arguments: list[str]) -> None:
        environment = {**os.environ, "NODE_PATH": str(Path(FOLDER) / "node_modules")}
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._lines: queue.Queue[Line | None] = queue.Queue()
        self._errors: list[str] = []
        self._threads = [
            threading.Thread(target=self._read, name="peer-output"),
            threading.Thread(target=self._read_errors, name="peer-errors"),
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:
                continue

    def send(self, line: Line) -> None:
        """Write one line."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()

    def next(self) -> Line:
        """Return the next line that the peer writes."""
        line = self._lines.get(timeout=PATIENCE)
        if line is None:
            raise EOFError("the peer ended; it said: " + "".join(self._errors)[-2_000:])
        return line

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        self._errors.extend(self._process.stderr)


@contextmanager
def foreign_server(kind: str, protocol: str, folder: Path) -> Iterator[str]:
    """Run a peer's server of a protocol, and give its URL."""
    path = folder / f"{kind}.avpr"
    path.write_text(protocol)
    with Process(command(kind, "serve", str(path))) as process:
        port = process.next()["port"]
        if kind.endswith("http"):
            yield f"http://127.0.0.1:{port}/"
        else:
            yield f"tcp://127.0.0.1:{port}" + ("?framing=spec" if kind.endswith("socket") else "")


class ForeignClient(Process):
    """A peer's client of a protocol.

    Args:
        kind: Which; also `avsc-tcp-without-ping` and `avsc-http-without-ping`.
        port: Where the server is.
        protocol: The client's text of the protocol.
        folder: For its file.
        path: Of the URL, over HTTP.
    """

    def __init__(self, kind: str, port: int, protocol: str, folder: Path, path: str = "/spl-avro") -> None:
        text = folder / f"{kind}-client.avpr"
        text.write_text(protocol)
        super().__init__(command(kind, "call", str(port), str(text), *([path] if "http" in kind else [])))
        self._ids = iter(range(1_000_000))
        self.handshakes: list[str] = []

    def start(self, message: str, headers: Mapping[str, bytes] | None = None, **request: Any) -> int:
        """Begin a call, and return its id."""
        number = next(self._ids)
        encoded = {key: base64.b64encode(value).decode() for key, value in (headers or {}).items()}
        self.send({"id": number, "message": message, "request": request, "headers": encoded})
        return number

    def reply(self) -> Line:
        """Return the next reply, or how the connection ended."""
        while "handshake" in (line := self.next()):
            self.handshakes.append(line["handshake"])
        if "headers" in line:
            line["headers"] = {k: base64.b64decode(v) for k, v in line["headers"].items()}
        return line

    def call(self, message: str, headers: Mapping[str, bytes] | None = None, **request: Any) -> Line:
        """Make a call and return its reply: a `response`, an `error` of the contract's, or a `failure`."""
        number = self.start(message, headers, **request)
        reply = self.reply()
        assert reply.get("id", number) == number
        return reply
