"""What is said of a value that does not fit its schema."""

from __future__ import annotations

from typing import Any

from avrorpc.errors import EncodeError


def misfit(wanted: str, value: Any) -> EncodeError:
    """Return the error of a value that is none of what is wanted."""
    return EncodeError(f"expected {wanted}, got {type(value).__name__} {shown(value)}")


def within(step: str, error: EncodeError) -> EncodeError:
    """Return the same error in something larger; `step` leads there."""
    return EncodeError(error.problem, step + error.path)


def shown(value: Any) -> str:
    """Return a value as it is shown in an error."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a class of the caller's may do anything, and an int may be too long
        return "(not shown)"
    return text if len(text) <= 60 else text[:57] + "..."
