"""Arguments, results and items held against the contract, where no codec has done it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any, Final, Literal

from avrorpc.call import Call, Reply
from avrorpc.codec.validate import validate
from avrorpc.errors import Code, StatusError
from avrorpc.failure import internal
from avrorpc.method import Method
from avrorpc.middleware.redaction import has_secrets, is_secret
from avrorpc.schema import Field, Schema
from avrorpc.service import Service

MAX_PROBLEMS: Final = 10
"""How many problems an error names; what is on top is counted."""


class Validation:
    """Checks what passes against the contract.

    An argument or an item of the request that does not fit is INVALID_ARGUMENT, and names each problem with
    its path; the service is not called, or reads no further. A result or an item of the response that does
    not fit is INTERNAL, and its problems are logged: they are the implementation's. Values of `@sensitive`
    fields are in neither.

    Wires and `verify:` check by encoding; `direct:` and `local:` do not.

    Args:
        when: `always`; `edge`, for calls that come from another process or go to one; or `never`.
    """

    def __init__(self, when: Literal["never", "edge", "always"] = "always") -> None:
        if when not in ("never", "edge", "always"):
            raise ValueError(f"validation is done never, edge or always, not {when!r}")
        self._when = when

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""
        if self._when == "never":
            return service

        async def serve(call: Call) -> Reply:
            if self._when == "edge" and call.peer is None:
                return await service(call)
            method = call.method
            fields, arguments = method.message.request, call.arguments
            if method.streaming.takes_stream:
                item = fields[-1:]
                items = _Checked(arguments[-1], lambda value: _check_arguments(method, item, [value]))
                call = replace(call, arguments=(*arguments[:-1], items))
                fields, arguments = fields[:-1], arguments[:-1]
            _check_arguments(method, fields, arguments)
            reply = await service(call)
            if method.streaming.gives_stream:
                return replace(reply, value=_Checked(reply.value, lambda value: _check_result(method, value)))
            if not method.message.one_way:
                _check_result(method, reply.value)
            return reply

        return serve


class _Checked:
    """A stream whose items are checked as they pass."""

    def __init__(self, source: Any, check: Callable[[Any], None]) -> None:
        self._source = source
        self._check = check

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        item = await anext(self._source)
        try:
            self._check(item)
        except StatusError:
            await self.aclose()
            raise
        return item

    async def aclose(self) -> None:
        """Close the source, where it can be closed."""
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()


def _check_arguments(method: Method[Any], fields: Sequence[Field], values: Sequence[Any]) -> None:
    problems = [
        problem
        for field, value in zip(fields, values, strict=True)
        for problem in _problems(method, field.type, value, field.name, is_secret=is_secret(field))
    ]
    if problems:
        raise StatusError(Code.INVALID_ARGUMENT, f"{method.full_name}: {_listed(problems)}")


def _check_result(method: Method[Any], value: Any) -> None:
    problems = _problems(method, method.message.response, value, "", is_secret=False)
    if problems:
        cause = TypeError(f"the result does not fit the contract: {_listed(problems)}")
        raise internal(method, cause, expose_cause=False)


def _problems(method: Method[Any], schema: Schema, value: Any, name: str, *, is_secret: bool) -> list[str]:
    is_secret = is_secret or has_secrets(schema)
    return [
        f"{(name + error.path).lstrip('.') or 'it'}: {'does not fit' if is_secret else error.problem}"
        for error in validate(schema, value, method.contract.types)
    ]


def _listed(problems: list[str]) -> str:
    more = len(problems) - MAX_PROBLEMS
    return "; ".join(problems[:MAX_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
