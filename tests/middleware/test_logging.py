"""Logs of calls: which lines there are at which detail, what they say, and that they are JSON."""

from __future__ import annotations

import io
import json
import logging
import math
from collections.abc import Iterator
from typing import Any

import avrorpc
import pytest
from avrorpc import Code, ConnectError, StatusError
from avrorpc.middleware import CallLogging, CorrelationIds, Detail, JsonFormatter
from avrorpc.principal import Principal
from support.calls import Card, Refused, Scripted, SkippingClock, a_call, around, consume, items
from support.implementations import SyncConformance
from support.serving import ServerThread
from testcontracts.conformance import ConformanceClient

SECRET = "hunter2"


class Lines:
    """What is logged, read back from the JSON."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.logger = logging.Logger("test", logging.DEBUG)
        handler = logging.StreamHandler(self.stream)
        handler.setFormatter(JsonFormatter())
        self.logger.addHandler(handler)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter([json.loads(line) for line in self.stream.getvalue().splitlines()])

    def events(self) -> list[tuple[str, str]]:
        return [(line["level"], line["event"]) for line in self]


@pytest.fixture
def lines() -> Lines:
    return Lines()


async def made(lines: Lines, name: str, answer: Any, detail: Detail, *arguments: Any, **options: Any) -> None:
    serve = CallLogging("server", detail=detail, logger=lines.logger)(Scripted(answer))
    try:
        reply = await serve(a_call(name, *arguments, **options))
        if hasattr(reply.value, "__aiter__"):
            async for _ in reply.value:
                pass
    except (avrorpc.RpcError, ValueError):
        pass


async def test_a_call_is_one_line_that_says_all_that_is_known(lines: Lines) -> None:
    clock = SkippingClock()
    call = a_call("ask", clock=clock, deadline=105.0)
    call.peer, call.principal = "10.0.0.7:4711", Principal("ada", "token")

    async def slowly(call: Any) -> str:
        await call.clock.sleep(1.5)
        return "yes"

    logged = CallLogging("server", logger=lines.logger)
    await around(Scripted(slowly), CorrelationIds(lambda: "c1"), logged)(call)
    (line,) = lines
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "INFO",
        "logger": "test",
        "text": "server n.Shop/ask OK in 1500.0 ms",
        "event": "end",
        "side": "server",
        "protocol": "n.Shop",
        "message": "ask",
        "code": "OK",
        "duration_ms": 1500.0,
        "deadline_s": 3.5,
        "peer": "10.0.0.7:4711",
        "principal": "ada",
        "correlation_id": "c1",
    }


@pytest.mark.parametrize(
    ("answer", "level", "said"),
    [
        (StatusError(Code.NOT_FOUND, "no"), "WARNING", {"code": "NOT_FOUND", "error": "StatusError"}),
        (StatusError(Code.INTERNAL, "x", error_id="e1"), "ERROR", {"code": "INTERNAL", "error_id": "e1"}),
        (ConnectError("no"), "ERROR", {"code": "UNAVAILABLE", "error": "ConnectError"}),
        (ValueError(SECRET), "ERROR", {"code": "INTERNAL", "error": "ValueError"}),
        (Refused(reason="no", token=SECRET), "INFO", {"code": "UNKNOWN", "error": "Refused"}),
    ],
)
async def test_a_failure_has_its_level_and_its_error(
    lines: Lines, answer: Exception, level: str, said: dict[str, str]
) -> None:
    await made(lines, "ask", answer, Detail.BODIES)
    *_, line = lines
    assert line["level"] == level
    assert said.items() <= line.items()
    assert SECRET not in lines.stream.getvalue()


async def test_each_detail_has_more_lines_than_the_one_before(lines: Lines) -> None:
    found = {}
    for detail in Detail:
        before = len(lines.events())
        await made(lines, "listen", ["a", "b"], detail)
        found[detail.name] = lines.events()[before:]
    end, start = ("INFO", "end"), ("DEBUG", "start")
    item = ("DEBUG", "response item")
    assert found == {
        "FAILURES": [],
        "CALLS": [end],
        "STARTS": [start, end],
        "BODIES": [start, end],
        "ITEMS": [start, item, item, end],
    }


async def test_only_failures_may_be_logged(lines: Lines) -> None:
    await made(lines, "ask", "yes", Detail.FAILURES)
    await made(lines, "ask", Refused(reason="no", token="t"), Detail.FAILURES)
    await made(lines, "ask", StatusError(Code.ABORTED, "conflict"), Detail.FAILURES)
    assert lines.events() == [("WARNING", "end")]


async def test_bodies_are_logged_without_secrets(lines: Lines) -> None:
    card = Card(holder="Ada", number=SECRET)
    await made(lines, "pay", card, Detail.BODIES, card, [card], {"x": card}, SECRET)
    await made(lines, "pay", Refused(reason="no", token=SECRET), Detail.BODIES, card, [], {}, SECRET)
    start, end, _, failed = lines
    assert start["arguments"]["card"] == {"holder": "Ada", "number": "[redacted]", "tags": []}
    assert end["result"]["holder"] == "Ada"
    assert failed["failure"]["fields"] == {"reason": "no", "token": "[redacted]"}
    assert SECRET not in lines.stream.getvalue()


async def test_a_long_body_is_cut(lines: Lines) -> None:
    serve = CallLogging("server", detail=Detail.BODIES, logger=lines.logger, max_body=10)(Scripted("x" * 40))
    await serve(a_call("ask", "short"))
    start, end = lines
    assert start["arguments"] == '{"text": "[7 more]'
    assert end["result"] == '"xxxxxxxxx[32 more]'


async def test_items_are_counted_and_shown(lines: Lines) -> None:
    await made(lines, "collect", consume, Detail.ITEMS, items("a", "b"))
    *shown, end = lines
    assert [(line.get("number"), line.get("item")) for line in shown[1:]] == [(1, "a"), (2, "b")]
    assert end["request_items"] == 2
    assert "response_items" not in end
    await made(lines, "listen", ["a"], Detail.CALLS)
    *_, end = lines
    assert end["response_items"] == 1


async def test_a_logger_that_does_not_listen_costs_no_bodies(lines: Lines) -> None:
    lines.logger.setLevel(logging.INFO)
    await made(lines, "listen", ["a"], Detail.ITEMS)
    assert lines.events() == [("INFO", "end")]


@pytest.mark.parametrize("side", ["client", "server"])
def test_it_stands_at_either_end(lines: Lines, side: str) -> None:
    logged = (CallLogging("client" if side == "client" else "server", logger=lines.logger),)
    target = avrorpc.bind(SyncConformance(), middleware=logged if side == "server" else ())
    with ServerThread(target) as server:
        options = logged if side == "client" else ()
        with avrorpc.connect(ConformanceClient, server.tcp, middleware=options) as client:
            assert client.add(1.0) == 2.0
    (line,) = lines
    assert (line["side"], line["message"], line["code"]) == (side, "add", "OK")


def test_the_formatter_writes_any_record_as_json(lines: Lines) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        extra = {"share": math.nan, "path": {1: object, "nested": [math.inf, (1, None)]}, "odd": "\ud800"}
        lines.logger.exception("it is %s\nso", "bad", extra=extra)
    (line,) = lines
    assert line["text"] == "it is bad\nso"
    assert (line["level"], line["share"], line["odd"]) == ("ERROR", "nan", "\ud800")
    assert line["path"] == {"1": "<class 'object'>", "nested": ["inf", [1, None]]}
    assert "ValueError: broken" in line["exception"]


def test_the_formatter_leaves_its_own_fields_alone(lines: Lines) -> None:
    lines.logger.warning("text", extra={"level": "mine", "call": "not a dict"})
    (line,) = lines
    assert (line["level"], line["call"]) == ("WARNING", "not a dict")
