"""Example cases, run: each is a call, and what comes of it is held against the case.

One runner for all who run cases: a server's introspection, `avrorpc.testing`, the pytest plugin, benchmarks.
How a call is made is theirs to say.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextvars import copy_context
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

from avrorpc.codec.json import fields_from_json, from_json, to_json
from avrorpc.errors import DeclaredError, EncodeError, RpcError, error_info
from avrorpc.examples import Case, error_problems, output_problems
from avrorpc.method import Method
from avrorpc.schema import Json, Record

MAX_ITEMS: Final = 10_000
"""How many items of a response stream are read."""

Invoke: TypeAlias = Callable[[Method[Any], tuple[Any, ...]], Awaitable[Any]]
"""Makes a call, and returns its result, or for a response stream the async iterator of items.

The last argument of a request stream is an async iterator of items.
"""


class Verdict(Enum):
    """What became of a case."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(slots=True, frozen=True)
class Rehearsal:
    """A case that was run, or left out."""

    case: Case
    verdict: Verdict
    text: str = ""
    """Why it failed or was left out; a line for each thing that is wrong."""
    seconds: float = 0.0
    """How long the call took."""


def hindrance(
    method: Method[Any], case: Case, *, include_changing: bool = False, variants: Iterable[str] = ()
) -> str | None:
    """Return why a case is not run, or None where it is.

    Args:
        method: The message.
        case: The case.
        include_changing: Whether messages are called that may change something.
        variants: The kinds that the implementation is of.
    """
    if case.variant and case.variant not in variants:
        return f"the case holds for implementations of the variant {case.variant!r}"
    if not include_changing and method.message.props.get("readonly") is not True:
        return "the message may change something: it is not @readonly(true)"
    return None


def variants_of(implementation: object) -> frozenset[str]:
    """Return the variants that an implementation says it is of, in `__variants__`."""
    return frozenset(getattr(implementation, "__variants__", ()))


def arguments_of(method: Method[Any], case: Case) -> tuple[Any, ...]:
    """Return the arguments of a case, defaults filled in; of a request stream the last is a list of items.

    Raises:
        EncodeError: The input does not fit the message.
    """
    fields, types = list(method.message.request), method.contract.types
    values = dict(case.input)
    if not method.streaming.takes_stream:
        return tuple(fields_from_json(fields, values, types, "the input", "input"))
    item = fields.pop()
    listed = values.pop(item.name, [])
    if not isinstance(listed, list):
        raise EncodeError("the items of a stream are a list", f"input.{item.name}")
    first = fields_from_json(fields, values, types, "the input", "input")
    places = (f"input.{item.name}[{index}]" for index in range(len(listed)))
    items = [from_json(item.type, one, types, place) for one, place in zip(listed, places, strict=True)]
    return (*first, items)


async def rehearse(
    method: Method[Any],
    case: Case,
    invoke: Invoke,
    *,
    include_changing: bool = False,
    variants: Iterable[str] = (),
) -> Rehearsal:
    """Run a case, and judge what came of it; what goes wrong is in the result, and never raised.

    Args:
        method: The message of the case.
        case: The case.
        invoke: Makes the call.
        include_changing: Whether messages are called that may change something.
        variants: The kinds that the implementation is of.
    """
    reason = hindrance(method, case, include_changing=include_changing, variants=variants)
    if reason is not None:
        return Rehearsal(case, Verdict.SKIPPED, reason)
    started = time.perf_counter()
    # A task of its own, since a call changes the context that it runs in.
    task = asyncio.create_task(_problems(method, case, invoke), context=copy_context())
    problems = await task
    verdict = Verdict.FAILED if problems else Verdict.PASSED
    return Rehearsal(case, verdict, "\n".join(problems), time.perf_counter() - started)


async def measure(method: Method[Any], case: Case, invoke: Invoke, most: int, seconds: float) -> list[float]:
    """Make the call of a case again and again, one after the other, and return how long each took.

    Args:
        method: The message of the case.
        case: A case that passes.
        invoke: Makes the call.
        most: How often at most.
        seconds: After which time no further call begins.

    Raises:
        RpcError: A call failed that is meant to work.
    """
    taken: list[float] = []
    begun = time.perf_counter()
    while len(taken) < most and time.perf_counter() - begun < seconds:
        arguments = arguments_of(method, case)
        started = time.perf_counter()
        task = asyncio.create_task(_result(method, arguments, invoke), context=copy_context())
        try:
            await task
        except RpcError:
            if case.expected_error is None:
                raise
        taken.append(time.perf_counter() - started)
    return taken


async def _problems(method: Method[Any], case: Case, invoke: Invoke) -> list[str]:
    try:
        arguments = arguments_of(method, case)
        output = await _result(method, arguments, invoke)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        return failure_problems(method, case, error)
    return result_problems(method, case, arguments, output)


def result_problems(method: Method[Any], case: Case, arguments: tuple[Any, ...], output: Any) -> list[str]:
    """Return how a result is not what a case says; of a response stream, `output` is the list of items."""
    message, types = method.message, method.contract.types
    try:
        if method.streaming.gives_stream:
            shown: Json = [to_json(message.response, item, types) for item in output]
        else:
            shown = to_json(message.response, output, types)
    except EncodeError as error:
        return [f"the result does not fit {method.full_name}: {error.message}"]
    return output_problems(case, message, _as_json(method, arguments), shown)


async def _result(method: Method[Any], arguments: tuple[Any, ...], invoke: Invoke) -> Any:
    if method.streaming.takes_stream:
        arguments = (*arguments[:-1], _each(arguments[-1]))
    result = await invoke(method, arguments)
    if not method.streaming.gives_stream:
        return result
    items: list[Any] = []
    try:
        async for item in result:
            items.append(item)
            if len(items) > MAX_ITEMS:
                raise RpcError(f"the stream has more than MAX_ITEMS, {MAX_ITEMS}, items")
    finally:
        await result.aclose()
    return items


async def _each(items: list[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


def _as_json(method: Method[Any], arguments: tuple[Any, ...]) -> dict[str, Json]:
    types, given = method.contract.types, dict[str, Json]()
    takes_stream = method.streaming.takes_stream
    for place, field in enumerate(method.message.request):
        value = arguments[place]
        if takes_stream and place == len(arguments) - 1:
            given[field.name] = [to_json(field.type, item, types) for item in value]
        else:
            given[field.name] = to_json(field.type, value, types)
    return given


def failure_problems(method: Method[Any], case: Case, error: BaseException) -> list[str]:
    """Return how an error is not what a case says."""
    told = f"{type(error).__name__}: {error}"
    if not isinstance(error, DeclaredError):
        code = error_info(error).code.value if isinstance(error, RpcError) else ""
        return error_problems(case, "", code, {}, told)
    types = method.contract.types
    for declared in method.message.errors:
        if isinstance(declared, Record) and types.get(declared.name) is type(error):
            fields = to_json(declared, error, types)
            assert isinstance(fields, dict)
            return error_problems(case, declared.name, "", fields, told)
    return [f"{told}, which {method.full_name} does not declare"]
