"""OpenTelemetry metrics of calls: durations, calls under way, and items per stream.

Names follow OpenTelemetry's semantic conventions for RPC. Needs the extra `avrorpc[telemetry]`; `Statistics`
needs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from avrorpc.call import Call, Reply
from avrorpc.middleware.tracing import require_telemetry, rpc_attributes
from avrorpc.middleware.watching import Ending, Watch, watched
from avrorpc.service import Service

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider


class Metrics:
    """Measures calls, with `rpc.service`, `rpc.method` and, where they have ended, `rpc.avrorpc.status_code`.

    | instrument | kind | unit |
    |---|---|---|
    | `rpc.client.duration`, `rpc.server.duration` | histogram | ms |
    | `rpc.client.active_requests`, `rpc.server.active_requests` | up-down counter | calls |
    | `rpc.client.requests_per_rpc`, `rpc.server.requests_per_rpc` | histogram, of request streams | items |
    | `rpc.client.responses_per_rpc`, `rpc.server.responses_per_rpc` | histogram, of response streams | items
    |

    Args:
        side: Whether it stands at a client or at a server.
        meter_provider: Where measurements go; OpenTelemetry's global provider unless given.

    Raises:
        BindError: OpenTelemetry is not installed.
    """

    def __init__(
        self, side: Literal["client", "server"], *, meter_provider: MeterProvider | None = None
    ) -> None:
        require_telemetry("Metrics")
        from opentelemetry import metrics  # noqa: PLC0415 - only where it is used

        meter = metrics.get_meter("avrorpc", meter_provider=meter_provider)
        self.duration = meter.create_histogram(
            f"rpc.{side}.duration", unit="ms", description="How long calls took, streams included."
        )
        """How long calls took."""
        self.active = meter.create_up_down_counter(
            f"rpc.{side}.active_requests", unit="{call}", description="Calls under way."
        )
        """Calls under way."""
        self.requests = meter.create_histogram(
            f"rpc.{side}.requests_per_rpc", unit="{item}", description="Items in each stream of requests."
        )
        """Items in each stream of requests."""
        self.responses = meter.create_histogram(
            f"rpc.{side}.responses_per_rpc", unit="{item}", description="Items in each stream of responses."
        )
        """Items in each stream of responses."""

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""

        async def serve(call: Call) -> Reply:
            return await watched(service, call, _Watch(self, call))

        return serve


class _Watch(Watch):
    __slots__ = ("_attributes", "_call", "_metrics", "_requests", "_responses", "_start")

    def __init__(self, metrics: Metrics, call: Call) -> None:
        self._metrics = metrics
        self._call = call
        self._attributes = rpc_attributes(call)
        self._requests = self._responses = 0
        self._start = call.clock.now()
        metrics.active.add(1, self._attributes)

    def request_item(self, item: Any) -> None:
        self._requests += 1

    def response_item(self, item: Any) -> None:
        self._responses += 1

    def ended(self, ending: Ending) -> None:
        metrics, streaming = self._metrics, self._call.method.streaming
        metrics.active.add(-1, self._attributes)
        told = {**self._attributes, "rpc.avrorpc.status_code": ending.code}
        if ending.declared is not None:
            told["error.type"] = ending.declared
        metrics.duration.record(1000 * (self._call.clock.now() - self._start), told)
        if streaming.takes_stream:
            metrics.requests.record(self._requests, told)
        if streaming.gives_stream:
            metrics.responses.record(self._responses, told)
