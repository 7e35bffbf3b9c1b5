"""Mocks answer as they are told, refuse what cannot be, and say what they expected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import ANY

import avrorpc
import pytest
from avrorpc import BindError, Code, StatusError, current_call
from avrorpc.testing import ANYTHING, connected, mock, run
from testcontracts.conformance import (
    AsyncConformanceClient,
    Conformance,
    ConformanceClient,
    ConformanceService,
    NotThere,
    TooLarge,
)
from testcontracts.streams import AsyncStreamsClient, BadPiece, Piece, StreamsService, Summary


def client_of(double: Any) -> Conformance:
    return avrorpc.connect(ConformanceClient, "local:", target=double.service)


def test_calls_are_answered_as_told() -> None:
    double = mock(ConformanceService)
    double.on.find(key="a").returns("A")
    double.on.find("b").raises(NotThere(message="no b", key="b", code=404))
    double.on.add(a=1.0).answers(lambda a, b: a * 100 + b)
    client = client_of(double)
    assert client.find("a") == "A"
    with pytest.raises(NotThere, match="no b"):
        client.find("b")
    assert client.add(1.0, b=5.0) == 105.0


def test_several_values_come_one_after_the_other_and_the_last_one_stays() -> None:
    double = mock(ConformanceService)
    double.on.find().returns("1", "2")
    client = client_of(double)
    assert [client.find("x") for _ in range(4)] == ["1", "2", "2", "2"]


def test_the_latest_answer_that_matches_wins_and_can_be_used_up() -> None:
    double = mock(ConformanceService)
    double.on.find().returns("always")
    double.on.find(key="a").returns("once").times(1)
    client = client_of(double)
    assert [client.find("a"), client.find("a"), client.find("b")] == ["once", "always", "always"]


def test_arguments_that_do_not_matter_may_be_anything() -> None:
    double = mock(ConformanceService)
    double.on.add(a=ANYTHING, b=2.0).returns(1.0)
    double.on.find(key=ANY).returns("any")
    client = client_of(double)
    assert client.add(17.0, b=2.0) == 1.0
    assert client.find("x") == "any"
    assert repr(ANYTHING) == "ANYTHING"


def test_names_are_the_methods_in_python() -> None:
    double = mock(ConformanceService)
    double.on.import_(from_=3).returns(9)
    assert client_of(double).import_(3) == 9
    assert double.calls[0].arguments == {"from": 3}
    assert "import_" in dir(double.on)


def test_an_unexpected_call_lists_what_was_expected() -> None:
    double = mock(ConformanceService)
    double.on.find(key="a").returns("A")
    double.on.add().returns(1.0)
    client = client_of(double)
    with pytest.raises(StatusError) as caught:
        client.find("b")
    assert "unexpected call find(key='b')" in str(caught.value)
    assert "find(key='a')" in str(caught.value)
    with pytest.raises(StatusError, match="of other messages only"):
        client.notes()
    with pytest.raises(StatusError, match="nothing"):
        client_of(mock(ConformanceService)).notes()
    assert [str(call) for call in double.calls] == ["find(key='b')", "notes()"]


def test_an_answer_that_was_never_said_is_asked_for() -> None:
    double = mock(ConformanceService)
    double.on.find()
    with pytest.raises(StatusError, match="not told how to answer"):
        client_of(double).find("a")


def test_answers_are_checked_when_they_are_set_up() -> None:
    double = mock(ConformanceService)
    with pytest.raises(TypeError, match=r"the result of conformance.Conformance/find is string"):
        double.on.find().returns(3)
    with pytest.raises(TypeError, match="it declares NotThere, TooLarge"):
        double.on.find().raises(ValueError("x"))
    with pytest.raises(TypeError, match="cannot raise TooLarge: it declares none"):
        double.on.add().raises(TooLarge(limit=1))
    with pytest.raises(TypeError, match="limit"):
        double.on.find().raises(TooLarge(limit="many"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="gives no stream"):
        double.on.find().yields(["a"])
    with pytest.raises(TypeError, match="no call can match"):
        double.on.find(key=3)
    with pytest.raises(TypeError, match="find: got an unexpected keyword argument 'name'; it takes key"):
        double.on.find(name="a")
    with pytest.raises(AttributeError, match="no message 'look'; it has echo, add"):
        double.on.look()
    with pytest.raises(BindError, match="no generated skeleton"):
        mock(dict)  # type: ignore[type-var]


def test_a_computed_answer_that_does_not_fit_fails_when_it_comes() -> None:
    double = mock(ConformanceService)
    double.on.find().answers(lambda key: 3)
    with pytest.raises(StatusError) as caught:
        client_of(double).find("a")
    assert caught.value.code is Code.INTERNAL


def test_any_message_may_fail_with_a_status() -> None:
    double = mock(ConformanceService)
    double.on.add().raises(StatusError(Code.UNAVAILABLE, "later"))
    with pytest.raises(StatusError, match="later"):
        client_of(double).add(1.0)


def test_what_was_called_is_known() -> None:
    double = mock(ConformanceService)
    double.on.find().returns("x")
    double.on.note().returns()
    double.on.notes().returns([])
    client = client_of(double)
    client.find("a")
    client.find("b")
    client.note("hello")
    assert [call.arguments["key"] for call in double.assert_called.find()] == ["a", "b"]
    double.assert_called.find(key="b")
    double.assert_called.note("hello")
    double.assert_not_called.find(key="c")
    with pytest.raises(AssertionError, match=r"find\(key='c'\) was not called; the calls were:\n  find"):
        double.assert_called.find(key="c")
    with pytest.raises(AssertionError, match=r"find\(key='a'\) was called"):
        double.assert_not_called.find(key="a")
    with pytest.raises(AssertionError, match="never called: notes"):
        double.assert_all_used()
    double.reset()
    double.assert_all_used()
    with pytest.raises(AssertionError, match="the calls were: none"):
        double.assert_called.find()
    assert repr(double) == "<Mock conformance.Conformance expectations=0 calls=0>"


def test_unexpected_calls_and_metadata_cross_the_wire() -> None:
    async def main() -> None:
        double = mock(ConformanceService)
        double.on.find(key="a").returns("A").after(3600)
        async with connected(AsyncConformanceClient, double.service, metadata={"k": b"v"}) as client:
            assert await client.find("a") == "A"
            assert asyncio.get_running_loop().time() == pytest.approx(3600, abs=1)
            with pytest.raises(StatusError, match="unexpected call find") as caught:
                await client.find("b")
            assert caught.value.code is Code.FAILED_PRECONDITION
        assert double.calls[0].metadata == {"k": b"v"}

    run(main())


def test_a_computed_answer_may_wait_and_sees_its_call() -> None:
    async def main() -> None:
        double = mock(ConformanceService)

        async def answer(key: str) -> str:
            await asyncio.sleep(5)
            call = current_call()
            return f"{key} {call is not None}"

        double.on.find().answers(answer)
        client = avrorpc.connect(AsyncConformanceClient, "local:", target=double.service)
        assert await client.find("a") == "a True"

    run(main())


def test_streams_are_answered() -> None:
    async def main() -> None:
        double = mock(StreamsService)
        double.on.count(to=3).yields([0, 1, 2])
        double.on.count(to=9).yields([0], then=BadPiece(number=1, reason="no more"))
        double.on.upload(name="f").returns(Summary(pieces=2, size=0))
        double.on.shout(prefix="!").yields(["A", "B"])
        double.on.download().answers(pieces)
        client = avrorpc.connect(AsyncStreamsClient, "local:", target=double.service)
        assert [item async for item in client.count(3)] == [0, 1, 2]
        got = []
        with pytest.raises(BadPiece, match="no more"):  # noqa: PT012
            async for item in client.count(9):
                got.append(item)  # noqa: PERF401 - what came before the error counts
        assert got == [0]
        sent = [Piece(number=1), Piece(number=2)]
        assert (await client.upload("f", stream(sent))).pieces == 2
        assert double.assert_called.upload(name="f")[0].arguments["piece"] == sent
        assert [item async for item in client.shout("!", stream(["a"]))] == ["A", "B"]
        assert [item.number async for item in client.download(2, 0)] == [0, 1]
        with pytest.raises(StatusError):
            await anext(client.count(4))
        with pytest.raises(TypeError, match="item 1"):
            double.on.count().yields([1, "2"])
        with pytest.raises(TypeError, match=r"say \.yields"):
            double.on.count().returns([1])

    async def pieces(pieces: int, size: int) -> AsyncIterator[Piece]:
        for number in range(pieces):
            yield Piece(number=number)

    run(main())


async def stream(items: list[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item
