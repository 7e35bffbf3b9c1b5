"""Implementations of any contract whose methods all go to one place: what mocks and replays stand on."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol, TypeVar, cast

from avrorpc.errors import BindError
from avrorpc.method import Contract, Method
from avrorpc.stub import Service

S = TypeVar("S", bound=Service)


class Behaviour(Protocol):
    """What a double does."""

    async def answer(self, method: Method[Any], arguments: Mapping[str, Any]) -> Any:
        """Return a result; arguments are by the parameters' Avro names, a request stream's an iterator."""
        ...

    def items(self, method: Method[Any], arguments: Mapping[str, Any]) -> AsyncIterator[Any]:
        """Yield the items of a response stream."""
        ...


def contract_of(skeleton: Callable[..., Service]) -> Contract:
    """Return the contract of a generated skeleton.

    Raises:
        BindError: It is none.
    """
    contract = getattr(skeleton, "__contract__", None)
    if not (isinstance(skeleton, type) and issubclass(skeleton, Service) and isinstance(contract, Contract)):
        raise BindError(f"{skeleton!r} is no generated skeleton, such as TokenizerService")
    return contract


def implementation(skeleton: Callable[..., S], behaviour: Behaviour) -> S:
    """Return an object of a skeleton's class that behaves as told; its methods are asynchronous.

    A skeleton is taken as any callable, since type checkers refuse abstract classes for `type[S]`.
    """
    contract = contract_of(skeleton)
    name = getattr(skeleton, "__name__", "Service")
    members: dict[str, object] = {}
    for method in contract.methods.values():
        signature = inspect.signature(getattr(skeleton, method.attribute))
        make = _stream if method.streaming.gives_stream else _unary
        function: Any = make(method, signature, behaviour)
        function.__name__ = method.attribute
        function.__qualname__ = f"{name}.{method.attribute}"
        function.__signature__ = signature
        members[method.attribute] = function
    return cast("S", type(f"{name}Double", (cast("type[S]", skeleton),), members)())


def by_name(
    method: Method[Any], signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return arguments by the parameters' Avro names; what is left out has the contract's default."""
    bound = signature.bind(None, *args, **kwargs)
    bound.apply_defaults()
    values = list(bound.arguments.values())[1:]
    return {field.name: value for field, value in zip(method.message.request, values, strict=True)}


def _unary(method: Method[Any], signature: inspect.Signature, behaviour: Behaviour) -> Callable[..., Any]:
    async def answer(self: object, *args: Any, **kwargs: Any) -> Any:
        return await behaviour.answer(method, by_name(method, signature, args, kwargs))

    return answer


def _stream(method: Method[Any], signature: inspect.Signature, behaviour: Behaviour) -> Callable[..., Any]:
    async def answer(self: object, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        async for item in behaviour.items(method, by_name(method, signature, args, kwargs)):
            yield item

    return answer
