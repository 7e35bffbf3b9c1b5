"""Validation: what does not fit the contract is refused by its path, where no codec looks."""

from __future__ import annotations

from typing import Any

import avrorpc
import pytest
from avrorpc import Call, Code, StatusError, bind
from avrorpc.middleware import Validation
from support.calls import Card, Scripted, a_call, consume, items
from support.implementations import SyncConformance
from support.serving import ServerThread
from support.values import everything
from testcontracts.conformance import ConformanceClient

SECRET = "hunter2"
WRONG: Any = 7


def failing(*arguments: Any, name: str = "ask", answer: Any = "yes", when: Any = "always") -> Any:
    service = Scripted(answer)
    return Validation(when)(service)(a_call(name, *arguments)), service


async def test_arguments_that_do_not_fit_do_not_reach_the_service() -> None:
    call, service = failing(WRONG)
    with pytest.raises(StatusError, match=r"n.Shop/ask: text: expected string, got int 7") as caught:
        await call
    assert caught.value.code is Code.INVALID_ARGUMENT
    assert not service.calls


async def test_all_problems_are_named_up_to_ten_and_no_secret_is() -> None:
    card = Card(holder=WRONG, number=SECRET)
    call, _ = failing(card, [card] * 20, {"x": card}, "", name="pay", answer=card)
    with pytest.raises(StatusError) as caught:
        await call
    text = caught.value.message
    assert "card.holder: does not fit; others[0].holder: does not fit" in text
    assert text.endswith("; and 12 more")
    assert SECRET not in text


async def test_a_result_that_does_not_fit_is_the_implementations_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    call, _ = failing("text", answer=WRONG)
    with pytest.raises(StatusError, match="an internal error") as caught:
        await call
    assert caught.value.code is Code.INTERNAL
    assert str(caught.value.error_id) in caplog.text
    assert "the result does not fit the contract: it: expected string, got int 7" in caplog.text


async def test_items_of_a_stream_of_requests_are_checked_as_they_pass() -> None:
    source = items("a", WRONG, "c")
    call, _ = failing(source, name="collect", answer=consume)
    with pytest.raises(StatusError, match="text: expected string, got int 7"):
        await call
    assert await anext(source, "closed") == "closed"
    call, _ = failing(items("a", "b"), name="collect", answer=_text)
    assert (await call).value == "ab"


async def _text(call: Any) -> str:
    return "".join([item async for item in call.arguments[-1]])


async def test_items_of_a_stream_of_responses_are_checked_as_they_pass() -> None:
    call, service = failing("text", name="listen", answer=["a", WRONG, "c"])
    stream = (await call).value
    assert await anext(stream) == "a"
    with pytest.raises(StatusError) as caught:
        await anext(stream)
    assert caught.value.code is Code.INTERNAL
    assert service.closed == 1
    call, service = failing("text", name="listen", answer=["a", "b"])
    stream = (await call).value
    assert await anext(stream) == "a"
    await stream.aclose()
    assert service.closed == 1


async def test_one_way_messages_have_no_result() -> None:
    call, _ = failing("text", name="tell", answer=None)
    assert (await call).value is None


async def test_at_the_edge_only_calls_from_outside_are_checked() -> None:
    service = Scripted("yes")
    inside, outside = a_call("ask", WRONG), a_call("ask", WRONG)
    outside.peer = "10.0.0.7:4711"
    assert (await Validation("edge")(service)(inside)).value == "yes"
    with pytest.raises(StatusError):
        await Validation("edge")(service)(outside)


def test_never_stands_in_nobodys_way() -> None:
    service = Scripted("yes")
    assert Validation("never")(service) is service
    with pytest.raises(ValueError, match="never, edge or always"):
        Validation("sometimes")  # type: ignore[arg-type]


@pytest.mark.parametrize("at", ["client", "binding"])
def test_a_local_client_checks_as_a_remote_one_would(at: str) -> None:
    checks = (Validation("always"),)
    target = bind(SyncConformance(), middleware=checks if at == "binding" else ())
    options = checks if at == "client" else ()
    client = avrorpc.connect(ConformanceClient, "local:", target=target, middleware=options)
    assert client.echo(everything()) == everything()
    with pytest.raises(StatusError, match=r"value.numbers\[1\]") as caught:
        client.echo(everything(numbers=[1, "two"]))
    assert caught.value.code is Code.INVALID_ARGUMENT


@pytest.mark.parametrize("kind", ["tcp", "spec", "unix", "tls", "http"])
def test_a_call_over_any_wire_comes_from_outside(kind: str) -> None:
    peers: list[str | None] = []

    def noting(service: Any) -> Any:
        async def serve(call: Call) -> Any:
            peers.append(call.peer)
            return await service(call)

        return serve

    target = bind(SyncConformance(), middleware=(noting, Validation("edge")))
    with ServerThread(target) as server:
        url = getattr(server, kind)
        with avrorpc.connect(ConformanceClient, url, middleware=(noting,)) as client:
            assert client.add(1.0) == 2.0
    at_client, peer = peers
    assert at_client is not None
    assert at_client in url
    assert peer is not None
    assert peer.startswith("127.0.0.1:" if kind != "unix" else "a process of this machine")


def test_a_local_call_does_not() -> None:
    target = bind(SyncConformance(), middleware=(Validation("edge"),))
    client = avrorpc.connect(ConformanceClient, "local:", target=target)
    numbers: list[Any] = ["not checked"]
    assert client.echo(everything(numbers=numbers)).numbers == numbers
