"""`avrogen serve --reload`: a server in a process of its own, started anew when its files have changed.

The one that runs drains first. The sockets that are listened on outlive it, so that nobody is refused: who
connects in between waits for the next. One that cannot start, for a syntax error or anything else, is tried
again after the next change.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import click
from avrorpc.transport.listening import everywhere

from avrorpc_codegen.watching import Snapshot, await_change, snapshot

SUFFIXES: Final = (".py", ".avdl", ".avpr", ".avsc", "examples.json")
"""What the names of the files end in that a server is started anew for."""
_MOST_NAMED: Final = 3
_EXTRA: Final = 10.0
"""Seconds beyond the drain in which a server must have ended."""


class _Stopped(Exception):
    """Somebody has ended the command."""


class Reloader:
    """Runs a server until it is told to stop.

    Args:
        arguments: What `avrogen` is given for the server.
        folders: Where the files are that it is made of.
        drain: Seconds that a server is given to finish its calls.
        descriptors: What servers inherit.
    """

    def __init__(
        self, arguments: Sequence[str], folders: Iterable[Path], drain: float, descriptors: Sequence[int] = ()
    ) -> None:
        self._command = [sys.executable, "-m", "avrorpc_codegen", *arguments]
        self._folders = list(folders)
        self._drain = drain
        self._descriptors = descriptors
        self._stop = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Run until SIGTERM or SIGINT, and return the exit code of the last server."""
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: self._stop.set())
        names = ", ".join(_shown(folder) for folder in self._folders)
        click.echo(f"watching {names}; Ctrl-C ends", err=True)
        code = 0
        try:
            while True:
                known = self._look()
                self._child = subprocess.Popen(  # noqa: S603 - our own, as it was given
                    self._command, pass_fds=self._descriptors
                )
                changed = await_change(known, self._look, wait=self._wait)
                shown = [_shown(path) for path in changed[:_MOST_NAMED]]
                more = f" and {len(changed) - len(shown)} more" if len(changed) > len(shown) else ""
                click.echo(f"changed: {', '.join(shown)}{more}", err=True)
                self._end()
        except _Stopped:
            code = self._end()
        return code

    def _look(self) -> Snapshot:
        return snapshot(path for folder in self._folders for path in sources(folder))

    def _wait(self, seconds: float) -> None:
        """Wait a little.

        Raises:
            _Stopped: It is over.
        """
        if self._stop.wait(seconds):
            raise _Stopped
        if self._child is not None and self._child.poll() is not None:
            click.echo(f"the server has ended with {self._child.returncode}; waiting for a change", err=True)
            self._child = None

    def _end(self) -> int:
        """End the server, when its calls are over, and return its exit code."""
        child, self._child = self._child, None
        if child is None:
            return 1
        child.terminate()
        try:
            return child.wait(self._drain + _EXTRA)
        except subprocess.TimeoutExpired:
            click.echo("the server does not end, and is killed", err=True)
            child.kill()
            return child.wait()


def sources(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder that a server is made of; not in hidden folders or environments."""
    for place, folders, names in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if not name.startswith((".", "__"))
            and name != "node_modules"
            and not _is_environment(place, name)
        ]
        yield from (Path(place, name) for name in names if name.endswith(SUFFIXES))


def _is_environment(place: str, name: str) -> bool:
    return Path(place, name, "pyvenv.cfg").exists()


def folders_of(factories: Iterable[str]) -> list[Path]:
    """Return the folders of the modules that `MODULE:FACTORY` names, and the project's that is worked in."""
    found: list[Path] = []
    if (Path.cwd() / "pyproject.toml").exists():
        found.append(Path.cwd())
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    for factory in factories:
        name = factory.partition(":")[0].partition(".")[0]
        try:
            spec = importlib.util.find_spec(name) if name else None
        except (ImportError, ValueError):
            spec = None
        if spec is None:
            continue
        if spec.submodule_search_locations:
            found += [Path(place) for place in spec.submodule_search_locations]
        elif spec.origin is not None:
            found.append(Path(spec.origin).parent)
    resolved = dict.fromkeys(folder.resolve() for folder in found or [Path.cwd()])
    return [
        folder
        for folder in resolved
        if not any(other in folder.parents for other in resolved if other != folder)
    ]


class Sockets(ExitStack):
    """Sockets that are listened on for as long as the `with` block lasts, whichever server accepts."""

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[str, socket.socket] = {}

    def hold(self, address: str) -> str:
        """Listen at `HOST:PORT`, and return it; port 0 becomes a free one.

        A host that is a name may be at several addresses: each server finds those itself.

        Raises:
            ClickException: The address cannot be had.
        """
        host, _, port = address.rpartition(":")
        bare = host.strip("[]")
        try:
            if bare and not _is_ip(bare):
                return f"{host}:{port if port != '0' else _free_port(bare)}"
            family = socket.AF_INET6 if ":" in bare else socket.AF_INET
            sock = socket.create_server((bare, int(port)), family=family) if bare else everywhere(int(port))
        except OSError as error:
            raise click.ClickException(f"cannot listen on {address}: {error.strerror or error}") from error
        found = f"{host}:{sock.getsockname()[1]}"
        self._held[found] = self.enter_context(sock)
        return found

    def named(self) -> tuple[str, ...]:
        """Return each as `HOST:PORT=DESCRIPTOR`, as a server takes them."""
        return tuple(f"{address}={sock.fileno()}" for address, sock in self._held.items())

    def descriptors(self) -> list[int]:
        """Return what a server inherits."""
        return [sock.fileno() for sock in self._held.values()]


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as sock:
        return int(sock.getsockname()[1])


def again(command: click.Command, values: dict[str, object]) -> list[str]:
    """Return the arguments that give a command some values."""
    arguments = [str(command.name)]
    last: list[str] = []
    for parameter in command.params:
        value = values.get(parameter.name or "")
        listed = list(value) if isinstance(value, tuple) else [] if value in (None, False) else [value]
        if isinstance(parameter, click.Argument):
            last += map(str, listed)
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            arguments += [parameter.opts[-1]] if listed else []
        else:
            for one in listed:
                arguments += [max(parameter.opts, key=len), str(one)]
    return [*arguments, "--", *last]


def _shown(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
