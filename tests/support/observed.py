"""All middleware of a client and of a server in the recommended order, and what it saw."""

from __future__ import annotations

import logging

from avrorpc import Call, Middleware
from avrorpc.middleware import (
    Authentication,
    Budget,
    CallLogging,
    CircuitBreaker,
    ConcurrencyLimit,
    CorrelationIds,
    Credentials,
    Metrics,
    ResponseCache,
    Retry,
    Statistics,
    Timeout,
    Tracing,
    Validation,
)
from avrorpc.principal import Principal
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

TOKEN = {"authorization": b"secret"}


class Chain:
    """All middleware of one side in the recommended order, and what it saw."""

    def __init__(self) -> None:
        self.statistics = Statistics()
        self.cache = ResponseCache(60.0)
        self.limit = ConcurrencyLimit(100)
        self.breaker = CircuitBreaker(3)
        self.asked: list[str] = []
        self.lines: list[logging.LogRecord] = []
        self.spans = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.spans))
        self.meters = MeterProvider(shutdown_on_exit=False)
        logger = logging.Logger("test")
        logger.addHandler(_Keeping(self.lines))
        self._logger = logger

    def client(self) -> tuple[Middleware, ...]:
        return (
            CorrelationIds(),
            Tracing("client", tracer_provider=self.provider),
            Metrics("client", meter_provider=self.meters),
            self.statistics,
            CallLogging("client", logger=self._logger),
            Validation(),
            self.cache,
            Timeout(60.0),
            Retry(initial=1.0, choose=lambda: 1.0, budget=Budget(capacity=50)),
            self.breaker,
            self.limit,
            Timeout(30.0),
            Credentials(self.token),
        )

    def server(self) -> tuple[Middleware, ...]:
        return (
            CorrelationIds(),
            Tracing("server", tracer_provider=self.provider),
            Metrics("server", meter_provider=self.meters),
            self.statistics,
            CallLogging("server", logger=self._logger),
            self.limit,
            Timeout(60.0),
            Authentication(self.who),
            Validation("always"),
            self.cache,
        )

    def token(self, call: Call) -> dict[str, bytes]:
        self.asked.append(call.method.name)
        return TOKEN

    def who(self, call: Call) -> Principal | None:
        self.asked.append(call.method.name)
        return Principal("ada", "token") if call.metadata.get("authorization") == b"secret" else None

    def forget(self) -> None:
        """Forget what was seen."""
        self.statistics.reset()
        self.lines.clear()
        self.spans.clear()
        self.asked.clear()

    def seen(self) -> tuple[int, int, int]:
        """How many calls were counted, logged and traced."""
        return self.statistics.total().ended, len(self.lines), len(self.spans.get_finished_spans())


class _Keeping(logging.Handler):
    def __init__(self, lines: list[logging.LogRecord]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record)
