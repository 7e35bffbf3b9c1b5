"""OpenTelemetry spans of calls, and the W3C trace context in their metadata.

Names and attributes follow OpenTelemetry's semantic conventions for RPC. Needs the extra
`avrorpc[telemetry]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal

from avrorpc.call import Call, Reply, current_call
from avrorpc.errors import BindError, Code
from avrorpc.middleware.redaction import shown_error
from avrorpc.middleware.watching import OK, Ending, Watch, watched
from avrorpc.service import Service

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, TracerProvider

SYSTEM: Final = "avrorpc"
"""The value of the attribute `rpc.system`."""
TRACE_METADATA: Final = ("traceparent", "tracestate")
"""The names of the metadata, as in W3C Trace Context."""
_SERVER_FAULTS: Final = {
    code.value
    for code in (
        *(Code.UNKNOWN, Code.DEADLINE_EXCEEDED, Code.UNIMPLEMENTED, Code.INTERNAL),
        *(Code.UNAVAILABLE, Code.DATA_LOSS),
    )
}


class Tracing:
    """Makes a span of each call: its name is `protocol/message`, and it ends with the call, streams included.

    A client's span is the child of the current span or, where there is none, of the span of the call that is
    served; it sends its own context along. A server's span is the child of the context that came. No
    argument, result or text of an undeclared error is ever in a span.

    Args:
        side: Whether it stands at a client or at a server.
        tracer_provider: Where spans go; OpenTelemetry's global provider unless given.
        message_events: Whether each item of a stream is an event of the span.

    Raises:
        BindError: OpenTelemetry is not installed.
    """

    def __init__(
        self,
        side: Literal["client", "server"],
        *,
        tracer_provider: TracerProvider | None = None,
        message_events: bool = False,
    ) -> None:
        require_telemetry("Tracing")
        from opentelemetry import trace  # noqa: PLC0415 - only where it is used
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
            TraceContextTextMapPropagator,
        )

        self._side: Final = side
        self._kind = trace.SpanKind.CLIENT if side == "client" else trace.SpanKind.SERVER
        self._tracer = trace.get_tracer("avrorpc", tracer_provider=tracer_provider)
        self._trace_context = TraceContextTextMapPropagator()
        self._message_events = message_events
        self._use_span = trace.use_span
        self._current_span = trace.get_current_span

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""

        async def serve(call: Call) -> Reply:
            span = self._tracer.start_span(
                call.method.full_name,
                context=self._parent(call),
                kind=self._kind,
                attributes=_attributes(call, self._side),
            )
            call = replace(call, metadata=self._outgoing(call, span))
            watch = _Watch(span, call, self._side, message_events=self._message_events)
            with self._use_span(span, record_exception=False, set_status_on_exception=False):
                return await watched(service, call, watch)

        return serve

    def _parent(self, call: Call) -> Context | None:
        """Return the context that a span of a call belongs to; None for the current one."""
        if self._side == "server":
            return self._trace_context.extract(_texts(call.metadata))
        ambient = current_call()
        if ambient is not None and not self._current_span().get_span_context().is_valid:
            return self._trace_context.extract(_texts(ambient.metadata))
        return None

    def _outgoing(self, call: Call, span: Span) -> dict[str, bytes]:
        """Return a call's metadata with the span's own context: what comes after it are its children."""
        from opentelemetry.trace import set_span_in_context  # noqa: PLC0415

        carrier: dict[str, str] = {}
        self._trace_context.inject(carrier, set_span_in_context(span))
        kept = {name: value for name, value in call.metadata.items() if name not in TRACE_METADATA}
        return {**kept, **{name: value.encode() for name, value in carrier.items()}}


class _Watch(Watch):
    __slots__ = ("_call", "_message_events", "_requests", "_responses", "_side", "_span")

    def __init__(self, span: Span, call: Call, side: str, *, message_events: bool) -> None:
        self._span = span
        self._call = call
        self._side = side
        self._message_events = message_events
        self._requests = self._responses = 0

    def request_item(self, item: Any) -> None:
        self._requests += 1
        self._event("SENT" if self._side == "client" else "RECEIVED", self._requests)

    def response_item(self, item: Any) -> None:
        self._responses += 1
        self._event("RECEIVED" if self._side == "client" else "SENT", self._responses)

    def ended(self, ending: Ending) -> None:
        from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415

        span = self._span
        span.set_attribute("rpc.avrorpc.status_code", ending.code)
        if ending.error is not None:
            said = shown_error(self._call.method, ending.error)
            name = said.get("error") if isinstance(said, dict) else None
            span.set_attribute("error.type", str(name))
            if ending.error_id is not None:
                span.set_attribute("rpc.avrorpc.error_id", ending.error_id)
            is_failure = ending.declared is None and ending.code != OK
            if is_failure and (self._side == "client" or ending.code in _SERVER_FAULTS):
                span.set_status(Status(StatusCode.ERROR, f"{ending.code} {name}"))
        span.end()

    def _event(self, kind: str, number: int) -> None:
        if self._message_events:
            self._span.add_event("rpc.message", {"rpc.message.type": kind, "rpc.message.id": number})


def require_telemetry(what: str) -> None:
    """Check that OpenTelemetry's API is installed.

    Raises:
        BindError: It is not.
    """
    try:
        import opentelemetry.trace  # noqa: F401, PLC0415 - only where it is used
    except ImportError:
        raise BindError(f"{what} needs OpenTelemetry: pip install avrorpc[telemetry]") from None


def rpc_attributes(call: Call) -> dict[str, str]:
    """Return what OpenTelemetry calls a call by."""
    return {
        "rpc.system": SYSTEM,
        "rpc.service": call.method.contract.name,
        "rpc.method": call.method.name,
    }


def _attributes(call: Call, side: str) -> dict[str, str]:
    attributes = rpc_attributes(call)
    if call.peer is not None:
        attributes["server.address" if side == "client" else "client.address"] = call.peer
    return attributes


def _texts(metadata: Mapping[str, bytes]) -> dict[str, str]:
    return {name: metadata[name].decode("latin-1") for name in TRACE_METADATA if name in metadata}
