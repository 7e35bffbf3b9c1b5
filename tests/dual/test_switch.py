"""The switch: what a name stands for in each mode, and what throwing it changes."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Coroutine
from types import CoroutineType
from typing import Any, cast

import pytest
from avrorpc.dual import DualClient, Mode, RESTfulResponse, UnifiedService
from support.exemplary import Exemplary
from support.shelf import MemoryShelf


async def test_nothing_stands_between_a_caller_and_the_call_of_the_mode() -> None:
    async with DualClient.of(MemoryShelf()) as client:
        made: list[Coroutine[Any, Any, Any]] = []
        for mode in (Mode.PRODUCTION, Mode.RESEARCH):
            client.enable_restful_mode(mode is Mode.RESEARCH)
            made += [client.post("shelf", "count_books"), client.call("POST", "Shelf", "count_books")]
        names = [cast("CoroutineType[Any, Any, Any]", call).__qualname__ for call in made]
        assert names == 2 * ["Implementations.call"] + 2 * ["Restful.call"]
        production, _, research, _ = [await call for call in made]
        assert (production, research.data) == (5, 5)


async def test_a_call_has_the_mode_in_which_it_was_made() -> None:
    async with DualClient.of(MemoryShelf()) as client:
        plain = client.get("shelf", "get_book", {"id": "b1"})
        from_path = client.get("shelf", "books/b1")
        client.enable_restful_mode(True)
        envelope = client.get("shelf", "get_book", {"id": "b1"})
        client.enable_restful_mode(False)
        assert await plain == await from_path == (await envelope).data


@pytest.mark.parametrize("name", ["shelf", "Shelf", "shelf.Shelf"])
async def test_a_service_that_is_switched_alone_is_so_by_all_its_names(name: str) -> None:
    async with DualClient.of(MemoryShelf(), Exemplary()) as client:
        client.enable_restful_mode(True, service=name)
        for known_as in ("shelf", "Shelf", "shelf.Shelf"):
            assert isinstance(await client.get(known_as, "books/b1"), RESTfulResponse)
            assert isinstance(await client.get(known_as, "get_book", {"id": "b1"}), RESTfulResponse)
        assert not isinstance(await client.get("exemplary", "info"), RESTfulResponse)
        client.enable_restful_mode(False, service="shelf")
        assert not isinstance(await client.get("shelf", "get_book", {"id": "b1"}), RESTfulResponse)
        client.enable_restful_mode(True)
        assert isinstance(await client.get("shelf", "get_book", {"id": "b1"}), RESTfulResponse)
        assert isinstance(await client.get("exemplary", "info"), RESTfulResponse)


async def test_the_mode_of_a_call_says_nothing_of_other_calls() -> None:
    async with DualClient.of(MemoryShelf()) as client:
        client.enable_restful_mode(True, service="shelf")
        assert await client.post("shelf", "count_books", mode="production") == 5
        assert isinstance(await client.post("shelf", "count_books"), RESTfulResponse)


async def test_the_switch_may_be_thrown_by_another_thread() -> None:
    ended = threading.Event()
    interval = sys.getswitchinterval()
    async with DualClient.of(MemoryShelf()) as client:

        def throw() -> None:
            number = 0
            while not ended.is_set():
                client.enable_restful_mode(number % 2 == 0, service="shelf" if number % 3 else None)
                number += 1

        thread = threading.Thread(target=throw)
        sys.setswitchinterval(1e-5)
        thread.start()
        try:
            for _ in range(300):
                answer: Any = await client.get("shelf", "get_book", {"id": "b1"})
                book: Any = answer.data if isinstance(answer, RESTfulResponse) else answer
                assert book["id"] == "b1"
                await asyncio.sleep(0)
        finally:
            ended.set()
            thread.join()
            sys.setswitchinterval(interval)


def test_the_typed_methods_of_a_unified_service_are_the_implementations_own() -> None:
    shelf = MemoryShelf()
    service = UnifiedService(shelf)
    assert vars(service)["get_book"] == shelf.get_book
    assert service.books is shelf.books
    assert service.post_count_books is service.post_count_books
