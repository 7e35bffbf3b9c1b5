"""What callers learn of a failure: declared errors and status errors as they are, the rest redacted.

One function for all placements, so that a local caller sees exactly what a remote one would.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from typing import Any

from avrorpc.errors import Code, DeclaredError, EncodeError, StatusError
from avrorpc.method import Method

logger = logging.getLogger("avrorpc")


def outcome(method: Method[Any], error: BaseException, *, expose_cause: bool) -> Exception:
    """Return the error that a caller sees for what an implementation raised.

    An undeclared error is logged whole, under the id that the caller is given.
    """
    match error:
        case DeclaredError():
            try:
                is_declared = type(error) in method.errors
            except Exception as problem:  # noqa: BLE001 - a broken contract is a failure like any other
                return internal(method, problem, expose_cause=expose_cause)
            if is_declared:
                return error
        case StatusError() if not isinstance(error, EncodeError):
            return error
        case asyncio.CancelledError():
            return StatusError(Code.CANCELLED, f"{method.full_name} was cancelled")
    return internal(method, error, expose_cause=expose_cause)


def internal(method: Method[Any], error: BaseException, *, expose_cause: bool) -> StatusError:
    """Return INTERNAL with an id, under which the error is logged whole; its text is told only if exposed."""
    error_id = uuid.uuid4().hex[:12]
    logger.error("%s failed, error id %s", method.full_name, error_id, exc_info=error)
    cause = _described(error) if expose_cause else "an internal error"
    return StatusError(Code.INTERNAL, cause, error_id=error_id)


def _described(error: BaseException) -> str:
    """Return what an error says, in characters that can be sent; it may fail to say anything."""
    name = type(error).__name__
    try:
        text = f"{name}: {error}"
    except Exception:  # noqa: BLE001 - what its author wrote may do anything
        return f"{name}, which has no text"
    return text.encode(errors="backslashreplace").decode()
