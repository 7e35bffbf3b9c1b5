"""The lines that `avrogen serve --dev` writes."""

from __future__ import annotations

import re

import pytest
from avrorpc import Code, Server, StatusError, connect
from avrorpc.contracts import AsyncIntrospectionClient
from avrorpc.middleware import Authentication
from avrorpc_codegen.command.development import CallLines, for_services
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
