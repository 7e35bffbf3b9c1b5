"""How single messages are called: parameters, one-way messages, metadata, context, many at once."""

from __future__ import annotations

import asyncio
import datetime
import itertools
import threading
from typing import Any

import pytest
from avrorpc import Call, Middleware, Reply, Service, StatusError, current_call, with_options
from behaviours.setup import Setup
from support.certificates import CLIENT_NAME
from support.implementations import AsyncConformance, SyncConformance, visible
from support.values import everything
from testcontracts.hard import import_ as hard


async def defaults_of_parameters_apply(setup: Setup) -> None:
    client = await setup.conformance()
    assert await setup.call(client.add, 1.0) == 2.0
    assert await setup.call(client.add, 1.0, b=5.0) == 6.0


async def defaults_that_are_lists_are_made_per_call(setup: Setup) -> None:
    client = await setup.conformance()
    assert await setup.call(client.join) == "a, b"
    assert await setup.call(client.join, parts=["x"], separator="-") == "x"
    assert await setup.call(client.join) == "a, b"


async def parameters_may_be_passed_by_their_names(setup: Setup) -> None:
    client = await setup.conformance()
    assert await setup.call(client.add, b=2.0, a=1.0) == 3.0
    assert await setup.call(client.join, separator="+", parts=["x", "y"]) == "x+y"


async def arguments_that_no_parameter_takes_are_a_type_error(setup: Setup) -> None:
    client = await setup.conformance()
    for args, kwargs in (((), {}), ((1.0, 2.0), {}), ((1.0,), {"c": 1.0})):
        with pytest.raises(TypeError):
            await setup.call(client.add, *args, **kwargs)
    assert await setup.call(client.add, 1.0) == 2.0


async def a_message_without_a_result_returns_none(setup: Setup) -> None:
    class Content(SyncConformance):
        def fail(self, how: str) -> None:
            return None

    class AsyncContent(AsyncConformance):
        async def fail(self, how: str) -> None:
            return None

    client = await setup.open(setup.colour(Content, AsyncContent)())
    assert await setup.call(client.fail, "not") is None


async def names_that_python_keeps_get_an_underscore(setup: Setup) -> None:
    client = await setup.conformance()
    assert await setup.call(client.import_, 5) == 5
    assert await setup.call(client.import_, from_=6) == 6


def _imported(class_: int, self: int, texts: list[str], kind: hard.Kind) -> hard.class_:
    inner = hard.class_(class__=self)
    return hard.class_(
        class__=class_, list_=texts, self=inner, datetime_=datetime.date(2020, 2, 29), Kind_=kind
    )


class _Hard(hard.HardService):
    """Answers with what it was given."""

    def import_(
        self,
        self_: int,
        class_: int,
        match: str,
        *,
        list_: list[int] | None = None,
        Kind: hard.Kind = hard.Kind.name_,  # noqa: N803 - as in the contract
    ) -> hard.class_:
        return _imported(class_, self_, [match, *map(str, [1] if list_ is None else list_)], Kind)

    def close(self, url: str) -> str:
        return f"closed {url}"

    def connect(self, *, timeout: int = 3) -> str:
        return f"connected in {timeout}"

    def describe(self) -> str:
        return "described"

    def call_(self, x_: int, *, cls: int = 0) -> int:
        return x_ + cls

    def enter_(self) -> int:
        return 1

    def raise_(self, args: str, message: str) -> None:
        raise hard.Exception(args_=args, message=message)


class _AsyncHard(hard.HardService):
    """Answers with what it was given."""

    async def import_(
        self,
        self_: int,
        class_: int,
        match: str,
        *,
        list_: list[int] | None = None,
        Kind: hard.Kind = hard.Kind.name_,  # noqa: N803 - as in the contract
    ) -> hard.class_:
        return _imported(class_, self_, [match, *map(str, [1] if list_ is None else list_)], Kind)

    async def close(self, url: str) -> str:
        return f"closed {url}"

    async def connect(self, *, timeout: int = 3) -> str:
        return f"connected in {timeout}"

    async def describe(self) -> str:
        return "described"

    async def call_(self, x_: int, *, cls: int = 0) -> int:
        return x_ + cls

    async def enter_(self) -> int:
        return 1

    async def raise_(self, args: str, message: str) -> None:
        raise hard.Exception(args_=args, message=message)


async def names_that_mean_something_to_python_are_names_like_any_other(setup: Setup) -> None:
    client = await setup.open(setup.colour(_Hard, _AsyncHard)())
    given = await setup.call(client.import_, 1, 2, "m", list_=[3], Kind=hard.Kind.x_)
    assert given == _imported(2, 1, ["m", "3"], hard.Kind.x_)
    assert (await setup.call(client.import_, 1, 2, "m")).list_ == ["m", "1"]
    with pytest.raises(hard.Exception) as caught:
        await setup.call(client.raise_, "a", "b")
    assert (caught.value.args_, caught.value.code, caught.value.message) == ("a", 1, "b")


async def names_that_the_runtime_has_are_names_like_any_other(setup: Setup) -> None:
    client = await setup.open(setup.colour(_Hard, _AsyncHard)())
    assert await setup.call(client.close, "here") == "closed here"
    assert await setup.call(client.connect) == "connected in 3"
    assert await setup.call(client.connect, timeout=4) == "connected in 4"
    assert await setup.call(client.describe) == "described"
    assert await setup.call(client.call_, 1, cls=2) == 3
    assert await setup.call(client.enter_) == 1


async def one_way_messages_return_nothing_and_all_arrive(setup: Setup) -> None:
    client = await setup.conformance()
    for number in range(3):
        assert await setup.call(client.note, str(number)) is None
    assert sorted(await _noted(setup, client, 3)) == ["0", "1", "2"]


async def one_way_messages_begin_in_their_order(setup: Setup) -> None:
    client = await setup.conformance()
    for number in range(20):
        await setup.call(client.note, f"{number:02}")
    noted = await _noted(setup, client, 20)
    if not setup.case.serves_async:
        noted.sort()  # They begin in order, each in a thread of its own: who is first then is chance.
    assert noted == [f"{number:02}" for number in range(20)]


async def _noted(setup: Setup, client: Any, count: int) -> list[str]:
    notes: list[str] = []
    for _ in range(2_000):
        notes = await setup.call(client.notes)
        if len(notes) == count:
            break
        await asyncio.sleep(0.001)
    return notes


async def a_failing_one_way_message_is_logged_and_not_raised(setup: Setup) -> None:
    client = await setup.conformance()
    assert await setup.call(client.note, "fail") is None
    assert await setup.call(client.add, 1.0) == 2.0
    for _ in range(2_000):
        if setup.log.lines:
            break
        await asyncio.sleep(0.001)
    assert "conformance.Conformance/note failed, error id" in setup.log.text


async def metadata_reaches_the_callee(setup: Setup) -> None:
    client = await setup.conformance(metadata={"tenant": b"blue"})
    assert await setup.call(client.metadata) == {"tenant": b"blue"}


async def other_metadata_is_for_another_client_over_the_same_connections(setup: Setup) -> None:
    client = await setup.conformance()
    other = with_options(client, metadata={"tenant": b"red"})
    assert await setup.call(other.metadata) == {"tenant": b"red"}
    assert await setup.call(client.metadata) == {}


async def nothing_else_of_the_callers_context_crosses(setup: Setup) -> None:
    client = await setup.conformance()
    token = visible.set("yes")
    try:
        assert await setup.call(client.sees_context) is False
    finally:
        visible.reset(token)


async def nothing_of_the_callees_context_comes_back(setup: Setup) -> None:
    class Setting(SyncConformance):
        def sees_context(self) -> bool:
            visible.set("mine")
            return True

    class AsyncSetting(AsyncConformance):
        async def sees_context(self) -> bool:
            visible.set("mine")
            return True

    client = await setup.open(setup.colour(Setting, AsyncSetting)())
    seen: list[str] = []

    def call() -> None:
        client.sees_context()
        seen.append(visible.get())

    if setup.case.is_async:
        assert await client.sees_context()
        seen.append(visible.get())
    else:
        await asyncio.to_thread(call)
    assert seen == [""]
    assert current_call() is None


class _Knowing(SyncConformance):
    def find(self, key: str) -> str:
        return _principal()


class _AsyncKnowing(AsyncConformance):
    async def find(self, key: str) -> str:
        return _principal()


def _principal() -> str:
    call = current_call()
    assert call is not None, "no call"
    return "nobody" if call.principal is None else f"{call.principal.kind} {call.principal.name}"


async def the_callee_knows_whom_the_connection_proves(setup: Setup) -> None:
    client = await setup.open(setup.colour(_Knowing, _AsyncKnowing)())
    placement = setup.case.placement
    found = await setup.call(client.find, "who")
    if placement.trusted:
        assert found == f"certificate {CLIENT_NAME}"
    elif placement.name == "unix":
        assert found.startswith("process uid:")
    else:
        assert found == "nobody"


async def many_calls_at_once_do_not_mix(setup: Setup) -> None:
    client = await setup.conformance()
    results = await asyncio.gather(*(setup.call(client.add, float(n)) for n in range(64)))
    assert results == [n + 1.0 for n in range(64)]


async def large_and_small_calls_at_once_do_not_mix(setup: Setup) -> None:
    client = await setup.conformance()
    values = [everything(small=n, blob=bytes([n]) * (n % 4 * 100_000)) for n in range(16)]
    assert await asyncio.gather(*(setup.call(client.echo, value) for value in values)) == values


async def errors_and_results_at_once_do_not_mix(setup: Setup) -> None:
    client = await setup.conformance()
    keys = ["missing" if n % 3 == 0 else f"key {n}" for n in range(24)]
    made = (setup.call(client.find, key) for key in keys)
    results = await asyncio.gather(*made, return_exceptions=True)
    for key, result in zip(keys, results, strict=True):
        assert getattr(result, "key", None) == "missing" if key == "missing" else result == key.upper()


async def a_call_that_waits_does_not_delay_others(setup: Setup) -> None:
    class Waiting(SyncConformance):
        def __init__(self) -> None:
            super().__init__()
            self.freed = threading.Event()

        def wait(self, seconds: float) -> float:
            return 1.0 if self.freed.wait(seconds) else 0.0

        def note(self, text: str) -> None:
            self.freed.set()

    class AsyncWaiting(AsyncConformance):
        def __init__(self) -> None:
            super().__init__()
            self.freed = asyncio.Event()

        async def wait(self, seconds: float) -> float:
            async with asyncio.timeout(seconds):
                await self.freed.wait()
            return 1.0

        async def note(self, text: str) -> None:
            self.freed.set()

    client = await setup.open(setup.colour(Waiting, AsyncWaiting)())
    patience = 0.01 if setup.case.shares_loop else 20.0
    waiting = asyncio.ensure_future(setup.call(client.wait, patience))
    await asyncio.gather(waiting, setup.call(client.note, "go"), return_exceptions=True)
    assert await waiting == 1.0, "it was delayed"


def _noting(name: str, log: list[str]) -> Middleware:
    def wrap(service: Service) -> Service:
        async def serve(call: Call) -> Reply:
            log.append(name)
            reply = await service(call)
            log.append(f"{name} {reply.value}")
            return Reply(reply.value + 1.0, reply.metadata)

        return serve

    return wrap


async def middleware_runs_from_the_outside_to_the_inside_at_both_ends(setup: Setup) -> None:
    log: list[str] = []
    client = await setup.conformance(
        middleware=(_noting("a", log), _noting("b", log)),
        server_middleware=(_noting("c", log), _noting("d", log)),
    )
    assert await setup.call(client.add, 1.0) == 6.0
    assert log == ["a", "b", "c", "d", "d 2.0", "c 3.0", "b 4.0", "a 5.0"]


async def middleware_may_answer_by_itself(setup: Setup) -> None:
    def answering(service: Service) -> Service:
        async def serve(call: Call) -> Reply:
            return Reply(9.0)

        return serve

    for end in ("middleware", "server_middleware"):
        client = await setup.conformance(**{end: (answering,)})
        assert await setup.call(client.add, 1.0) == 9.0


async def metadata_of_a_reply_reaches_the_clients_middleware(setup: Setup) -> None:
    seen: list[bytes] = []

    def telling(service: Service) -> Service:
        async def serve(call: Call) -> Reply:
            reply = await service(call)
            return Reply(reply.value, {**reply.metadata, "cost": b"7"})

        return serve

    def reading(service: Service) -> Service:
        async def serve(call: Call) -> Reply:
            reply = await service(call)
            seen.append(reply.metadata["cost"])
            return reply

        return serve

    client = await setup.conformance(middleware=(reading,), server_middleware=(telling,))
    assert await setup.call(client.add, 1.0) == 2.0
    assert seen == [b"7"]


async def middleware_may_change_arguments_and_metadata(setup: Setup) -> None:
    def changing(service: Service) -> Service:
        async def serve(call: Call) -> Reply:
            call.metadata["by"] = b"middleware"
            if call.method.name == "add":
                call.arguments = (call.arguments[0], 10.0)
            return await service(call)

        return serve

    client = await setup.conformance(middleware=(changing,))
    assert await setup.call(client.add, 1.0) == 11.0
    assert await setup.call(client.metadata) == {"by": b"middleware"}


async def middleware_may_try_again(setup: Setup) -> None:
    numbers = itertools.count()

    class Flaky(SyncConformance):
        def add(self, a: float, *, b: float = 1.0) -> float:
            return _flaky(a + b)

    class AsyncFlaky(AsyncConformance):
        async def add(self, a: float, *, b: float = 1.0) -> float:
            return _flaky(a + b)

    def _flaky(value: float) -> float:
        if next(numbers) < 2:
            raise ConnectionError("not yet")
        return value

    def again(service: Service) -> Service:
        async def serve(call: Call) -> Reply:
            for _ in range(2):
                try:
                    return await service(call)
                except StatusError:
                    continue
            return await service(call)

        return serve

    client = await setup.open(setup.colour(Flaky, AsyncFlaky)(), middleware=(again,))
    assert await setup.call(client.add, 1.0) == 2.0
    assert next(numbers) == 3
