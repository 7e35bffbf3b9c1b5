"""`avrogen serve --reload`: the same port, whatever happens to the files."""

from __future__ import annotations

import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from avrorpc import connect
from avrorpc_codegen.command.reloading import Sockets, again, folders_of, sources
from avrorpc_codegen.command.serve_ import command
from support.processes import environment
from testcontracts.shelf import ShelfClient

IMPLEMENTATION = "from support.shelf import MemoryShelf\n\n\nclass Mine(MemoryShelf):\n    pages = {}\n"


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_sources_are_code_contracts_and_cases(tmp_path: Path) -> None:
    found = ["a.py", "s/b.avdl", "s/b_examples.json"]
    for name in [*found, "data.json", ".git/c.py", "venv/d.py", "venv/pyvenv.cfg", "__pycache__/a.py"]:
        touch(tmp_path / name)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in sources(tmp_path)) == found


def test_what_is_looked_at_is_the_module_and_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    touch(tmp_path / "own_module.py")
    touch(tmp_path / "own_package" / "__init__.py")
    assert folders_of(["own_package.deep:f"]) == [tmp_path / "own_package"]
    assert folders_of(["own_package:f", "own_module:f"]) == [tmp_path]
    assert folders_of(["no_such_module:f", ":"]) == [tmp_path]
    touch(tmp_path / "pyproject.toml")
    other = Path(pytest.__file__).parent
    assert folders_of(["pytest:f", "own_package:f"]) == [tmp_path, other]


def test_port_0_becomes_one_that_stays() -> None:
    with Sockets() as sockets:
        for given in ("127.0.0.1:0", "[::1]:0", ":0", "localhost:0"):
            host, _, port = sockets.hold(given).rpartition(":")
            assert (host, int(port) > 0) == (given.rpartition(":")[0], True)
        assert sockets.hold("localhost:80") == "localhost:80"
        assert len(sockets.named()) == len(sockets.descriptors()) == 3


def test_sockets_are_held_and_not_bound_twice() -> None:
    with Sockets() as sockets:
        address = sockets.hold("127.0.0.1:0")
        assert sockets.named() == (f"{address}={sockets.descriptors()[0]}",)
        with socket.create_connection(("127.0.0.1", int(address.partition(":")[2])), 5):
            pass  # it waits to be accepted
        with pytest.raises(click.ClickException, match=f"cannot listen on {address}: Address already in use"):
            sockets.hold(address)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(address.partition(":")[2])), 5)


def test_a_server_is_given_what_the_command_was_given() -> None:
    given = [
        "m:f",
        "--http",
        "127.0.0.1:1",
        "--http",
        ":2",
        "--dev",
        "-v",
        "--drain",
        "2.5",
        "--limit",
        "a=1",
    ]
    context = command.make_context("serve", list(given))
    made = again(command, context.params)
    assert command.make_context("serve", made[1:]).params == context.params


class Watched:
    """A server that starts anew, and what it says."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "avrorpc_codegen",
                "serve",
                "mine:Mine",
                "--tcp",
                "127.0.0.1:0",
                "--reload",
            ],
            cwd=folder,
            env=environment(PYTHONUNBUFFERED="1", PYTHONDONTWRITEBYTECODE="1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line)

    def end(self) -> int:
        """Stop it, and return its exit code."""
        self.process.terminate()
        code = self.process.wait(60)
        self._reader.join(60)
        return code

    def line(self, start: str) -> str:
        """Return the next line that begins so."""
        seen: list[str] = []
        while True:
            try:
                seen.append(self._lines.get(timeout=60))
            except queue.Empty:
                raise AssertionError(f"no {start!r} after {seen}") from None
            if seen[-1].startswith(start):
                return seen[-1]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], None]:
    def written(text: str) -> None:
        whole = tmp_path / "whole"
        whole.write_text(text)
        whole.replace(tmp_path / "mine.py")

    return written


def test_a_change_starts_the_server_anew_and_an_error_waits_for_the_next(
    tmp_path: Path, write: Callable[[str], None]
) -> None:
    write(IMPLEMENTATION)
    watched = Watched(tmp_path)
    try:
        url = watched.line("ready").split()[1]
        assert count(url) == 5
        write(f"{IMPLEMENTATION}\n    async def count_books(self):\n        return 7\n")
        assert watched.line("changed").strip() == "changed: mine.py"
        assert watched.line("stopped")
        assert watched.line("ready").split()[1] == url
        assert count(url) == 7
        write(f"import time\ntime.sleep(1)\n{IMPLEMENTATION}")
        watched.line("stopped")
        assert count(url) == 5  # it waited for the next server
        watched.line("ready")
        write("class Mine(\n")
        assert "mine.py:1" in watched.line("Error:")
        assert "waiting for a change" in watched.line("the server has ended with 1")
        write(IMPLEMENTATION)
        assert watched.line("ready").split()[1] == url
        assert count(url) == 5
        assert watched.end() == 0
    finally:
        watched.end()


def count(url: str) -> int:
    with connect(ShelfClient, url, timeout=30) as shelf:
        return shelf.count_books()
