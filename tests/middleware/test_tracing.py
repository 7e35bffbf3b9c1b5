"""Spans: their names, attributes and parents, at both ends and across them, and when they end."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import avrorpc
import pytest
from avrorpc import BindError, Code, StatusError, bind
from avrorpc.middleware import Tracing
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from support.calls import Refused, Scripted, a_call, around, items
from support.implementations import SyncSmall
from support.serving import ServerThread
from testcontracts.small import SmallClient

SECRET = "hunter2"
PARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Spans:
    """Where the spans of a test go."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def __iter__(self) -> Any:
        return iter(self._exporter.get_finished_spans())

    def tracing(self, side: Any, **options: Any) -> Tracing:
        return Tracing(side, tracer_provider=self.provider, **options)


@pytest.fixture
def spans() -> Spans:
    return Spans()


def context(span: ReadableSpan) -> Any:
    found = span.get_span_context()
    assert found is not None
    return found


async def test_a_span_says_what_was_called_and_what_became_of_it(spans: Spans) -> None:
    call = a_call("ask", SECRET)
    call.peer = "10.0.0.7:4711"
    await spans.tracing("client")(Scripted("yes"))(call)
    (span,) = spans
    assert (span.name, span.kind, span.parent) == ("n.Shop/ask", SpanKind.CLIENT, None)
    assert span.status.status_code is StatusCode.UNSET
    assert dict(span.attributes or {}) == {
        "rpc.system": "avrorpc",
        "rpc.service": "n.Shop",
        "rpc.method": "ask",
        "server.address": "10.0.0.7:4711",
        "rpc.avrorpc.status_code": "OK",
    }


@pytest.mark.parametrize(
    ("error", "code", "kind", "failed_at"),
    [
        (StatusError(Code.NOT_FOUND, SECRET), "NOT_FOUND", "StatusError", {"client"}),
        (StatusError(Code.INTERNAL, "x", error_id="e1"), "INTERNAL", "StatusError", {"client", "server"}),
        (ValueError(SECRET), "INTERNAL", "ValueError", {"client", "server"}),
        (Refused(reason=SECRET, token=SECRET), "UNKNOWN", "n.Refused", set()),
    ],
)
@pytest.mark.parametrize("side", ["client", "server"])
async def test_a_failure_is_told_without_its_text(
    spans: Spans, side: str, error: Exception, code: str, kind: str, failed_at: set[str]
) -> None:
    with pytest.raises(type(error)):
        await spans.tracing(side)(Scripted(error))(a_call("ask"))
    (span,) = spans
    attributes = dict(span.attributes or {})
    assert attributes["rpc.avrorpc.status_code"] == code
    assert attributes["error.type"] == kind
    assert attributes.get("rpc.avrorpc.error_id") == ("e1" if "e1" in str(error) else None)
    assert (span.status.status_code is StatusCode.ERROR) == (side in failed_at)
    assert SECRET not in span.to_json()


async def test_the_context_goes_along_and_the_far_spans_are_children(spans: Spans) -> None:
    service = Scripted("yes")
    chain = around(service, spans.tracing("client"), spans.tracing("server"))
    await chain(a_call("ask", metadata={"tenant": b"blue"}))
    server, client = spans
    assert (server.kind, client.kind) == (SpanKind.SERVER, SpanKind.CLIENT)
    assert server.parent is not None
    assert server.parent.span_id == context(client).span_id
    assert context(server).trace_id == context(client).trace_id
    sent = service.calls[0].metadata
    assert sent["tenant"] == b"blue"
    assert sent["traceparent"].split(b"-")[2].decode() == f"{context(server).span_id:016x}"


async def test_a_server_goes_on_with_any_context_that_comes(spans: Spans) -> None:
    metadata = {"traceparent": PARENT, "tracestate": b"vendor=1"}
    service = Scripted("yes")
    await spans.tracing("server")(service)(a_call("ask", metadata=metadata))
    (span,) = spans
    assert f"{context(span).trace_id:032x}".encode() in PARENT
    assert span.parent is not None
    assert span.parent.is_remote
    assert service.calls[0].metadata["tracestate"] == b"vendor=1"


@pytest.mark.parametrize("wrong", [b"", b"\xff\xfe", b"00-0-0-0", PARENT + b"x" * 500])
async def test_a_context_that_is_none_begins_a_trace(spans: Spans, wrong: bytes) -> None:
    service = Scripted("yes")
    await spans.tracing("server")(service)(a_call("ask", metadata={"traceparent": wrong}))
    (span,) = spans
    assert span.parent is None
    assert service.calls[0].metadata["traceparent"] != wrong


async def test_a_clients_span_is_the_child_of_the_current_one(spans: Spans) -> None:
    with spans.provider.get_tracer("test").start_as_current_span("mine") as mine:
        await spans.tracing("client")(Scripted("yes"))(a_call("ask"))
    span, _ = spans
    assert span.parent is not None
    assert span.parent.span_id == mine.get_span_context().span_id


@pytest.mark.parametrize(
    ("answer", "read", "code"),
    [
        (["a", "b"], 9, "OK"),
        (["a", "b"], 1, "CANCELLED"),
        (["a", StatusError(Code.ABORTED, "x")], 9, "ABORTED"),
    ],
)
async def test_the_span_of_a_stream_ends_with_the_stream(
    spans: Spans, answer: list[Any], read: int, code: str
) -> None:
    reply = await spans.tracing("client", message_events=True)(Scripted(answer))(a_call("listen"))
    assert list(spans) == []
    try:
        for _ in range(read):
            await anext(reply.value)
    except (StopAsyncIteration, StatusError):
        pass
    await reply.value.aclose()
    (span,) = spans
    assert (span.attributes or {})["rpc.avrorpc.status_code"] == code
    told = [dict(event.attributes or {}) for event in span.events]
    count = 2 if code == "OK" else 1
    assert told == [{"rpc.message.type": "RECEIVED", "rpc.message.id": n + 1} for n in range(count)]


@pytest.mark.parametrize(("side", "kind"), [("client", "SENT"), ("server", "RECEIVED")])
async def test_items_of_requests_are_events_too(spans: Spans, side: str, kind: str) -> None:
    async def count(call: Any) -> str:
        return str(len([item async for item in call.arguments[-1]]))

    await spans.tracing(side, message_events=True)(Scripted(count))(a_call("collect", items("a", "b")))
    (span,) = spans
    assert [(event.attributes or {})["rpc.message.type"] for event in span.events] == [kind, kind]


@pytest.mark.parametrize("placement", ["local", "tcp", "http"])
def test_nested_calls_are_one_trace_in_every_placement(spans: Spans, placement: str) -> None:
    client, server = (spans.tracing("client"),), (spans.tracing("server"),)

    with ExitStack() as stack:

        def connected(implementation: SyncSmall) -> SmallClient:
            target = bind(implementation, middleware=server)
            if placement == "local":
                return avrorpc.connect(SmallClient, "local:", target=target, middleware=client)
            url = getattr(stack.enter_context(ServerThread(target)), placement)
            return stack.enter_context(avrorpc.connect(SmallClient, url, middleware=client))

        inner = connected(SyncSmall())

        class Outer(SyncSmall):
            def double(self, value: int, *, offset: int = 0) -> int:
                return inner.double(value)

        assert connected(Outer()).double(2) == 4
    chain = list(reversed(list(spans)))
    assert [span.kind.name for span in chain] == ["CLIENT", "SERVER", "CLIENT", "SERVER"]
    assert chain[0].parent is None
    for above, below in pairwise(chain):
        assert below.parent is not None
        assert below.parent.span_id == context(above).span_id


def test_without_opentelemetry_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    with pytest.raises(BindError, match=r"Tracing needs OpenTelemetry: pip install avrorpc\[telemetry\]"):
        Tracing("client")
