"""A gigabyte up and a gigabyte down over REST: how fast, and what the server holds meanwhile.

As plain octets, beside FastAPI, and as lines of JSON and server-sent events. The client reads and writes as
fast as it can; then it reads nothing for a while, and what the server holds is asked again.
"""

from __future__ import annotations

import json
import os
import socket
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from benchmarks.load import MIB, Outcome, Panel, Points, Show
from benchmarks.rest import FASTAPI, OURS, PACKAGES
from benchmarks.rest_servers import serving

SIZE: Final = 1_024 * MIB
WARM_UP: Final = 16 * MIB
PIECE: Final = 48 * 1_024
"""Bytes of one item."""
SAMPLES: Final = 64
MOST: Final = 32 * MIB
"""What a server's memory may gain."""
FORMS: Final = {
    "octets": "application/octet-stream",
    "lines": "application/x-ndjson",
    "events": "text/event-stream",
}
CASES: Final = (
    ("octets down", OURS),
    ("octets down", FASTAPI),
    ("lines down", OURS),
    ("events down", OURS),
    ("octets up", OURS),
    ("octets up", FASTAPI),
    ("lines up", OURS),
)
END: Final = b"0\r\n\r\n"

Note = Callable[[int], None]
"""Told how many bytes have gone by."""


def resident(process: int) -> int:
    """Return the bytes of memory that a process has."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def transfer(port: int, what: str, size: int, note: Note) -> None:
    """Send or read about so many bytes of items, and tell how many have gone by as they do."""
    form, direction = what.split()
    with closing(socket.create_connection(("127.0.0.1", port))) as sock:
        if direction == "up":
            upload(sock, FORMS[form], size, note)
        else:
            download(sock, FORMS[form], size, note)


def upload(sock: socket.socket, media: str, size: int, note: Note) -> None:
    """Send items."""
    piece, number = bytes(PIECE), size // PIECE
    if media == FORMS["lines"]:
        piece = json.dumps(b64encode(piece).decode()).encode() + b"\n"
    head = f"POST /octets HTTP/1.1\r\nHost: x\r\nContent-Type: {media}\r\n"
    sock.sendall(f"{head}Content-Length: {number * len(piece)}\r\n\r\n".encode())
    for sent in range(number):
        sock.sendall(piece)
        note(sent * PIECE)
    said = b""
    while not said.endswith(b"%d" % (number * PIECE)):
        data = sock.recv(65_536)
        if not data:
            raise RuntimeError(f"a server answers something else: {said[:300]!r}")
        said += data


def download(sock: socket.socket, media: str, size: int, note: Note) -> None:
    """Read items."""
    size -= size % PIECE
    ask(sock, media, size)
    buffer, came, last = memoryview(bytearray(MIB)), 0, b""
    while not last.endswith(END):
        got = sock.recv_into(buffer)
        if not got or (not came and bytes(buffer[:12]) != b"HTTP/1.1 200"):
            raise RuntimeError(f"a server answers something else: {bytes(buffer[:300])!r}")
        came += got
        last = (last + bytes(buffer[max(0, got - len(END)) : got]))[-len(END) :]
        note(came)
    if came < size:
        raise RuntimeError(f"{came} bytes came, and not {size}")


def ask(sock: socket.socket, media: str, size: int) -> None:
    """Ask for items."""
    target = f"/octets?size={size}&piece={PIECE}"
    sock.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nAccept: {media}\r\n\r\n".encode())


def neglected(port: int, process: int) -> int:
    """Ask for much, read nothing, and return the memory that the server has when it goes on no more."""
    with closing(socket.create_connection(("127.0.0.1", port))) as sock:
        ask(sock, FORMS["octets"], 1_024 * SIZE)
        time.sleep(2)
        return resident(process)


async def run(scale: float, show: Show) -> Outcome:
    """Run all."""
    size = int(SIZE * scale)
    outcome = Outcome(
        "rest_transfers",
        f"{size // MIB:,} MiB each way over REST, in items of {PIECE:,} bytes",
        packages=PACKAGES,
    )
    panels = {name: Panel(name, "MiB", "resident memory, MiB") for name in (OURS, FASTAPI)}
    with ExitStack() as stack:
        servers = {name: stack.enter_context(serving(name, None)) for name in (OURS, FASTAPI)}
        for what, name in CASES:
            port, process = servers[name]
            show(f"{what}, {name}")
            transfer(port, what, WARM_UP, lambda _: None)
            course: Points = [(0.0, resident(process) / MIB)]
            step = size / SAMPLES

            def note(done: int, course: Points = course, process: int = process, step: float = step) -> None:
                if done >= step * len(course):
                    course.append((done / MIB, resident(process) / MIB))

            start = time.perf_counter()
            transfer(port, what, size, note)
            seconds = time.perf_counter() - start
            gained = max(memory for _, memory in course) - course[0][1]
            outcome.figures |= {
                f"{what}, {name}: MiB per second": round(size / MIB / seconds),
                f"{what}, {name}: MiB held at the start": round(course[0][1], 1),
                f"{what}, {name}: MiB gained at most": round(gained, 1),
            }
            panels[name].courses[what] = course
            if name == OURS and gained * MIB > MOST:
                outcome.failures.append(f"{what}: the memory of the server grows by {gained:.0f} MiB")
        port, process = servers[OURS]
        before = resident(process)
        gained = (neglected(port, process) - before) / MIB
        outcome.figures["a client that reads nothing: MiB gained"] = round(gained, 1)
        if gained * MIB > MOST:
            outcome.failures.append("the server holds what a client does not read")
    outcome.panels += panels.values()
    return outcome
