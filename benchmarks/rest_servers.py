"""The REST servers that are compared, each in a process of its own on uvloop: ours, and FastAPI in two forms.

`python -m benchmarks.rest_servers NAME` listens on a free port of the loopback interface and prints it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.load_server import loop_factory
from benchmarks.loadcontracts.rest import Numbers, Order, RestService, Tick, Tokens
from benchmarks.rest_payloads import IDS, MASK, TEXT

ROOT: Final = Path(__file__).resolve().parent.parent
NAMES: Final = ("fastapi", "fastapi with msgspec", "avrorpc")


class Measured(RestService):
    """See the contract."""

    async def tokenize(self, text: str, *, add_special_tokens: bool = True) -> Tokens:
        return Tokens(input_ids=IDS, attention_mask=MASK)

    async def order(self, order: Order) -> Order:
        return order

    async def numbers(self, values: list[float]) -> Numbers:
        return Numbers(values=values)

    async def ticks(self, count: int, *, waits: bool = False) -> AsyncIterator[Tick]:
        for number in range(count):
            yield Tick(number=number, text=TEXT)
            if waits:
                await asyncio.sleep(0)

    async def download(self, size: int, *, piece: int = 65_536) -> AsyncIterator[bytes]:
        part = bytes(piece)
        for _ in range(size // piece):
            yield part

    async def upload(self, piece: AsyncIterable[bytes]) -> int:
        size = 0
        async for part in piece:
            size += len(part)
        return size


@contextmanager
def serving(name: str, core: int | None) -> Iterator[tuple[int, int]]:
    """Run a server, and give its port and the id of its process.

    Args:
        name: Which, of `NAMES`.
        core: Where it runs; None for anywhere.
    """
    command = [sys.executable, "-m", "benchmarks.rest_servers", name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        if core is not None:
            for thread in Path(f"/proc/{process.pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), {core})
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@dataclass(slots=True)
class Target:
    """A server under test."""

    port: int
    process: int


def side_by_side(stack: ExitStack) -> dict[str, Target]:
    """Run all servers on one core, and move this process to the others, where there are several."""
    cores = sorted(os.sched_getaffinity(0))
    core = cores[0] if len(cores) > 1 else None
    targets = {name: Target(*stack.enter_context(serving(name, core))) for name in NAMES}
    if core is not None:
        stack.callback(os.sched_setaffinity, 0, cores)
        os.sched_setaffinity(0, cores[1:])
    return targets


async def _ours() -> None:
    """Serve with our defaults: limits, statistics, Introspection."""
    from avrorpc import Server  # noqa: PLC0415 - the others go without

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Server([Measured()]) as server:
        print((await server.listen("http://127.0.0.1:0")).rpartition(":")[2], flush=True)
        await stop.wait()


async def _fastapi(*, by_msgspec: bool) -> None:
    """Serve by uvicorn with httptools, and without its log of accesses."""
    import uvicorn  # noqa: PLC0415 - ours goes without

    from benchmarks import rest_fastapi  # noqa: PLC0415

    app = rest_fastapi.best if by_msgspec else rest_fastapi.usual
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        config = uvicorn.Config(
            app, http="httptools", log_level="warning", access_log=False, timeout_keep_alive=600
        )
        await uvicorn.Server(config).serve([listening])


def main() -> None:
    """Serve until SIGTERM."""
    name = sys.argv[1]
    work = _ours() if name == "avrorpc" else _fastapi(by_msgspec=name.endswith("msgspec"))
    with asyncio.Runner(loop_factory=loop_factory("uvloop")) as runner:
        runner.run(work)


if __name__ == "__main__":
    main()
