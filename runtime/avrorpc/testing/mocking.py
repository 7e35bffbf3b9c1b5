"""Mock services: implementations that answer as they are told, and know what they were asked.

    shop = mock(ShopService)
    shop.on.find(key="a").returns(Item(name="apple"))
    shop.on.find(key="b").raises(NotThere(key="b"))
    ...connect(ShopClient, "local:", target=shop.service)
    shop.assert_called.find(key="a")

Answers are checked against the contract when they are set up.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, Final, Generic, Self, TypeVar

from avrorpc.call import current_call
from avrorpc.codec.validate import validate
from avrorpc.errors import Code, DeclaredError, StatusError
from avrorpc.method import Contract, Method
from avrorpc.schema import Schema, describe
from avrorpc.stub import Service
from avrorpc.testing.doubles import contract_of, implementation

S = TypeVar("S", bound=Service)


class Anything:
    """Equals any value: for arguments that do not matter."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "ANYTHING"


ANYTHING: Final = Anything()


class UnexpectedCall(StatusError):
    """A mock was asked what it was not told to answer; the text lists what it was told.

    Callers at any distance get its text, as a `StatusError` with FAILED_PRECONDITION.
    """

    def __init__(self, message: str) -> None:
        super().__init__(Code.FAILED_PRECONDITION, message)


@dataclass(slots=True, frozen=True)
class MockCall:
    """A call that a mock got."""

    name: str
    """The message's name."""
    arguments: dict[str, Any]
    """By the parameters' Avro names; a request stream is the list of its items."""
    metadata: dict[str, bytes]

    def __str__(self) -> str:
        return _shown(self.name, self.arguments)


@dataclass(slots=True, eq=False)
class Expectation:
    """How a mock answers the calls that match; made by `mock(...).on`."""

    method: Method[Any]
    arguments: dict[str, Any]
    """What must be equal; what is not here may be anything."""
    used: int = 0
    """How many calls it has answered."""
    _answers: list[Callable[[Mapping[str, Any]], Any]] = field(default_factory=list)
    _most: int | None = None
    _delay: float = 0.0

    def __str__(self) -> str:
        return _shown(self.method.name, self.arguments) + ("" if self.arguments else " with anything")

    def returns(self, *values: Any) -> Self:
        """Answer with a value; of several, the first call gets the first, and the last one stays.

        Raises:
            TypeError: A value does not fit the contract, or the response is a stream.
        """
        if self.method.streaming.gives_stream:
            raise TypeError(f"{self.method.full_name} gives a stream; say .yields([...])")
        for value in values or (None,):
            if not self.method.message.one_way:
                self._check(self.method.message.response, value, "the result")
            self._answers.append(lambda _, value=value: value)  # type: ignore[misc]
        return self

    def yields(self, items: Iterable[Any], then: BaseException | None = None) -> Self:
        """Answer with a stream of items, and at its end with an error if one is given.

        Raises:
            TypeError: An item or the error does not fit the contract, or the response is no stream.
        """
        if not self.method.streaming.gives_stream:
            raise TypeError(f"{self.method.full_name} gives no stream; say .returns(...)")
        kept = list(items)
        for index, item in enumerate(kept):
            self._check(self.method.message.response, item, f"item {index}")
        if then is not None:
            self._check_error(then)
        self._answers.append(lambda _: _items(kept, then))
        return self

    def raises(self, error: BaseException) -> Self:
        """Answer with an error: one that the message declares, or a `StatusError`.

        Raises:
            TypeError: The error is neither, or does not fit the contract.
        """
        self._check_error(error)

        def fail(_: Mapping[str, Any]) -> Any:
            raise error

        self._answers.append(fail)
        return self

    def answers(self, function: Callable[..., Any]) -> Self:
        """Answer with what a function returns; it is called with the arguments by name.

        It may be `async def`; of a stream it returns the items, or is a generator of either colour. What it
        returns is checked as it comes.
        """
        self._answers.append(lambda arguments: function(**arguments))
        return self

    def times(self, count: int) -> Self:
        """Answer so many calls, and no more."""
        self._most = count
        return self

    def after(self, seconds: float) -> Self:
        """Let callers wait; in virtual time nobody does. Synchronous local callers cannot."""
        self._delay = seconds
        return self

    def matches(self, method: Method[Any], arguments: Mapping[str, Any]) -> bool:
        """Whether it answers a call."""
        is_open = self._most is None or self.used < self._most
        return is_open and method is self.method and _match(self.arguments, arguments)

    async def answer(self, arguments: Mapping[str, Any]) -> Any:
        """Return the next answer."""
        if not self._answers:
            raise UnexpectedCall(
                f"the mock was not told how to answer {self}; say .returns(...) or .raises(...)"
            )
        place = min(self.used, len(self._answers) - 1)
        self.used += 1
        if self._delay:
            await asyncio.sleep(self._delay)
        value = self._answers[place](arguments)
        if self.method.streaming.gives_stream:
            return value
        if isawaitable(value):
            value = await value
        if not self.method.message.one_way:
            self._check(self.method.message.response, value, "the result")
        return value

    def _check(self, schema: Schema, value: object, what: str) -> None:
        problems = validate(schema, value, self.method.contract.types)
        if problems:
            listed = "; ".join(f"{problem.path or what}: {problem.problem}" for problem in problems)
            raise TypeError(f"{what} of {self.method.full_name} is {describe(schema)}: {listed}")

    def _check_error(self, error: BaseException) -> None:
        if isinstance(error, StatusError):
            return
        if not isinstance(error, DeclaredError) or type(error) not in self.method.errors:
            declared = ", ".join(sorted(cls.__name__ for cls in self.method.errors)) or "none"
            raise TypeError(
                f"{self.method.full_name} cannot raise {type(error).__name__}: it declares {declared};"
                " any message may raise a StatusError"
            )
        for schema in self.method.message.errors:
            if self.method.contract.types.get(getattr(schema, "name", "")) is type(error):
                self._check(schema, error, type(error).__name__)


class Messages:
    """A contract's messages as attributes, by their Python names; each takes some of its arguments."""

    def __init__(self, contract: Contract, skeleton: Callable[..., Service], act: Callable[..., Any]) -> None:
        self._contract = contract
        self._skeleton = skeleton
        self._act = act

    def __dir__(self) -> list[str]:
        return [method.attribute for method in self._contract.methods.values()]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        for method in self._contract.methods.values():
            if method.attribute == name:
                return self._taking(method)
        known = ", ".join(self.__dir__())
        raise AttributeError(f"{self._contract.name} has no message {name!r}; it has {known}")

    def _taking(self, method: Method[Any]) -> Callable[..., Any]:
        signature = inspect.signature(getattr(self._skeleton, method.attribute))
        parameters = list(signature.parameters)[1:]

        def take(*args: Any, **kwargs: Any) -> Any:
            try:
                bound = signature.bind_partial(None, *args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{method.attribute}: {error}; it takes {', '.join(parameters)}") from None
            given = dict(list(bound.arguments.items())[1:])
            names = dict(zip(parameters, method.message.request, strict=True))
            return self._act(method, {names[name].name: value for name, value in given.items()})

        return take


class Mock(Generic[S]):
    """A mock service and what steers it. See `mock`."""

    def __init__(self, skeleton: Callable[..., S]) -> None:
        contract = contract_of(skeleton)
        self.service: Final[S] = implementation(skeleton, self)
        """The implementation: what is served, or given as a `target`."""
        self.calls: Final[list[MockCall]] = []
        """The calls that came, in their order."""
        self.on: Final = Messages(contract, skeleton, self._expect)
        """`on.MESSAGE(arguments)` begins to say how calls are answered; the latest that matches does."""
        self.assert_called: Final = Messages(contract, skeleton, self._assert_called)
        """`assert_called.MESSAGE(arguments)` returns the calls that match, of which there must be one."""
        self.assert_not_called: Final = Messages(contract, skeleton, self._assert_not_called)
        """`assert_not_called.MESSAGE(arguments)`: there must be none."""
        self._contract = contract
        self._expectations: list[Expectation] = []

    def __repr__(self) -> str:
        return f"<Mock {self._contract.name} expectations={len(self._expectations)} calls={len(self.calls)}>"

    def assert_all_used(self) -> None:
        """Check that each answer that was set up was asked for.

        Raises:
            AssertionError: One was not; the text names it.
        """
        unused = [str(one) for one in self._expectations if not one.used]
        if unused:
            raise AssertionError(f"never called: {', '.join(unused)}; the calls were:{self._list_calls()}")

    def reset(self) -> None:
        """Forget calls and answers."""
        self.calls.clear()
        self._expectations.clear()

    async def answer(self, method: Method[Any], arguments: Mapping[str, Any]) -> Any:
        """Answer a call; for the runtime's own use."""
        arguments = await self._note(method, arguments)
        return await self._find(method, arguments).answer(arguments)

    async def items(self, method: Method[Any], arguments: Mapping[str, Any]) -> AsyncIterator[Any]:
        """Answer a call with a stream; for the runtime's own use."""
        arguments = await self._note(method, arguments)
        expectation = self._find(method, arguments)
        items = await expectation.answer(arguments)
        if isawaitable(items):
            items = await items
        async for item in _either(items):
            expectation._check(method.message.response, item, "an item")
            yield item

    async def _note(self, method: Method[Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        noted = dict(arguments)
        if method.streaming.takes_stream:
            name = method.message.request[-1].name
            noted[name] = [item async for item in noted[name]]
        context = current_call()
        self.calls.append(MockCall(method.name, noted, dict(context.metadata) if context else {}))
        return noted

    def _find(self, method: Method[Any], arguments: Mapping[str, Any]) -> Expectation:
        for expectation in reversed(self._expectations):
            if expectation.matches(method, arguments):
                return expectation
        own = [str(one) for one in self._expectations if one.method is method]
        others = [str(one) for one in self._expectations if one.method is not method]
        listed = "".join(f"\n  {one}" for one in own or others) or " nothing"
        about = "" if own or not others else " (of other messages only)"
        raise UnexpectedCall(
            f"unexpected call {_shown(method.name, arguments)}; the mock was told to answer{about}:{listed}"
        )

    def _expect(self, method: Method[Any], arguments: dict[str, Any]) -> Expectation:
        for parameter in method.message.request:
            if parameter.name in arguments:
                value = arguments[parameter.name]
                is_stream = method.streaming.takes_stream and parameter is method.message.request[-1]
                for one in value if is_stream and isinstance(value, list) else [value]:
                    self._check_argument(method, parameter.name, parameter.type, one)
        expectation = Expectation(method, arguments)
        self._expectations.append(expectation)
        return expectation

    def _check_argument(self, method: Method[Any], name: str, schema: Schema, value: object) -> None:
        if type(value).__module__ in ("unittest.mock", __name__):
            return  # a matcher, and no value
        problems = validate(schema, value, self._contract.types)
        if problems:
            said = f"{name} of {method.full_name} is {describe(schema)}: {problems[0].problem}"
            raise TypeError(f"{said}; no call can match")

    def _matching(self, method: Method[Any], arguments: Mapping[str, Any]) -> list[MockCall]:
        return [call for call in self.calls if call.name == method.name and _match(arguments, call.arguments)]

    def _assert_called(self, method: Method[Any], arguments: dict[str, Any]) -> list[MockCall]:
        found = self._matching(method, arguments)
        if not found:
            wanted = _shown(method.name, arguments)
            raise AssertionError(f"{wanted} was not called; the calls were:{self._list_calls()}")
        return found

    def _assert_not_called(self, method: Method[Any], arguments: dict[str, Any]) -> None:
        found = self._matching(method, arguments)
        if found:
            raise AssertionError(f"{found[0]} was called; the calls were:{self._list_calls()}")

    def _list_calls(self) -> str:
        return "".join(f"\n  {call}" for call in self.calls) or " none"


def mock(skeleton: Callable[..., S]) -> Mock[S]:
    """Return a mock of a contract, by its generated skeleton; its `service` is the implementation.

    The steering is kept apart from the implementation, since a contract may have a message of any name.

    Raises:
        BindError: It is no skeleton.
    """
    return Mock(skeleton)


def _match(wanted: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    return all(bool(value == given[name]) for name, value in wanted.items())


def _shown(name: str, arguments: Mapping[str, Any]) -> str:
    return f"{name}({', '.join(f'{key}={value!r:.80}' for key, value in arguments.items())})"


async def _items(items: list[Any], then: BaseException | None) -> AsyncIterator[Any]:
    for item in items:
        yield item
    if then is not None:
        raise then


async def _either(items: Any) -> AsyncIterator[Any]:
    if hasattr(items, "__aiter__"):
        async for item in items:
            yield item
        return
    for item in items:
        yield item
