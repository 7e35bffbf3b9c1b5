"""An implementation bound to its contract: checked, and ready to be called by message name.

The check compares each method with the contract's signature, parameter by parameter, so that what differs is
named when the implementation is bound and not when the first caller trips over it. So is a method that gives
one value where the contract has a stream, or the reverse.
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import AsyncIterable, Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final, get_origin

from avrorpc.errors import BindError
from avrorpc.method import Contract, Method
from avrorpc.service import Middleware
from avrorpc.stub import Client, Service

_POSITIONAL: Final = inspect.Parameter.POSITIONAL_OR_KEYWORD
_KEYWORD: Final = inspect.Parameter.KEYWORD_ONLY
_EMPTY: Final = inspect.Parameter.empty
_ASYNC_ITERATORS: Final = frozenset({"AsyncIterator", "AsyncIterable", "AsyncGenerator"})


@dataclass(slots=True, frozen=True)
class Target:
    """How one message is called on an implementation."""

    method: Method[Any]
    function: Callable[..., Any]
    """The implementation's bound method itself."""
    positional: int
    """How many of the message's parameters are passed by position."""
    keywords: tuple[str, ...]
    """The names of the rest."""
    is_async: bool
    """Whether the method is `async def`, with or without `yield`, or says that it returns an async iterator.

    A `def` that says nothing may still return an awaitable, or an async iterator.
    """

    def __call__(self, arguments: tuple[Any, ...]) -> Any:
        """Call the implementation with arguments in the message's order."""
        match self.keywords:
            case ():
                return self.function(*arguments)
            case (last,):
                return self.function(*arguments[:-1], **{last: arguments[-1]})
        count = self.positional
        return self.function(*arguments[:count], **dict(zip(self.keywords, arguments[count:], strict=True)))


@dataclass(slots=True, frozen=True)
class Binding:
    """An implementation with the way its methods are to be run."""

    implementation: object
    inline: bool = False
    """Whether `def` methods run on the server's event loop; only for those that return at once."""
    executor: Executor | None = None
    """Where `def` methods run, instead of the server's own threads."""
    middleware: tuple[Middleware, ...] = ()
    health: Callable[[], object] | None = None
    """Says whether the implementation is ready, instead of its own `health`."""

    def health_check(self) -> Callable[[], object] | None:
        """Return what says whether the implementation is ready, if anything does.

        A method called `health` that is a message of a contract does not.
        """
        if self.health is not None:
            return self.health
        contracts = [skeleton.__contract__ for skeleton in self.contracts().values()]  # type: ignore[attr-defined]
        is_message = any(m.attribute == "health" for c in contracts for m in c.methods.values())
        own = None if is_message else getattr(self.implementation, "health", None)
        return own if callable(own) else None

    def contracts(self) -> dict[str, type]:
        """Return the skeletons that the implementation derives from, by contract name.

        Raises:
            BindError: It derives from none.
        """
        found = dict(skeletons(type(self.implementation)))
        if not found:
            raise BindError(
                f"{_name(self.implementation)} derives from no generated skeleton, so that nothing says which"
                " contract it implements; derive it from one, such as TokenizerService"
            )
        return found


def bind(
    implementation: object,
    *,
    inline: bool = False,
    executor: Executor | None = None,
    middleware: tuple[Middleware, ...] = (),
    health: Callable[[], object] | None = None,
) -> Binding:
    """Say how a server runs an implementation, and check that it fits its contracts.

    Args:
        implementation: An object whose class derives from generated skeletons.
        inline: Run `def` methods on the event loop. Only for methods that return at once.
        executor: Run `def` methods there; by default the server has threads for them.
        middleware: Wraps each call of this implementation; the first runs outermost.
        health: Says whether it is ready, `def` or `async def`; by default its method `health`, where that is
            no message. It returns a bool or a `ServingStatus`, or one of them with a text.

    Raises:
        BindError: It does not fit; the text names each difference.
    """
    if inline and executor is not None:
        raise BindError("inline=True and executor= contradict each other")
    binding = Binding(implementation, inline, executor, middleware, health)
    for skeleton in binding.contracts().values():
        targets(skeleton, implementation)
    check = binding.health_check()
    if check is not None:
        _check_health(check)
    return binding


def _check_health(check: Callable[[], object]) -> None:
    """Check that a health check can be called.

    Raises:
        BindError: It needs arguments.
    """
    parameters = inspect.signature(check).parameters.values()
    needed = [one.name for one in parameters if one.default is _EMPTY and one.kind in (_POSITIONAL, _KEYWORD)]
    if needed:
        raise BindError(
            f"health(), which says whether an implementation is ready, is called without arguments,"
            f" and needs {', '.join(needed)}; bind(..., health=...) names another"
        )


def skeletons(cls: type) -> Iterator[tuple[str, type]]:
    """Yield the generated skeletons among a class's ancestors, with their contracts' names."""
    for ancestor in cls.__mro__:
        contract = ancestor.__dict__.get("__contract__")
        if isinstance(contract, Contract) and issubclass(ancestor, Service):
            yield contract.name, ancestor


def targets(view: type, implementation: object) -> Mapping[str, Target]:
    """Return how each message of a contract is called on an implementation.

    Args:
        view: A generated class of the contract, skeleton or client: its signatures are the contract's.
            What synchronous clients send on a two-way stream is no parameter of theirs, but is one here.
        implementation: Any object with the contract's methods.

    Raises:
        BindError: It does not fit; the text names each difference.
    """
    contract: Contract = view.__contract__  # type: ignore[attr-defined]
    found: dict[str, Target] = {}
    problems: list[str] = []
    for name, method in contract.methods.items():
        function = getattr(implementation, method.attribute, None)
        wanted = _wanted(view, method)
        if not callable(function):
            problems.append(f"it has no method {method.attribute}")
            continue
        differences = [*_differences(wanted, function), *_wrong_kind(method, function)]
        problems += [f"{method.attribute}: {problem}" for problem in differences]
        positional = sum(parameter.kind is _POSITIONAL for parameter in wanted)
        keywords = tuple(parameter.name for parameter in wanted[positional:])
        found[name] = Target(method, function, positional, keywords, _is_async(method, function))
    if problems:
        listed = "".join(f"\n  {problem}" for problem in problems)
        raise BindError(f"{_name(implementation)} does not implement {contract.name}:{listed}")
    return found


def _wanted(view: type, method: Method[Any]) -> list[inspect.Parameter]:
    """Return the parameters of a method, one that is a stream of items last."""
    wanted = list(inspect.signature(getattr(view, method.attribute)).parameters.values())[1:]
    if method.item is not None and method.streaming.gives_stream and issubclass(view, Client):
        has_keywords = any(parameter.kind is _KEYWORD for parameter in wanted)
        wanted.append(inspect.Parameter(method.item, _KEYWORD if has_keywords else _POSITIONAL))
    return wanted


def _wrong_kind(method: Method[Any], function: Callable[..., Any]) -> Iterator[str]:
    """Yield what is wrong where a method gives one value instead of a stream, or the reverse."""
    code = _code(function)
    yields = inspect.isgeneratorfunction(code) or inspect.isasyncgenfunction(code)
    if method.streaming.gives_stream and inspect.iscoroutinefunction(code):
        yield (
            "it is `async def` without `yield`, which returns once, and its response is a stream;"
            " `yield` each item, or write `def` and return an iterator or an async iterator"
        )
    elif yields and not method.streaming.gives_stream:
        yield (
            "it has `yield`, and its response is no stream; `return` one value,"
            ' or have `@stream("response")` or `@stream("both")` in the contract'
        )


def _is_async(method: Method[Any], function: Callable[..., Any]) -> bool:
    code = _code(function)
    if inspect.iscoroutinefunction(code) or inspect.isasyncgenfunction(code):
        return True
    return method.streaming.gives_stream and _returns_async_iterator(code)


def _code(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what has the body of a callable: of an object that can be called, its `__call__`."""
    if inspect.isroutine(function) or isinstance(function, functools.partial):
        return function
    return type(function).__call__


def _returns_async_iterator(function: Callable[..., Any]) -> bool:
    """Return whether a method is annotated so; annotations are texts under `from __future__`."""
    while isinstance(function, functools.partial):
        function = function.func
    annotation = getattr(function, "__annotations__", {}).get("return")
    if isinstance(annotation, str):
        try:
            node = ast.parse(annotation, mode="eval").body
        except SyntaxError:
            return False
        node = node.value if isinstance(node, ast.Subscript) else node
        return isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node).rpartition(".")[2] in (
            _ASYNC_ITERATORS
        )
    origin = get_origin(annotation) or annotation
    return isinstance(origin, type) and issubclass(origin, AsyncIterable)


def _differences(wanted: list[inspect.Parameter], function: Callable[..., Any]) -> Iterator[str]:
    if isinstance(function, type):
        yield "it is a class, not a method"
        return
    try:
        given = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        yield "its signature cannot be read"
        return
    by_name = {parameter.name: parameter for parameter in given}
    for place, parameter in enumerate(wanted):
        own = by_name.pop(parameter.name, None)
        if own is None:
            yield f"it lacks the parameter {parameter.name!r}"
        elif own.kind not in (_POSITIONAL, _KEYWORD):
            yield f"the parameter {parameter.name!r} cannot be passed by name"
        elif parameter.kind is _POSITIONAL and (own.kind is _KEYWORD or given.index(own) != place):
            yield f"the parameter {parameter.name!r} must be number {place + 1} by position"
        elif not _same_default(own.default, parameter.default):
            yield (
                f"the parameter {parameter.name!r} has {_default(own)},"
                f" the contract has {_default(parameter)}"
            )
    for extra in by_name.values():
        if extra.kind in (_POSITIONAL, _KEYWORD) and extra.default is _EMPTY:
            yield f"it needs a parameter {extra.name!r} that the contract does not have"


def _same_default(own: Any, wanted: Any) -> bool:
    if own is _EMPTY or wanted is _EMPTY:
        return own is wanted
    return type(own) is type(wanted) and bool(own == wanted or (own != own and wanted != wanted))


def _default(parameter: inspect.Parameter) -> str:
    return "no default" if parameter.default is _EMPTY else f"the default {parameter.default!r}"


def _name(implementation: object) -> str:
    return type(implementation).__qualname__
