"""A shelf of books in memory, as a REST API serves it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from decimal import Decimal

from avrorpc import Code, StatusError
from avrorpc.contracts import BadRequest, FieldViolation, RetryInfo
from msgspec.structs import replace
from testcontracts.shelf import Book, Condition, NoSuchBook, Page, ShelfFull, ShelfService

CAPACITY = 100


class MemoryShelf(ShelfService):
    """Holds books, and counts how often its methods ran."""

    def __init__(self) -> None:
        self.books: dict[str, Book] = {}
        self.covers: dict[str, bytes] = {}
        self.seen_ids: list[str] = []
        self.librarians: list[str | None] = []
        self.ran = 0
        self.open_streams = 0
        self.loan_days = 14
        for number in range(5):
            self._put(f"Book {number}", Decimal(number), ["old"] if number % 2 else [])

    def configuration(self) -> dict[str, object]:
        return {"loan_days": self.loan_days}

    def configure(self, changes: dict[str, object]) -> None:
        days = changes["loan_days"]
        if not isinstance(days, int) or days < 1:
            raise ValueError("loan_days is a whole number from 1 on")
        self.loan_days = days

    def _put(self, title: str, price: Decimal, tags: list[str]) -> Book:
        if len(self.books) >= CAPACITY:
            raise ShelfFull(message="the shelf is full", capacity=CAPACITY)
        book = Book(id=f"b{len(self.books)}", title=title, price=price, tags=tags)
        self.books[book.id] = book
        return book

    def _find(self, id: str) -> Book:  # noqa: A002 - the contract names it
        if id not in self.books:
            raise NoSuchBook(message=f"there is no book {id}", id=id)
        return self.books[id]

    async def list_books(
        self, *, cursor: str | None = None, page_size: int = 10, tag: list[str] | None = None
    ) -> Page:
        wanted = [b for b in self.books.values() if not tag or set(tag) & set(b.tags)]
        last = len(wanted)  # behind which a cursor is that was not given here
        start = 0 if cursor is None else min(int(cursor), last) if cursor.isdecimal() else last
        end = start + page_size
        return Page(items=wanted[start:end], next_cursor=str(end) if end < len(wanted) else None)

    async def get_book(self, id: str) -> Book:  # noqa: A002 - the contract names it
        return self._find(id)

    async def add_book(
        self,
        title: str,
        price: Decimal,
        *,
        tags: list[str] | None = None,
        librarian: str | None = None,
    ) -> Book:
        self.ran += 1
        self.librarians.append(librarian)
        return self._put(title, price, tags or [])

    async def replace_book(self, id: str, book: Book) -> Book:  # noqa: A002 - the contract names it
        self._find(id)
        self.books[id] = replace(book, id=id)
        return self.books[id]

    def remove_book(self, id: str) -> None:  # noqa: A002 - the contract names it
        self._find(id)
        del self.books[id]

    def seen(self, id: str) -> None:  # noqa: A002 - the contract names it
        self.seen_ids.append(id)

    async def changes(self, *, count: int = 3, fail_after: int = 0) -> AsyncIterator[Book]:
        self.open_streams += 1
        try:
            for number in range(count):
                if fail_after and number == fail_after:
                    raise StatusError(Code.DATA_LOSS, "the page is torn")
                yield Book(id=f"c{number}", title="Changed", price=Decimal(1), condition=Condition.USED)
                await asyncio.sleep(0)
        finally:
            self.open_streams -= 1

    async def import_books(self, *, skip_known: bool = False, book: AsyncIterable[Book]) -> int:
        number = 0
        async for one in book:
            if not (skip_known and one.id in self.books):
                id_ = one.id or f"b{len(self.books)}"
                self.books[id_] = replace(one, id=id_)
                number += 1
        return number

    async def put_cover(self, id: str, picture: bytes) -> int:  # noqa: A002 - the contract names it
        self._find(id)
        self.covers[id] = picture
        return len(picture)

    async def get_cover(self, id: str) -> bytes:  # noqa: A002 - the contract names it
        self._find(id)
        return self.covers.get(id, b"")

    async def count_books(self) -> int:
        return len(self.books)

    async def fail(self, how: str) -> str:
        match how:
            case "crash":
                raise RuntimeError("a secret")
            case "quota":
                raise StatusError(Code.RESOURCE_EXHAUSTED, "not so fast", details=[RetryInfo(seconds=1.5)])
            case "unavailable":
                raise StatusError(Code.UNAVAILABLE, "not now")
            case "argument":
                violation = FieldViolation(path="/how", description="it is odd")
                raise StatusError(
                    Code.INVALID_ARGUMENT, "it is wrong", details=[BadRequest(violations=[violation])]
                )
            case "auth":
                raise StatusError(Code.UNAUTHENTICATED, "who are you?")
        return how
