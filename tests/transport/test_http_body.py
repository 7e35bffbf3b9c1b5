"""A body, whether it is there at once or still comes."""

from __future__ import annotations

import asyncio

import pytest
from avrorpc.errors import LimitExceeded
from avrorpc.transport.http_body import Body


class Watcher:
    def __init__(self) -> None:
        self.wanted = self.read = 0

    def body_is_wanted(self) -> None:
        self.wanted += 1

    def body_is_read(self) -> None:
        self.read += 1


def body(*parts: bytes, is_whole: bool = True) -> tuple[Body, Watcher]:
    watcher = Watcher()
    made = Body(sum(map(len, parts)), watcher)
    for part in parts:
        made.put(part)
    if is_whole:
        made.end()
    return made, watcher


async def test_a_body_that_has_come_in_one_piece_is_taken_without_waiting() -> None:
    made, watcher = body(b"abc")
    assert made.take(3) == b"abc"
    assert (made.size, watcher.read, watcher.wanted) == (0, 1, 0)
    assert await made.read(3) == b""


@pytest.mark.parametrize(
    ("parts", "is_whole", "limit"),
    [((b"ab", b"c"), True, 9), ((b"abc",), False, 9), ((b"abc",), True, 2), ((), True, 9)],
)
async def test_any_other_body_is_left_as_it_is(parts: tuple[bytes, ...], is_whole: bool, limit: int) -> None:
    made, watcher = body(*parts, is_whole=is_whole)
    assert made.take(limit) is None
    assert watcher.read == 0
    made.end()
    assert await made.read(9) == b"".join(parts)


async def test_a_body_that_is_too_large_is_refused() -> None:
    made, _ = body(b"abc")
    with pytest.raises(LimitExceeded, match="max_body=2"):
        await made.read(2)


async def test_a_reader_waits_for_what_has_not_come() -> None:
    made, watcher = body(b"a", is_whole=False)
    made.length = None
    reading = asyncio.ensure_future(made.read(9))
    await asyncio.sleep(0)
    made.put(b"b")
    made.end()
    assert await reading == b"ab"
    assert watcher.wanted == 1
