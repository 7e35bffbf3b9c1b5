"""Middleware for clients and servers, synchronous and asynchronous, unary calls and streams alike.

Each is an object that wraps a Service; what it keeps, such as a budget or a count, is shared by all the
chains that it stands in. docs/reference/middleware.md has the order that they are meant for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from avrorpc.middleware.statistics import MethodStatistics, Statistics
    from avrorpc.middleware.watching import Ending, Watch, watched

__all__ = ["Ending", "MethodStatistics", "Statistics", "Watch", "watched"]

# Names are loaded when they are first used, so that who wants one middleware loads that one.
_HOMES: Final = {
    "avrorpc.middleware.statistics": ("MethodStatistics", "Statistics"),
    "avrorpc.middleware.watching": ("Ending", "Watch", "watched"),
}
_HOME: Final = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
