"""Middleware for clients and servers, synchronous and asynchronous, unary calls and streams alike.

Each is an object that wraps a Service; what it keeps, such as a budget or a count, is shared by all the
chains that it stands in. docs/reference/middleware.md has the order that they are meant for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from avrorpc.middleware.authentication import Authentication, Credentials
    from avrorpc.middleware.breaker import CircuitBreaker
    from avrorpc.middleware.budget import Budget
    from avrorpc.middleware.cache import ResponseCache
    from avrorpc.middleware.concurrency import ConcurrencyLimit
    from avrorpc.middleware.correlation import CorrelationIds, correlation_id
    from avrorpc.middleware.hedging import Hedging
    from avrorpc.middleware.logging import CallLogging, Detail, JsonFormatter
    from avrorpc.middleware.metrics import Metrics
    from avrorpc.middleware.rate_limit import RateLimit
    from avrorpc.middleware.retry import Retry
    from avrorpc.middleware.statistics import MethodStatistics, Statistics
    from avrorpc.middleware.timeout import Timeout
    from avrorpc.middleware.tokens import TokenFile, new_token
    from avrorpc.middleware.tracing import Tracing
    from avrorpc.middleware.validation import Validation
    from avrorpc.middleware.watching import Ending, Watch, watched

__all__ = [
    "Authentication",
    "Budget",
    "CallLogging",
    "CircuitBreaker",
    "ConcurrencyLimit",
    "CorrelationIds",
    "Credentials",
    "Detail",
    "Ending",
    "Hedging",
    "JsonFormatter",
    "MethodStatistics",
    "Metrics",
    "RateLimit",
    "ResponseCache",
    "Retry",
    "Statistics",
    "Timeout",
    "TokenFile",
    "Tracing",
    "Validation",
    "Watch",
    "correlation_id",
    "new_token",
    "watched",
]

# Names are loaded when they are first used, so that who wants one middleware loads that one.
_HOMES: Final = {
    "avrorpc.middleware.authentication": ("Authentication", "Credentials"),
    "avrorpc.middleware.breaker": ("CircuitBreaker",),
    "avrorpc.middleware.budget": ("Budget",),
    "avrorpc.middleware.cache": ("ResponseCache",),
    "avrorpc.middleware.concurrency": ("ConcurrencyLimit",),
    "avrorpc.middleware.correlation": ("CorrelationIds", "correlation_id"),
    "avrorpc.middleware.hedging": ("Hedging",),
    "avrorpc.middleware.logging": ("CallLogging", "Detail", "JsonFormatter"),
    "avrorpc.middleware.metrics": ("Metrics",),
    "avrorpc.middleware.rate_limit": ("RateLimit",),
    "avrorpc.middleware.retry": ("Retry",),
    "avrorpc.middleware.statistics": ("MethodStatistics", "Statistics"),
    "avrorpc.middleware.timeout": ("Timeout",),
    "avrorpc.middleware.tokens": ("TokenFile", "new_token"),
    "avrorpc.middleware.tracing": ("Tracing",),
    "avrorpc.middleware.validation": ("Validation",),
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
