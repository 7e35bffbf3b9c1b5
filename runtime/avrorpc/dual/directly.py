"""Production mode: a message called directly on its implementation, or over a connection's Avro."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextvars import copy_context
from inspect import isawaitable
from typing import Any, Protocol

from avrorpc.binding import Binding, Target, targets
from avrorpc.client.dynamic_async import AsyncDynamicClient
from avrorpc.codec.json_reading import FieldsReader, Problem, compile_json_fields
from avrorpc.codec.json_writing import Writer, compile_json_writer
from avrorpc.failure import outcome
from avrorpc.method import Method
from avrorpc.schema import Json
from avrorpc.streaming import close_iterator, steps_of


class Direct(Protocol):
    """Calls messages; values are JSON."""

    async def call(self, method: Method[Any], arguments: Mapping[str, Json]) -> Json:
        """Return a result."""
        ...

    def iterate(self, method: Method[Any], arguments: Mapping[str, Json]) -> AsyncIterator[Json]:
        """Yield the items of a response stream."""
        ...

    async def close(self) -> None:
        """Close what is open."""
        ...


class Implementations:
    """Calls implementations in this process: what runs is the bound method itself.

    Args:
        bindings: The implementations.
    """

    def __init__(self, bindings: Iterable[Binding]) -> None:
        self._targets: dict[str, Target] = {}
        for binding in bindings:
            for name, skeleton in binding.contracts().items():
                for message, target in targets(skeleton, binding.implementation).items():
                    self._targets[f"{name}/{message}"] = target
        self._codecs: dict[str, tuple[FieldsReader, Writer]] = {}

    async def call(self, method: Method[Any], arguments: Mapping[str, Json]) -> Json:
        """Return a result."""
        read, write = self._codec(method)
        values = _read(read, arguments)
        try:
            value = self._targets[method.full_name](tuple(values))
            return write(await value if isawaitable(value) else value)
        except Exception as error:  # noqa: BLE001 - callers are told what remote ones are
            raise outcome(method, error, expose_cause=False) from None

    async def iterate(self, method: Method[Any], arguments: Mapping[str, Json]) -> AsyncIterator[Json]:
        """Yield the items of a response stream."""
        read, write = self._codec(method)
        values = _read(read, arguments)
        value = self._targets[method.full_name](tuple(values))
        items = steps_of(await value if isawaitable(value) else value, copy_context())
        try:
            async for item in items:
                yield write(item)
        except Exception as error:  # noqa: BLE001 - callers are told what remote ones are
            raise outcome(method, error, expose_cause=False) from None
        finally:
            await items.aclose()

    async def close(self) -> None:
        """Do nothing: the implementations are their owner's."""

    def _codec(self, method: Method[Any]) -> tuple[FieldsReader, Writer]:
        if method.full_name not in self._codecs:
            message, types = method.message, method.contract.types
            self._codecs[method.full_name] = (
                compile_json_fields(message.request, types, method.full_name),
                compile_json_writer(message.response, types),
            )
        return self._codecs[method.full_name]


class Elsewhere:
    """Calls a server over whatever its URL names.

    Args:
        client: Made for the URL.
    """

    def __init__(self, client: AsyncDynamicClient) -> None:
        self._client = client

    async def call(self, method: Method[Any], arguments: Mapping[str, Json]) -> Json:
        """Return a result."""
        result: Json = await self._client.call(f"{method.contract.name}.{method.name}", arguments)
        return result

    async def iterate(self, method: Method[Any], arguments: Mapping[str, Json]) -> AsyncIterator[Json]:
        """Yield the items of a response stream."""
        items = self._client.iterate(f"{method.contract.name}.{method.name}", arguments)
        try:
            async for item in items:
                yield item
        finally:
            await close_iterator(items)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()


def _read(read: FieldsReader, arguments: Mapping[str, Json]) -> list[Any]:
    problems: list[Problem] = []
    values = read(arguments, None, problems)
    if problems:
        raise problems[0].error()
    return values
