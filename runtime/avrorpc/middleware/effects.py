"""What a message may do, as its contract says: whether a call of it may be repeated, or its result kept."""

from __future__ import annotations

from typing import Any

from avrorpc.method import Method


def is_readonly(method: Method[Any]) -> bool:
    """Whether calls of a message change nothing: `@readonly(true)`."""
    return method.message.props.get("readonly") is True


def is_idempotent(method: Method[Any]) -> bool:
    """Whether two calls do no more than one: `@idempotent(true)`, or `@readonly(true)`."""
    return method.message.props.get("idempotent") is True or is_readonly(method)
