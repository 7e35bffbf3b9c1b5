"""Retry: what may be done twice is, within attempts, deadline and budget, and nothing else."""

from __future__ import annotations

import socket
from typing import Any

import avrorpc
import pytest
from avrorpc import Code, ConnectError, ConnectionLost, StatusError
from avrorpc.contracts import RetryInfo
from avrorpc.driving import drive
from avrorpc.middleware import Budget, Retry
from support.calls import Refused, Scripted, SkippingClock, a_call, items
from support.implementations import SyncConformance, SyncSmall
from support.serving import ServerThread
from testcontracts.conformance import ConformanceClient
from testcontracts.small import SmallClient

BUSY = StatusError(Code.UNAVAILABLE, "busy")


def whole() -> float:
    return 1.0


async def outcome(retry: Retry, service: Scripted, name: str = "ask", **options: Any) -> Any:
    arguments = options.pop("arguments", ())
    reply = await retry(service)(a_call(name, *arguments, **options))
    if not reply.value or isinstance(reply.value, str):
        return reply.value
    return [item async for item in reply.value]


@pytest.mark.parametrize("name", ["ask", "read"])
@pytest.mark.parametrize("error", [BUSY, ConnectError("no"), ConnectionLost("gone")])
async def test_idempotent_messages_are_tried_again(name: str, error: Exception) -> None:
    service = Scripted(error, "yes")
    assert await outcome(Retry(), service, name) == "yes"
    assert len(service.calls) == 2


@pytest.mark.parametrize(
    ("error", "calls"), [(BUSY, 1), (ConnectionLost("gone"), 1), (ConnectError("no"), 2)]
)
@pytest.mark.parametrize("name", ["write", "follow", "tell"])
async def test_others_only_where_nothing_was_sent(name: str, error: Exception, calls: int) -> None:
    service = Scripted(error, error, "yes")
    with pytest.raises(type(error)):
        await outcome(Retry(attempts=2), service, name)
    assert len(service.calls) == calls


@pytest.mark.parametrize(
    "error", [StatusError(Code.NOT_FOUND, "no"), Refused(reason="no", token="t"), ValueError("bug")]
)
async def test_answers_and_bugs_are_not_tried_again(error: Exception) -> None:
    service = Scripted(error)
    with pytest.raises(type(error)):
        await outcome(Retry(), service)
    assert len(service.calls) == 1


async def test_which_codes_are_is_a_choice() -> None:
    service = Scripted(StatusError(Code.ABORTED, "conflict"), "yes")
    assert await outcome(Retry(codes=[Code.ABORTED]), service) == "yes"
    with pytest.raises(StatusError, match="busy"):
        await outcome(Retry(codes=[Code.ABORTED]), Scripted(BUSY))


async def test_waits_double_up_to_the_longest_and_are_cut_by_chance() -> None:
    clock = SkippingClock()
    with pytest.raises(StatusError) as caught:
        await outcome(Retry(6, initial=1.0, longest=5.0, choose=whole), Scripted(BUSY), clock=clock)
    assert clock.slept == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert caught.value.__notes__[-1] == "given up after attempts=6"
    clock = SkippingClock()
    chances = iter([0.5, 0.0, 0.25])
    await outcome(
        Retry(4, initial=1.0, choose=lambda: next(chances)), Scripted(BUSY, BUSY, BUSY, "yes"), clock=clock
    )
    assert clock.slept == [0.5, 1.0]


async def test_the_server_says_when_to_come_back() -> None:
    clock = SkippingClock()
    later = StatusError(Code.UNAVAILABLE, "busy", details=[RetryInfo(seconds=7.5)])
    assert await outcome(Retry(longest=1.0), Scripted(later, "yes"), clock=clock) == "yes"
    assert clock.slept == [7.5]
    never = StatusError(Code.UNAVAILABLE, "gone for good", details=[RetryInfo(seconds=-1)])
    service = Scripted(never)
    with pytest.raises(StatusError, match="for good") as caught:
        await outcome(Retry(), service)
    assert len(service.calls) == 1
    assert "not to be tried again" in caught.value.__notes__[0]


async def test_no_wait_reaches_beyond_the_deadline() -> None:
    clock = SkippingClock()
    error = StatusError(Code.UNAVAILABLE, "busy")
    with pytest.raises(StatusError) as caught:
        await outcome(Retry(9, initial=1.0, choose=whole), Scripted(error), clock=clock, deadline=104.0)
    assert clock.slept == [1.0, 2.0]
    assert caught.value is error
    assert "deadline" in error.__notes__[-1]


async def test_the_budget_bounds_repetitions_over_all_calls() -> None:
    retry = Retry(9, budget=Budget(share=0.0, per_second=0.0, capacity=3.0), initial=0.0)
    service = Scripted(BUSY)
    for _ in range(3):
        with pytest.raises(StatusError):
            await outcome(retry, service)
    assert len(service.calls) == 3 + 3


async def test_each_attempt_has_metadata_of_its_own() -> None:
    def marking(call: Any) -> Any:
        call.metadata["mark"] = b"1"
        raise BUSY

    service = Scripted(marking, "yes")
    await outcome(Retry(), service, metadata={"tenant": b"blue"})
    assert service.calls[1].metadata == {"tenant": b"blue"}


async def test_a_stream_begins_anew_before_its_first_item() -> None:
    service = Scripted(BUSY, [BUSY], ["a", "b"], metadata={"k": b"v"})
    reply = await Retry()(service)(a_call("listen"))
    assert [item async for item in reply.value] == ["a", "b"]
    assert len(service.calls) == 3
    assert dict(reply.metadata) == {"k": b"v"}
    assert len(reply.metadata) == 1


async def test_a_stream_that_ends_without_an_item_is_not_tried_again() -> None:
    service = Scripted([])
    assert await outcome(Retry(), service, "listen") == []
    assert len(service.calls) == 1


async def test_a_stream_does_not_begin_anew_after_its_first_item() -> None:
    service = Scripted(["a", BUSY], ["b"])
    reply = await Retry()(service)(a_call("listen"))
    assert await anext(reply.value) == "a"
    with pytest.raises(StatusError):
        await anext(reply.value)
    assert len(service.calls) == 1


async def test_attempts_of_a_stream_count_together() -> None:
    service = Scripted(BUSY, [BUSY])
    with pytest.raises(StatusError):
        await outcome(Retry(3), service, "listen")
    assert len(service.calls) == 3
    assert service.closed == 2


async def test_closing_a_stream_closes_the_attempt() -> None:
    service = Scripted([BUSY], ["a", "b"])
    reply = await Retry()(service)(a_call("listen"))
    await anext(reply.value)
    await reply.value.aclose()
    assert service.closed == 2


@pytest.mark.parametrize("name", ["collect", "chat"])
@pytest.mark.parametrize("error", [BUSY, ConnectError("no")])
async def test_a_stream_of_requests_is_never_sent_again(name: str, error: Exception) -> None:
    service = Scripted(error)
    with pytest.raises(type(error)):
        await outcome(Retry(), service, name, arguments=(items("a"),))
    assert len(service.calls) == 1


def test_it_needs_no_event_loop() -> None:
    async def run() -> Any:
        return await outcome(Retry(), Scripted(BUSY, "yes"))

    assert drive(run()) == "yes"


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"initial": -1.0}, {"initial": 2.0, "longest": 1.0}])
def test_options_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"at least once|make no sense"):
        Retry(**wrong)


def test_a_client_dials_again_while_a_server_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    made: list[int] = []

    def counting(service: Any) -> Any:
        async def serve(call: Any) -> Any:
            made.append(1)
            return await service(call)

        return serve

    middleware = (Retry(3, initial=0.0), counting)
    client = avrorpc.connect(SmallClient, f"tcp://127.0.0.1:{port}", middleware=middleware)
    with client, pytest.raises(ConnectError) as caught:
        client.double(2)
    assert len(made) == 3
    assert caught.value.__notes__ == ["given up after attempts=3"]
    with avrorpc.connect(SmallClient, "local:", target=SyncSmall(), middleware=middleware) as client:
        assert client.double(2) == 4


class Soon(SyncConformance):
    """Fails once, and says when to come back."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def add(self, a: float, *, b: float = 1.0) -> float:
        self.calls += 1
        if self.calls == 1:
            raise StatusError(Code.UNAVAILABLE, "busy", details=[RetryInfo(seconds=0.0)])
        return a + b


@pytest.mark.parametrize("kind", ["tcp", "spec", "http"])
def test_when_to_come_back_crosses_the_wire(kind: str) -> None:
    implementation = Soon()
    middleware = (Retry(2, initial=1000.0, longest=1000.0, choose=whole),)
    with ServerThread(implementation) as server:
        url = getattr(server, kind)
        with avrorpc.connect(ConformanceClient, url, middleware=middleware) as client:
            assert client.add(1.0) == 2.0
    assert implementation.calls == 2
