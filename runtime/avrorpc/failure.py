"""What callers learn of a failure: declared errors and status errors as they are, the rest redacted.

One function for all placements, so that a local caller sees exactly what a remote one would.

A service answers for itself: what a service behind it said is a failure of its own, and reaches its callers
redacted, with the same error id.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Iterator
from typing import Any, Final

from avrorpc.error_details import settled
from avrorpc.errors import (
    Code,
    DeclaredError,
    EncodeError,
    StatusError,
    TransportError,
    ValueChanged,
    error_info,
)
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.method import Method

logger = logging.getLogger("avrorpc")

PASSED_ON: Final = frozenset(
    {Code.CANCELLED, Code.DEADLINE_EXCEEDED, Code.RESOURCE_EXHAUSTED, Code.ABORTED, Code.UNAVAILABLE}
)
"""Codes of a service behind this one that its callers are told, too: these say whether trying again may help.

All others judge the request that this service made, or its rights, and say nothing true about its caller's.
"""
_MOST_CAUSES: Final = 16
"""How many errors of a chain or a group are looked at, and told where causes are exposed."""


def outcome(
    method: Method[Any], error: BaseException, *, expose_cause: bool, limits: Limits = DEFAULT_LIMITS
) -> Exception:
    """Return the error that a caller sees for what an implementation raised.

    What callers are not told is logged whole, under the id that they are given: an undeclared error, what a
    service behind this one said, and the cause that a status error was raised from. Details go as far as
    `limits` let them.
    """
    match error:
        case DeclaredError():
            try:
                is_declared = type(error) in method.errors
            except Exception as problem:  # noqa: BLE001 - a broken contract is a failure like any other
                return internal(method, problem, expose_cause=expose_cause)
            if is_declared:
                error.__cause__ = error.__context__ = None  # no wire carries them
                error.__avrorpc_from_peer__ = True
                return error
        case StatusError(from_peer=True) | TransportError():
            return _behind(method, error, expose_cause=expose_cause)
        case EncodeError() | ValueChanged():
            pass  # of a call that the implementation made: its own mistake
        case StatusError() if isinstance(error.code, Code):
            return _answer(method, error, limits)
        case asyncio.CancelledError():
            return StatusError(Code.CANCELLED, f"{method.full_name} was cancelled", from_peer=True)
    return internal(method, error, expose_cause=expose_cause)


def internal(method: Method[Any], error: BaseException, *, expose_cause: bool) -> StatusError:
    """Return INTERNAL with an id, under which the error is logged whole; its text is told only if exposed."""
    return _redacted(method, error, Code.INTERNAL, "an internal error", expose_cause=expose_cause)


def _behind(method: Method[Any], error: StatusError | TransportError, *, expose_cause: bool) -> StatusError:
    """Return what callers learn of an answer, or of none, from a service that this one called."""
    code = error_info(error).code
    if code not in PASSED_ON:
        return internal(method, error, expose_cause=expose_cause)
    text = f"{method.full_name} did not get what it needs from another service"
    return _redacted(method, error, code, text, expose_cause=expose_cause)


def _redacted(
    method: Method[Any], error: BaseException, code: Code, text: str, *, expose_cause: bool
) -> StatusError:
    error_id = next(_known_ids(error), None) or uuid.uuid4().hex[:12]
    logger.error("%s failed, error id %s", method.full_name, error_id, exc_info=error)
    return StatusError(code, _described(error) if expose_cause else text, from_peer=True, error_id=error_id)


def _answer(method: Method[Any], error: StatusError, limits: Limits) -> StatusError:
    """Return a service's own answer as a wire would carry it: without the cause, which is logged."""
    error_id = error.error_id
    if error.__cause__ is not None:
        error_id = error_id or next(_known_ids(error), None) or uuid.uuid4().hex[:12]
        logger.warning(
            "%s answered %s, error id %s", method.full_name, error.code.value, error_id, exc_info=error
        )
    details, left_out = settled(error.details, method.contract, limits)
    text = str(error.message).encode(errors="replace").decode()
    if left_out:
        logger.warning("%s: details were left out: %s", method.full_name, "; ".join(left_out))
        text += f" ({len(left_out)} of {len(error.details)} details left out)"
    return StatusError(error.code, text, details=details, from_peer=True, error_id=error_id)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, the members of a group, and what they were raised from, each once."""
    waiting, seen = [error], {id(error)}
    for _ in range(_MOST_CAUSES):
        if not waiting:
            return
        found = waiting.pop(0)
        yield found
        hidden = None if found.__suppress_context__ else found.__context__
        members = found.exceptions if isinstance(found, BaseExceptionGroup) else ()
        for other in (*members, found.__cause__ or hidden):
            if other is not None and id(other) not in seen:
                seen.add(id(other))
                waiting.append(other)


def _known_ids(error: BaseException) -> Iterator[str]:
    """Yield the ids under which services further back have logged what led to an error."""
    for found in _chain(error):
        if isinstance(found, StatusError) and found.from_peer and found.error_id:
            yield found.error_id


def _described(error: BaseException) -> str:
    """Return what an error and its causes say, in characters that can be sent."""
    text = "\n".join(_said(found) for found in _chain(error))
    return text.encode(errors="backslashreplace").decode()


def _said(error: BaseException) -> str:
    """Return what one error says, with its notes; what its author wrote may do anything."""
    name = type(error).__name__
    try:
        notes = [str(note) for note in getattr(error, "__notes__", ())]
        return "\n".join([f"{name}: {error}", *notes])
    except Exception:  # noqa: BLE001
        return f"{name}, which has no text"
