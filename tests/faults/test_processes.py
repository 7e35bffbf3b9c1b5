"""Processes that are killed or forked while calls of every kind are under way, over every transport."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avrorpc import ConnectionLost, Limits
from support.books import Books
from support.callers import RESULTS, outcome
from support.cells import CELLS, everybody, key_of, urls_of
from support.processes import environment
from support.release import Held, released
from support.serving import ServerThread

SERVE = """
import asyncio, json, sys
from avrorpc import Server
from support.books import Books

class Telling(Books):
    def count_up(self, counter, key):
        super().count_up(counter, key)
        if counter is self.held:
            print(key, flush=True)

async def main():
    server = Server([Telling()])
    print(json.dumps([await server.listen(url) for url in sys.argv[1:]]), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""

CALL = """
import json, sys, threading
from support.cells import everybody

with everybody(json.loads(sys.argv[1])) as all_of_them:
    all_of_them.start(hold=True)
    threading.Event().wait()
"""

FORK = """
import asyncio, os, sys
from avrorpc import ClientStateError
from support.books import Books
from support.callers import RESULTS, SyncCaller, outcome
from support.cells import CELLS, everybody, key_of, urls_of
from support.serving import ServerThread

def refused(use):
    try:
        use()
    except ClientStateError as error:
        assert "belongs to the process that made it" in str(error), error
    else:
        raise AssertionError("a client of the parent was used")

books = Books()
with ServerThread(books) as server, everybody(urls_of(server)) as all_of_them:
    # Connections that are idle, calls in threads and on loops, and streams in the hands of this very thread.
    assert outcome(all_of_them.callers["tcp", "sync"].start("unary", "idle")) == 1
    futures = all_of_them.start(hold=True)
    for cell in CELLS:
        books.wait(books.held, key_of(cell))
    streams = {}
    for (transport, colour), caller in all_of_them.callers.items():
        if colour == "sync":
            streams[transport] = caller.client.count(f"mine/{transport}", 3, hold=True)
            assert next(streams[transport]) == 0
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for stream in streams.values():
                refused(lambda: next(stream))
                stream.close()
            for (_, colour), caller in all_of_them.callers.items():
                if colour == "sync":
                    refused(lambda: caller.client.book("from the child"))
                    refused(lambda: caller.client.count("from the child", 1))
                    refused(lambda: caller.client.echo("from the child", False))
                    caller.client.__avrorpc__.close()
                else:
                    refused(lambda: asyncio.run(caller.client.book("from the child")))
                    asyncio.run(caller.client.__avrorpc__.close())
            status = 0
        finally:
            sys.stderr.flush()
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "the child failed"
    for cell in CELLS:
        assert not futures[cell].done(), (cell, futures[cell].exception())
        books.release(key_of(cell))
        assert outcome(futures[cell]) == RESULTS[cell[2]], (cell, outcome(futures[cell]))
    for transport, stream in streams.items():
        books.release(f"mine/{transport}")
        assert list(stream) == [1, 2], transport
    assert not books.begun["from the child"]
"""


@contextmanager
def process(text: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", text, *arguments], env=environment(), stdout=subprocess.PIPE, text=True
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def test_a_killed_server_is_noticed_by_every_call_and_another_one_found(tmp_path: Path) -> None:
    with ServerThread(Books()) as here:  # for its addresses' options alone
        anywhere = {name: url.partition("?") for name, url in urls_of(here).items()}
    from support.certificates import CERTIFICATES  # made by the server above

    tls = f"?cert={CERTIFICATES.server}&key={CERTIFICATES.server_key}"
    asked = [
        "tcp://127.0.0.1:0",
        f"unix://{tmp_path}/socket",
        f"tls://127.0.0.1:0{tls}",
        "http://127.0.0.1:0",
    ]
    assert set(anywhere) == {"tcp", "unix", "tls", "http", "ws"}
    with process(SERVE, *asked) as first:
        assert first.stdout is not None
        urls = dict(zip(("tcp", "unix", "tls", "http"), json.loads(first.stdout.readline()), strict=True))
        urls["ws"] = urls["http"].replace("http:", "ws:")
        again = [urls["tcp"], urls["unix"], urls["tls"] + tls, urls["http"]]
        urls["tls"] += f"?ca={CERTIFICATES.ca}"
        with everybody(urls) as all_of_them:
            futures = all_of_them.start(hold=True)
            held = Counter(first.stdout.readline().strip() for _ in CELLS)
            assert held == Counter(map(key_of, CELLS))
            os.kill(first.pid, signal.SIGKILL)
            first.wait()
            for cell, future in futures.items():
                assert isinstance(outcome(future), ConnectionLost), (cell, outcome(future))
            with process(SERVE, *again) as second:
                assert second.stdout is not None
                second.stdout.readline()
                for cell, future in all_of_them.start(hold=False).items():
                    assert outcome(future) == RESULTS[cell[2]], (cell, outcome(future))


def test_a_killed_client_is_noticed_and_all_of_its_calls_are_released() -> None:
    books = Books()
    with (
        ServerThread(books, limits=Limits(ping_interval=0.1, ping_timeout=0.2)) as server,
        released(Held(server)),
        process(CALL, json.dumps(urls_of(server))) as client,
    ):
        for cell in CELLS:
            books.wait(books.held, key_of(cell))
        os.kill(client.pid, signal.SIGKILL)
        client.wait()
        for cell in CELLS:
            books.wait_for_end(key_of(cell), 1)
            assert books.given_up[key_of(cell)] == 1, cell


def test_a_child_process_is_told_at_once_and_does_its_parents_calls_no_harm() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK], env=environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
