"""All items of a paged message, page after page, in either colour and over REST."""

from __future__ import annotations

from typing import Any

import pytest
from avrorpc import BindError, StatusError, connect, pages
from support.shelf import MemoryShelf
from testcontracts.shelf import AsyncShelfClient, Page, ShelfClient


@pytest.mark.parametrize("placement", ["local:", "verify:"])
def test_a_synchronous_client_iterates(placement: str) -> None:
    client = connect(ShelfClient, placement, target=MemoryShelf())
    assert [book.id for book in pages(client.list_books, page_size=2)] == ["b0", "b1", "b2", "b3", "b4"]
    assert [book.id for book in pages(client.list_books, cursor="3")] == ["b3", "b4"]


async def test_an_asynchronous_client_iterates() -> None:
    client = connect(AsyncShelfClient, "local:", target=MemoryShelf())
    assert [book.id async for book in pages(client.list_books, page_size=2, tag=["old"])] == ["b1", "b3"]


def test_a_message_without_a_cursor_gives_no_pages() -> None:
    client = connect(ShelfClient, "local:", target=MemoryShelf())
    with pytest.raises(BindError, match="takes no cursor"):
        pages(client.count_books)


def test_a_page_that_follows_itself_is_an_error_and_no_endless_loop() -> None:
    def stuck(*, cursor: str | None = None) -> Any:
        return Page(items=[], next_cursor="a")

    with pytest.raises(StatusError, match="said to be itself"):
        list(pages(stuck))
