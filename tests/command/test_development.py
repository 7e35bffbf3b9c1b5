"""The lines that `avrogen serve --dev` writes."""

from __future__ import annotations

import re
from functools import partial

import pytest
from avrorpc import Code, Server, StatusError, connect
from avrorpc.contracts import AsyncIntrospectionClient
from avrorpc.middleware import Authentication
from avrorpc_codegen.command.development import CallLines, RefusalLines, for_services, telling_refusals
from rest.conftest import Desk
from support.shelf import MemoryShelf
from testcontracts.shelf import AsyncShelfClient, NoSuchBook


async def test_each_call_of_a_service_is_one_line() -> None:
    lines: list[str] = []
    async with Server([MemoryShelf()], middleware=(for_services(CallLines(lines.append)),)) as server:
        url = await server.listen("memory://")
        async with connect(AsyncShelfClient, url) as shelf:
            await shelf.get_book("b1")
            with pytest.raises(NoSuchBook):
                await shelf.get_book("none")
        async with connect(AsyncIntrospectionClient, url) as asking:
            await asking.info()
    shown = [re.sub(r"^\d\d:\d\d:\d\d|[\d.]+ ms", "T", line) for line in lines]
    assert shown[0].startswith('T  shelf.Shelf/get_book  {"id": "b1"')
    assert shown[0].endswith("OK  T")
    assert shown[1].endswith("NoSuchBook  T")
    assert len(lines) == 2


async def test_a_failure_says_what_it_was_and_long_arguments_are_cut() -> None:
    lines: list[str] = []

    def nobody(_: object) -> None:
        raise StatusError(Code.UNAUTHENTICATED, "not\ntoday")

    chain = (CallLines(lines.append), Authentication(nobody))
    async with Server([MemoryShelf()], middleware=chain) as server:
        url = await server.listen("memory://")
        async with connect(AsyncShelfClient, url) as shelf:
            with pytest.raises(StatusError):
                await shelf.get_book("x" * 1000)
    assert " more]  UNAUTHENTICATED  " in lines[0]
    assert lines[0].endswith("StatusError: UNAUTHENTICATED: not today")
    assert len(lines[0]) < 500


async def test_each_request_that_is_refused_is_one_line() -> None:
    lines: list[str] = []
    async with Server([MemoryShelf()], middleware=(for_services(CallLines(lines.append)),)) as server:
        with telling_refusals(RefusalLines(lines.append)):
            post = partial(Desk(server), "POST", "/shelf/fail")
            statuses = [
                (await Desk(server)("GET", "/nowhere?a=\x1b")).status,
                (await Desk(server)("PATCH", "/books/b1")).status,
                (await post(body=b"{")).status,
                (await post(body=b"x", headers={"Content-Type": "text/plain"})).status,
                (await post({"how": 3})).status,
                (await post({"how": "quota"})).status,
            ]
        await Desk(server)("GET", "/nowhere")
    assert statuses == [404, 405, 400, 415, 422, 429]
    assert [line.split("  ")[1:3] for line in lines] == [
        ["GET /nowhere?a=%1B", "404"],
        ["PATCH /books/b1", "405"],
        ["POST /shelf/fail", "400"],
        ["POST /shelf/fail", "415"],
        ["POST /shelf/fail", "422"],
        ["shelf.Shelf/fail", '{"how": "quota"}'],
    ]
    assert lines[0].endswith("there is nothing at /nowhere; /openapi.json has what there is")
    assert "expected string, got int 3" in lines[4]


async def test_a_caller_that_may_not_call_is_one_line() -> None:
    lines: list[str] = []

    def nobody(_: object) -> None:
        raise StatusError(Code.UNAUTHENTICATED, "not\x1b[2Jtoday")

    with telling_refusals(RefusalLines(lines.append)):
        async with Server([MemoryShelf()], middleware=(Authentication(nobody),)) as server:
            assert (await Desk(server)("GET", "/books/b1")).status == 401
    (line,) = lines
    assert line.endswith("  GET /books/b1  401  not [2Jtoday")
