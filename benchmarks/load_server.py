"""A server under load in a process of its own: `python -m benchmarks.load_server URL...` prints addresses."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import logging
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from avrorpc import Limits, Server

from benchmarks.load_service import LoadedService

ROOT = Path(__file__).resolve().parent.parent


def allow_descriptors(wanted: int) -> int:
    """Let this process open so many files, as far as the system permits; return how many it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for most in (max(hard, wanted), hard):
        if soft >= wanted:
            break
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, most), most))
        except (ValueError, OSError):  # only the superuser may go above the hard limit
            continue
        soft = min(wanted, most)
    return soft


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes event loops: of `asyncio`, or of `uvloop`."""
    if name == "asyncio":
        return asyncio.new_event_loop
    factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module("uvloop").Loop
    return factory


@contextmanager
def serving(*urls: str, loop: str = "asyncio", limits: str = "", descriptors: int = 0) -> Iterator[list[str]]:
    """Run a server in a process of its own, and give its addresses.

    Args:
        urls: Where it listens.
        loop: `asyncio` or `uvloop`.
        limits: `name=value` of `Limits`, with commas between.
        descriptors: How many files it may open.
    """
    command = [sys.executable, "-m", "benchmarks.load_server", *urls, "--loop", loop, "--limits", limits]
    command += ["--descriptors", str(descriptors)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    try:
        yield [process.stdout.readline().strip() for _ in urls]
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


async def _serve(urls: list[str], limits: Limits) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Server([LoadedService()], limits=limits) as server:
        for url in urls:
            print(await server.listen(url), flush=True)
        await stop.wait()


def read_limits(text: str) -> Limits:
    """Return limits from `name=value` with commas between."""
    values = dict(part.split("=") for part in text.split(",") if part)
    kinds = {name: type(getattr(Limits(), name)) for name in values}
    return Limits(**{name: kinds[name](value) for name, value in values.items()})


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("urls", nargs="+", metavar="URL")
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    parser.add_argument("--limits", default="", metavar="NAME=VALUE,...")
    parser.add_argument("--descriptors", type=int, default=0)
    options = parser.parse_args()
    logging.getLogger("avrorpc").setLevel(logging.CRITICAL)  # errors are part of the load
    allow_descriptors(options.descriptors)
    with asyncio.Runner(loop_factory=loop_factory(options.loop)) as runner:
        runner.run(_serve(options.urls, read_limits(options.limits)))


if __name__ == "__main__":
    main()
