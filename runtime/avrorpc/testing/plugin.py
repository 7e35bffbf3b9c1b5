"""The pytest plugin: virtual time, services in any placement, and a check for what tests leave behind.

It is loaded wherever avrorpc is installed, so that it imports nothing until a fixture or a marker is used.
"""

from __future__ import annotations

import gc
import inspect
import os
import stat
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    import asyncio
    from contextlib import AbstractAsyncContextManager

    from avrorpc.stub import AsyncClient

VIRTUAL_TIME: Final = "virtual_time"
PLACEMENTS: Final = "avro_placements"
DEFAULT_PLACEMENTS: Final = ("local", "verify", "tcp", "http")
_REMOTE: Final = {"tcp": "tcp://127.0.0.1:0", "http": "http://127.0.0.1:0", "ws": "ws://127.0.0.1:0"}
GRACE: Final = 0.5
"""Seconds that threads are given to end after a test."""
_BEFORE: Final = pytest.StashKey[tuple[dict[tuple[int, int], str], set[threading.Thread], dict[int, Any]]]()
_KNOWN: Final = ("direct", "local", "verify", *_REMOTE)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting of the placements, and the option for example cases."""
    parser.addini(
        PLACEMENTS,
        "where avro_connect runs services",
        type="args",
        default=list(DEFAULT_PLACEMENTS),
    )

    parser.getgroup("avrorpc").addoption(
        "--avrorpc-examples",
        action="append",
        default=[],
        metavar="MODULE:FACTORY",
        help="run the example cases of a service, each in each placement of avro_placements",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Add the example cases of the services that `--avrorpc-examples` names."""
    targets = session.config.getoption("--avrorpc-examples")
    if targets:
        from avrorpc.testing.example_items import example_items  # noqa: PLC0415 - only where it is used

        items.extend(example_items(session, targets, session.config.getini(PLACEMENTS)))


def pytest_configure(config: pytest.Config) -> None:
    """Tell of the markers."""
    config.addinivalue_line(
        "markers", f"{VIRTUAL_TIME}(start=0.0): run an `async def` test in virtual time (avrorpc)"
    )
    config.addinivalue_line(
        "markers", f"{PLACEMENTS}(name, ...): where avro_connect runs services in this test (avrorpc)"
    )


@pytest.hookimpl(wrapper=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> Generator[None, None, None]:
    """Run tests that take `avro_placement` in each placement, and marked ones in virtual time."""
    if "avro_placement" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker(PLACEMENTS)
        names = marker.args if marker is not None else metafunc.config.getini(PLACEMENTS)
        for name in names:
            if name not in _KNOWN:
                raise pytest.UsageError(f"{PLACEMENTS}: {name!r} is none of {', '.join(_KNOWN)}")
        metafunc.parametrize("avro_placement", names)
    marker = metafunc.definition.get_closest_marker(VIRTUAL_TIME)
    if marker is None:
        return (yield)
    if not hasattr(metafunc.config.hook, "pytest_asyncio_loop_factories"):
        if metafunc.config.pluginmanager.has_plugin("asyncio"):
            raise pytest.UsageError(f"the marker {VIRTUAL_TIME} needs pytest-asyncio 1.4 or later")
        return (yield)
    # Only while this test is looked at: pytest-asyncio asks whoever is registered for each test there is.
    factories = _LoopFactories(marker)
    metafunc.config.pluginmanager.register(factories)
    try:
        return (yield)
    finally:
        metafunc.config.pluginmanager.unregister(factories)


class _LoopFactories:
    """What pytest-asyncio asks for event loops."""

    def __init__(self, marker: pytest.Mark) -> None:
        self._marker = marker

    @pytest.hookimpl(tryfirst=True)
    def pytest_asyncio_loop_factories(self) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
        return {VIRTUAL_TIME: _factory(self._marker)}


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a marked `async def` test that no other plugin runs."""
    marker = pyfuncitem.get_closest_marker(VIRTUAL_TIME)
    if marker is None or not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    import asyncio  # noqa: PLC0415 - only where it is used

    wanted = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in wanted if name in pyfuncitem.funcargs}
    with asyncio.Runner(loop_factory=_factory(marker)) as runner:
        runner.run(pyfuncitem.obj(**arguments))
    return True


def _factory(marker: pytest.Mark) -> Callable[[], asyncio.AbstractEventLoop]:
    from avrorpc.testing.virtual import VirtualLoop  # noqa: PLC0415 - only where it is used

    return lambda: VirtualLoop(**marker.kwargs)


@pytest.fixture
def virtual_time() -> Iterator[asyncio.Runner]:
    """An `asyncio.Runner` in virtual time: `virtual_time.run(coroutine)`, in tests that are a plain `def`."""
    from avrorpc.testing.virtual import virtual_time  # noqa: PLC0415 - only where it is used

    with virtual_time() as runner:
        yield runner


@pytest.fixture
def avro_pair() -> Callable[..., AbstractAsyncContextManager[AsyncClient]]:
    """Join clients and servers in memory: it is `avrorpc.testing.connected`."""
    from avrorpc.testing.pairs import connected  # noqa: PLC0415 - only where it is used

    return connected


@pytest.fixture
def avro_connect(avro_placement: str) -> Iterator[Callable[..., Any]]:
    """A function that gives a client of an implementation; the test runs once for each placement.

    `with avro_connect(XClient, X()) as client`, or `async with` an asynchronous client. Further arguments are
    those of `avrorpc.connect`.
    """
    from avrorpc.client import connect  # noqa: PLC0415 - only where it is used
    from avrorpc.testing.hosting import HostedServer  # noqa: PLC0415

    with ExitStack() as stack:

        def make(client: type[Any], implementation: object, **options: Any) -> Any:
            if avro_placement not in _REMOTE:
                return connect(client, f"{avro_placement}:", target=implementation, **options)
            server = stack.enter_context(HostedServer(implementation, urls=[_REMOTE[avro_placement]]))
            return connect(client, server.url, **options)

        yield make


@pytest.fixture
def avro_no_leaks() -> None:
    """Fail a test that leaves sockets, threads or tasks behind, once all its fixtures are torn down."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note what is open before a test that takes `avro_no_leaks`."""
    if "avro_no_leaks" in getattr(item, "fixturenames", ()):
        item.stash[_BEFORE] = _sockets(), set(threading.enumerate()), _tasks()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Compare after it."""
    result = yield
    if _BEFORE in item.stash:
        sockets, threads, tasks = item.stash[_BEFORE]
        for thread in set(threading.enumerate()) - threads:
            thread.join(GRACE)
        gc.collect()
        left = [f"the socket {name}" for number, name in _sockets().items() if number not in sockets]
        left += [f"the thread {thread.name}" for thread in threading.enumerate() if thread not in threads]
        left += [f"the task {task!r:.200}" for number, task in _tasks().items() if number not in tasks]
        if left:
            pytest.fail(f"the test left behind {'; '.join(left)}", pytrace=False)
    return result


def _sockets() -> dict[tuple[int, int], str]:
    """Return the open sockets of this process, by what identifies them."""
    found: dict[tuple[int, int], str] = {}
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - numbers, not paths
        try:
            status = os.fstat(int(name))
        except OSError:
            continue
        if stat.S_ISSOCK(status.st_mode):
            found[int(name), status.st_ino] = name
    return found


def _tasks() -> dict[int, Any]:
    import asyncio  # noqa: PLC0415 - only where it is used

    return {id(task): task for task in gc.get_objects() if isinstance(task, asyncio.Task) and not task.done()}
