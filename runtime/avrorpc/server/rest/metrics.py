"""`/metrics` in the text format of Prometheus (version 0.0.4), from what the server counts anyway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from avrorpc.middleware.statistics import MethodStatistics
from avrorpc.server.health import Health

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def exposition(statistics: Mapping[str, MethodStatistics], health: Health, connections: int) -> str:
    """Return what a server counts.

    Args:
        statistics: Counts by `protocol/message`.
        health: How the services fare.
        connections: How many are open.
    """
    return "\n".join(_lines(statistics, health, connections)) + "\n"


def _lines(statistics: Mapping[str, MethodStatistics], health: Health, connections: int) -> Iterator[str]:
    yield from _head("avrorpc_connections", "gauge", "Connections that are open.")
    yield f"avrorpc_connections {connections}"
    report = health.report()
    yield from _head("avrorpc_service_ready", "gauge", "Whether a service takes calls.")
    for one in report.services:
        is_ready = one.status.value == "SERVING" and report.ready
        yield f"avrorpc_service_ready{_labels(service=one.name)} {int(is_ready)}"
    yield from _head("avrorpc_calls_total", "counter", "Calls that have ended, by code.")
    for name, counts in statistics.items():
        service, _, method = name.rpartition("/")
        for code, number in counts.codes.items():
            yield f"avrorpc_calls_total{_labels(service=service, method=method, code=code)} {number}"
    yield from _head("avrorpc_calls_in_flight", "gauge", "Calls under way.")
    for name, counts in statistics.items():
        service, _, method = name.rpartition("/")
        yield f"avrorpc_calls_in_flight{_labels(service=service, method=method)} {counts.in_flight}"
    yield from _head("avrorpc_stream_items_total", "counter", "Items of streams.")
    for name, counts in statistics.items():
        service, _, method = name.rpartition("/")
        for direction, number in (("request", counts.request_items), ("response", counts.response_items)):
            labels = _labels(service=service, method=method, direction=direction)
            yield f"avrorpc_stream_items_total{labels} {number}"
    yield from _head("avrorpc_call_duration_seconds", "histogram", "How long calls took.")
    for name, counts in statistics.items():
        yield from _histogram(name, counts)


def _histogram(name: str, counts: MethodStatistics) -> Iterator[str]:
    service, _, method = name.rpartition("/")
    total = 0
    for bound, number in zip((*counts.bounds, "+Inf"), counts.buckets, strict=True):
        total += number
        labels = _labels(service=service, method=method, le=str(bound))
        yield f"avrorpc_call_duration_seconds_bucket{labels} {total}"
    labels = _labels(service=service, method=method)
    yield f"avrorpc_call_duration_seconds_sum{labels} {counts.seconds!r}"
    yield f"avrorpc_call_duration_seconds_count{labels} {total}"


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"


def _labels(**values: str) -> str:
    shown = (f'{name}="{_escaped(value)}"' for name, value in values.items())
    return "{" + ",".join(shown) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
