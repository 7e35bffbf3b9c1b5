"""What a call costs at each distance: the same typed call, from a bare method to HTTP.

The work is `Tokenizer.tokenize("Hello world")` on the byte-level tokenizer, which takes a few microseconds by
itself, so that the rest is the placement's. The remote server is a process of its own.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import avrorpc
import avrorpc_services
from avrorpc_contracts.llm import AsyncTokenizerClient, TokenizerClient

from benchmarks.harness import Benchmark, Contender, Work

TEXT = "Hello world"
HERE = ("direct:", "local:", "verify:")
THERE = (("tcp://", "--tcp"), ("http://", "--http"))


def benchmark() -> Benchmark:
    """Return the benchmark."""
    contenders = [
        Contender("bare method", bare),
        *(Contender(placement, partial(blocking, placement)) for placement in HERE),
        *(Contender(f"{name} blocking", partial(blocking_remote, option)) for name, option in THERE),
        Contender("local: asyncio", asynchronous_local),
        *(Contender(f"{name} asyncio", partial(asynchronous, option, 1)) for name, option in THERE),
        Contender("tcp:// asyncio, 64 at once", partial(asynchronous, "--tcp", 64)),
    ]
    return Benchmark(
        name="calls_by_placement",
        title="One tokenize call, by placement",
        operation="call",
        contenders=contenders,
        packages=("avrorpc", "msgspec", "aiohttp", "h11", "uvloop"),
    )


@contextmanager
def bare() -> Iterator[Work]:
    """Call the implementation's method."""
    tokenizer = avrorpc_services.byte_tokenizer()

    def work(count: int) -> None:
        for _ in range(count):
            tokenizer.tokenize(TEXT)

    yield work


@contextmanager
def blocking(url: str) -> Iterator[Work]:
    """Call through a synchronous client."""
    local = url.endswith(":")
    with avrorpc.connect(
        TokenizerClient, url, target=avrorpc_services.byte_tokenizer() if local else None
    ) as tokenizer:

        def work(count: int) -> None:
            for _ in range(count):
                tokenizer.tokenize(TEXT)

        yield work


@contextmanager
def blocking_remote(option: str) -> Iterator[Work]:
    """Call a server through a synchronous client."""
    with serving(option) as url, blocking(url) as work:
        yield work


@contextmanager
def asynchronous_local() -> Iterator[Work]:
    """Call in this process through an asynchronous client."""
    with asyncio.Runner() as runner:
        tokenizer = avrorpc.connect(AsyncTokenizerClient, "local:", target=avrorpc_services.byte_tokenizer())
        yield lambda count: runner.run(_calls(tokenizer, count, 1))


@contextmanager
def asynchronous(option: str, at_once: int) -> Iterator[Work]:
    """Call a server through an asynchronous client, with so many calls in flight."""
    with serving(option) as url, asyncio.Runner() as runner:
        tokenizer = avrorpc.connect(AsyncTokenizerClient, url)
        yield lambda count: runner.run(_calls(tokenizer, count, at_once))
        runner.run(_close(tokenizer))


async def _calls(tokenizer: AsyncTokenizerClient, count: int, at_once: int) -> None:
    async def some(share: int) -> None:
        for _ in range(share):
            await tokenizer.tokenize(TEXT)

    if at_once == 1 or count < at_once:
        await some(count)
    else:
        await asyncio.gather(*(some(count // at_once + (n < count % at_once)) for n in range(at_once)))


async def _close(tokenizer: AsyncTokenizerClient) -> None:
    await avrorpc.close(tokenizer)


@contextmanager
def serving(option: str) -> Iterator[str]:
    """Run a server in a process of its own, and give its address."""
    avrogen = Path(sys.executable).with_name("avrogen")
    command = [str(avrogen), "serve", "avrorpc_services:byte_tokenizer", option, "127.0.0.1:0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[1]
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()
