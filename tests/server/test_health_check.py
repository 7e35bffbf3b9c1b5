"""An implementation's `health()` says whether it is ready; whatever goes wrong with it, it is not."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest
from avrorpc import AsyncDynamicClient, BindError, Code, Server, ServingStatus, StatusError, bind
from avrorpc.method import Contract
from avrorpc.server.health_check import HealthCheck
from avrorpc.stub import Service
from avrorpc.testing import run
from avrorpc_codegen.command import main
from click.testing import CliRunner
from support.implementations import AsyncSmall, AsyncStreams, SyncSmall
from support.serving import ServerThread

SERVING, NOT_SERVING, UNKNOWN = ServingStatus.SERVING, ServingStatus.NOT_SERVING, ServingStatus.UNKNOWN


def asked(function: Callable[[], object]) -> tuple[ServingStatus, str]:
    return run(HealthCheck(function, None).run())


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (True, SERVING, ""),
        (False, NOT_SERVING, ""),
        (UNKNOWN, UNKNOWN, ""),
        ((NOT_SERVING, "loading weights"), NOT_SERVING, "loading weights"),
        ((True, "3 of 4 devices"), SERVING, "3 of 4 devices"),
    ],
)
def test_what_it_returns_is_told(answer: object, status: ServingStatus, text: str) -> None:
    assert asked(lambda: answer) == (status, text)

    async def asynchronous() -> object:
        await asyncio.sleep(1)
        return answer

    assert asked(asynchronous) == (status, text)


@pytest.mark.parametrize("answer", [None, 1, "fine", (True, 3), (True, "a", "b"), {"ready": True}])
def test_what_is_no_answer_is_not_serving(answer: object) -> None:
    status, text = asked(lambda: answer)
    assert status is NOT_SERVING
    assert text.endswith(f"it returned {type(answer).__name__}")


def test_what_it_raises_is_not_serving_and_only_a_status_is_told() -> None:
    def says() -> bool:
        raise StatusError(Code.UNAVAILABLE, "the database is away")

    def fails() -> bool:
        raise ValueError("the password is hunter2")

    assert asked(says) == (NOT_SERVING, "the database is away")
    assert asked(fails) == (NOT_SERVING, "its health() failed; the server's log says how")


def test_one_that_hangs_is_cancelled_and_not_serving() -> None:
    ended: list[str] = []

    async def hangs() -> bool:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("cancelled")
        return True

    status, text = asked(hangs)
    assert (status, text) == (NOT_SERVING, "its health() has not returned within 5 s")
    assert ended == ["cancelled"]


def test_all_who_ask_at_once_share_one_run_with_a_context_of_its_own() -> None:
    seen: list[str] = []
    variable: ContextVar[str] = ContextVar("variable", default="nothing")

    async def slow() -> bool:
        seen.append(variable.get())
        await asyncio.sleep(1)
        return True

    async def ask() -> None:
        variable.set("a caller's")
        check = HealthCheck(slow, None)
        assert await asyncio.gather(*(check.run() for _ in range(20))) == [(SERVING, "")] * 20
        assert await check.run() == (SERVING, "")

    run(ask())
    assert seen == ["nothing"] * 2


def test_a_def_runs_in_a_thread_and_only_one_of_them_hangs() -> None:
    threads: list[str] = []
    released = threading.Event()

    def hangs() -> bool:
        threads.append(threading.current_thread().name)
        return released.wait(10)

    async def ask() -> None:
        with ThreadPoolExecutor(4, thread_name_prefix="pool") as executor:
            check = HealthCheck(hangs, executor, seconds=0.01)
            assert [(await check.run())[0] for _ in range(3)] == [NOT_SERVING] * 3
            released.set()
            while (await check.run())[0] is NOT_SERVING:  # noqa: ASYNC110 - a thread tells nobody
                await asyncio.sleep(0)

    asyncio.run(ask())
    assert len(threads) <= 2
    assert threads[0].startswith("pool")


class Loading(SyncSmall):
    ready = False

    def health(self) -> tuple[bool, str]:
        return self.ready, "" if self.ready else "loading weights"


class AsyncLoading(AsyncSmall):
    ready = False

    async def health(self) -> tuple[ServingStatus, str]:
        return (SERVING, "") if self.ready else (NOT_SERVING, "loading weights")


@pytest.mark.parametrize("implementation", [Loading, AsyncLoading])
def test_a_server_tells_what_its_implementations_say(implementation: type[Loading | AsyncLoading]) -> None:
    async def ask() -> None:
        service = implementation()
        server = Server([service, AsyncStreams()])
        async with server, AsyncDynamicClient(await server.listen("tcp://127.0.0.1:0")) as client:
            report = await client.call("avrorpc.Introspection.health")
            assert (report["status"], report["live"], report["ready"]) == ("NOT_SERVING", True, False)
            assert report["text"] == "small.Small: loading weights"
            other = await client.call("avrorpc.Introspection.health", {"service": "streams.Streams"})
            assert other["ready"]
            service.ready = True
            assert (await client.call("avrorpc.Introspection.health"))["ready"]

    asyncio.run(ask())


def test_the_command_tells_it_too() -> None:
    with ServerThread(Loading()) as server:
        done = CliRunner().invoke(main, ["health", server.tcp])
        assert done.exit_code == 1
        assert "NOT_SERVING (small.Small: loading weights)" in done.output
        assert CliRunner().invoke(main, ["health", server.tcp, "--live"]).exit_code == 0


def test_bind_names_another_check() -> None:
    async def ask(health: Callable[[], Awaitable[bool] | bool]) -> bool:
        server = Server([bind(SyncSmall(), health=health)])
        try:
            return (await server.health.check()).ready
        finally:
            await server.close()

    assert not asyncio.run(ask(lambda: False))
    assert asyncio.run(ask(lambda: True))


TEXT = {
    "protocol": "Ward",
    "namespace": "ward",
    "types": [],
    "messages": {"health": {"request": [], "response": "string"}},
}
WARD = Contract("ward.Ward", json.dumps(TEXT), types=dict)
WARD.method("health")


class WardService(Service):
    """A contract with a message called `health`."""

    __contract__ = WARD

    def health(self) -> str:
        """Tell how a patient is."""
        raise NotImplementedError


def test_a_message_called_health_is_no_check() -> None:
    class Ward(WardService):
        def health(self) -> str:
            raise AssertionError("nobody has called it")

    assert bind(Ward()).health_check() is None
    check = lambda: True  # noqa: E731
    assert bind(Ward(), health=check).health_check() is check


def test_one_that_needs_arguments_is_refused_when_it_is_bound() -> None:
    class Wrong(SyncSmall):
        def health(self, deep: bool) -> bool:
            return deep

    with pytest.raises(
        BindError, match=r"is called without arguments, and needs deep; bind\(\.\.\., health=\.\.\.\)"
    ):
        bind(Wrong())
