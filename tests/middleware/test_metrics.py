"""OpenTelemetry metrics: durations, calls under way and items per stream, with the attributes of the call."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from avrorpc import BindError, Code, StatusError
from avrorpc.middleware import Metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from support.calls import Refused, Scripted, SkippingClock, a_call, consume, items


class Measured:
    """Where the measurements of a test go."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.provider = MeterProvider([self._reader], shutdown_on_exit=False)

    def points(self, name: str) -> dict[tuple[str, str | None], Any]:
        """The data points of an instrument, by message and code."""
        data = self._reader.get_metrics_data()
        assert data is not None
        found: list[Any] = [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]
        return {
            (point.attributes["rpc.method"], point.attributes.get("rpc.avrorpc.status_code")): point
            for point in found
        }


@pytest.fixture
def measured() -> Measured:
    return Measured()


@pytest.mark.parametrize("side", ["client", "server"])
async def test_durations_are_in_milliseconds_by_message_and_code(measured: Measured, side: Any) -> None:
    async def slowly(call: Any) -> str:
        await call.clock.sleep(0.25)
        return "yes"

    serve = Metrics(side, meter_provider=measured.provider)(
        Scripted(slowly, StatusError(Code.NOT_FOUND, "no"), Refused(reason="no", token="t"))
    )
    clock = SkippingClock()
    await serve(a_call("ask", clock=clock))
    for kind in (StatusError, Refused):
        with pytest.raises(kind):
            await serve(a_call("ask", clock=clock))
    points = measured.points(f"rpc.{side}.duration")
    assert set(points) == {("ask", "OK"), ("ask", "NOT_FOUND"), ("ask", "UNKNOWN")}
    fine = points["ask", "OK"]
    assert (fine.count, fine.sum) == (1, 250.0)
    assert dict(fine.attributes) == {
        "rpc.system": "avrorpc",
        "rpc.service": "n.Shop",
        "rpc.method": "ask",
        "rpc.avrorpc.status_code": "OK",
    }
    assert points["ask", "UNKNOWN"].attributes["error.type"] == "Refused"


async def test_calls_under_way_count_until_their_streams_end(measured: Measured) -> None:
    serve = Metrics("client", meter_provider=measured.provider)(Scripted(["a", "b"]))
    first, second = [await serve(a_call("listen")) for _ in range(2)]
    assert measured.points("rpc.client.active_requests")["listen", None].value == 2
    assert [item async for item in first.value] == ["a", "b"]
    await second.value.aclose()
    assert measured.points("rpc.client.active_requests")["listen", None].value == 0
    responses = measured.points("rpc.client.responses_per_rpc")
    assert responses["listen", "OK"].sum == 2
    assert responses["listen", "CANCELLED"].sum == 0
    assert measured.points("rpc.client.requests_per_rpc") == {}


async def test_items_of_requests_are_measured(measured: Measured) -> None:
    await Metrics("server", meter_provider=measured.provider)(Scripted(consume))(
        a_call("collect", items("a", "b", "c"))
    )
    assert measured.points("rpc.server.requests_per_rpc")["collect", "OK"].sum == 3
    assert measured.points("rpc.server.responses_per_rpc") == {}


def test_without_opentelemetry_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    with pytest.raises(BindError, match=r"Metrics needs OpenTelemetry"):
        Metrics("client")
