"""An implementation held against its contract: what differs is named when it is bound."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
)
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from avrorpc import BindError, Binding, bind, connect
from avrorpc.binding import targets
from support.contracts import generated
from support.implementations import AsyncSmall, AsyncStreams, SyncConformance, SyncSmall, SyncStreams
from testcontracts.conformance import ConformanceService
from testcontracts.small import AsyncSmallClient, SmallClient, SmallService
from testcontracts.streams import AsyncStreamsClient, Piece, StreamsClient, StreamsService, Summary


class Duck:
    """Has the contract's methods, and derives from nothing."""

    def __init__(self, double: Any = None, fail: Any = None) -> None:
        self.double = double or (lambda value, *, offset=0: 2 * value + offset)
        self.fail = fail or (lambda: None)


def problems(implementation: object) -> list[str]:
    """Return what binding says is different, line by line."""
    with pytest.raises(BindError) as caught:
        targets(SmallService, implementation)
    first, *rest = str(caught.value).splitlines()
    assert first == f"{type(implementation).__qualname__} does not implement small.Small:"
    return [line.strip() for line in rest]


class Doubler:
    """An object that can be called."""

    def __call__(self, value: int, offset: int = 0) -> int:
        return 2 * value + offset


class WithStatic:
    """Static and class methods."""

    @staticmethod
    def double(value: int, *, offset: int = 0) -> int:
        return 2 * value + offset

    @classmethod
    def fail(cls) -> None:
        raise KeyError


@pytest.mark.parametrize(
    "implementation",
    [
        SyncSmall(),
        AsyncSmall(),
        Duck(),
        Duck(lambda value, offset=0: 2 * value + offset),
        Duck(lambda value, offset=0, *more, extra=1, **rest: 2 * value + offset),
        Duck(partial(lambda scale, value, offset=0: scale * value + offset, 2)),
        Duck(Doubler()),
        WithStatic(),
    ],
)
def test_what_can_be_called_like_the_contract_fits(implementation: Any) -> None:
    found = targets(SmallService, implementation)
    assert list(found) == ["double", "fail"]
    result = found["double"]((3, 1))
    if inspect.isawaitable(result):
        result.close()  # type: ignore[attr-defined]
    else:
        assert result == 7


def method(source: str) -> Callable[..., Any]:
    made: Callable[..., Any] = eval(f"lambda {source}: 0")
    return made


@pytest.mark.parametrize(
    ("double", "problem"),
    [
        (method("offset=0"), "double: it lacks the parameter 'value'"),
        (method("value"), "double: it lacks the parameter 'offset'"),
        (method("value, *, offest=0"), "double: it lacks the parameter 'offset'"),
        (
            method("value, *, offset=1"),
            "double: the parameter 'offset' has the default 1, the contract has the default 0",
        ),
        (
            method("value, *, offset=0.0"),
            "double: the parameter 'offset' has the default 0.0, the contract has the default 0",
        ),
        (
            method("value, *, offset=False"),
            "double: the parameter 'offset' has the default False, the contract has the default 0",
        ),
        (
            method("value, *, offset"),
            "double: the parameter 'offset' has no default, the contract has the default 0",
        ),
        (
            method("value=1, *, offset=0"),
            "double: the parameter 'value' has the default 1, the contract has no default",
        ),
        (method("offset=0, *, value"), "double: the parameter 'value' must be number 1 by position"),
        (
            method("first=0, value=1, *, offset=0"),
            "double: the parameter 'value' must be number 1 by position",
        ),
        (method("value, /, *, offset=0"), "double: the parameter 'value' cannot be passed by name"),
        (
            method("value, *, offset=0, scale"),
            "double: it needs a parameter 'scale' that the contract does not have",
        ),
        (method("*args, **kwargs"), "double: it lacks the parameter 'value'"),
        (int, "double: it is a class, not a method"),
        (7, "it has no method double"),
        (max, "double: its signature cannot be read"),
    ],
)
def test_each_difference_is_named(double: Any, problem: str) -> None:
    assert problem in problems(Duck(double))


def test_a_method_that_is_missing_is_named() -> None:
    assert problems(object()) == ["it has no method double", "it has no method fail"]


def test_all_differences_are_named_at_once() -> None:
    assert problems(Duck(method("offset=1"), method("reason"))) == [
        "double: it lacks the parameter 'value'",
        "double: the parameter 'offset' has the default 1, the contract has the default 0",
        "fail: it needs a parameter 'reason' that the contract does not have",
    ]


def test_a_target_says_how_its_method_is_called() -> None:
    found = targets(SmallService, AsyncSmall())["double"]
    assert (found.positional, found.keywords, found.is_async) == (1, ("offset",), True)
    assert targets(SmallService, SyncSmall())["fail"].is_async is False


def test_an_implementation_is_known_by_its_skeletons() -> None:
    class Both(SyncSmall, SyncConformance):  # type: ignore[misc]
        """Serves two contracts."""

    assert Binding(SyncSmall()).contracts() == {"small.Small": SmallService}
    assert Binding(Both()).contracts() == {
        "small.Small": SmallService,
        "conformance.Conformance": ConformanceService,
    }


def test_what_derives_from_no_skeleton_serves_nothing() -> None:
    with pytest.raises(
        BindError, match="Duck derives from no generated skeleton, so that nothing says which"
    ):
        bind(Duck())


def test_binding_checks_and_keeps_what_was_said() -> None:
    executor = ThreadPoolExecutor(1)
    made = bind(SyncSmall(), executor=executor)
    assert made.executor is executor
    executor.shutdown()
    with pytest.raises(BindError, match="inline=True and executor= contradict each other"):
        bind(SyncSmall(), inline=True, executor=executor)

    class Other(SmallService):
        """Has another default."""

        def double(self, value: int, *, offset: int = 1) -> int:
            return 2 * value + offset

        def fail(self) -> Awaitable[None] | None:
            return None

    with pytest.raises(BindError, match="has the default 1, the contract has the default 0"):
        bind(Other())


@pytest.mark.parametrize("url", ["direct:", "local:", "verify:"])
def test_every_placement_here_refuses_what_does_not_fit(url: str) -> None:
    with pytest.raises(BindError, match="it lacks the parameter 'offset'"):
        connect(SmallClient, url, target=Duck(method("value")))


@pytest.mark.parametrize(
    ("url", "target", "problem"),
    [
        ("local:", None, r"local: needs the implementation: connect\(SmallClient, 'local:', target=\.\.\.\)"),
        ("tcp://h:1", SyncSmall(), "tcp://h:1 is served elsewhere, so that target= has no use"),
        (
            "nowhere",
            None,
            "'nowhere' is no address; write direct:, local:, verify:, unix:PATH, or one of tcp,",
        ),
        ("carrier-pigeon://x", None, "carrier-pigeon"),
    ],
)
def test_an_address_that_makes_no_sense_says_why(url: str, target: object, problem: str) -> None:
    for client in (SmallClient, AsyncSmallClient):
        with pytest.raises(BindError, match=problem.replace("SmallClient", client.__name__)):
            connect(client, url, target=target)


STREAMED_VIEWS = pytest.mark.parametrize("view", [StreamsService, StreamsClient, AsyncStreamsClient])


@STREAMED_VIEWS
def test_every_view_of_a_contract_knows_the_items_that_are_streamed_to_it(view: type) -> None:
    found = targets(view, SyncStreams())
    assert list(found["shout"](("> ", iter(["a", "b"])))) == ["> A", "> B"]
    assert list(found["total"]((3, [1, 2, 3]))) == [1, 3]
    assert list(found["count"]((2, 0.0, None))) == [0, 1]
    summary = found["upload"](("x", iter([Piece(number=0, data=b"ab")])))
    assert summary == Summary(pieces=1, size=2)


@STREAMED_VIEWS
@pytest.mark.parametrize(("implementation", "is_async"), [(SyncStreams(), False), (AsyncStreams(), True)])
def test_generators_have_the_colour_of_their_def(view: type, implementation: object, is_async: bool) -> None:
    assert {target.is_async for target in targets(view, implementation).values()} == {is_async}


class LacksItems(SyncStreams):
    """Wants no texts."""

    def shout(self, prefix: str) -> Iterator[str]:  # type: ignore[override]
        yield prefix


@STREAMED_VIEWS
def test_a_method_without_the_streamed_parameter_does_not_fit(view: type) -> None:
    with pytest.raises(BindError, match="shout: it lacks the parameter 'text'"):
        targets(view, LacksItems())


def with_defaults(folder: Path, monkeypatch: pytest.MonkeyPatch, message: str) -> Any:
    """Return the module of a protocol `P` with one message."""
    text = f'@namespace("n") protocol P {{ {message} }}'
    (folder / "streams_with_defaults.py").write_text(generated(folder, {"a.avdl": text}, "out")["out.n"])
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "streams_with_defaults", raising=False)
    return importlib.import_module("streams_with_defaults")


@pytest.mark.parametrize("view", ["PService", "PClient", "AsyncPClient"])
def test_items_after_a_default_are_passed_by_their_name_in_python(
    view: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = with_defaults(tmp_path, monkeypatch, '@stream("both") long m(long a, long b = 2, long class);')
    assert module.P_.methods["m"].item == "class_"

    class Sums:
        """Takes items by name alone."""

        def m(self, a: int, *, b: int = 2, class_: Iterable[int]) -> Iterator[int]:
            yield from (a + b + item for item in class_)

    (target,) = targets(getattr(module, view), Sums()).values()
    assert (target.positional, target.keywords) == (1, ("b", "class_"))
    assert list(target((1, 3, [10, 20]))) == [14, 24]


def bound(**methods: Any) -> Any:
    """Return targets of an implementation in which some methods are others."""
    return targets(StreamsService, type("Changed", (SyncStreams,), methods)())


def test_a_def_that_returns_an_iterator_streams_as_well() -> None:
    def untold(self: Any, pieces: int, size: int) -> Any:
        return iter([])

    def told(self: Any, pieces: int, size: int) -> AsyncIterator[Piece]:
        return AsyncStreams().download(pieces, size)

    assert bound(download=untold)["download"].is_async is False
    assert bound(download=told)["download"].is_async is True
    told.__annotations__["return"] = AsyncGenerator[Piece, None]
    assert bound(download=told)["download"].is_async is True
    told.__annotations__["return"] = AsyncIterable
    assert bound(download=told)["download"].is_async is True
    for other in (
        "Iterator[Piece]",
        "collections.abc.Iterator[AsyncIterator]",
        "AsyncIterator[",
        Iterator[Piece],
    ):
        told.__annotations__["return"] = other
        assert bound(download=told)["download"].is_async is False


def test_an_asynchronous_client_is_an_asynchronous_implementation() -> None:
    client = connect(AsyncStreamsClient, "tcp://127.0.0.1:1")  # which would dial at its first call
    found = targets(StreamsService, client)
    assert {target.is_async for target in found.values()} == {True}


async def returns_once(self: Any, pieces: int, size: int) -> Any:
    return [Piece(number=0)]


def yields(self: Any) -> Iterator[list[int]]:
    yield [0, 0]


async def yields_async(self: Any) -> AsyncIterator[list[int]]:
    yield [0, 0]


def test_an_async_def_that_returns_once_is_no_stream() -> None:
    with pytest.raises(BindError) as caught:
        bound(download=returns_once)
    assert str(caught.value).splitlines()[1:] == [
        (
            "  download: it is `async def` without `yield`, which returns once, and its response is a stream;"
            " `yield` each item, or write `def` and return an iterator or an async iterator"
        )
    ]


@pytest.mark.parametrize("method", [yields, yields_async, partial(yields, None)])
def test_a_generator_answers_no_message_that_wants_one_value(method: Any) -> None:
    with pytest.raises(BindError) as caught:
        bound(open_streams=staticmethod(method) if isinstance(method, partial) else method)
    assert str(caught.value).splitlines()[1:] == [
        (
            "  open_streams: it has `yield`, and its response is no stream; `return` one value,"
            ' or have `@stream("response")` or `@stream("both")` in the contract'
        )
    ]


def test_an_object_that_is_called_is_judged_by_its_call() -> None:
    class Counts:
        """Streams when it is called."""

        async def __call__(self, pieces: int, size: int) -> AsyncIterator[Piece]:
            yield Piece(number=pieces)

    class Once:
        """Does not."""

        async def __call__(self, pieces: int, size: int) -> Piece:
            return Piece(number=pieces)

    assert bound(download=Counts())["download"].is_async is True
    with pytest.raises(BindError, match="download: it is `async def` without `yield`"):
        bound(download=Once())
