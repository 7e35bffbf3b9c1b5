"""An implementation held against its contract: what differs is named when it is bound."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from avrorpc import BindError, Binding, bind, connect
from avrorpc.binding import targets
from support.implementations import AsyncSmall, SyncConformance, SyncSmall
from testcontracts.conformance import ConformanceService
from testcontracts.small import AsyncSmallClient, SmallClient, SmallService


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
